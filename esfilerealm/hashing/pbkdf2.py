"""PBKDF2 with HMAC-SHA-512: ``{PBKDF2}``, iterations, ``$``, salt, ``$``, key, both in base64."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from typing import ClassVar, Final

from .._ground.java import decode_base64, encode_base64, is_base64_of, java_units, read_int
from ..errors import InvalidHashError
from .base import password_bytes, same_text

__all__ = ["ITERATIONS", "Pbkdf2Hasher", "StretchedPbkdf2Hasher"]

ITERATIONS: Final = (1_000, 10_000, 50_000, 100_000, 500_000, 1_000_000)
"""The numbers of iterations that have a name."""

_DEFAULT_ITERATIONS: Final = 10_000
_SALT_BYTES: Final = 32
_KEY_BYTES: Final = 32
_SHORTEST_SALT_BYTES: Final = 8


@dataclass(frozen=True, slots=True)
class Pbkdf2Hasher:
    """
    PBKDF2 with a fixed number of iterations.

    Attributes:
        name: ``pbkdf2``, or that and the number of iterations.
        cost: The number of iterations, for hashing and verifying.

    Source:
        ``Hasher.PBKDF2`` and its siblings.
    """

    name: str
    cost: int

    family: ClassVar[str] = "pbkdf2"
    prefix: ClassVar[str] = "{PBKDF2}"

    @classmethod
    def of_cost(cls, cost: int) -> Pbkdf2Hasher:
        """Return the hasher with that many iterations, under Elasticsearch's name for it."""
        return cls(cls.family if cost == _DEFAULT_ITERATIONS else f"{cls.family}_{cost}", cost)

    @classmethod
    def of_hash(cls, text: str) -> Pbkdf2Hasher:
        """
        Return the hasher that a node uses for *text*, which starts with this family's prefix.

        Raises:
            InvalidHashError: If the number of iterations is missing or has no name.

        Source:
            ``Hasher.resolveFromHash``.
        """
        number, separator, _ = text.removeprefix(cls.prefix).partition("$")
        iterations = read_int(number) if separator else None
        if iterations is None:
            raise InvalidHashError("the number of PBKDF2 iterations could not be determined")
        if iterations not in ITERATIONS:
            raise InvalidHashError(
                f"unknown hash function [{cls.family}_{iterations}]: "
                f"a node reads {', '.join(map(str, ITERATIONS))} iterations",
                "unsupported",
            )
        return cls.of_cost(iterations)

    def hash(self, password: str) -> str:
        """Hash *password* with a salt of 32 bytes into a key of 256 bits."""
        salt = os.urandom(_SALT_BYTES)
        key = self._key(password, salt, _KEY_BYTES)
        return f"{self.prefix}{self.cost}${encode_base64(salt)}${encode_base64(key)}"

    def verify(self, password: str, hash: str) -> bool:
        """Check *password* as a node does, with these iterations; see ``Hasher.verify``."""
        fields = self._fields(hash)
        if fields is None:
            return False
        salt, size = _read_salt(fields[0]), _key_size(fields[1])
        if not is_base64_of(fields[1], size):
            return False
        return same_text(encode_base64(self._key(password, salt, size)), fields[1])

    def check(self, hash: str) -> None:
        """Reject an unusable hash, or one with other iterations; see ``Hasher.check``."""
        fields = self._fields(hash)
        if fields is None:
            raise InvalidHashError(f"not of the form {self.prefix}iterations$salt$key")
        iterations = self.of_hash(hash).cost
        if iterations != self.cost:
            raise InvalidHashError(f"[{iterations}] iterations, but {self.name} has [{self.cost}]")
        _read_salt(fields[0])
        if not is_base64_of(fields[1], _key_size(fields[1])):
            raise InvalidHashError(
                "the PBKDF2 key is not padded base64 of a multiple of 128 bits, "
                "so no password can match"
            )

    def _fields(self, hash: str) -> tuple[str, str] | None:
        """Return salt and key; None if *hash* is not of this family."""
        if not hash.startswith(self.prefix):
            return None
        match hash.split("$", 2):
            case [_, salt, key]:
                return salt, key
        return None

    def _key(self, password: str, salt: bytes, size: int) -> bytes:
        """Derive *size* bytes."""
        return hashlib.pbkdf2_hmac("sha512", self._secret(password), salt, self.cost, size)

    def _secret(self, password: str) -> bytes:
        """Return the input of PBKDF2."""
        return password_bytes(password)


@dataclass(frozen=True, slots=True)
class StretchedPbkdf2Hasher(Pbkdf2Hasher):
    """
    PBKDF2 of a digest of the password, so that its input always has the same, sufficient length.

    Source:
        ``Hasher.PBKDF2_STRETCH`` and its siblings.
    """

    family: ClassVar[str] = "pbkdf2_stretch"
    prefix: ClassVar[str] = "{PBKDF2_STRETCH}"

    def _secret(self, password: str) -> bytes:
        """Return the SHA-512 of *password* as 128 hexadecimal digits."""
        return hashlib.sha512(password_bytes(password)).hexdigest().encode("ascii")


def _read_salt(text: str) -> bytes:
    """Decode the salt; raise where a node throws."""
    salt = decode_base64(text)
    if salt is None:
        raise InvalidHashError("the PBKDF2 salt is not base64")
    if len(salt) < _SHORTEST_SALT_BYTES:
        raise InvalidHashError(
            f"the PBKDF2 salt has [{len(salt)}] bytes, less than {_SHORTEST_SALT_BYTES}"
        )
    return salt


def _key_size(text: str) -> int:
    """
    Compute the size of a key from the length of its text, rounded down to 16 bytes.

    Raises:
        InvalidHashError: If the size is 0, which a node cannot derive.

    Source:
        ``Hasher.verifyPbkdf2Hash``.
    """
    size = len(java_units(text)) * 3 // 64 * 16
    if size == 0:
        raise InvalidHashError("the PBKDF2 key is shorter than 128 bits")
    return size
