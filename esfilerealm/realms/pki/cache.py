"""The cache of a PKI realm: it recognises a chain of certificates by its SHA-256."""

from __future__ import annotations

import time
from collections import OrderedDict
from typing import TYPE_CHECKING, Final

from ..._ground.holding import Mutex

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from ..base import AuthenticationResult
    from .state import TrustAndRoles

__all__ = ["ChainCache", "RememberedLogin"]


class RememberedLogin:
    """
    A login that was accepted.

    Attributes:
        principal: The name that the certificate carries.
        result: The success.
        state: What trusted the chain and gave the roles.
        written: When it was accepted, by the clock of the cache.
    """

    __slots__ = ("principal", "result", "state", "written")

    def __init__(
        self, principal: str, result: AuthenticationResult, state: TrustAndRoles, written: float
    ) -> None:
        self.principal: Final = principal
        self.result: Final = result
        self.state: Final = state
        self.written: Final = written


class ChainCache:
    """
    Remembers accepted logins, for a limited time and up to a limited number.

    Any number of threads may use it. Reading takes no lock. After a fork, the child needs a new
    cache.

    Args:
        ttl: Seconds that an entry lives after it was written; reading does not prolong that.

        most: The most entries. Beyond it, the least recently used entry is evicted.

        clock: Seconds that never go back.

    Attributes:
        hits: How often an entry was found. Counted without a lock, so only nearly exact on a
            free-threaded interpreter.
        misses: How often none was; counted likewise.
        evictions: How many entries were evicted to make room.
        expirations: How many entries were dropped because of their age.

    Source:
        ``PkiRealm``, ``Cache``.
    """

    def __init__(
        self, *, ttl: float, most: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.hits = self.misses = self.evictions = self.expirations = 0
        self._ttl = ttl
        self._most = most
        self._clock = clock
        self._entries: OrderedDict[Hashable, RememberedLogin] = OrderedDict()
        self._epoch = 0
        self._is_closed = False
        self._lock = Mutex()

    @property
    def size(self) -> int:
        """The number of entries, including expired ones."""
        return len(self._entries)

    @property
    def epoch(self) -> int:
        """Changes when anything is expired; to be noted before a login, for ``put``."""
        return self._epoch

    def get(self, key: Hashable) -> RememberedLogin | None:
        """Return the entry of a chain if it is young enough."""
        # Without the lock: a thread that is suspended while holding it would stop all others.
        entry = self._entries.get(key)
        if entry is None:
            self.misses += 1
            return None
        if self._clock() - entry.written > self._ttl:
            if self._lock.run(lambda: self._drop(key, entry)):
                self.expirations += 1
            self.misses += 1
            return None
        self.hits += 1
        try:  # noqa: SIM105 - a context manager would be a part of what a hit costs
            self._entries.move_to_end(key)
        except KeyError:  # dropped at this very moment; it was good when it was found
            pass
        return entry

    def peek(self, key: Hashable) -> RememberedLogin | None:
        """Return the entry of a chain, however old, and do not count that."""
        return self._entries.get(key)

    def put(
        self,
        key: Hashable,
        principal: str,
        result: AuthenticationResult,
        state: TrustAndRoles,
        epoch: int,
    ) -> None:
        """
        Remember a login.

        Args:
            key: Its chain and the way in which it came.
            principal: The name that the certificate carries.
            result: The success.
            state: What trusted the chain and gave the roles.
            epoch: As noted before the login. If anything was expired since, nothing is kept.
        """
        entry = RememberedLogin(principal, result, state, self._clock())
        dropped: list[RememberedLogin] = []
        self._lock.run(lambda: self._put(key, entry, epoch, dropped))

    def _put(
        self,
        key: Hashable,
        entry: RememberedLogin,
        epoch: int,
        dropped: list[RememberedLogin],
    ) -> None:
        """Do that inside; what *dropped* gets ends when this is left, and may call anything."""
        if not self._may_keep(epoch):
            return
        before = self._entries.get(key)
        if before is not None:
            dropped.append(before)
        self._entries[key] = entry
        self._evict(key, dropped)
        if not self._may_keep(epoch):  # this very thread expired it, in the handler of a signal
            self._drop(key, entry)

    def _may_keep(self, epoch: int) -> bool:
        return epoch == self._epoch and not self._is_closed

    def _evict(self, newest: Hashable, dropped: list[RememberedLogin]) -> None:
        """Make room; the handler of a signal may change the entries meanwhile."""
        try:
            self._entries.move_to_end(newest)
            while len(self._entries) > self._most:
                dropped.append(self._entries.popitem(last=False)[1])
                self.evictions += 1
        except KeyError:
            pass

    def _drop(self, key: Hashable, entry: RememberedLogin) -> bool:
        """Drop an entry unless it has been replaced."""
        if self._entries.get(key) is not entry:
            return False
        return self._entries.pop(key, None) is not None

    def expire(self, username: str) -> None:
        """Drop every chain of a user; logins in flight leave no entries."""
        self._lock.run(lambda: self._expire(username))

    def _expire(self, username: str) -> None:
        self._epoch += 1
        # Through the plain dictionary: a login may change the order while this iterates.
        for key, entry in list(dict.items(self._entries)):
            if entry.principal == username:
                self._drop(key, entry)

    def expire_all(self) -> None:
        """Drop all entries; logins in flight leave none."""
        self._lock.run(self._expire_all)

    def _expire_all(self) -> OrderedDict[Hashable, RememberedLogin]:
        self._epoch += 1
        before, self._entries = self._entries, OrderedDict()
        return before

    def close(self) -> None:
        """Drop all entries, and never keep one again."""
        self._is_closed = True
        self.expire_all()
