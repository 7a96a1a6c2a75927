"""Whether the names of hash algorithms are known, and allowed for their purpose."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._ground.hints import nearest

__all__ = ["check_cache_algorithm", "check_stored_algorithm"]

if TYPE_CHECKING:
    from .reader import Values


def check_stored_algorithm(values: Values, key: str, name: str, *, fips_mode_enabled: bool) -> None:
    """
    Check the algorithm of new passwords, whose setting is *key*.

    Source:
        ``XPackSettings.PASSWORD_HASHING_ALGORITHM`` and ``Security.validateForFips``.
    """
    from ..hashing import CACHE_ALGORITHMS, STORED_ALGORITHMS

    if not _is_among(STORED_ALGORITHMS, name):
        is_known = _is_among(CACHE_ALGORITHMS, name)
        rule = "is for caches only, not for passwords" if is_known else "is no hash algorithm"
        values.refuse(key, rule, nearest(name, STORED_ALGORITHMS))
    elif fips_mode_enabled and not _is_pbkdf2(name):
        values.refuse(key, "FIPS mode allows PBKDF2 only", "its default is [pbkdf2_stretch]")


def check_cache_algorithm(values: Values, key: str, name: str, *, fips_mode_enabled: bool) -> None:
    """
    Check the algorithm of a cache, whose setting is *key*.

    Source:
        ``CachingUsernamePasswordRealm`` and ``Security.validateForFips``.
    """
    from ..hashing import CACHE_ALGORITHMS

    if not _is_among(CACHE_ALGORITHMS, name):
        values.refuse(key, "is no hash algorithm", nearest(name, CACHE_ALGORITHMS))
    elif fips_mode_enabled and name.lower() != "ssha256" and not _is_pbkdf2(name):
        values.warn(key, f"[{name}] is neither ssha256 nor PBKDF2, and FIPS mode is on")


def _is_among(known: tuple[str, ...], name: str) -> bool:
    # Some letters outside ASCII have one inside it as their lower case.
    return name.isascii() and name.lower() in known


def _is_pbkdf2(name: str) -> bool:
    return name.lower().startswith("pbkdf2")
