"""The check of a password that does not let in who types what stands in place of a hash."""

from __future__ import annotations

from ..errors import InvalidHashError
from . import digest
from .registry import check_hash, resolve_from_hash

__all__ = ["verify_hash"]


def verify_hash(password: str, hash: str, *, accept_clear_text: bool = False) -> bool:
    """
    Check whether *password* matches *hash*; a text that is not a known hash is refused.

    A node takes such a text for the password itself. ``esfilerealm.hashing.verify_hash`` answers
    exactly as a node does.

    Args:
        password: The password.

        hash: What the ``users`` file stores.

        accept_clear_text: Compare a text that is not a hash with the password, as a node does. A
            hash of another program is refused even then.

    Raises:
        InvalidHashError: If *hash* is not a known hash, or if a node would throw on it.
    """
    hasher = resolve_from_hash(hash)
    if hasher is digest.NOOP:
        try:
            check_hash(hash)
        except InvalidHashError as error:
            if not (accept_clear_text and error.kind == "clear-text"):
                advice = "; accept_clear_text=True accepts it" * (error.kind == "clear-text")
                raise InvalidHashError(error.reason + advice, error.kind) from None
    return hasher.verify(password, hash)
