"""Compressing an archive, and unpacking one of which nobody knows yet who made it."""

from __future__ import annotations

import sys
import zlib
from typing import TYPE_CHECKING, Final, Literal, Protocol

from .._ground.extras import require_extra
from ..errors import BackupFormatError, BackupLimitError
from .packed_digest import without_digest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

    from .limits import Limits

    class Compressor(Protocol):
        """What both compressors have."""

        def compress(self, data: bytes, /) -> bytes:
            """Return what can be written of *data* already."""

        def flush(self) -> bytes:
            """Return the rest."""


__all__ = ["ENDINGS", "Compression", "Unpacked", "compressor", "is_packed", "require_zstd"]

Compression = Literal["zstd", "gzip"]

ENDINGS: Final[dict[Compression, str]] = {"zstd": ".tar.zst", "gzip": ".tar.gz"}
"""How the name of an archive ends."""

_ZSTD: Final = b"\x28\xb5\x2f\xfd"
_GZIP: Final = b"\x1f\x8b"
_TAR: Final = b"ustar"
_TAR_MAGIC: Final = slice(257, 262)

_GZIP_WINDOW: Final = 31  # of zlib: the largest window, and the header of gzip
_LARGEST_WINDOW: Final = 27  # of zstd: 128 MiB, which is what `zstd -d` takes
#: Of zstd: configuration is small, and a node has other things to do than to compress it well.
_LEVEL: Final = 1
_INPUT: Final = 2**17
_OUTPUT: Final = 2**20
_GRACE: Final = 64 * 2**20


def require_zstd() -> ModuleType:
    """
    Import zstd, which is in Python from 3.14 on.

    Raises:
        MissingExtraError: If it is not there.
    """
    if sys.version_info >= (3, 14):  # pragma: no cover - not on every version
        from compression import zstd
    else:  # pragma: no cover - likewise
        require_extra("backup", "zstd", "backports.zstd")
        from backports import zstd
    return zstd


def compressor(compression: Compression) -> Compressor:
    """
    Return a compressor whose output depends on nothing but its input.

    Raises:
        MissingExtraError: If zstd is not there.
    """
    if compression == "gzip":
        return zlib.compressobj(wbits=_GZIP_WINDOW)
    zstd = require_zstd()
    options = {
        zstd.CompressionParameter.compression_level: _LEVEL,
        zstd.CompressionParameter.checksum_flag: 1,
    }
    made: Compressor = zstd.ZstdCompressor(options=options)
    return made


def is_packed(head: bytes) -> bool:
    """Check whether a file looks like an archive by its first 512 bytes."""
    return head.startswith((_ZSTD, _GZIP)) or head[_TAR_MAGIC] == _TAR


class Unpacked:
    """
    The bytes of an archive, unpacked as they are asked for, and never more than the limits allow.

    Args:
        data: The archive: zstd, gzip, or a tar that is not compressed.

        limits: How large it may be.

        source: Its name for errors.

    Raises:
        BackupFormatError: Also of its methods: if it is damaged.
        BackupLimitError: Likewise, if it is too large.
        MissingExtraError: If it is compressed by zstd, which is not there.
    """

    def __init__(self, data: bytes, limits: Limits, source: str) -> None:
        self._source = source
        self._limits = limits
        self._data = memoryview(data)
        self._taken = 0
        self._given = 0
        self._piece = memoryview(b"")
        self._pieces = self._bounded(self._unpack(data))

    def pieces(self, size: int) -> Iterator[memoryview]:
        """Yield the next *size* bytes in pieces, without copying them."""
        while size:
            if not self._piece:
                self._piece = next(self._pieces, memoryview(b""))
            if not self._piece:
                raise BackupFormatError(self._source, "it ends too early: it is damaged")
            yield (piece := self._piece[:size])
            self._piece = self._piece[len(piece) :]
            size -= len(piece)

    def read(self, size: int) -> bytes:
        """Return the next *size* bytes."""
        return b"".join(self.pieces(size))

    def rest(self) -> Iterator[memoryview]:
        """Yield what is left, in pieces."""
        yield self._piece
        yield from self._pieces

    def _unpack(self, data: bytes) -> Iterator[bytes]:
        if data.startswith(_ZSTD):
            self._take("zstd", data)
            return self._unpack_zstd()
        if data.startswith(_GZIP):
            self._take("gzip", data)
            return self._unpack_gzip()
        if data[_TAR_MAGIC] == _TAR:
            return self._inputs()
        reason = "it is no tar archive, compressed by zstd, gzip or not at all"
        raise BackupFormatError(self._source, reason)

    def _take(self, compression: Compression, data: bytes) -> None:
        packed = without_digest(compression, data)
        self._require(packed is not None)
        self._data = memoryview(packed or b"")

    def _bounded(self, pieces: Iterator[bytes]) -> Iterator[memoryview]:
        limits = self._limits
        for piece in pieces:
            self._given += len(piece)
            if self._given > limits.total_size:
                reason = f"unpacked, it has more than [{limits.total_size}] bytes"
                raise BackupLimitError(self._source, reason)
            if self._given > _GRACE + limits.ratio * self._taken:
                reason = f"more than [{limits.ratio}] bytes come out of one of it"
                raise BackupLimitError(self._source, reason)
            if piece:
                yield memoryview(piece)

    def _inputs(self) -> Iterator[bytes]:
        for at in range(0, len(self._data), _INPUT):
            piece = self._data[at : at + _INPUT]
            self._taken += len(piece)
            yield bytes(piece)

    def _unpack_zstd(self) -> Iterator[bytes]:
        zstd = require_zstd()
        options = {zstd.DecompressionParameter.window_log_max: _LARGEST_WINDOW}
        unpacker = zstd.ZstdDecompressor(options=options)
        for piece in self._inputs():
            self._require(not unpacker.eof)
            try:
                yield unpacker.decompress(piece, _OUTPUT)
                while not unpacker.eof and not unpacker.needs_input:
                    yield unpacker.decompress(b"", _OUTPUT)
            except zstd.ZstdError:
                self._require(is_so=False)
            self._require(not unpacker.unused_data)
        self._require(unpacker.eof)

    def _unpack_gzip(self) -> Iterator[bytes]:
        unpacker = zlib.decompressobj(_GZIP_WINDOW)
        for piece in self._inputs():
            self._require(not unpacker.eof)
            try:
                yield unpacker.decompress(piece, _OUTPUT)
                while unpacker.unconsumed_tail and not unpacker.eof:
                    yield unpacker.decompress(unpacker.unconsumed_tail, _OUTPUT)
            except zlib.error:
                self._require(is_so=False)
            self._require(not unpacker.unused_data)
        self._require(unpacker.eof)

    def _require(self, is_so: bool) -> None:  # noqa: FBT001 - reads as `assert`
        if not is_so:
            reason = "its compressed data is damaged, cut off, or followed by something else"
            raise BackupFormatError(self._source, reason)
