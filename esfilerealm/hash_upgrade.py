"""Replacing a weak hash when its user has just shown the password."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

from .errors import FileRealmError
from .hashing import check_hash, resolve
from .hashing.passlib_context import crypt_context
from .transaction import Transaction

if TYPE_CHECKING:
    from passlib.context import CryptContext

    from ._storage.locate import RealmPaths
    from .settings import RealmSettings

__all__ = ["HashUpgrader"]

_LOG: Final = logging.getLogger(__name__)

#: Seconds to wait for another writer: somebody is waiting to be logged in.
_LOCK_TIMEOUT: Final = 1.0


class HashUpgrader:
    """
    Writes better hashes for passwords that were verified.

    Args:
        settings: Of the node.

        policy: Says which hashes are weak, and makes new ones. By default, weak are mere digests,
            and what costs less than the algorithm of *settings* in the same family.

    Raises:
        UnknownHashAlgorithmError: If the algorithm of *settings* is none for passwords.
    """

    def __init__(self, settings: RealmSettings, policy: CryptContext | None) -> None:
        self._settings = settings
        self._policy = policy or _default_policy(settings.password_hashing_algorithm)

    def is_weak(self, stored_hash: str) -> bool:
        """Tell whether the policy wants another hash than this usable one."""
        return bool(self._policy.needs_update(stored_hash))

    def upgrade(
        self, paths: RealmPaths, username: str, password: str, stored_hash: str
    ) -> str | None:
        """
        Write a new hash of *password*, if that of the user is still *stored_hash*.

        Returns:
            The new hash, or None if nothing was written. A fault is logged: nobody is kept from
            logging in because a hash stays as weak as it was.
        """
        try:
            new_hash: str = self._policy.hash(password)
            check_hash(new_hash)
            transaction = Transaction(
                paths, self._settings, lock_timeout=_LOCK_TIMEOUT, dry_run=False
            )
            with transaction:
                transaction.replace_hash(username, stored_hash, new_hash)
        except Exception as error:  # noqa: BLE001 - see above; another's message may hold a secret
            reason = error if isinstance(error, FileRealmError) else type(error).__name__
            _LOG.warning("the weak hash of user [%s] stays: %s", username, reason)
            return None
        if not transaction.changed:
            return None
        _LOG.info("replaced the weak hash of user [%s]", username)
        return new_hash


def _default_policy(algorithm: str) -> CryptContext:
    cost = resolve(algorithm).cost
    if algorithm.lower().startswith("bcrypt"):
        return crypt_context(algorithm, minimum_bcrypt_cost=cost)
    return crypt_context(algorithm, minimum_pbkdf2_iterations=cost)
