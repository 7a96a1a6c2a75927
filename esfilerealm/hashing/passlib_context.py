"""
A passlib context with the hashers of this package.

Only the hashers of this package compute hashes. So passlib's bcrypt backend, which does not work
with bcrypt 5, is never loaded. The module works with passlib and with its fork libpass.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any, ClassVar, Final, Self

import passlib.utils.handlers as passlib_handlers
from passlib.context import CryptContext

from ..errors import InvalidHashError, InvalidPasswordError, InvalidSettingError
from . import bcrypt, digest, pbkdf2
from .policy import Policy
from .registry import resolve, resolve_from_hash

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .base import Hasher

__all__ = [
    "EsBcrypt",
    "EsMd5",
    "EsPbkdf2",
    "EsPbkdf2Stretch",
    "EsSha1",
    "EsSsha256",
    "crypt_context",
]


_WHERE: Final = "crypt_context()"


class _NodeHandler(passlib_handlers.GenericHandler):
    """
    A passlib handler that delegates to a hasher of this package.

    An instance is one parsed hash, whose whole text is passlib's ``checksum``.
    """

    name: ClassVar[str]
    setting_kwds: ClassVar[tuple[str, ...]] = ()
    prefixes: ClassVar[tuple[str, ...]]

    @classmethod
    def identify(cls, hash: str | bytes) -> bool:
        """Check whether *hash* is of this family, usable or not."""
        return _hash_text(hash).startswith(cls.prefixes)

    @classmethod
    def from_string(cls, hash: str | bytes, **_context: object) -> Self:
        """
        Parse *hash*.

        Raises:
            InvalidHashError: If *hash* is of another family, or a node would throw on it.
        """
        return cls(checksum=cls._parse(hash)[1])

    def to_string(self) -> str:
        """Return the whole hash."""
        return self.checksum or ""

    @classmethod
    def hash(cls, secret: str | bytes, **settings: object) -> str:
        """Hash *secret* with the settings of this handler and *settings*; see ``using``."""
        if settings:
            options: dict[str, Any] = {**settings}
            return cls.using(**options).hash(secret)
        return cls._hasher().hash(_text(secret))

    @classmethod
    def verify(cls, secret: str | bytes, hash: str | bytes, **_context: object) -> bool:
        """
        Check *secret* as a node does.

        Raises:
            InvalidHashError: If *hash* is of another family, or a node would throw on it.
        """
        hasher, text = cls._parse(hash)
        return hasher.verify(_text(secret), text)

    @classmethod
    def _parse(cls, hash: str | bytes) -> tuple[Hasher, str]:
        """Return the hasher for a hash of this family, and the hash as a string."""
        text = _hash_text(hash)
        if not text.startswith(cls.prefixes):
            raise InvalidHashError(f"{cls.name} hashes start with {', '.join(cls.prefixes)}")
        return resolve_from_hash(text), text

    @classmethod
    def _hasher(cls) -> Hasher:
        """Return the hasher for new hashes with the settings of this handler."""
        return resolve(cls.name.removeprefix("es_"))


class _CostHandler(passlib_handlers.HasRounds, _NodeHandler):
    """A family with a cost; passlib calls it rounds."""

    setting_kwds: ClassVar[tuple[str, ...]] = ("rounds",)
    separator: ClassVar[str]
    costs: ClassVar[Sequence[int]]

    @classmethod
    def cost_from(cls, minimum: int) -> int:
        """Return the lowest cost with a name that is at least *minimum* and the default."""
        enough = max(minimum, cls.default_rounds or 0)
        return next(cost for cost in cls.costs if cost >= enough)

    @classmethod
    def from_string(cls, hash: str | bytes, **_context: object) -> Self:
        """Parse *hash*; passlib compares its cost with the minimum."""
        hasher, text = cls._parse(hash)
        return cls(checksum=text, rounds=hasher.cost)

    @classmethod
    def _hasher(cls) -> Hasher:
        return resolve(f"{cls.name.removeprefix('es_')}{cls.separator}{cls.default_rounds}")


class EsBcrypt(_CostHandler):
    """``es_bcrypt``: rounds are the cost, 4 to 14. It accepts every revision that a node reads."""

    name: ClassVar[str] = "es_bcrypt"
    prefixes: ClassVar[tuple[str, ...]] = bcrypt.PREFIXES
    separator: ClassVar[str] = ""
    costs: ClassVar[Sequence[int]] = bcrypt.COSTS
    min_rounds: ClassVar[int] = costs[0]
    max_rounds: ClassVar[int | None] = costs[-1]
    default_rounds: ClassVar[int | None] = 10
    rounds_cost: ClassVar[str] = "log2"
    truncate_size: ClassVar[int | None] = bcrypt.PASSWORD_BYTES

    @classmethod
    def hash(cls, secret: str | bytes, **settings: object) -> str:
        """Hash *secret*, and warn if bcrypt ignores a part of it."""
        if not settings:  # with settings, `super().hash` calls this method again without them
            bcrypt.warn_if_truncated(_text(secret))
        return super().hash(secret, **settings)


class EsPbkdf2(_CostHandler):
    """``es_pbkdf2``: rounds are iterations, one of the six numbers that a node reads."""

    name: ClassVar[str] = "es_pbkdf2"
    prefixes: ClassVar[tuple[str, ...]] = (pbkdf2.Pbkdf2Hasher.prefix,)
    separator: ClassVar[str] = "_"
    costs: ClassVar[Sequence[int]] = pbkdf2.ITERATIONS
    min_rounds: ClassVar[int] = costs[0]
    max_rounds: ClassVar[int | None] = costs[-1]
    default_rounds: ClassVar[int | None] = 10_000
    rounds_cost: ClassVar[str] = "linear"


class EsPbkdf2Stretch(EsPbkdf2):
    """``es_pbkdf2_stretch``: PBKDF2 of a digest of the password."""

    name: ClassVar[str] = "es_pbkdf2_stretch"
    prefixes: ClassVar[tuple[str, ...]] = (pbkdf2.StretchedPbkdf2Hasher.prefix,)


def _digest_handler(hasher: digest.DigestHasher | digest.SaltedSha256Hasher) -> type[_NodeHandler]:
    class DigestHandler(_NodeHandler):
        """A digest: verified, never the default."""

        name: ClassVar[str] = f"es_{hasher.name}"
        prefixes: ClassVar[tuple[str, ...]] = (hasher.prefix,)

    return DigestHandler


EsSsha256: Final = _digest_handler(digest.SSHA256)
EsSha1: Final = _digest_handler(digest.SHA1)
EsMd5: Final = _digest_handler(digest.MD5)

_COST_HANDLERS: Final = {"bcrypt": EsBcrypt, "pbkdf2": EsPbkdf2, "pbkdf2_stretch": EsPbkdf2Stretch}
_DIGEST_HANDLERS: Final = (EsSsha256, EsSha1, EsMd5)


def crypt_context(
    algorithm: str = "bcrypt",
    *,
    minimum_bcrypt_cost: int = 10,
    minimum_pbkdf2_iterations: int = 10_000,
) -> CryptContext:
    """
    Make a passlib context that hashes with *algorithm* and verifies what a node verifies.

    ``hash``, ``verify``, ``identify``, ``needs_update`` and ``verify_and_update`` are passlib's.
    A hash needs an update if its cost is below the minimum of its family, or if it is a digest
    (``es_ssha256``, ``es_sha1``, ``es_md5``). A hash of another family than *algorithm*'s needs
    none, and ``$2b$`` and ``$2y$`` are as good as ``$2a$``.

    Clear text is not identified, so that passlib raises a ValueError when verifying against it. A
    hash on which a node would throw raises InvalidHashError, which is also a ValueError.

    Args:
        algorithm: The algorithm for new hashes, one of ``STORED_ALGORITHMS`` in any letter case.
        minimum_bcrypt_cost: From 4 to 14, a binary logarithm of rounds.
        minimum_pbkdf2_iterations: From 1 000 to 1 000 000, for both forms of PBKDF2.

    Raises:
        UnknownHashAlgorithmError: If *algorithm* may not produce stored hashes.
        InvalidSettingError: If a minimum is out of range, or *algorithm* costs less than it.
    """
    _require_in_range("minimum_bcrypt_cost", minimum_bcrypt_cost, EsBcrypt)
    _require_in_range("minimum_pbkdf2_iterations", minimum_pbkdf2_iterations, EsPbkdf2)
    policy = Policy.of_costs(algorithm, minimum_bcrypt_cost, minimum_pbkdf2_iterations)
    if policy.problem is not None:
        raise InvalidSettingError("algorithm", algorithm, policy.problem, _WHERE)
    options: dict[str, Any] = {}
    for family, minimum in (policy.minimum_costs or {}).items():
        handler = _COST_HANDLERS[family]
        options[f"{handler.name}__min_rounds"] = minimum
        options[f"{handler.name}__default_rounds"] = handler.cost_from(minimum)
    default = _COST_HANDLERS[policy.hasher.family].name
    options[f"{default}__default_rounds"] = policy.hasher.cost
    return CryptContext(
        schemes=[*_COST_HANDLERS.values(), *_DIGEST_HANDLERS],
        default=default,
        deprecated=[handler.name for handler in _DIGEST_HANDLERS],
        **options,
    )


def _require_in_range(key: str, minimum: int, handler: type[_CostHandler]) -> None:
    """Reject a minimum that passlib would replace."""
    lowest, highest = handler.costs[0], handler.costs[-1]
    if not lowest <= minimum <= highest:
        raise InvalidSettingError(key, minimum, f"must be from {lowest} to {highest}", _WHERE)


def _text(value: str | bytes) -> str:
    """
    Decode a password, which callers of passlib may pass as bytes.

    Raises:
        InvalidPasswordError: If it is not UTF-8. Python's own error would contain the bytes.
    """
    with contextlib.suppress(UnicodeDecodeError):
        return _decoded(value, "strict")
    # Raised outside the handler: the error in its context would contain the bytes.
    raise InvalidPasswordError("not UTF-8")


def _hash_text(value: str | bytes) -> str:
    """Decode a hash, which callers of passlib may pass as bytes, valid UTF-8 or not."""
    return _decoded(value, "replace")


def _decoded(value: str | bytes, errors: str) -> str:
    """Decode a string or bytes; the error for anything else names only the type."""
    if isinstance(value, str):
        return value
    if not isinstance(value, bytes):
        raise TypeError(f"must be str or bytes, not {type(value).__name__}")
    return value.decode("utf-8", errors)
