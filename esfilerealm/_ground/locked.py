"""The mark in the hash of a locked user, by which every reader knows one without any record."""

from __future__ import annotations

__all__ = ["MARK", "is_locked"]

MARK = "esfilerealm/locked"
"""How the salt of such a hash begins; each of its characters is one of bcrypt's alphabet."""

_PREFIXES = ("$2a$", "$2b$", "$2y$")  # other programs write the same hash as another revision
_SALT = slice(7, 7 + len(MARK))
_LENGTH = 60


def is_locked(hash: str) -> bool:
    """
    Check whether a stored hash is that of a locked user, as ``locked_hash`` makes it.

    It is bcrypt of any revision and cost, so that such a hash is still known after another program
    has rewritten it.
    """
    return len(hash) == _LENGTH and hash[_SALT] == MARK and hash.startswith(_PREFIXES)
