"""
Plain digests and clear text: what a node keeps in its cache, and what it still verifies in files.

None of them may be written into a ``users`` file.
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
    A prefix and the base64 of one digest of the password, without any salt.

    Attributes:
        name: The name in settings, which is hashlib's name of the digest too.
        prefix: What the text starts with.
        size: Bytes of the digest.

    Source:
        ``Hasher.SHA1``, ``Hasher.MD5``.
    """

    name: str
    prefix: str
    size: int
    cost: int = 1

    family: ClassVar[str] = "digest"

    def hash(self, password: str) -> str:
        """Hash *password*; the same one always gives the same text."""
        # A format that has to be read, not a choice: it must work where such digests are barred.
        digest = hashlib.new(self.name, password_bytes(password), usedforsecurity=False).digest()
        return self.prefix + encode_base64(digest)

    def verify(self, password: str, hash: str) -> bool:
        """Give a node's verdict, which is never an error; see ``Hasher.verify``."""
        return hash.startswith(self.prefix) and same_text(self.hash(password), hash)

    def check(self, hash: str) -> None:
        """Refuse what can never match; see ``Hasher.check``."""
        if not hash.startswith(self.prefix):
            raise InvalidHashError(f"a {self.name} hash starts with {self.prefix}")
        if not is_base64_of(hash.removeprefix(self.prefix), self.size):
            raise InvalidHashError(f"the {self.name} digest is not base64 of {self.size} bytes")


@dataclass(frozen=True, slots=True)
class SaltedSha256Hasher:
    """
    ``{SSHA256}``, the base64 of a salt, the base64 of SHA-256 over password and salt.

    Not LDAP's layout, which is one base64 of digest and salt.

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
        """Give a node's verdict; see ``Hasher.verify``."""
        if not hash.startswith(self.prefix):
            return False
        salt, digest = self._fields(hash)
        return same_text(_salted_digest(password, salt), digest)

    def check(self, hash: str) -> None:
        """Refuse what is no usable hash; see ``Hasher.check``."""
        if not hash.startswith(self.prefix):
            raise InvalidHashError(f"a {self.name} hash starts with {self.prefix}")
        _, digest = self._fields(hash)
        if not is_base64_of(digest, _SHA256_BYTES):
            raise InvalidHashError(f"the {self.name} digest is not base64 of {_SHA256_BYTES} bytes")

    def _fields(self, hash: str) -> tuple[bytes, str]:
        """Split into salt and digest text, raising where a node throws."""
        start = len(self.prefix)
        text = hash[start : start + _SALT_CHARACTERS]
        salt = decode_base64(text) if len(text) == _SALT_CHARACTERS else None
        if salt is None:
            raise InvalidHashError(
                f"no {_SALT_CHARACTERS} characters of {self.name} salt in base64"
            )
        return salt, hash[start + _SALT_CHARACTERS :]


@dataclass(frozen=True, slots=True)
class ClearText:
    """
    No hash at all: the text is the password.

    Source:
        ``Hasher.NOOP``.
    """

    name: str = "noop"
    cost: int = 0

    family: ClassVar[str] = "clear_text"

    def hash(self, password: str) -> str:
        """Give back *password*."""
        return password

    def verify(self, password: str, hash: str) -> bool:
        """Compare."""
        return same_text(password, hash)

    def check(self, hash: str) -> None:
        """Accept anything: every text is some password."""


def _salted_digest(password: str, salt: bytes) -> str:
    """Digest the password first, the salt after it, into base64."""
    return encode_base64(hashlib.sha256(password_bytes(password) + salt).digest())


SSHA256: Final = SaltedSha256Hasher()
SHA1: Final = DigestHasher("sha1", "{SHA}", 20)
MD5: Final = DigestHasher("md5", "{MD5}", 16)
NOOP: Final = ClearText()
