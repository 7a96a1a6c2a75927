"""
Keyed digests of what a node reads, and digests of all of them.

The key is what makes a fingerprint safe to hand around. A plain digest of a stored hash would let
whoever knows that hash recognize it; with the salt, every guess of a password could be tried.
HMAC-SHA-256 without its key tells nothing, whichever hash is tried.
"""

from __future__ import annotations

import hashlib
import hmac
from secrets import token_bytes
from typing import TYPE_CHECKING, Final

from .standing import Standing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

__all__ = [
    "SHORTEST_KEY",
    "SIZE",
    "UNSAID",
    "Digester",
    "digest_of_all",
    "hash_part",
    "roles_part",
    "standing_part",
    "without_hash",
]

SIZE: Final = 32
"""Bytes of a digest."""

UNSAID: Final = bytes(SIZE)
"""Stands in place of a digest for what a document leaves unsaid."""

SHORTEST_KEY: Final = 16
"""Bytes. Shorter keys could be found by trying."""

#: Bytes of the name of a key, enough to tell keys apart.
_KEY_ID: Final = 8

#: For hashes if no key is given: such digests can be compared in this process only.
_KEY_OF_RUN: Final = token_bytes(SIZE)


class Digester:
    """
    Makes the digests of one realm.

    Args:
        key: The key, or None for that of this process.

    Attributes:
        key_id: What tells this key from others; None without a key.
    """

    def __init__(self, key: bytes | None) -> None:
        self._key = key or b""  # roles are no secret: without a key, all programs agree about them
        self._key_for_hashes = key or _KEY_OF_RUN
        self.key_id = _hmac(self._key, "key").hex()[: 2 * _KEY_ID] if key else None
        self._roles: dict[tuple[str, ...] | None, tuple[bytes, tuple[str, ...]]] = {
            None: (UNSAID, ())
        }

    def of_roles(self, roles: tuple[str, ...] | None) -> tuple[bytes, tuple[str, ...]]:
        """Return the digest of roles, in whatever order they are, and the roles sorted."""
        found = self._roles.get(roles)
        if found is None:
            in_order = tuple(sorted(set(roles or ())))
            found = self._roles[roles] = _hmac(self._key, "roles", *in_order), in_order
        return found

    def of_hash(self, username: str, text: str | None) -> bytes:
        """Return the digest of a stored hash, which is another for each user."""
        return UNSAID if text is None else _hmac(self._key_for_hashes, "hash", username, text)


def _hmac(key: bytes, *texts: str) -> bytes:
    return hmac.digest(key, _packed(texts), "sha256")


def _packed(texts: Iterable[str]) -> bytes:
    """Join texts so that no others make the same bytes."""
    parts = [text.encode("utf-8", "surrogatepass") for text in texts]
    return b"".join(b"%d:%b" % (len(part), part) for part in parts)


def digest_of_all(
    records: Mapping[str, bytes], part: Callable[[bytes], bytes] | None = None
) -> str:
    """Return one digest of the parts of all records, in hexadecimal; by default of all they say."""
    chosen = part or _all_parts
    pieces = (_packed((name,)) + chosen(records[name]) for name in sorted(records))
    return hashlib.sha256(b"".join(pieces)).hexdigest()


def _all_parts(record: bytes) -> bytes:
    """Return a record in which a document and a node that say the same are equal."""
    if not standing_part(record):
        return record
    return record[: 2 * SIZE] + Standing.unpacked(standing_part(record)).said.packed()


def roles_part(record: bytes) -> bytes:
    """Return the digest of the roles of a user."""
    return record[:SIZE]


def hash_part(record: bytes) -> bytes:
    """Return the digest of the hash of a user."""
    return record[SIZE : 2 * SIZE]


def standing_part(record: bytes) -> bytes:
    """Return the packed ``Standing`` of a user."""
    return record[2 * SIZE :]


def without_hash(record: bytes) -> bytes:
    """Return a record that leaves the hash unsaid."""
    return roles_part(record) + UNSAID + standing_part(record)
