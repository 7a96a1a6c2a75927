"""
Digests and clear text: the hashes of a node's cache, which a node also verifies in files.

None of them may be written to a ``users`` file.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from typing import ClassVar, Final

from .._ground.java import decode_base64, encode_base64, is_base64_of
from ..errors import InvalidHashError
from .base import password_bytes, same_text

__all__ = [
    "MD5",
    "NOOP",
    "SHA1",
    "SSHA256",
    "ClearText",
    "DigestHasher",
    "SaltedSha256Hasher",
]

_SALT_BYTES: Final = 8
_SALT_CHARACTERS: Final = 12
_SHA256_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class DigestHasher:
    """
    A prefix and the base64 of an unsalted digest of the password.

    Attributes:
        name: The name in settings, which is also hashlib's name of the digest.
        prefix: The start of the text.
        size: The number of bytes of the digest.

    Source:
        ``Hasher.SHA1``, ``Hasher.MD5``.
    """

    name: str
    prefix: str
    size: int
    cost: int = 1

    family: ClassVar[str] = "digest"

    def hash(self, password: str) -> str:
        """Hash *password*; the same password always has the same hash."""
        # Needed to read such hashes, even on systems that bar these digests for security.
        digest = hashlib.new(self.name, password_bytes(password), usedforsecurity=False).digest()
        return self.prefix + encode_base64(digest)

    def verify(self, password: str, hash: str) -> bool:
        """Check *password* as a node does, which never throws here; see ``Hasher.verify``."""
        return hash.startswith(self.prefix) and same_text(self.hash(password), hash)

    def check(self, hash: str) -> None:
        """Reject a digest that no password matches; see ``Hasher.check``."""
        if not hash.startswith(self.prefix):
            raise InvalidHashError(f"a {self.name} hash starts with {self.prefix}")
        if not is_base64_of(hash.removeprefix(self.prefix), self.size):
            raise InvalidHashError(f"the {self.name} digest is not base64 of {self.size} bytes")


@dataclass(frozen=True, slots=True)
class SaltedSha256Hasher:
    """
    ``{SSHA256}``, the base64 of a salt, and the base64 of SHA-256 over password and salt.

    LDAP's layout differs: it is one base64 of digest and salt.

    Source:
        ``Hasher.SSHA256``.
    """

    name: str = "ssha256"
    prefix: str = "{SSHA256}"
    cost: int = 1

    family: ClassVar[str] = "digest"

    def hash(self, password: str) -> str:
        """Hash *password* with a salt of 8 bytes."""
        salt = os.urandom(_SALT_BYTES)
        return self.prefix + encode_base64(salt) + _salted_digest(password, salt)

    def verify(self, password: str, hash: str) -> bool:
        """Check *password* as a node does; see ``Hasher.verify``."""
        if not hash.startswith(self.prefix):
            return False
        salt, digest = self._fields(hash)
        return same_text(_salted_digest(password, salt), digest)

    def check(self, hash: str) -> None:
        """Reject an unusable hash; see ``Hasher.check``."""
        if not hash.startswith(self.prefix):
            raise InvalidHashError(f"a {self.name} hash starts with {self.prefix}")
        _, digest = self._fields(hash)
        if not is_base64_of(digest, _SHA256_BYTES):
            raise InvalidHashError(f"the {self.name} digest is not base64 of {_SHA256_BYTES} bytes")

    def _fields(self, hash: str) -> tuple[bytes, str]:
        """Split *hash* into salt and digest; raise where a node throws."""
        start = len(self.prefix)
        text = hash[start : start + _SALT_CHARACTERS]
        salt = decode_base64(text) if len(text) == _SALT_CHARACTERS else None
        if salt is None:
            raise InvalidHashError(
                f"the {self.name} salt is not {_SALT_CHARACTERS} characters of base64"
            )
        return salt, hash[start + _SALT_CHARACTERS :]


@dataclass(frozen=True, slots=True)
class ClearText:
    """
    No hashing: the text is the password.

    Source:
        ``Hasher.NOOP``.
    """

    name: str = "noop"
    cost: int = 0

    family: ClassVar[str] = "clear_text"

    def hash(self, password: str) -> str:
        """Return *password*."""
        return password

    def verify(self, password: str, hash: str) -> bool:
        """Compare both texts."""
        return same_text(password, hash)

    def check(self, hash: str) -> None:
        """Accept any text."""


def _salted_digest(password: str, salt: bytes) -> str:
    """Digest password and salt, in this order, into base64."""
    return encode_base64(hashlib.sha256(password_bytes(password) + salt).digest())


SSHA256: Final = SaltedSha256Hasher()
SHA1: Final = DigestHasher("sha1", "{SHA}", 20)
MD5: Final = DigestHasher("md5", "{MD5}", 16)
NOOP: Final = ClearText()
