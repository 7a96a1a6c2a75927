"""Replacing a weak hash when its user has just shown the password."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from ..._ground.logs import get_logger
from ..._storage import WriteOptions
from ...admin.transaction import Transaction
from ...errors import FileRealmError
from ...hashing import bcrypt, check_hash
from ...hashing.policy import Policy

if TYPE_CHECKING:
    from passlib.context import CryptContext

    from ..._storage import RealmFolder
    from ...settings import RealmSettings
    from .concurrency import HashingSlots

__all__ = ["HashUpgrader"]

_LOG: Final = get_logger(__name__)

#: Seconds to wait for another writer: somebody is waiting to be logged in.
_LOCK_TIMEOUT: Final = 1.0

#: Seconds after a fault: most of them last, and each attempt costs a hash.
_PAUSE: Final = 60.0


class HashUpgrader:
    """
    Writes better hashes for passwords that were verified.

    Args:
        settings: Of the node.

        policy: Says which hashes are weak, and makes new ones. By default, weak are mere digests,
            and what costs less than the algorithm of *settings* in the same family.

        slots: Where hashes are computed.

    Raises:
        UnknownHashAlgorithmError: If the algorithm of *settings* is none for passwords.
    """

    def __init__(
        self, settings: RealmSettings, policy: CryptContext | None, slots: HashingSlots
    ) -> None:
        self._settings = settings
        self._slots = slots
        self._pause_until = 0.0
        self._policy = policy or Policy.for_login(settings.password_hashing_algorithm)

    def upgrade(
        self, folder: RealmFolder, username: str, secret: bytes, stored_hash: str
    ) -> str | None:
        """
        Write a new hash of a password, if *stored_hash* is weak and still the user's.

        Returns:
            The new hash, or None if nothing was written. A fault is logged, and nothing is tried
            for a minute: nobody is kept from logging in because a hash stays as weak as it was.
        """
        if time.monotonic() < self._pause_until:
            return None
        try:
            return self._upgraded(folder, username, secret, stored_hash)
        except Exception as error:  # noqa: BLE001 - see above; another's message may hold a secret
            reason = error if isinstance(error, FileRealmError) else type(error).__name__
            _LOG.warning("the weak hash of user [%s] stays: %s", username, reason)
            self._pause_until = time.monotonic() + _PAUSE
            return None

    def _upgraded(
        self, folder: RealmFolder, username: str, secret: bytes, stored_hash: str
    ) -> str | None:
        if not self._is_weak(stored_hash):
            return None
        with self._slots:
            new_hash: str = self._policy.hash(secret.decode())
        if _is_truncating(new_hash, secret) and not _is_truncating(stored_hash, secret):
            _LOG.info("the hash of user [%s] stays: bcrypt would read less of it", username)
            return None
        check_hash(new_hash)
        options = WriteOptions(lock_timeout=_LOCK_TIMEOUT)
        transaction = Transaction(folder, self._settings, options)
        with transaction:
            transaction.replace_hash(username, stored_hash, new_hash)
        if not transaction.changed:
            return None
        _LOG.info("replaced the weak hash of user [%s]", username)
        return new_hash

    def _is_weak(self, stored_hash: str) -> bool:
        """Tell whether the policy wants another hash; of what it does not know, it always does."""
        try:
            return bool(self._policy.needs_update(stored_hash))
        except ValueError:
            return True


def _is_truncating(password_hash: str, secret: bytes) -> bool:
    return password_hash.startswith(bcrypt.PREFIXES) and len(secret) > bcrypt.PASSWORD_BYTES
