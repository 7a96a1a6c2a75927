"""Which realm authenticated a name last, so that it is asked first the next time."""

from __future__ import annotations

import time
from collections import OrderedDict
from typing import TYPE_CHECKING, Any

from ..._ground.holding import Mutex

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..base import AuthenticationResult, Realm
    from .steps import ChainResult

__all__ = ["Remembered", "SuccessCache"]


class Remembered:
    """
    A realm that authenticated a name.

    Attributes:
        realm: The realm.
        result: What it said, once it was asked first.
        answer: What the chain made of that, to be given again for the same result.
        used: When it was used last, by the clock of the cache.
    """

    __slots__ = ("answer", "realm", "result", "used")

    def __init__(self, realm: Realm[Any], used: float) -> None:
        self.realm = realm
        self.used = used
        self.result: AuthenticationResult | None = None
        self.answer: ChainResult | None = None


class SuccessCache:
    """
    Remembers realms by name. It decides only about the order of realms, never about a login.

    Any number of threads may use it. Reading takes no lock.

    Args:
        enabled: False remembers nothing.
        size: The most names; beyond it, the least recently used one is forgotten.
        expire_after_access: Seconds after which a name that is not used is forgotten.
        clock: Seconds that never go back.

    Attributes:
        epoch: Changes when anything is forgotten; to be noted before a login, for ``put``.

    Source:
        ``AuthenticationService``: ``xpack.security.authc.success_cache``.
    """

    def __init__(
        self,
        *,
        enabled: bool = True,
        size: int = 10_000,
        expire_after_access: float = 3600.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.epoch = 0
        self._size = size if enabled else 0
        self._lifetime = expire_after_access
        self._clock = clock
        self._entries: OrderedDict[str, Remembered] = OrderedDict()
        self._lock = Mutex()

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, principal: str | None) -> Remembered | None:
        """Return what is remembered of a name, and count that as a use."""
        entry = self._entries.get(principal)  # type: ignore[arg-type]
        if entry is None:
            return None
        now = self._clock()
        if now - entry.used > self._lifetime:
            return None
        entry.used = now
        try:  # noqa: SIM105 - a context manager would be half of what this costs
            self._entries.move_to_end(principal)  # type: ignore[arg-type]
        except KeyError:  # forgotten at this very moment
            pass
        return entry

    def put(self, principal: str | None, realm: Realm[Any], epoch: int) -> None:
        """Remember the realm of a name, unless anything was forgotten since *epoch*."""
        if self._size > 0 and isinstance(principal, str):
            self._lock.run(lambda: self._put(principal, realm, epoch))

    def _put(self, principal: str, realm: Realm[Any], epoch: int) -> None:
        if epoch != self.epoch:
            return
        self._entries[principal] = Remembered(realm, self._clock())
        try:
            self._entries.move_to_end(principal)
            while len(self._entries) > self._size:
                self._entries.popitem(last=False)
        except KeyError:  # the handler of a signal has forgotten it meanwhile
            pass

    def expire(self, principal: str) -> None:
        """Forget one name; logins that are running are not remembered."""
        self._lock.run(lambda: self._expire(principal))

    def _expire(self, principal: str) -> object:
        self.epoch += 1
        return self._entries.pop(principal, None)

    def expire_all(self) -> None:
        """Forget all names; logins that are running are not remembered."""
        self._lock.run(self._expire_all)

    def _expire_all(self) -> object:
        self.epoch += 1
        before, self._entries = self._entries, OrderedDict()
        return before
