"""Java's own keystores (JKS): which certificates they hold."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final

from .._ground.java import decode_modified_utf8
from ..errors import InvalidTrustStoreError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["MAGIC", "StoreEntry", "read_jks"]

#: What every such file begins with.
MAGIC: Final = b"\xfe\xed\xfe\xed"

_VERSIONS: Final = (1, 2)
_PRIVATE_KEY: Final = 1
_CERTIFICATE: Final = 2
_DIGEST_SIZE: Final = 20
_WHITENER: Final = b"Mighty Aphrodite"
_NOT_OPENED: Final = "the password is wrong, or the file was changed"


class StoreEntry:
    """
    An entry of a keystore.

    Attributes:
        alias: Its name.
        certificates: The trusted certificate, or those of a private key, its own first, in DER.
        is_key: Whether it is a private key.
    """

    __slots__ = ("alias", "certificates", "is_key")

    def __init__(self, alias: str, certificates: list[bytes], *, is_key: bool) -> None:
        self.alias = alias
        self.certificates = certificates
        self.is_key = is_key


def read_jks(data: bytes, password: str) -> list[StoreEntry]:
    """
    Return the entries of a store. The first certificate of a private key is its own.

    Args:
        data: The whole file.

        password: The password; the empty one is checked as well.

    Raises:
        InvalidTrustStoreError: If the password is wrong, or if the file is damaged.

    Source:
        ``sun.security.provider.JavaKeyStore``.
    """
    reader = _Reader(data[:-_DIGEST_SIZE])
    if reader.take(4) != MAGIC or (version := reader.number()) not in _VERSIONS:
        raise InvalidTrustStoreError("it is not a keystore of version 1 or 2")
    entries = list(_entries(reader, version))
    if reader.rest:
        raise InvalidTrustStoreError(f"there are {reader.rest} bytes too many")
    secret = password.encode("utf-16-be", "surrogatepass")
    digest = hashlib.sha1(secret + _WHITENER + data[:-_DIGEST_SIZE], usedforsecurity=False)
    if digest.digest() != data[-_DIGEST_SIZE:]:
        raise InvalidTrustStoreError(_NOT_OPENED, "password")
    return entries


def _entries(reader: _Reader, version: int) -> Iterator[StoreEntry]:
    for _ in range(reader.number()):
        tag = reader.number()
        alias = reader.text()
        reader.take(8)  # when it was made
        if tag == _CERTIFICATE:
            yield StoreEntry(alias, [_certificate(reader, version)], is_key=False)
        elif tag == _PRIVATE_KEY:
            reader.take(reader.number())
            chain = [_certificate(reader, version) for _ in range(reader.number())]
            yield StoreEntry(alias, chain, is_key=True)
        else:
            raise InvalidTrustStoreError(f"the entry [{alias}] is of an unknown kind")


def _certificate(reader: _Reader, version: int) -> bytes:
    if version > 1:
        reader.text()  # the type, always X.509
    return reader.take(reader.number())


class _Reader:
    """The way through the bytes, from which no length leads out."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    @property
    def rest(self) -> int:
        """How many bytes are left."""
        return len(self._data) - self._at

    def take(self, size: int) -> bytes:
        """Return the next bytes."""
        if size > self.rest:
            raise InvalidTrustStoreError("it ends within an entry")
        self._at += size
        return self._data[self._at - size : self._at]

    def number(self) -> int:
        """Return the next number of 32 bits."""
        return int.from_bytes(self.take(4), "big")

    def text(self) -> str:
        """Return the next text."""
        text = decode_modified_utf8(self.take(int.from_bytes(self.take(2), "big")))
        if text is None:
            raise InvalidTrustStoreError("a name in it is malformed")
        return text
