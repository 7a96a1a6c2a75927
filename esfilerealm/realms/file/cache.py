"""
The credential cache: it recognises the password of a recent login by one cheap hash.

An entry holds the stored hash and the roles that it was made from, and answers only while the
snapshot still has the same. So a change of the files takes effect with the snapshot itself, only
for the users that it is about, and a login that began before the change leaves no entry.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import time
from collections import OrderedDict
from typing import TYPE_CHECKING, Final, Protocol

from ..._ground.holding import Mutex
from ...hashing import resolve
from ..base import AuthenticationResult, User

if TYPE_CHECKING:
    from collections.abc import Callable

    from ...hashing import Hasher
    from .concurrency import HashingSlots
    from .snapshot import RealmSnapshot

__all__ = ["CacheEntry", "CredentialCache", "RememberedPassword"]

_SALT_BYTES: Final = 16
#: As cheap as a dictionary lookup; all others are computed in a slot.
_CHEAP: Final = frozenset({"ssha256", "sha1", "md5", "noop"})


class RememberedPassword(Protocol):
    """What the cache keeps of a right password. A *secret* is a password in UTF-8."""

    def matches(self, secret: bytes) -> bool:
        """Check whether *secret* is that password."""


class _SaltedDigest:
    """SHA-256 of a password and a salt: ``ssha256`` without its text form, with a longer salt."""

    __slots__ = ("_digest", "_salt")

    def __init__(self, secret: bytes) -> None:
        self._salt = os.urandom(_SALT_BYTES)
        self._digest = hashlib.sha256(secret + self._salt).digest()

    def matches(self, secret: bytes) -> bool:
        return hmac.compare_digest(hashlib.sha256(secret + self._salt).digest(), self._digest)


class _Hashed:
    """
    The text that a hasher made, with that hasher.

    A node derives the hasher from the text. With clear text, it mistakes a password that looks
    like a hash for one.
    """

    __slots__ = ("_hasher", "_text")

    def __init__(self, hasher: Hasher, secret: bytes) -> None:
        self._hasher = hasher
        self._text = hasher.hash(secret.decode())

    def matches(self, secret: bytes) -> bool:
        return self._hasher.verify(secret.decode(), self._text)


class _ExpensiveHashed(_Hashed):
    """The same, compared in a slot for expensive work."""

    __slots__ = ("_slots",)

    def __init__(self, hasher: Hasher, secret: bytes, slots: HashingSlots) -> None:
        super().__init__(hasher, secret)
        self._slots = slots

    def matches(self, secret: bytes) -> bool:
        return self._slots.run(lambda: self._hasher.verify(secret.decode(), self._text))


class CacheEntry:
    """
    A user as the files described it, and how to recognise the password.

    Attributes:
        user: The same object for as long as nothing about the user changes.
        result: The success that answers a right password.
        password: None for a user who was only looked up.
        generation: That of the snapshot with which this entry was last compared.
        written: When it was written, by the clock of the cache.
    """

    __slots__ = ("_stored_hash", "generation", "password", "result", "user", "written")

    def __init__(
        self,
        user: User,
        stored_hash: str,
        password: RememberedPassword | None,
        snapshot: RealmSnapshot,
        written: float,
    ) -> None:
        self.user = user
        self.result = AuthenticationResult.success(user)
        self.password = password
        self.generation = snapshot.generation
        self.written = written
        self._stored_hash = stored_hash

    def is_true_in(self, snapshot: RealmSnapshot) -> bool:
        """Check whether *snapshot* still has the same hash and roles for this user."""
        name = self.user.username
        return (
            snapshot.hash_of(name) == self._stored_hash
            and snapshot.roles_of(name) == self.user.roles
        )


class CredentialCache:
    """
    Remembers users and their passwords, for a limited time and up to a limited number.

    Any number of threads may use it. Reading takes no lock, and writing holds one only for a single
    entry. After a fork, the child needs a new cache.

    Args:
        ttl: Seconds that an entry lives after it was written; reading does not prolong that. With
            0 or less, nothing is remembered.

        max_users: The most entries. Beyond it, the least recently used entry is evicted.

        hash_algo: How passwords are remembered: one of ``hashing.CACHE_ALGORITHMS``.

        slots: Where passwords are hashed and compared if the algorithm is expensive.

        clock: Seconds that never go back.

    Attributes:
        hits: How often an entry was found and still true. Counted without a lock, so only nearly
            exact on a free-threaded interpreter.
        misses: How often no such entry was found; counted likewise.
        evictions: How many entries were evicted to make room.
        expirations: How many entries were dropped because of their age.
        is_cheap: Whether comparing a password with an entry costs next to nothing.

    Raises:
        ValueError: If *max_users* is negative, unless the cache is off.
        UnknownHashAlgorithmError: If *hash_algo* is unknown.

    Source:
        ``CachingUsernamePasswordRealm``, ``Cache``. Here the time counts from when the entry is
        written, not from when its login began, and a login in flight has no entry.
    """

    def __init__(
        self,
        *,
        ttl: float,
        max_users: int,
        hash_algo: str,
        slots: HashingSlots,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        if ttl > 0 and max_users < 0:
            raise ValueError(f"max_users is [{max_users}]: must be 0 or more")
        self.hits = self.misses = self.evictions = self.expirations = 0
        self._ttl = ttl
        self._max_users = max_users
        self._hasher = resolve(hash_algo)
        self.is_cheap = self._hasher.name in _CHEAP
        self._slots = slots
        self._clock = clock
        self._entries: OrderedDict[str, CacheEntry] = OrderedDict()
        self._epoch = 0
        self._is_closed = False
        self._lock = Mutex()

    @property
    def size(self) -> int:
        """The number of entries, including expired ones; -1 if the cache is off."""
        return len(self._entries) if self._ttl > 0 else -1

    @property
    def epoch(self) -> int:
        """Changes when anything is expired; to be noted before a login, for ``put``."""
        return self._epoch

    def get(self, username: str, snapshot: RealmSnapshot) -> CacheEntry | None:
        """Return the entry of a user if it is young enough and true in *snapshot*."""
        # Without the lock: a thread that is suspended while holding it would stop all others.
        entry = self._entries.get(username)
        if entry is None or not self._is_good(entry, snapshot):
            self.misses += 1
            return None
        self.hits += 1
        try:  # noqa: SIM105 - a context manager would be half of what a hit costs
            self._entries.move_to_end(username)
        except KeyError:  # dropped at this very moment; it was good when it was found
            pass
        return entry

    def _is_good(self, entry: CacheEntry, snapshot: RealmSnapshot) -> bool:
        if self._clock() - entry.written > self._ttl:
            self._drop(entry, is_expired=True)
            return False
        if entry.generation != snapshot.generation:
            if not entry.is_true_in(snapshot):
                return False
            entry.generation = snapshot.generation
        return True

    def _drop(self, entry: CacheEntry, *, is_expired: bool = False) -> None:
        """Drop an entry unless it has been replaced."""
        if self._lock.run(lambda: self._drop_one(entry)) and is_expired:
            self.expirations += 1

    def _drop_one(self, entry: CacheEntry) -> bool:
        username = entry.user.username
        if self._entries.get(username) is not entry:
            return False
        return self._entries.pop(username, None) is not None

    def remember(self, secret: bytes) -> RememberedPassword:
        """Return what recognises a password. If that is expensive, call this in a slot."""
        if self._hasher.name == "ssha256":
            return _SaltedDigest(secret)
        if self.is_cheap:
            return _Hashed(self._hasher, secret)
        return _ExpensiveHashed(self._hasher, secret, self._slots)

    def put(
        self,
        username: str,
        snapshot: RealmSnapshot,
        password: RememberedPassword | None,
        epoch: int,
    ) -> CacheEntry:
        """
        Remember a user of *snapshot*; if its present entry is still true, keep the user object.

        Args:
            username: One of the users of *snapshot*.
            snapshot: What the entry is made from.
            password: Recognises the password that was right. None for a lookup, which keeps a
                password that is remembered already.
            epoch: As noted before. If anything was expired since, the entry is not kept.

        Returns:
            The entry, whether it is kept or not.
        """
        user = User(username, snapshot.roles_of(username))
        dropped: list[CacheEntry] = []
        return self._lock.run(lambda: self._put(user, snapshot, password, epoch, dropped))

    def _put(
        self,
        user: User,
        snapshot: RealmSnapshot,
        password: RememberedPassword | None,
        epoch: int,
        dropped: list[CacheEntry],
    ) -> CacheEntry:
        """Do that inside; what *dropped* gets ends when this is left, and may call anything."""
        username, now = user.username, self._clock()
        old = self._entries.get(username)
        if old is not None:
            dropped.append(old)
            if now - old.written <= self._ttl and old.is_true_in(snapshot):
                if password is None:
                    return old
                user = old.user
        entry = CacheEntry(user, snapshot.hash_of(username) or "", password, snapshot, now)
        if self._ttl > 0 and self._may_keep(epoch):
            self._entries[username] = entry
            self._evict(username, dropped)
            if not self._may_keep(epoch):  # this very thread expired it, in the handler of a signal
                self._drop_one(entry)
        return entry

    def _may_keep(self, epoch: int) -> bool:
        return epoch == self._epoch and not self._is_closed

    def _evict(self, newest: str, dropped: list[CacheEntry]) -> None:
        """Make room; the handler of a signal may change the entries meanwhile."""
        try:
            self._entries.move_to_end(newest)
            while len(self._entries) > self._max_users:
                dropped.append(self._entries.popitem(last=False)[1])
                self.evictions += 1
        except KeyError:
            pass

    def prune(self, snapshot: RealmSnapshot) -> None:
        """Drop the entries that are no longer true, which would never answer, to make room."""
        # Through the plain dictionary: a login may change the order while this iterates.
        for entry in list(dict.values(self._entries)):
            if not entry.is_true_in(snapshot):
                self._drop(entry)

    def expire(self, username: str) -> None:
        """Drop the entry of a user; logins in flight leave no entries."""
        self._lock.run(lambda: self._expire(username))

    def _expire(self, username: str) -> CacheEntry | None:
        self._epoch += 1
        return self._entries.pop(username, None)

    def expire_all(self) -> None:
        """Drop all entries; logins in flight leave none."""
        self._lock.run(self._expire_all)

    def _expire_all(self) -> OrderedDict[str, CacheEntry]:
        self._epoch += 1
        before, self._entries = self._entries, OrderedDict()
        return before

    def close(self) -> None:
        """Drop all entries, and never keep one again."""
        self._is_closed = True
        self.expire_all()
