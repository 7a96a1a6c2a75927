"""
The hash of a locked user: valid bcrypt that stands for no password that anybody knows.

Its salt begins with a fixed mark, and its digest is random. A node computes bcrypt for each
attempt to log in, as for every other user, and never gets this digest.
"""

from __future__ import annotations

import secrets

from .._ground.locked import MARK, is_locked
from .bcrypt import ALPHABET, NODE_REVISION

__all__ = ["is_locked", "locked_hash"]

_COST = "10"
_SALT_CHARACTERS = 22
_DIGEST_CHARACTERS = 31


def locked_hash() -> str:
    """Return a new hash for a locked user: bcrypt that every node reads and no password matches."""
    # The last characters of salt and digest carry 2 and 4 bits.
    salt = MARK + _random(_SALT_CHARACTERS - len(MARK) - 1) + secrets.choice(ALPHABET[::16])
    digest = _random(_DIGEST_CHARACTERS - 1) + secrets.choice(ALPHABET[::4])
    return f"{NODE_REVISION}{_COST}${salt}{digest}"


def _random(length: int) -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(length))
