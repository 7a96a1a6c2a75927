"""The headers of a tar archive: POSIX with extended headers (pax), and nothing else."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ..errors import BackupFormatError
from .paths import decoded

if TYPE_CHECKING:
    from .compression import Unpacked
    from .manifest import Form

__all__ = ["BLOCK", "Header", "read_header"]

BLOCK: Final = 512
"""Bytes of a header, and of what contents are filled up to."""

_NAME: Final = slice(0, 100)
_MODE: Final = slice(100, 108)
_UID: Final = slice(108, 116)
_GID: Final = slice(116, 124)
_SIZE: Final = slice(124, 136)
_TIME: Final = slice(136, 148)
_CHECKSUM: Final = slice(148, 156)
_TYPE: Final = slice(156, 157)
_TARGET: Final = slice(157, 257)
_MAGIC: Final = slice(257, 265)
_USER: Final = slice(265, 297)
_GROUP: Final = slice(297, 329)
_DEVICE: Final = slice(329, 345)
_PREFIX: Final = slice(345, 500)
_UNUSED: Final = slice(500, 512)

_POSIX: Final = b"ustar\x0000"
#: What `tar` writes unless it is told otherwise; without the extensions it says the same.
_GNU: Final = b"ustar  \x00"
_NO_DEVICE: Final = (bytes(16), b"0000000\x00" * 2)
_NUMBER: Final = re.compile(rb"[0-7]+\x00")
_CHECKSUM_FORM: Final = re.compile(rb"[0-7]{6}\x00 ")

_FORMS: Final[dict[bytes, Form]] = {b"0": "file", b"5": "directory", b"2": "link"}
_EXTENDED: Final = b"x"
_REFUSED: Final = {
    b"1": "a hard link",
    b"3": "a device",
    b"4": "a device",
    b"6": "a named pipe",
    b"7": "a contiguous file",
    b"S": "a sparse file",
    b"L": "a long name in the form of GNU",
    b"K": "a long link in the form of GNU",
    b"g": "a header for all files",
}

_LONGEST_RECORDS: Final = 2**16
_RECORD: Final = re.compile(rb"([1-9][0-9]{0,5}) ([^=\n]+)=")
_DECIMAL: Final = re.compile(rb"0|[1-9][0-9]{0,17}")
_MOMENT: Final = re.compile(rb"-?[0-9]{1,18}(\.[0-9]{1,18})?")
#: What an extended header may say, and in which form; other keys could change what a file is.
_RECORDS: Final = {
    **dict.fromkeys((b"uid", b"gid", b"size"), _DECIMAL),
    **dict.fromkeys((b"mtime", b"atime", b"ctime"), _MOMENT),
    **dict.fromkeys((b"path", b"linkpath"), re.compile(rb"[^\0]+", re.DOTALL)),
    **dict.fromkeys((b"uname", b"gname"), re.compile(rb"[^\0]*", re.DOTALL)),
    b"hdrcharset": re.compile(rb"BINARY"),
}


@dataclass(frozen=True, slots=True)
class Header:
    """
    What an archive says of one member.

    Attributes:
        name: Its path; that of a directory does not end with a slash.
        form: ``file``, ``directory`` or ``link``.
        size: Bytes of its content.
        mode: Its permission bits.
        uid: The number of its owner.
        gid: The number of its group.
        user: The name of its owner, or empty.
        group: The name of its group, or empty.
        target: What a link holds; empty for everything else.
    """

    name: str
    form: Form
    size: int
    mode: int
    uid: int
    gid: int
    user: str
    group: str
    target: str


def read_header(unpacked: Unpacked, source: str) -> Header | None:
    """
    Read the next header, with the extended one before it; return None at the end.

    Raises:
        BackupFormatError: If it is damaged, or of a kind that no backup has.
        BackupLimitError: If there is more of it than the limits allow.
    """
    block = _Block(unpacked.read(BLOCK), source)
    if block.is_empty:
        return None
    records: dict[bytes, bytes] = {}
    if block.type == _EXTENDED:
        size = block.number(_SIZE)
        if not 0 < size <= _LONGEST_RECORDS:
            raise block.error(f"its extended header has [{size}] bytes")
        data = unpacked.read(size)
        if any(unpacked.read(-size % BLOCK)):
            raise block.error("something stands behind its extended header")
        records = _records(data, block)
        block = _Block(unpacked.read(BLOCK), source)
    return block.header(records)


class _Block:
    """A header as it stands there."""

    def __init__(self, data: bytes, source: str) -> None:
        self._data = data
        self._source = source
        self.is_empty = not any(data)
        self.type = data[_TYPE]
        if not self.is_empty:
            self._check()

    def error(self, reason: str) -> BackupFormatError:
        """Return an error that names the member."""
        name = decoded(self._data[_NAME].partition(b"\0")[0])
        return BackupFormatError(self._source, f"{reason}: do not use this backup", name)

    def number(self, field: slice) -> int:
        """Return an octal number."""
        text = self._data[field]
        if not _NUMBER.fullmatch(text):
            raise self.error("a number in its header is malformed")
        return int(text[:-1], 8)

    def text(self, field: slice) -> bytes:
        """Return text up to the first NUL, behind which there must be nothing else."""
        text, _, rest = self._data[field].partition(b"\0")
        if any(rest):
            raise self.error("something stands behind a text in its header")
        return text

    def header(self, records: dict[bytes, bytes]) -> Header:
        """Return the header, of which *records* replace parts."""
        form = _FORMS.get(self.type)
        if form is None:
            what = _REFUSED.get(self.type, f"of the unknown kind {self.type!r}")
            raise self.error(f"it is {what}, which no backup has")
        size = int(records.get(b"size", b"%d" % self.number(_SIZE)))
        target = records.get(b"linkpath", self.text(_TARGET))
        if (form != "file" and size) or (form == "link") != bool(target):
            raise self.error("its size or target does not go with its kind")
        name = decoded(records.get(b"path", self._own_name()))
        return Header(
            name=name.removesuffix("/") if form == "directory" else name,
            form=form,
            size=size,
            mode=self.number(_MODE),
            uid=int(records.get(b"uid", b"%d" % self.number(_UID))),
            gid=int(records.get(b"gid", b"%d" % self.number(_GID))),
            user=decoded(records.get(b"uname", self.text(_USER))),
            group=decoded(records.get(b"gname", self.text(_GROUP))),
            target=decoded(target),
        )

    def _own_name(self) -> bytes:
        prefix = self.text(_PREFIX)
        return b"%s/%s" % (prefix, self.text(_NAME)) if prefix else self.text(_NAME)

    def _check(self) -> None:
        data = self._data
        if data[_MAGIC] not in (_POSIX, _GNU) or not _CHECKSUM_FORM.fullmatch(data[_CHECKSUM]):
            raise self.error("it has no header of a tar archive")
        unsigned = sum(data) - sum(data[_CHECKSUM]) + len(data[_CHECKSUM]) * ord(" ")
        if int(data[_CHECKSUM][:-2], 8) != unsigned:
            raise self.error("its header is damaged")
        is_extended_by_gnu = data[_MAGIC] == _GNU and any(data[_PREFIX])
        if is_extended_by_gnu or data[_DEVICE] not in _NO_DEVICE or any(data[_UNUSED]):
            raise self.error("its header has fields that no backup has")
        self.number(_TIME)


def _records(data: bytes, block: _Block) -> dict[bytes, bytes]:
    """Read the records of an extended header, each ``<length> <key>=<value>`` and a line end."""
    found: dict[bytes, bytes] = {}
    at = 0
    while at < len(data):
        record = _RECORD.match(data, at)
        end = at + int(record[1]) if record else 0
        if record is None or not record.end() < end <= len(data) or data[end - 1 : end] != b"\n":
            raise block.error("its extended header is malformed")
        key, value = record[2], data[record.end() : end - 1]
        form = _RECORDS.get(key)
        if form is None or key in found or not form.fullmatch(value):
            raise block.error("its extended header says something that no backup needs")
        found[key] = value
        at = end
    return found
