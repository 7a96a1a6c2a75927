"""
Password hashes as Elasticsearch's nodes read and write them.

Most programs need ``hash_password``, ``verify_hash`` and ``hash_problem``, which returns why no
password can match a stored hash. ``resolve(name)`` and ``resolve_from_hash(text)`` return a
``Hasher``: there is one module for each family, and ``registry`` chooses. ``policy`` decides which
hashes are too weak, ``pool`` hashes on all cores, and ``passlib_context`` has the same hashers for
passlib. ``locked`` has the hash of users that are locked.
"""

from __future__ import annotations

from .base import Hasher, HashProblem
from .locked import is_locked, locked_hash
from .registry import (
    CACHE_ALGORITHMS,
    HASH_PREFIXES,
    STORED_ALGORITHMS,
    check_hash,
    decoy_hash,
    hash_password,
    hash_problem,
    is_pbkdf2,
    password_matches,
    resolve,
    resolve_from_hash,
    verify_hash,
)

__all__ = [
    "CACHE_ALGORITHMS",
    "HASH_PREFIXES",
    "STORED_ALGORITHMS",
    "HashProblem",
    "Hasher",
    "check_hash",
    "decoy_hash",
    "hash_password",
    "hash_problem",
    "is_locked",
    "is_pbkdf2",
    "locked_hash",
    "password_matches",
    "resolve",
    "resolve_from_hash",
    "verify_hash",
]
