"""
Reading the bytes of a keystore: first what needs no password, then what was decrypted.

The checks come in the order of a node, so that a file with several faults gets the same verdict::

    magic         4        3F D7 6C 17
    codec name    1 + 22   its length as a variable number, then UTF-8
    version       4        big endian, as all of this
    flag          1        whether there is a password
    block length  4        from format 5 on little endian, as all lengths in the block
    block         n        salt, initialization vector and encrypted content, each with its length
    footer        16       magic, algorithm, and CRC-32 of everything before it

Source:
    ``KeyStoreWrapper.load``, ``KeyStoreWrapper.decrypt``, ``CodecUtil`` of Lucene.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from .._ground.java import decode_modified_utf8
from ..errors import KeystoreCorruptedError
from .versions import format_of

if TYPE_CHECKING:
    from typing import Literal, NoReturn

    from .versions import Format

    ByteOrder = Literal["big", "little"]

__all__ = [
    "CODEC_NAME",
    "FOOTER_MAGIC",
    "FOOTER_SIZE",
    "LARGEST_FILE",
    "LONGEST_IV",
    "MAGIC",
    "MOST_SETTINGS",
    "Block",
    "Reader",
    "Sealed",
    "read_block",
    "read_sealed",
    "read_settings",
]

LARGEST_FILE: Final = 2**26
"""Bytes of the largest keystore that is read or written: 64 MiB."""

MOST_SETTINGS: Final = 100_000
"""The largest number of settings that are read or written."""

LONGEST_IV: Final = 2**16
"""Bytes of the longest initialization vector that is read; writers use 12."""

MAGIC: Final = bytes.fromhex("3fd76c17")
CODEC_NAME: Final = b"elasticsearch.keystore"
FOOTER_MAGIC: Final = bytes.fromhex("c02893e8")
FOOTER_SIZE: Final = 16

_PASSWORD_FLAGS: Final = (0, 1)
_LARGEST_LENGTH: Final = 2**31 - 1
_VARIABLE_BYTES: Final = 5

_NOT_A_KEYSTORE: Final = "it is no keystore of Elasticsearch: check the path"
_DAMAGED: Final = "the file is damaged: restore it from a backup"
_INCOMPLETE: Final = "the file is incomplete: copy it again, or restore it from a backup"


class Reader:
    """
    Reads fields one after the other, and checks each length before it takes a slice.

    Args:
        data: What to read.

        source: The file, for messages.

        at_end: The kind of the error if *data* ends too early.

        start: The position of *data* in the file; None if it was decrypted.

        byte_order: Of numbers.
    """

    def __init__(
        self,
        data: bytes,
        source: str,
        at_end: str,
        *,
        start: int | None = 0,
        byte_order: ByteOrder = "big",
    ) -> None:
        self._data = data
        self._source = source
        self._at_end = at_end
        self._start = start
        self.byte_order: ByteOrder = byte_order
        self.position = 0

    @property
    def left(self) -> int:
        """The number of bytes that were not read yet."""
        return len(self._data) - self.position

    def fail(self, kind: str, reason: str, at: int | None = None) -> NoReturn:
        """Raise an error about the position *at*, by default about the next byte."""
        position = self.position if at is None else at
        offset = None if self._start is None else self._start + position
        raise KeystoreCorruptedError(self._source, kind, offset, reason)

    def take(self, size: int, what: str) -> bytes:
        """Read *size* bytes."""
        if size > self.left:
            self.fail(
                self._at_end,
                f"{what} has [{size}] bytes and [{self.left}] are left; {_INCOMPLETE}",
            )
        start, self.position = self.position, self.position + size
        return self._data[start : self.position]

    def u8(self, what: str) -> int:
        """Read one byte."""
        return self.take(1, what)[0]

    def i32(self, what: str) -> int:
        """Read a signed number of four bytes."""
        return int.from_bytes(self.take(4, what), self.byte_order, signed=True)

    def variable(self, what: str) -> int:
        """Read a length in bytes of seven bits each, the lowest first; the rest is ignored."""
        value = 0
        for number in range(_VARIABLE_BYTES):
            byte = self.u8(what)
            value |= (byte & 0x7F) << (7 * number)
            if not byte & 0x80:
                break
        return self._length(value - (2**32 if value > _LARGEST_LENGTH else 0), what)

    def sized(self, what: str) -> bytes:
        """Read a length of four bytes, and so many bytes."""
        return self.take(self._length(self.i32(f"the length of {what}"), what), what)

    def utf(self, what: str) -> str:
        """Read a length of two bytes, and so many bytes of modified UTF-8."""
        size = int.from_bytes(self.take(2, f"the length of {what}"), "big")
        start = self.position
        text = decode_modified_utf8(self.take(size, what))
        if text is None:
            self.fail("corrupted", f"{what} is not modified UTF-8; {_DAMAGED}", start)
        return text

    def end(self, kind: str, what: str) -> None:
        """Check that nothing is left."""
        if self.left:
            self.fail(kind, f"[{self.left}] bytes follow {what}; {_DAMAGED}")

    def _length(self, length: int, what: str) -> int:
        if length < 0:
            self.fail("negative_length", f"{what} has the length [{length}]; {_DAMAGED}")
        return length


@dataclass(frozen=True, slots=True)
class Sealed:
    """
    What a keystore shows without its password.

    Attributes:
        form: Its format.
        has_password: Whether it says that it has a password.
        block: Salt, initialization vector and encrypted content, not yet taken apart.
        start: The position of the block in the file.
    """

    form: Format
    has_password: bool
    block: bytes = field(repr=False)
    start: int


@dataclass(frozen=True, slots=True)
class Block:
    """What is needed to decrypt: salt, initialization vector, and encrypted content with tag."""

    salt: bytes = field(repr=False)
    iv: bytes = field(repr=False)
    ciphertext: bytes = field(repr=False)


def read_sealed(data: bytes, source: str) -> Sealed:
    """
    Read a keystore as far as that needs no password, and check its checksum.

    Args:
        data: The whole file.

        source: The file, for messages.

    Raises:
        KeystoreCorruptedError: If it is not a keystore, or damaged.
        KeystoreVersionError: If it has another format than 3 to 7.
    """
    reader = Reader(data, source, "truncated")
    if len(data) > LARGEST_FILE:
        reader.fail("too_large", f"it has [{len(data)}] bytes; at most [{LARGEST_FILE}] are read")
    if reader.take(4, "the magic number") != MAGIC:
        reader.fail("bad_magic", _NOT_A_KEYSTORE, 0)
    start = reader.position
    if reader.take(reader.variable("the codec name"), "the codec name") != CODEC_NAME:
        reader.fail("bad_codec_name", f"its codec has another name; {_NOT_A_KEYSTORE}", start)
    form = format_of(reader.i32("the version"), source)
    flag = reader.u8("the password flag")
    if flag not in _PASSWORD_FLAGS:
        at = reader.position - 1
        reader.fail("bad_password_flag", f"the password flag is [{flag}]; {_DAMAGED}", at)
    reader.byte_order = form.byte_order
    block = reader.sized("the block")
    _check_footer(reader, data)
    return Sealed(form, flag == 1, block, len(data) - FOOTER_SIZE - len(block))


def _check_footer(reader: Reader, data: bytes) -> None:
    if reader.left < FOOTER_SIZE:
        reader.fail("footer_missing", f"[{reader.left}] of [16] bytes are left; {_INCOMPLETE}")
    if reader.left > FOOTER_SIZE:
        extra = reader.left - FOOTER_SIZE
        reader.fail("trailing_data", f"[{extra}] bytes too many follow the content; {_DAMAGED}")
    start = reader.position
    if reader.take(4, "the footer") != FOOTER_MAGIC:
        reader.fail("bad_footer_magic", f"the footer has another mark; {_DAMAGED}", start)
    if reader.take(4, "the algorithm") != bytes(4):
        reader.fail("bad_footer_algorithm", f"the algorithm is not 0; {_DAMAGED}", start + 4)
    high = reader.take(4, "the checksum")
    if high != bytes(4):
        reader.fail("checksum_not_32_bit", f"the checksum is too large; {_DAMAGED}", start + 8)
    low = reader.take(4, "the checksum")
    if int.from_bytes(low, "big") != zlib.crc32(memoryview(data)[: start + 8]):
        reader.fail("checksum_mismatch", f"the checksum differs; {_DAMAGED}", start + 12)


def read_block(sealed: Sealed, source: str) -> Block:
    """
    Take a block apart.

    Raises:
        KeystoreCorruptedError: If it is malformed under a right checksum.
    """
    reader = Reader(
        sealed.block,
        source,
        "corrupted",
        start=sealed.start,
        byte_order=sealed.form.byte_order,
    )
    salt = reader.sized("the salt")
    iv = reader.sized("the initialization vector")
    ciphertext = reader.sized("the encrypted content")
    reader.end("corrupted", "the encrypted content")
    if not salt:
        reader.fail("empty_salt", f"the salt is empty; {_DAMAGED}", 0)
    if not iv:
        reader.fail("empty_iv", f"the initialization vector is empty; {_DAMAGED}", 4 + len(salt))
    if len(iv) > LONGEST_IV:
        reason = f"the initialization vector has more than [{LONGEST_IV}] bytes; {_DAMAGED}"
        reader.fail("too_large", reason, 4 + len(salt))
    return Block(salt, iv, ciphertext)


def read_settings(form: Format, plaintext: bytes, source: str) -> dict[str, bytes]:
    """
    Read the settings in decrypted content; of a repeated name the last counts.

    Raises:
        KeystoreCorruptedError: If it is malformed.
    """
    reader = Reader(plaintext, source, "corrupted", start=None)
    settings: dict[str, bytes] = {}
    for number in range(reader.i32("the number of settings")):
        if number == MOST_SETTINGS:
            reader.fail("too_large", f"it has more than [{MOST_SETTINGS}] settings")
        name = reader.utf("the name of a setting")
        if form.has_types:
            reader.utf("the type of a setting")
        settings[name] = reader.sized("the value of a setting")
    reader.end("corrupted", "the last setting")
    return settings
