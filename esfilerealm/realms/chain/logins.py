"""Asking the realms of a chain: the loops, and what is remembered of their end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from .asking import NoAnswerError, is_prompt
from .reserved import ReservedRealm
from .steps import ChainResult
from .walk import Login, Walk, principal_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..base import Realm
    from .asking import Asking
    from .success_cache import Early, Remembered, SuccessCache

__all__ = ["Logins"]

W = TypeVar("W", bound=Walk)


class Logins:
    """
    Asks the realms.

    Args:
        realms: In order.
        memory: Which realm authenticated a name last.
        asking: How a realm is called.
    """

    def __init__(self, realms: Sequence[Realm[Any]], memory: SuccessCache, asking: Asking) -> None:
        self._realms = realms
        self._memory = memory
        self._asking = asking

    def log_in(self, token: object, early: Early | None = None) -> ChainResult:
        """Return the answer to credentials; *early* is what one realm said already."""
        memory = self._memory
        epoch, remembered = memory.epoch, memory.get(principal_of(token))
        if remembered is None:
            return self._remember(self.ask(Login(self._realms, token)), None, epoch)
        if early is None:
            answer = remembered.ask(token)
            if isinstance(answer, ChainResult):
                return answer
            early = answer
        login = Login(
            self._realms, token, remembered.realm if early is None else early.realm, early
        )
        return self._remember(self.ask(login), remembered, epoch)

    async def log_in_async(self, token: object) -> ChainResult:
        """Do as ``log_in`` without blocking the event loop."""
        memory = self._memory
        epoch, remembered = memory.epoch, memory.get(principal_of(token))
        login = Login(self._realms, token, None if remembered is None else remembered.realm)
        return self._remember(await self.ask_async(login), remembered, epoch)

    def _remember(self, login: Login, remembered: Remembered | None, epoch: int) -> ChainResult:
        """Return the answer to a login, and remember which realm it is from."""
        result, realm, answer = login.end(), login.realm, login.answer
        if result and realm is not None and answer is not None:
            if self._is_reserved(result.principal):
                return result
            if remembered is None or remembered.realm is not realm:
                self._memory.put(result.principal, realm, epoch)
            elif is_prompt(realm):
                remembered.known = (answer, result, login.kind)
        return result

    def _is_reserved(self, name: str | None) -> bool:
        """Check whether another realm than the one that knew a name must always be asked first."""
        return name is not None and any(
            isinstance(realm, ReservedRealm) and realm.keeps(name) for realm in self._realms
        )

    def ask(self, walk: W) -> W:
        """Ask realms until one of them has decided, and return the same question."""
        try:
            for realm in walk:
                walk.hear(self._asking.call(realm, walk.call(realm, asynchronous=False)))
        except NoAnswerError as error:
            walk.fail(error)
        return walk

    async def ask_async(self, walk: W) -> W:
        """Do as ``ask`` without blocking the event loop."""
        try:
            for realm in walk:
                call = walk.call(realm, asynchronous=True)
                walk.hear(await self._asking.call_async(realm, call))
        except NoAnswerError as error:
            walk.fail(error)
        return walk
