"""
A login, from credentials to result.

The cache answers a repeat by one cheap hash. Otherwise the stored hash is verified, once for all
who present the same at the same time, and then the snapshot is asked again: what counts is what it
says at the end.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ..._ground.showing import shown
from ...errors import InvalidPasswordError
from ...hashing import verify_hash
from ...hashing.base import password_bytes
from ..base import AuthenticationResult
from .hashing_slots import BusyError
from .single_flight import SingleFlight

if TYPE_CHECKING:
    from ..base import User
    from .cache import CredentialCache, Proof
    from .hashing_slots import HashingSlots
    from .snapshot import RealmSnapshot
    from .store import FileRealmStore
    from .upgrade import HashUpgrader

__all__ = ["BUSY", "MAX_PASSWORD_BYTES", "NOT_HANDLED", "Authenticator", "LoginRules"]

#: Longer passwords are refused before anything is computed. A node has no limit.
MAX_PASSWORD_BYTES: Final = 4096

#: How often a login starts again because its user was changed in the meantime.
_ATTEMPTS: Final = 10

NOT_HANDLED: Final = AuthenticationResult.not_handled()
BUSY: Final = AuthenticationResult.unsuccessful("too many passwords are being verified; try again")
_TOO_LONG: Final = AuthenticationResult.unsuccessful(
    f"the password is longer than {MAX_PASSWORD_BYTES} bytes"
)


@dataclass(frozen=True, slots=True)
class LoginRules:
    """
    Who is let in, and what that may cost; for each, see ``FileRealm``.

    Attributes:
        accept_clear_text: Let users in whose entry is no hash.
        conceal_unknown_users: Verify for names that nobody has.
    """

    accept_clear_text: bool
    conceal_unknown_users: bool


@dataclass(frozen=True, slots=True)
class _Verdict:
    """
    Whether a password fits a hash.

    Attributes:
        proof: For the cache; None if it does not fit.
        upgraded_hash: What was written in place of the hash, or None.
    """

    proof: Proof | None = None
    upgraded_hash: str | None = None


class Authenticator:
    """
    Answers logins from a store and a cache.

    Attributes:
        flights: Verifications that are going on.
        busy: How many logins were refused because too many were verified at the same time. Like the
            hits of a cache, counted without a lock.
    """

    def __init__(
        self,
        store: FileRealmStore,
        cache: CredentialCache,
        slots: HashingSlots,
        rules: LoginRules,
        upgrader: HashUpgrader | None,
    ) -> None:
        self.flights: SingleFlight[_Verdict] = SingleFlight(2 * slots.patience)
        self.busy = 0
        self._store = store
        self._cache = cache
        self._slots = slots
        self._rules = rules
        self._upgrader = upgrader
        self._key = os.urandom(32)

    def authenticate(self, username: str, password: str) -> AuthenticationResult:
        """Answer a login; for errors see ``FileRealm.authenticate``."""
        try:
            result = self.from_cache(username, password)
            return self._verified(username, password) if result is None else result
        except BusyError:
            self.busy += 1
            return BUSY

    def from_cache(self, username: str, password: str) -> AuthenticationResult | None:
        """
        Answer a login that succeeded before, if it is remembered; refuse a password out of bounds.

        Raises:
            BusyError: If the cache has an expensive algorithm, and too many are asking.
        """
        if not isinstance(password, str):
            raise InvalidPasswordError(f"must be text, not {type(password).__name__}")
        try:
            secret = password.encode()
        except UnicodeEncodeError:
            secret = password_bytes(password)
        if len(secret) > MAX_PASSWORD_BYTES:
            return _TOO_LONG
        entry = self._cache.get(username, self._store.snapshot)
        if entry is None or entry.proof is None or not entry.proof.fits(secret):
            return None
        is_same = self._cache.is_cheap or self._cache.get(username, self._store.snapshot) is entry
        if not is_same:
            return None  # something changed while an expensive proof was tried
        return entry.result

    def lookup(self, username: str) -> User | None:
        """Give a user without a password."""
        snapshot = self._store.snapshot
        epoch = self._cache.epoch
        entry = self._cache.get(username, snapshot)
        if entry is None and username in snapshot.users:
            entry = self._cache.put(username, snapshot, None, epoch)
        return None if entry is None else entry.user

    def _verified(self, username: str, password: str) -> AuthenticationResult:
        for _ in range(_ATTEMPTS):
            epoch, before = self._cache.epoch, self._store.snapshot
            verdict = self._verdict(username, password, before)
            stored_hash = verdict.upgraded_hash or before.hash_of(username)
            now = self._store.snapshot
            if now.hash_of(username) != stored_hash:
                continue
            if stored_hash is None:
                return NOT_HANDLED
            if verdict.proof is None:
                return _refusal(username, "password authentication failed")
            return self._cache.put(username, now, verdict.proof, epoch).result
        return _refusal(username, "too many changes during a login")

    def _verdict(self, username: str, password: str, snapshot: RealmSnapshot) -> _Verdict:
        stored_hash = self._usable_hash(username, snapshot)
        if stored_hash is None:
            self._pretend(username, password, snapshot)
            return _Verdict()
        question = (username, stored_hash, self._digest(password))
        return self.flights.do(question, lambda: self._verify(username, password, stored_hash))

    def _usable_hash(self, username: str, snapshot: RealmSnapshot) -> str | None:
        issue = snapshot.hash_issues.get(username)
        if issue is None or (self._rules.accept_clear_text and issue.kind == "clear-text"):
            return snapshot.hash_of(username)
        return None

    def _pretend(self, username: str, password: str, snapshot: RealmSnapshot) -> None:
        """Take the time of a wrong password."""
        decoy = snapshot.decoy
        if decoy is not None and self._rules.conceal_unknown_users:
            question = (username, None, self._digest(password))
            self.flights.do(question, lambda: self._in_vain(password, decoy))

    def _in_vain(self, password: str, decoy: str) -> _Verdict:
        with self._slots:
            verify_hash(password, decoy)
        return _Verdict()

    def _verify(self, username: str, password: str, stored_hash: str) -> _Verdict:
        with self._slots:
            if not verify_hash(password, stored_hash):
                return _Verdict()
            proof = self._cache.prove(password_bytes(password))
        return _Verdict(proof, self._upgraded(username, password, stored_hash))

    def _upgraded(self, username: str, password: str, stored_hash: str) -> str | None:
        if self._upgrader is None:
            return None
        new_hash = self._upgrader.upgrade(self._store.paths, username, password, stored_hash)
        if new_hash is not None:
            self._store.reload()
        return new_hash

    def _digest(self, password: str) -> bytes:
        """Give what tells passwords apart while they are verified, and nothing outside."""
        return hashlib.blake2b(password_bytes(password), key=self._key, digest_size=32).digest()


def _refusal(username: str, reason: str) -> AuthenticationResult:
    return AuthenticationResult.unsuccessful(f"{reason} for [{shown(username)}]")
