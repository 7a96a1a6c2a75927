"""The hasher for a name or a stored hash, and what most callers do with it."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from .._ground.showing import CLEAR_TEXT
from ..errors import InvalidHashError, UnknownHashAlgorithmError
from . import bcrypt, digest, pbkdf2
from ._foreign import foreign_family
from .base import HashProblem

if TYPE_CHECKING:
    from collections.abc import Collection

    from .base import Hasher

__all__ = [
    "CACHE_ALGORITHMS",
    "HASH_PREFIXES",
    "STORED_ALGORITHMS",
    "check_hash",
    "decoy_hash",
    "hash_password",
    "hash_problem",
    "is_pbkdf2",
    "load_hashers",
    "password_matches",
    "resolve",
    "resolve_from_hash",
    "verify_hash",
]

_PBKDF2_FAMILIES: Final = (pbkdf2.Pbkdf2Hasher, pbkdf2.StretchedPbkdf2Hasher)
_DIGESTS: Final = (digest.SHA1, digest.MD5, digest.SSHA256)
_BCRYPT_COST: Final = slice(4, 6)

_ADVICE: Final = (
    "use one of bcrypt, bcrypt4 … bcrypt14, pbkdf2, pbkdf2_stretch, "
    "or one of these two with _1000, _10000, _50000, _100000, _500000 or _1000000 iterations"
)


def _stored_hashers() -> dict[str, Hasher]:
    """Map every name that may produce stored hashes, in the order in which messages show them."""
    hashers: dict[str, Hasher] = {"bcrypt": bcrypt.BcryptHasher.of_cost(10)}
    for cost in bcrypt.COSTS:
        hashers[f"bcrypt{cost}"] = bcrypt.BcryptHasher.of_cost(cost)
    for family in _PBKDF2_FAMILIES:
        hashers[family.family] = family.of_cost(10_000)
        for count in pbkdf2.ITERATIONS:
            hashers[f"{family.family}_{count}"] = family.of_cost(count)
    # Unlike bcrypt10 and pbkdf2_10000, this hasher keeps its own name.
    own = "pbkdf2_stretch_10000"
    hashers[own] = pbkdf2.StretchedPbkdf2Hasher(own, 10_000)
    return hashers


_STORED: Final = _stored_hashers()
_HASHERS: Final[dict[str, Hasher]] = {
    **_STORED,
    "ssha256": digest.SSHA256,
    "sha1": digest.SHA1,
    "md5": digest.MD5,
    "noop": digest.NOOP,
    "clear_text": digest.NOOP,
}

STORED_ALGORITHMS: Final = tuple(_STORED)
"""The names of algorithms that may hash passwords for a ``users`` file."""

HASH_PREFIXES: Final = (
    *bcrypt.PREFIXES,
    *(hasher.prefix for hasher in (*_PBKDF2_FAMILIES, *_DIGESTS)),
)
"""What every usable hash starts with."""

CACHE_ALGORITHMS: Final = tuple(_HASHERS)
"""All names that resolve: the possible values of ``cache.hash_algo``."""


def resolve(name: str) -> Hasher:
    """
    Return the hasher with a name from Elasticsearch's settings, in any letter case.

    Raises:
        UnknownHashAlgorithmError: If no hasher has that name.

    Source:
        ``Hasher.resolve``.
    """
    # Some letters outside ASCII have an ASCII letter as their lower case.
    hasher = _HASHERS.get(name.lower()) if name.isascii() else None
    if hasher is None:
        raise UnknownHashAlgorithmError(name, _ADVICE)
    return hasher


def is_pbkdf2(name: str) -> bool:
    """Check whether a name is of one of both PBKDF2 families, which FIPS mode requires."""
    return name.lower().startswith("pbkdf2")


def resolve_from_hash(text: str) -> Hasher:
    """
    Return the hasher that a node uses to verify a password against *text*.

    A text that does not start like a known hash is clear text, whose hasher is ``noop``. Digits
    outside ASCII are rejected, although a node reads them.

    Raises:
        InvalidHashError: If a node throws because the cost is missing or has no name.

    Source:
        ``Hasher.resolveFromHash``.
    """
    if text.startswith(bcrypt.PREFIXES):
        return bcrypt.BcryptHasher.of_hash(text)
    for family in _PBKDF2_FAMILIES:
        if text.startswith(family.prefix):
            return family.of_hash(text)
    return next((known for known in _DIGESTS if text.startswith(known.prefix)), digest.NOOP)


def verify_hash(password: str, hash: str) -> bool:
    """
    Check whether *password* matches *hash*, exactly as a node does.

    That includes clear text: a *hash* that a node does not recognise is itself the password.
    ``password_matches`` never accepts such a text.

    Raises:
        InvalidHashError: If a node would throw on *hash* instead of answering.

    Source:
        ``Hasher.verifyHash``.
    """
    return resolve_from_hash(hash).verify(password, hash)


def check_hash(text: str) -> Hasher:
    """
    Check that a node can use *text* as a hash, without computing one.

    Returns:
        The hasher that a node uses for it. Digests pass too, since nodes verify them. Only hashes
        whose algorithm is in ``STORED_ALGORITHMS`` may be written.

    Raises:
        InvalidHashError: If a node would throw on *text*, would use it as a clear-text password, or
            could match it with no password.
    """
    sound = bcrypt.BcryptHasher.of_sound_hash(text)
    if sound is not None:
        return sound
    hasher = resolve_from_hash(text)
    if hasher is digest.NOOP:
        family = foreign_family(text)
        what = "not a known hash" if family is None else f"{family}, which a node does not know"
        raise InvalidHashError(
            f"{CLEAR_TEXT}it is {what}",
            "clear-text" if family is None else "unsupported",
        )
    hasher.check(text)
    return hasher


def hash_problem(text: str) -> HashProblem | None:
    """
    Return why no password can match the stored *text* on a node, or None if one can.

    A text that is not a hash has a problem too: a node would use it as a clear-text password. No
    hash is computed. ``check_hash`` returns the hasher of a usable hash.
    """
    if bcrypt.match_sound(text):  # nearly always, and fast
        return None
    try:
        check_hash(text)
    except InvalidHashError as error:
        return HashProblem(error.kind, error.reason)
    return None


def password_matches(password: str, hash: str) -> bool:
    """
    Check whether *password* matches a stored *hash*. An unusable hash matches no password.

    Unlike ``verify_hash``, this never accepts clear text and never raises.
    """
    try:
        return check_hash(hash).verify(password, hash)
    except InvalidHashError:
        return False


def decoy_hash(hashes: Collection[str]) -> str | None:
    """
    Choose a hash that takes as long to verify as most of *hashes* do.

    A login with an unknown username verifies the password against it, so that its duration does
    not reveal which users exist.

    Args:
        hashes: Usable hashes.

    Returns:
        One of *hashes*, or None if there are none.
    """
    most = Counter(map(_cost_class, hashes)).most_common(1)
    return next((text for text in hashes if _cost_class(text) == most[0][0]), None)


def _cost_class(text: str) -> str:
    """Return family and cost, which decide how long verifying takes."""
    if text.startswith("$"):
        return text[_BCRYPT_COST]
    return text[: text.find("$") if "$" in text else text.find("}")]


def hash_password(password: str, algorithm: str = "bcrypt") -> str:
    """
    Hash *password* for a ``users`` file.

    Args:
        password: Any string; ``validate_password`` has the rules for passwords.
        algorithm: One of ``STORED_ALGORITHMS``, in any letter case.

    Raises:
        UnknownHashAlgorithmError: If *algorithm* is not one of them.

    Warns:
        PasswordTruncatedWarning: If *algorithm* is bcrypt, which ignores all after 72 bytes, and
            the password is longer.

    Source:
        ``XPackSettings.PASSWORD_HASHING_ALGORITHM``.
    """
    hasher = resolve(algorithm)
    if algorithm.lower() not in _STORED:
        raise UnknownHashAlgorithmError(algorithm, f"it is for caches only; for files {_ADVICE}")
    if isinstance(hasher, bcrypt.BcryptHasher):
        bcrypt.warn_if_truncated(password)
    return hasher.hash(password)


def load_hashers() -> None:
    """
    Load all that hashing and verifying need, so that they open no file later.

    Raises:
        OSError, ImportError: If a module cannot be loaded.
    """
    import bcrypt as _  # noqa: F401 - only loaded

    half_a_pair = "\ud800"  # which needs all codecs
    for hasher in (*_DIGESTS, digest.NOOP, pbkdf2.StretchedPbkdf2Hasher("", 1)):
        # OpenSSL reads its settings when it is used first.
        hasher.verify(half_a_pair, hasher.hash(half_a_pair))
