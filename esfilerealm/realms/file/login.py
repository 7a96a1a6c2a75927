"""
A login, from credentials to result.

The cache answers a repeated login with one cheap hash. Otherwise the stored hash is verified, once
for all logins that present the same credentials at the same time. Then the snapshot is asked again:
the answer is what it says at the end of the login.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from ..._ground.showing import shown
from ...errors import InvalidPasswordError
from ...hashing import verify_hash
from ...hashing.base import password_bytes
from ..base import AuthenticationResult
from .concurrency import BusyError, SingleFlight

if TYPE_CHECKING:
    from ..base import FailureReason, User
    from .cache import CredentialCache, RememberedPassword
    from .concurrency import HashingSlots
    from .snapshot import RealmSnapshot
    from .store import FileRealmStore
    from .upgrade import HashUpgrader

__all__ = ["MAX_PASSWORD_BYTES", "REALM_DISABLED", "Authenticator"]

#: Longer passwords are refused before anything is computed. A node has no limit.
MAX_PASSWORD_BYTES: Final = 4096

#: How often a login starts again because its user was changed in the meantime.
_ATTEMPTS: Final = 10

REALM_DISABLED: Final = AuthenticationResult.not_handled("realm_disabled")
_UNKNOWN_USER: Final = AuthenticationResult.not_handled("unknown_user")
_FILES_UNREADABLE: Final = AuthenticationResult.not_handled("files_unreadable")
_BUSY: Final = AuthenticationResult.unsuccessful(
    "too many passwords are being verified; try again", "busy"
)
_TOO_LONG: Final = AuthenticationResult.unsuccessful(
    f"the password is longer than {MAX_PASSWORD_BYTES} bytes", "password_too_long"
)

_Outcome: TypeAlias = Literal[
    "right_password", "wrong_password", "no_usable_hash", "expired", "unknown_user"
]


@dataclass(frozen=True, slots=True)
class _Verdict:
    """
    What verifying a password came to.

    Attributes:
        outcome: The decision, with its reason.
        stored_hash: The hash of the user that the decision is about, as long as it is the one in
            the snapshot; None for an unknown user.
        password: What the cache keeps of a right password.
    """

    outcome: _Outcome
    stored_hash: str | None
    password: RememberedPassword | None = None


class Authenticator:
    """
    Answers logins from a store and a cache. A password is encoded once, on entry.

    Args:
        store: Supplies the snapshot.
        cache: Remembers users and passwords.
        slots: Limits how many passwords are verified at the same time.
        upgrader: Replaces weak hashes, if that is wanted.
        accept_clear_text: See ``FileRealm``.
        conceal_unknown_users: See ``FileRealm``.

    Attributes:
        flights: The verifications that are running.
        busy: How many logins were refused because too many were being verified. Like the hits of a
            cache, counted without a lock.
    """

    def __init__(
        self,
        store: FileRealmStore,
        cache: CredentialCache,
        slots: HashingSlots,
        upgrader: HashUpgrader | None,
        *,
        accept_clear_text: bool,
        conceal_unknown_users: bool,
    ) -> None:
        # Twice: the leader of a flight may first wait for a slot.
        self.flights: SingleFlight[_Verdict] = SingleFlight(2 * slots.timeout)
        self.busy = 0
        self._store = store
        self._cache = cache
        self._slots = slots
        self._upgrader = upgrader
        self._accepts_clear_text = accept_clear_text
        self._conceals_unknown_users = conceal_unknown_users
        self._key = os.urandom(32)

    def authenticate(self, username: str, password: str) -> AuthenticationResult:
        """Answer a login; for errors see ``FileRealm.authenticate``."""
        secret = _encoded(password)
        try:
            result = self._from_cache(username, secret)
            return self._verified(username, secret) if result is None else result
        except BusyError:
            return self.refuse_busy()

    def authenticate_from_cache(self, username: str, password: str) -> AuthenticationResult | None:
        """
        Answer a login without verifying a hash; return None if that is not possible.

        Raises:
            BusyError: If the cache has an expensive algorithm, and its slots are taken.
        """
        return self._from_cache(username, _encoded(password))

    def refuse_busy(self) -> AuthenticationResult:
        """Count and return the refusal of a login that waited too long for others."""
        self.busy += 1
        return _BUSY

    def lookup(self, username: str) -> User | None:
        """Return a user without checking a password, or None if there is no such user."""
        snapshot = self._store.snapshot
        if snapshot.has_expiring and snapshot.is_over(username):
            return None
        epoch = self._cache.epoch
        entry = self._cache.get(username, snapshot)
        if entry is None and username in snapshot.users:
            entry = self._cache.put(username, snapshot, None, epoch)
        return None if entry is None else entry.user

    def _from_cache(self, username: str, secret: bytes) -> AuthenticationResult | None:
        if len(secret) > MAX_PASSWORD_BYTES:
            return _TOO_LONG
        cache, snapshot = self._cache, self._store.snapshot
        if snapshot.has_expiring and snapshot.is_over(username):
            return None
        entry = cache.get(username, snapshot)
        if entry is None or entry.password is None or not entry.password.matches(secret):
            return None
        if cache.is_cheap or cache.get(username, self._store.snapshot) is entry:
            return entry.result
        return None  # something changed while the expensive comparison was running

    def _verified(self, username: str, secret: bytes) -> AuthenticationResult:
        for _ in range(_ATTEMPTS):
            epoch = self._cache.epoch
            verdict = self._verdict(username, secret, self._store.snapshot)
            now = self._store.snapshot
            if now.hash_of(username) != verdict.stored_hash:
                continue
            if verdict.stored_hash is not None and now.has_expiring and now.is_over(username):
                return _refusal(username, "the time of the user is over", "expired")
            if verdict.outcome == "right_password":
                return self._cache.put(username, now, verdict.password, epoch).result
            if verdict.outcome == "unknown_user":
                return _FILES_UNREADABLE if _may_know_more(now) else _UNKNOWN_USER
            return _refusal(username, "password authentication failed", verdict.outcome)
        return _refusal(username, "too many changes during a login", "user_changing")

    def _verdict(self, username: str, secret: bytes, snapshot: RealmSnapshot) -> _Verdict:
        stored_hash = snapshot.hash_of(username)
        if stored_hash is None:
            return self._refused(username, secret, snapshot, _Verdict("unknown_user", None))
        if snapshot.has_expiring and snapshot.is_over(username):
            return self._refused(username, secret, snapshot, _Verdict("expired", stored_hash))
        if not self._is_usable(username, snapshot):
            verdict = _Verdict("no_usable_hash", stored_hash)
            return self._refused(username, secret, snapshot, verdict)
        return self.flights.do(
            self._question(username, secret, stored_hash),
            lambda: self._verify(username, secret, stored_hash),
        )

    def _is_usable(self, username: str, snapshot: RealmSnapshot) -> bool:
        issue = snapshot.hash_issues.get(username)
        return issue is None or (self._accepts_clear_text and issue.kind == "clear-text")

    def _refused(
        self, username: str, secret: bytes, snapshot: RealmSnapshot, verdict: _Verdict
    ) -> _Verdict:
        """Return *verdict* after the time that a wrong password takes, if names are concealed."""
        decoy_hash = snapshot.decoy_hash
        if decoy_hash is None or not self._conceals_unknown_users:
            return verdict
        return self.flights.do(
            self._question(username, secret, verdict.stored_hash),
            lambda: self._verify_decoy(secret, decoy_hash, verdict),
        )

    def _verify_decoy(self, secret: bytes, decoy_hash: str, verdict: _Verdict) -> _Verdict:
        self._slots.run(lambda: verify_hash(secret.decode(), decoy_hash))
        return verdict

    def _verify(self, username: str, secret: bytes, stored_hash: str) -> _Verdict:
        password = self._slots.run(lambda: self._remembered(secret, stored_hash))
        if password is None:
            return _Verdict("wrong_password", stored_hash)
        return _Verdict("right_password", self._upgraded(username, secret, stored_hash), password)

    def _remembered(self, secret: bytes, stored_hash: str) -> RememberedPassword | None:
        """Return what the cache keeps of a password, or None if it is wrong."""
        return self._cache.remember(secret) if verify_hash(secret.decode(), stored_hash) else None

    def _upgraded(self, username: str, secret: bytes, stored_hash: str) -> str:
        """Return the hash that was written in place of *stored_hash*, or *stored_hash* itself."""
        if self._upgrader is None:
            return stored_hash
        new_hash = self._upgrader.upgrade(self._store.folder, username, secret, stored_hash)
        if new_hash is None:
            return stored_hash
        self._store.reload()
        return new_hash

    def _question(self, username: str, secret: bytes, stored_hash: str | None) -> object:
        """Return what identical logins have in common; it says nothing outside this process."""
        digest = hashlib.blake2b(secret, key=self._key, digest_size=32).digest()
        return username, stored_hash, digest


def _encoded(password: str) -> bytes:
    """
    Encode a password as a node does: UTF-8, with ``?`` for half a surrogate pair.

    Raises:
        InvalidPasswordError: If it is not a string.
    """
    if not isinstance(password, str):
        raise InvalidPasswordError(f"must be a string, not {type(password).__name__}")
    try:
        return password.encode()
    except UnicodeEncodeError:
        return password_bytes(password)


def _may_know_more(snapshot: RealmSnapshot) -> bool:
    """Check whether nobody is known because a file cannot be read."""
    return not snapshot.users and snapshot.health.status == "empty"


def _refusal(username: str, text: str, reason: FailureReason) -> AuthenticationResult:
    return AuthenticationResult.unsuccessful(f"{text} for [{shown(username)}]", reason)
