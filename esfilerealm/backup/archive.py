"""
The tar of a backup: written in one form, and walked header by header.

Nothing is extracted here, and no library for tar archives reads one. What a backup does not need is
refused: devices, pipes, hard links, sparse files, extensions of GNU, and anything between the
members or behind them.
"""

from __future__ import annotations

import tarfile
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from ..errors import BackupContentError, BackupFormatError, BackupLimitError
from .compression import compressor
from .headers import BLOCK, Header, read_header
from .manifest import CHECKSUMS, DESCRIPTION, SIGNATURE
from .packed_digest import with_digest
from .paths import is_inside, path_problem

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .compression import Compression, Unpacked
    from .limits import Limits
    from .manifest import Entry

__all__ = ["Archive", "ArchiveWriter", "read_archive"]

_DOCUMENTS: Final = (DESCRIPTION, CHECKSUMS, SIGNATURE)
_DOCUMENT_MODE: Final = 0o600
_TYPES: Final = {"file": tarfile.REGTYPE, "directory": tarfile.DIRTYPE, "link": tarfile.SYMTYPE}
#: After the last member: two empty blocks, and what fills up the last record of `tar`.
_LONGEST_END: Final = 2**16


class ArchiveWriter:
    """
    Writes an archive into memory, of which the caller decides what becomes.

    Args:
        compression: ``zstd`` or ``gzip``.

        time: The time of every member, in seconds since 1970.
    """

    def __init__(self, compression: Compression, time: int) -> None:
        self._compression: Compression = compression
        self._compressor = compressor(compression)
        self._time = time
        self._chunks: list[bytes] = []
        self.size = 0

    def add(self, entry: Entry, data: bytes = b"") -> None:
        """Add a file, directory or link."""
        info = tarfile.TarInfo(entry.path)
        info.type = _TYPES[entry.form]
        info.mode = entry.mode
        info.uid, info.gid = entry.uid, entry.gid
        info.uname, info.gname = entry.user, entry.group
        info.linkname = entry.target
        self._write(info, data)

    def add_document(self, name: str, data: bytes) -> None:
        """Add a document that describes the files."""
        info = tarfile.TarInfo(name)
        info.mode = _DOCUMENT_MODE
        self._write(info, data)

    def finish(self) -> bytes:
        """End the archive and return it."""
        self._put(bytes(2 * BLOCK))
        self._chunks.append(self._compressor.flush())
        return with_digest(self._compression, b"".join(self._chunks))

    def _write(self, info: tarfile.TarInfo, data: bytes) -> None:
        info.size = len(data)
        info.mtime = self._time
        self._put(info.tobuf(tarfile.PAX_FORMAT, "utf-8", "surrogateescape"))
        self._put(data)
        self._put(bytes(-len(data) % BLOCK))

    def _put(self, data: bytes) -> None:
        self.size += len(data)
        self._chunks.append(self._compressor.compress(data))


@dataclass(frozen=True, slots=True)
class Archive:
    """
    What an archive holds; nothing of it is trusted yet.

    Attributes:
        members: Files, directories and links, by path.
        documents: What describes them, by name.
        digests: SHA-256 of each file, in hexadecimal, by path.
        contents: The files themselves; empty if they were not kept.
    """

    members: Mapping[str, Header]
    documents: Mapping[str, bytes]
    digests: Mapping[str, str]
    contents: Mapping[str, bytes]


def read_archive(unpacked: Unpacked, limits: Limits, source: str, *, keep: bool) -> Archive:
    """
    Walk over an archive.

    Args:
        unpacked: Its bytes.

        limits: How much may be in it.

        source: Its name for errors.

        keep: Whether to keep the files, and not only their digests.

    Raises:
        BackupFormatError: If something in it is refused.
        BackupLimitError: If it holds too much.
        BackupContentError: If a name stands in it twice, or a document is missing.
    """
    walk = _Walk(unpacked, limits, source, keep=keep)
    walk.run()
    for name in (DESCRIPTION, CHECKSUMS):
        if name not in walk.documents:
            raise BackupContentError(source, "it is missing: this is no backup, or not whole", name)
    return Archive(walk.members, walk.documents, walk.digests, walk.contents)


class _Walk:
    def __init__(self, unpacked: Unpacked, limits: Limits, source: str, *, keep: bool) -> None:
        self._unpacked = unpacked
        self._limits = limits
        self._source = source
        self._keep = keep
        self.members: dict[str, Header] = {}
        self.documents: dict[str, bytes] = {}
        self.digests: dict[str, str] = {}
        self.contents: dict[str, bytes] = {}

    def run(self) -> None:
        while (header := read_header(self._unpacked, self._source)) is not None:
            self._check_name(header)
            if header.name in _DOCUMENTS:
                self.documents[header.name] = self._document(header)
            else:
                self.members[header.name] = header
                self._take(header)
            self._skip_padding(header)
        self._check_end()

    def _check_name(self, header: Header) -> None:
        name, limits = header.name, self._limits
        if name in self.members or name in self.documents:
            raise BackupContentError(self._source, "it is in the archive twice", name)
        if len(self.members) >= limits.members:
            reason = f"it has more than [{limits.members}] files and directories"
            raise BackupLimitError(self._source, reason)
        problem = None if name in _DOCUMENTS else path_problem(name, limits)
        if problem is not None:
            raise BackupFormatError(self._source, problem, name)
        if header.form == "link" and not is_inside(name, header.target):
            reason = "it is a link that leads out of the backup"
            raise BackupFormatError(self._source, reason, name)

    def _document(self, header: Header) -> bytes:
        if header.form != "file":
            raise BackupFormatError(self._source, "it is no file", header.name)
        self._check_size(header, self._limits.manifest_size)
        return self._unpacked.read(header.size)

    def _take(self, header: Header) -> None:
        if header.form != "file":
            return
        self._check_size(header, self._limits.file_size)
        digest, pieces = sha256(), []
        for piece in self._unpacked.pieces(header.size):
            digest.update(piece)
            if self._keep:
                pieces.append(piece)
        self.digests[header.name] = digest.hexdigest()
        if self._keep:
            self.contents[header.name] = b"".join(pieces)

    def _check_size(self, header: Header, largest: int) -> None:
        if header.size > largest:
            reason = f"it has [{header.size}] bytes, and at most [{largest}] are read"
            raise BackupLimitError(self._source, reason, header.name)

    def _skip_padding(self, header: Header) -> None:
        if any(self._unpacked.read(-header.size % BLOCK)):
            reason = "something stands behind its last byte"
            raise BackupFormatError(self._source, reason, header.name)

    def _check_end(self) -> None:
        """Require that nothing but zeros follows, in whole blocks."""
        size = 0
        for piece in self._unpacked.rest():
            size += len(piece)
            if size > _LONGEST_END or any(piece):
                raise BackupFormatError(self._source, "something stands behind the archive")
        if not size or size % BLOCK:
            raise BackupFormatError(self._source, "it ends too early: it is damaged")
