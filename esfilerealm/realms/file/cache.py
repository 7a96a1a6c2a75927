"""
The credential cache: who logged in a while ago is recognised by one cheap hash.

An entry remembers the stored hash and the roles it was made from, and answers only while the
snapshot still says the same. So a change in the files takes effect with the snapshot itself, for
just the names it is about, and a login that began before it leaves nothing behind.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import threading
import time
from collections import OrderedDict
from typing import TYPE_CHECKING, Final, Protocol

from ..._ground.forks import renew_after_fork
from ...hashing import resolve
from ..base import AuthenticationResult, User

if TYPE_CHECKING:
    from collections.abc import Callable

    from ...hashing import Hasher
    from .hashing_slots import HashingSlots
    from .snapshot import RealmSnapshot

__all__ = ["CacheEntry", "CredentialCache", "Proof"]

_SALT_BYTES: Final = 16
#: These are as cheap as a look-up; of the others, only so many may be computed at once.
_CHEAP: Final = frozenset({"ssha256", "sha1", "md5", "noop"})


class Proof(Protocol):
    """What is left of a password that was right."""

    def fits(self, secret: bytes) -> bool:
        """Tell whether *secret*, in UTF-8, is that password."""


class _SaltedDigest:
    """SHA-256 over a password and a salt, as ``ssha256``, but of bytes and with a longer salt."""

    __slots__ = ("_digest", "_salt")

    def __init__(self, secret: bytes) -> None:
        self._salt = os.urandom(_SALT_BYTES)
        self._digest = hashlib.sha256(secret + self._salt).digest()

    def fits(self, secret: bytes) -> bool:
        return hmac.compare_digest(hashlib.sha256(secret + self._salt).digest(), self._digest)


class _Hashed:
    """
    The text of any hasher; the hasher stays beside it.

    A node finds the hasher in the text, and with clear text mistakes a password for a hash.
    """

    __slots__ = ("_hasher", "_text")

    def __init__(self, hasher: Hasher, secret: bytes) -> None:
        self._hasher = hasher
        self._text = hasher.hash(secret.decode("utf-8"))

    def fits(self, secret: bytes) -> bool:
        return self._hasher.verify(secret.decode("utf-8"), self._text)


class _ExpensiveHashed(_Hashed):
    """The same, in one of the slots for expensive work."""

    __slots__ = ("_slots",)

    def __init__(self, hasher: Hasher, secret: bytes, slots: HashingSlots) -> None:
        super().__init__(hasher, secret)
        self._slots = slots

    def fits(self, secret: bytes) -> bool:
        with self._slots:
            return super().fits(secret)


class CacheEntry:
    """
    A user as the files described it, and how to recognise the password.

    Attributes:
        user: Always the same object while nothing changes.
        result: The success to answer a right password with.
        proof: None for a user who was only looked up.
        generation: Of the snapshot that this entry was last compared with.
        written: When, by the clock of the cache.
    """

    __slots__ = ("_stored_hash", "generation", "proof", "result", "user", "written")

    def __init__(self, user: User, stored_hash: str, proof: Proof | None, generation: int) -> None:
        self.user = user
        self.result = AuthenticationResult.success(user)
        self.proof = proof
        self.generation = generation
        self.written = 0.0
        self._stored_hash = stored_hash

    def is_true_in(self, snapshot: RealmSnapshot) -> bool:
        """Tell whether *snapshot* still describes this user so."""
        name = self.user.username
        return (
            snapshot.hash_of(name) == self._stored_hash
            and snapshot.roles_of(name) == self.user.roles
        )


class CredentialCache:
    """
    Remembers users and what proves their passwords, for a time and up to a number.

    Safe for threads. Reading takes no lock, and writing one for a single entry at a time.

    Args:
        ttl: Seconds that an entry lives, from when it was written; reading does not prolong it.
            With 0 or less, nothing is remembered.

        max_users: So many entries; beyond it, the one that was not used for longest goes.

        hash_algo: One of ``hashing.CACHE_ALGORITHMS``: how a password is remembered.

        slots: Where proofs by an expensive algorithm are made and tried.

        clock: Seconds that never go back.

    Attributes:
        hits: How often an entry was there, and still true. Without a lock, and so only nearly
            exact on an interpreter whose threads run at the same time.
        misses: How often not; likewise.
        evictions: Entries that went for want of room.
        expirations: Entries that went because of their age.
        is_cheap: Whether trying a password against an entry costs next to nothing.

    Raises:
        ValueError: If *max_users* is negative, and the cache not off.
        UnknownHashAlgorithmError: If there is no such algorithm.

    Source:
        ``CachingUsernamePasswordRealm``, ``Cache``. The time counts from when the entry is
        written, not from when its login began, and what is in flight is no entry.
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
        self.after_fork()
        renew_after_fork(self)

    @property
    def size(self) -> int:
        """How many entries there are, some of them perhaps expired; -1 if the cache is off."""
        return len(self._entries) if self._ttl > 0 else -1

    @property
    def epoch(self) -> int:
        """To be noted before a login: an entry is not written if anything was expired since."""
        return self._epoch

    def get(self, username: str, snapshot: RealmSnapshot) -> CacheEntry | None:
        """Give the entry of a user if it is young enough and true in *snapshot*."""
        # Without the lock: a thread that loses the processor while it holds it stops all others.
        entry = self._entries.get(username)
        if entry is None or not self._is_good(entry, snapshot):
            self.misses += 1
            return None
        self.hits += 1
        try:  # noqa: SIM105 - a context manager would be half of what a hit costs
            self._entries.move_to_end(username)
        except KeyError:  # it went in this very moment, and was good all the same
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
        """Drop an entry unless another took its place."""
        username = entry.user.username
        with self._lock:
            if self._entries.get(username) is entry:
                del self._entries[username]
                if is_expired:
                    self.expirations += 1

    def prove(self, secret: bytes) -> Proof:
        """Make what recognises a password; inside a slot, if that is expensive."""
        if self._hasher.name == "ssha256":
            return _SaltedDigest(secret)
        if self.is_cheap:
            return _Hashed(self._hasher, secret)
        return _ExpensiveHashed(self._hasher, secret, self._slots)

    def put(
        self, username: str, snapshot: RealmSnapshot, proof: Proof | None, epoch: int
    ) -> CacheEntry:
        """
        Remember a user of *snapshot*; an entry that is still true keeps its user object.

        Args:
            username: One of the users of *snapshot*.
            snapshot: What the entry is made from.
            proof: Of the password that was right; None for a look-up, which keeps an older one.
            epoch: As noted before. If something was expired since, the entry is not kept.

        Returns:
            The entry, kept or not.
        """
        stored_hash = snapshot.hash_of(username) or ""
        user = User(username, snapshot.roles_of(username))
        with self._lock:
            now = self._clock()
            old = self._entries.get(username)
            if old is not None and now - old.written <= self._ttl and old.is_true_in(snapshot):
                if proof is None:
                    return old
                user = old.user
            entry = CacheEntry(user, stored_hash, proof, snapshot.generation)
            entry.written = now
            if self._ttl > 0 and epoch == self._epoch and not self._is_closed:
                self._entries[username] = entry
                self._entries.move_to_end(username)
                self._evict()
            return entry

    def _evict(self) -> None:
        while len(self._entries) > self._max_users:
            self._entries.popitem(last=False)
            self.evictions += 1

    def prune(self, snapshot: RealmSnapshot) -> None:
        """Drop entries that are not true any more, to make room; they would answer nobody."""
        # By the dictionary beneath: the order may change while its entries are looked at.
        for entry in list(dict.values(self._entries)):
            if not entry.is_true_in(snapshot):
                self._drop(entry)

    def expire(self, username: str) -> None:
        """Drop the entry of a user; a login in flight will leave none."""
        with self._lock:
            self._epoch += 1
            self._entries.pop(username, None)

    def expire_all(self) -> None:
        """Drop all entries; logins in flight will leave none."""
        with self._lock:
            self._epoch += 1
            self._entries.clear()

    def close(self) -> None:
        """Drop all entries, and keep none from now on."""
        self._is_closed = True
        self.expire_all()

    def after_fork(self) -> None:
        """Renew the lock."""
        self._lock = threading.Lock()
