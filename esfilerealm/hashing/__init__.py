"""
Password hashes as Elasticsearch's nodes read and write them.

``resolve(name)`` and ``resolve_from_hash(text)`` give a ``Hasher``; ``verify_hash`` and
``hash_password`` are what most programs need. ``check_hash`` accepts a hash made elsewhere, or says
why not. The same hashers as a passlib context are in ``esfilerealm.hashing.passlib_context``.
"""

from __future__ import annotations

from .base import Hasher, HashProblem
from .registry import (
    CACHE_ALGORITHMS,
    STORED_ALGORITHMS,
    check_hash,
    decoy_hash,
    hash_password,
    hash_problem,
    password_matches,
    resolve,
    resolve_from_hash,
    verify_hash,
)

__all__ = [
    "CACHE_ALGORITHMS",
    "STORED_ALGORITHMS",
    "HashProblem",
    "Hasher",
    "check_hash",
    "decoy_hash",
    "hash_password",
    "hash_problem",
    "password_matches",
    "resolve",
    "resolve_from_hash",
    "verify_hash",
]
