"""Which realm authenticated a name last, so that it is asked first the next time."""

from __future__ import annotations

import time
from collections import OrderedDict
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from ..._ground.holding import Mutex
from ...errors import FileRealmError
from ..file.realm import FileRealm

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..base import AuthenticationResult, Realm
    from .steps import ChainResult

__all__ = ["Early", "Remembered", "SuccessCache"]

#: A use that is not longer ago than this, in seconds, is not counted again.
_MOMENT: Final = 1.0


class Early(NamedTuple):
    """
    What a realm answered before the others were asked.

    Attributes:
        realm: The realm.
        result: Its answer.
        started: When it was asked.
    """

    realm: Realm[Any]
    result: object
    started: float


class Remembered:
    """
    A realm that authenticated a name.

    Attributes:
        realm: The realm.
        known: What it said when it was asked first, what the chain made of that, and the type of
            the token. To such tokens the chain answers likewise as long as the realm gives the same
            object.
        used: When it was used last, by the clock of the cache.
    """

    __slots__ = ("_log_in", "known", "realm", "used")

    def __init__(self, realm: Realm[Any], used: float) -> None:
        self.realm = realm
        self.used = used
        self.known: tuple[AuthenticationResult, ChainResult, type] | None = None
        self._log_in = realm.authenticate if isinstance(realm, FileRealm) else None

    def ask(self, token: object) -> ChainResult | Early | None:
        """
        Ask the realm about a token, as the first one.

        Returns:
            What the chain answered when the realm said the same; or what the realm says now; or
            None if it is to be asked as the others are.
        """
        known, realm, started = self.known, self.realm, perf_counter()
        if known is None or type(token) is not known[2]:
            return None
        try:
            if not realm.supports(token):
                return None
            result = realm.authenticate(token)
        except FileRealmError:  # it raises again
            return None
        return known[1] if result is known[0] else Early(realm, result, started)

    def ask_pair(self, username: str, password: str) -> ChainResult | Early | None:
        """Do as ``ask`` with a name and a password, for which a file realm needs no token."""
        known, log_in, started = self.known, self._log_in, perf_counter()
        if known is None or log_in is None:
            return None
        try:
            result = log_in(username, password)
        except FileRealmError:  # likewise
            return None
        return known[1] if result is known[0] else Early(self.realm, result, started)


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
        age = now - entry.used
        if age > self._lifetime:
            return None
        if age < _MOMENT:
            return entry
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
