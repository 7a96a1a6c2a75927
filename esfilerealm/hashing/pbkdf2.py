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
"""The counts that have a name."""

_DEFAULT_ITERATIONS: Final = 10_000
_SALT_BYTES: Final = 32
_KEY_BYTES: Final = 32
_SHORTEST_SALT_BYTES: Final = 8


@dataclass(frozen=True, slots=True)
class Pbkdf2Hasher:
    """
    PBKDF2 of one number of iterations.

    Attributes:
        name: ``pbkdf2``, or that and the iterations.
        cost: Iterations, of new hashes and while verifying.

    Source:
        ``Hasher.PBKDF2`` and its siblings.
    """

    name: str
    cost: int

    family: ClassVar[str] = "pbkdf2"
    prefix: ClassVar[str] = "{PBKDF2}"

    @classmethod
    def of_cost(cls, cost: int) -> Pbkdf2Hasher:
        """Make the hasher of that many iterations, named as Elasticsearch names it."""
        return cls(cls.family if cost == _DEFAULT_ITERATIONS else f"{cls.family}_{cost}", cost)

    @classmethod
    def of_hash(cls, text: str) -> Pbkdf2Hasher:
        """
        Choose the hasher for *text*, which starts with this family's prefix, as a node does.

        Raises:
            InvalidHashError: If no number of iterations is found, or one without a name.

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
        """Give a node's verdict, with this hasher's iterations; see ``Hasher.verify``."""
        fields = self._fields(hash)
        if fields is None:
            return False
        salt, size = _read_salt(fields[0]), _key_size(fields[1])
        if not is_base64_of(fields[1], size):
            return False
        return same_text(encode_base64(self._key(password, salt, size)), fields[1])

    def check(self, hash: str) -> None:
        """Refuse what is no usable hash of so many iterations; see ``Hasher.check``."""
        fields = self._fields(hash)
        if fields is None:
            raise InvalidHashError(f"not of the form {self.prefix}iterations$salt$key")
        iterations = self.of_hash(hash).cost
        if iterations != self.cost:
            raise InvalidHashError(f"[{iterations}] iterations where {self.name} has [{self.cost}]")
        _read_salt(fields[0])
        if not is_base64_of(fields[1], _key_size(fields[1])):
            raise InvalidHashError(
                "the PBKDF2 key is not padded base64 of a multiple of 128 bits, "
                "so no password can match"
            )

    def _fields(self, hash: str) -> tuple[str, str] | None:
        """Split off salt and key; None if *hash* is not of this family."""
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
        """Turn *password* into what PBKDF2 is fed with."""
        return password_bytes(password)


@dataclass(frozen=True, slots=True)
class StretchedPbkdf2Hasher(Pbkdf2Hasher):
    """
    PBKDF2 over a digest of the password, so that every password has the same, sufficient length.

    Source:
        ``Hasher.PBKDF2_STRETCH`` and its siblings.
    """

    family: ClassVar[str] = "pbkdf2_stretch"
    prefix: ClassVar[str] = "{PBKDF2_STRETCH}"

    def _secret(self, password: str) -> bytes:
        """Turn *password* into its SHA-512, written as 128 hexadecimal digits."""
        return hashlib.sha512(password_bytes(password)).hexdigest().encode("ascii")


def _read_salt(text: str) -> bytes:
    """Decode the salt, raising where a node throws."""
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
    Work out the bytes of a key from its text's length: the multiple of 16 bytes below it.

    Raises:
        InvalidHashError: If that is none, which a node cannot derive.

    Source:
        ``Hasher.verifyPbkdf2Hash``.
    """
    size = len(java_units(text)) * 3 // 64 * 16
    if size == 0:
        raise InvalidHashError("the PBKDF2 key is shorter than 128 bits")
    return size
