"""bcrypt: ``$2a$``, two digits of cost, ``$``, 22 characters of salt and 31 of digest."""

from __future__ import annotations

import re
import warnings
from dataclasses import dataclass
from functools import cache
from typing import ClassVar, Final

from .._ground.ahead import PASSWORD_BYTES, bcrypt_hash
from .._ground.hints import levels_inside
from .._ground.java import java_units, read_int
from ..errors import InvalidHashError, PasswordTruncatedWarning
from .base import password_bytes, same_text

__all__ = [
    "ALPHABET",
    "COSTS",
    "NODE_REVISION",
    "PASSWORD_BYTES",
    "PREFIXES",
    "BcryptHasher",
    "bytes_match",
    "match_sound",
    "truncation_of",
    "warn_if_truncated",
    "with_revision",
]

COSTS: Final = range(4, 15)
"""The costs that have a name."""

PREFIXES: Final = ("$2a$", "$2b$", "$2y$")
"""The revisions that a node reads. All of them are the same algorithm."""

NODE_REVISION: Final = "$2a$"
"""The revision for new hashes. Releases of Elasticsearch before 7.15 read no other one."""

_DEFAULT_COST: Final = 10
_COMPUTABLE_COSTS: Final = range(4, 31)

_LENGTH: Final = 60
_TAIL: Final = 54  # "$", salt and digest; a node finds the end of the cost from the right
_COST: Final = slice(4, 6)
_SEPARATOR: Final = 6
_SALT: Final = slice(7, 29)
_DIGEST: Final = slice(29, 60)

ALPHABET: Final = "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
"""The 64 characters in which salt and digest are written."""

# A node looks up three of every four characters. It throws on the fourth only if that is U+0080.
_READABLE_SALT: Final = re.compile(rf"(?:[{ALPHABET}]{{3}}[^\x80]){{5}}[{ALPHABET}]{{2}}")
# The last characters of salt and digest carry 2 and 4 bits; their other bits must be zero.
_CANONICAL_SALT: Final = re.compile(rf"[{ALPHABET}]{{21}}[{ALPHABET[::16]}]")
_CANONICAL_DIGEST: Final = re.compile(rf"[{ALPHABET}]{{30}}[{ALPHABET[::4]}]")
# Nearly every stored hash is sound, which one match finds out.
_SOUND: Final = re.compile(
    rf"\$2[aby]\$(0[4-9]|1[0-4])\$({_CANONICAL_SALT.pattern})({_CANONICAL_DIGEST.pattern})"
)

match_sound: Final = _SOUND.fullmatch
"""Match a bcrypt hash without any problem. The first group is its cost."""


@dataclass(frozen=True, slots=True)
class BcryptHasher:
    """
    bcrypt with a fixed cost.

    Attributes:
        name: ``bcrypt`` or ``bcrypt`` and the cost.
        cost: Binary logarithm of the rounds for new hashes. Verifying uses the cost in the text.

    Source:
        ``Hasher.BCRYPT`` and its siblings, ``BCrypt``.
    """

    name: str
    cost: int

    family: ClassVar[str] = "bcrypt"

    @classmethod
    def of_sound_hash(cls, text: str) -> BcryptHasher | None:
        """Return the hasher for a hash without any problem; None for any other text."""
        match = match_sound(text)
        return cls.of_cost(int(match[1])) if match else None

    @classmethod
    @cache
    def of_cost(cls, cost: int) -> BcryptHasher:
        """Return the hasher with that cost, under Elasticsearch's name for it."""
        return cls("bcrypt" if cost == _DEFAULT_COST else f"bcrypt{cost}", cost)

    @classmethod
    def of_hash(cls, text: str) -> BcryptHasher:
        """
        Return the hasher that a node uses for *text*, which starts like bcrypt.

        Raises:
            InvalidHashError: If the cost is missing or has no name.

        Source:
            ``Hasher.resolveFromHash``.
        """
        cost = _read_cost(java_units(text))
        if cost not in COSTS:
            raise InvalidHashError(_cost_rule(cost), "unsupported")
        return cls.of_cost(cost)

    def hash(self, password: str) -> str:
        """Hash the first 72 bytes of *password* as revision ``2a``, which every release reads."""
        return bcrypt_hash(password, self.cost)

    def verify(self, password: str, hash: str) -> bool:
        """Check *password* as a node does, with the cost in the text; see ``Hasher.verify``."""
        text = java_units(hash)
        if not text.startswith(PREFIXES):
            return False
        _refuse_unreadable(text)
        return _never_matches(text) is None and _matches(password, text)

    def check(self, hash: str) -> None:
        """Reject an unusable bcrypt hash; see ``Hasher.check``."""
        text = java_units(hash)
        if not text.startswith(PREFIXES):
            raise InvalidHashError(f"a bcrypt hash starts with one of {', '.join(PREFIXES)}")
        self.of_hash(text)
        _refuse_unreadable(text)
        reason = _never_matches(text)
        if reason is not None:
            raise InvalidHashError(reason)


