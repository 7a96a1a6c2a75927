"""
A digest of the compressed bytes, where every decompressor passes over it.

Both formats can say the same content in more than one way. The signature is about the content; with
this digest a backup is refused if any byte of it differs, whatever that byte means. With zstd it is
in a frame to be skipped (RFC 8878, section 3.1.2), with gzip in the extra field of the header
(RFC 1952, section 2.3.1.1).
"""

from __future__ import annotations

import hashlib
from typing import Final, Literal

__all__ = ["with_digest", "without_digest"]

_SIZE: Final = hashlib.sha256().digest_size
_ZSTD_FRAME: Final = b"\x5e\x2a\x4d\x18" + _SIZE.to_bytes(4, "little")
_ZSTD_END: Final = len(_ZSTD_FRAME) + _SIZE

#: The header of gzip without a time; the fourth byte says that there is an extra field.
_GZIP_HEAD: Final = slice(0, 10)
_GZIP_FLAGS: Final = 3
_GZIP_HAS_EXTRA: Final = 0x04
_GZIP_FIELD: Final = (4 + _SIZE).to_bytes(2, "little") + b"ER" + _SIZE.to_bytes(2, "little")
_GZIP_DIGEST: Final = slice(10 + len(_GZIP_FIELD), 10 + len(_GZIP_FIELD) + _SIZE)


def with_digest(compression: Literal["zstd", "gzip"], packed: bytes) -> bytes:
    """Return compressed bytes with the digest of all of them."""
    if compression == "zstd":
        return b"".join((packed, _ZSTD_FRAME, hashlib.sha256(packed).digest()))
    head = bytearray(packed[_GZIP_HEAD])
    head[_GZIP_FLAGS] |= _GZIP_HAS_EXTRA
    before, rest = bytes(head) + _GZIP_FIELD, memoryview(packed)[_GZIP_HEAD.stop :]
    return b"".join((before, _digest(before, rest), rest))


def without_digest(compression: Literal["zstd", "gzip"], data: bytes) -> bytes | None:
    """
    Return what a decompressor is to get of compressed bytes; None if they are not as they were.

    Bytes without such a digest come back as they are: another program may have compressed them.
    """
    if compression == "zstd":
        end = data[-_ZSTD_END:]
        if not end.startswith(_ZSTD_FRAME):
            return data
        packed = data[:-_ZSTD_END]
        return packed if hashlib.sha256(packed).digest() == end[len(_ZSTD_FRAME) :] else None
    before = data[: _GZIP_DIGEST.start]
    if not before.endswith(_GZIP_FIELD):
        has_extra = len(before) > _GZIP_FLAGS and before[_GZIP_FLAGS] & _GZIP_HAS_EXTRA
        return None if has_extra else data
    rest = memoryview(data)[_GZIP_DIGEST.stop :]
    return data if _digest(before, rest) == data[_GZIP_DIGEST] else None


def _digest(before: bytes, rest: memoryview) -> bytes:
    digest = hashlib.sha256(before)
    digest.update(rest)
    return digest.digest()
