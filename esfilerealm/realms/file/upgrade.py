"""Replacing a weak hash after a successful login, when the password is known."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from ..._ground.logs import get_logger
from ..._storage import WriteOptions
from ...admin.transaction import Transaction
from ...audit import chosen_log
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

#: Seconds to wait for another writer, while the user waits for the login.
_LOCK_TIMEOUT: Final = 1.0

#: Seconds without attempts after a failure: most failures last, and each attempt costs a hash.
_PAUSE: Final = 60.0


class HashUpgrader:
    """
    Writes better hashes of passwords that were verified.

    Args:
        settings: The settings of the node.

        policy: Decides which hashes are weak, and makes new ones. By default, plain digests are
            weak, and hashes that cost less than the algorithm of *settings* in the same family.

        slots: Where hashes are computed.

    Raises:
        UnknownHashAlgorithmError: If the algorithm of *settings* may not produce stored hashes.
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
            The new hash, or None if nothing was written. A failure is logged, and nothing is tried
            for a minute. It never fails the login: the hash is only as weak as before.
        """
        if time.monotonic() < self._pause_until:
            return None
        try:
            return self._upgraded(folder, username, secret, stored_hash)
        except Exception as error:  # noqa: BLE001 - foreign messages may contain a secret
            reason = error if isinstance(error, FileRealmError) else type(error).__name__
            _LOG.warning("the weak hash of user [%s] was not replaced: %s", username, reason)
            self._pause_until = time.monotonic() + _PAUSE
            return None

    def _upgraded(
        self, folder: RealmFolder, username: str, secret: bytes, stored_hash: str
    ) -> str | None:
        if not self._is_weak(stored_hash):
            return None
        new_hash: str = self._slots.run(lambda: self._policy.hash(secret.decode()))
        if _is_truncating(new_hash, secret) and not _is_truncating(stored_hash, secret):
            message = "the weak hash of user [%s] was not replaced: bcrypt reads only 72 bytes"
            _LOG.info(message, username)
            return None
        check_hash(new_hash)
        options = WriteOptions(lock_timeout=_LOCK_TIMEOUT, audit=chosen_log())
        transaction = Transaction(folder, self._settings, options)
        with transaction:
            transaction.replace_hash(username, stored_hash, new_hash)
        if not transaction.changed:
            return None
        _LOG.info("replaced the weak hash of user [%s]", username)
        return new_hash

    def _is_weak(self, stored_hash: str) -> bool:
        """Ask the policy; a hash that it does not know always counts as weak."""
        try:
            return bool(self._policy.needs_update(stored_hash))
        except ValueError:
            return True


def _is_truncating(password_hash: str, secret: bytes) -> bool:
    return password_hash.startswith(bcrypt.PREFIXES) and len(secret) > bcrypt.PASSWORD_BYTES