def with_revision(text: str, revision: str) -> str:
    """Return a bcrypt hash under another *revision* of the same algorithm; other text as it is."""
    return revision + text[len(revision) :] if text.startswith(PREFIXES) else text


def warn_if_truncated(password: str) -> None:
    """Warn the caller of this package if bcrypt ignores a part of *password*."""
    message = truncation_of(password)
    if message:
        stacklevel = levels_inside("passlib")
        warnings.warn(message, PasswordTruncatedWarning, stacklevel=stacklevel)


def truncation_of(password: str) -> str:
    """Return a warning if bcrypt ignores a part of *password*, or nothing."""
    size = len(password_bytes(password))
    if size <= PASSWORD_BYTES:
        return ""
    return (
        f"the password has [{size}] bytes, and bcrypt ignores all after the first "
        f"{PASSWORD_BYTES}: use pbkdf2_stretch"
    )


def _read_cost(text: str) -> int:
    """Read the cost where a node expects it: before the last 54 characters."""
    end = len(text) - _TAIL
    cost = read_int(text[_COST.start : end]) if end > _COST.start else None
    # A longer number may contain salt: it must not be shown, and no password matches anyway.
    if cost is not None and end <= _COST.stop:
        return cost
    if len(text) != _LENGTH:
        raise InvalidHashError(f"a bcrypt hash has {_LENGTH} characters, not [{len(text)}]")
    raise InvalidHashError("the bcrypt cost is not a number")


def _cost_rule(cost: int) -> str:
    """Return why a node has no algorithm for *cost*."""
    return (
        f"unknown hash function [bcrypt{cost}]: a node reads bcrypt costs "
        f"from {COSTS.start} to {COSTS.stop - 1}"
    )


def _refuse_unreadable(text: str) -> None:
    """
    Raise where a node's bcrypt throws.

    Source:
        ``BCrypt.hashpw``.
    """
    if len(text) < _SALT.stop:
        raise InvalidHashError("the bcrypt hash ends before its salt does")
    if text[_SEPARATOR] > "$":
        raise InvalidHashError("the bcrypt cost is not followed by a separator")
    cost = read_int(text[_COST])
    if cost is None:
        raise InvalidHashError("the bcrypt cost is not a number")
    if cost not in _COMPUTABLE_COSTS:
        raise InvalidHashError(_cost_rule(cost), "unsupported")
    if _READABLE_SALT.fullmatch(text[_SALT]) is None:
        raise InvalidHashError("the bcrypt salt contains a character outside its alphabet")


def _never_matches(text: str) -> str | None:
    """Return why a node, which computes the whole text and compares, never gets this one."""
    if len(text) != _LENGTH:
        return f"a bcrypt hash has {_LENGTH} characters, not [{len(text)}]"
    if not text[_COST].isdigit() or text[_SEPARATOR] != "$":
        return "the bcrypt cost is not two digits and a separator"
    if _CANONICAL_SALT.fullmatch(text[_SALT]) is None:
        return "the bcrypt salt is not encoded as a node encodes it, so no password can match"
    if _CANONICAL_DIGEST.fullmatch(text[_DIGEST]) is None:
        return "the bcrypt digest is not encoded as a node encodes it, so no password can match"
    return None


def _matches(password: str, text: str) -> bool:
    """Hash *password* with the revision, cost and salt of *text*, and compare."""
    return bytes_match(password_bytes(password), text)


def bytes_match(password: bytes, text: str) -> bool:
    """Check bytes that need be no text against a sound hash."""
    import bcrypt  # only here: most commands compute no bcrypt

    setting = text[: _SALT.stop].encode("ascii")
    computed = bcrypt.hashpw(password[:PASSWORD_BYTES], setting)
    return same_text(computed.decode("ascii"), text)
