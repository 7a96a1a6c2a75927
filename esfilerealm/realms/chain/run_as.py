"""
Running as another user: who logged in names the user whose roles count.

Whoever may not run as a name gets the same answer as for a name that nobody has, and no realm is
asked about it. So neither the words nor the time tell whether the name exists.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from ...errors import FileRealmError, InvalidAuthorizationHeaderError
from .credentials import invalid_request
from .steps import Hidden, ResultKind, StepStatus
from .walk import Walk, require_user

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ..base import Realm, User
    from ..request import Request
    from .steps import ChainResult
    from .success_cache import SuccessCache

__all__ = ["RUN_AS_HEADER", "LookUp", "RunAs"]

RUN_AS_HEADER: Final = "es-security-runas-user"


class LookUp(Walk):
    """
    The question who a user is.

    Args:
        realms: See ``Walk``.
        username: The name.
        first: See ``Walk``.
        may_run: Whether a user of another name will do: a realm may know the one that it is asked
            for by another name. Without it, nobody else will.

    Attributes:
        user: The user, once a realm knows it.
    """

    question = "look up"

    def __init__(
        self,
        realms: Sequence[Realm[Any]],
        username: str,
        first: Realm[Any] | None = None,
        may_run: Callable[[str], bool] | None = None,
    ) -> None:
        super().__init__(realms, first)
        self.user: User | None = None
        self._username = username
        self._may_run = may_run

    def _concerns(self, realm: Realm[Any]) -> bool:
        del realm
        return True

    def call(self, realm: Realm[Any], *, asynchronous: bool) -> Callable[[], object]:
        """Return what looks the user up."""
        del asynchronous
        return partial(realm.lookup_user, self._username)

    def hear(self, answer: object) -> None:
        """Take a user, or None; for errors see ``Walk``."""
        user = None if answer is None else require_user(answer)
        self._note(StepStatus.NOT_FOUND if user is None else StepStatus.FOUND, None, None)
        self.user, self._is_over = user, user is not None

    def after(self, login: ChainResult) -> ChainResult:
        """Return what a login and this come to."""
        steps = (*login.steps, *self.steps)
        if self.error is not None:
            return _without_user(login, ResultKind.FAILED, steps=steps, hidden=Hidden(self.error))
        if self.user is None or self.realm is None or not self._will_do(self.user):
            return _without_user(login, ResultKind.RUN_AS_DENIED, steps=steps)
        if not self.user.enabled:
            return _without_user(login, ResultKind.USER_DISABLED, steps=steps)
        return replace(login, user=self.user, steps=steps, lookup_realm=self.realm.name)

    def _will_do(self, user: User) -> bool:
        may_run = self._may_run
        return user.username == self._username or (may_run is not None and may_run(user.username))


class RunAs:
    """
    Decides whether a request may run as another user.

    Args:
        realms: See ``Walk``.
        memory: Which realm authenticated a name last; it is asked first about that name.
        may_run_as: See ``RealmChain``.
        enabled: If not, nobody looks at the header.
    """

    def __init__(
        self,
        realms: Sequence[Realm[Any]],
        memory: SuccessCache,
        may_run_as: Callable[[User, str], bool] | None,
        *,
        enabled: bool,
    ) -> None:
        self._realms = realms
        self._memory = memory
        self._may_run_as = may_run_as
        self._enabled = enabled

    def question(self, request: Request, result: ChainResult) -> LookUp | ChainResult:
        """Return the question that is left after a login, or else the answer to the request."""
        if not (result and self._enabled):
            return result
        try:
            name = _named(request)
        except FileRealmError as error:
            return invalid_request(error)
        if name is None:
            return result
        if not self._may_run(result, name):
            return _denied(result)
        remembered = self._memory.get(name)
        first = None if remembered is None else remembered.realm
        return LookUp(self._realms, name, first, partial(self._may_run, result))

    def _may_run(self, result: ChainResult, name: str) -> bool:
        user, may_run_as = result.user, self._may_run_as
        if user is None or result.kind is not ResultKind.AUTHENTICATED or may_run_as is None:
            return False
        return name != "" and may_run_as(user, name) is True


def _named(request: Request) -> str | None:
    """
    Return whom a request wants to run as; None if it does not say.

    Raises:
        InvalidAuthorizationHeaderError: If it says two names.
    """
    names = set(request.values(RUN_AS_HEADER))
    if len(names) > 1:
        raise InvalidAuthorizationHeaderError(f"[{RUN_AS_HEADER}] names several users", 400)
    return names.pop() if names else None


def _denied(login: ChainResult) -> ChainResult:
    """Return the answer to somebody who logged in, and must not run as the user that is named."""
    return _without_user(login, ResultKind.RUN_AS_DENIED)


def _without_user(login: ChainResult, kind: ResultKind, **values: Any) -> ChainResult:  # noqa: ANN401 - of many types
    return replace(login, kind=kind, user=None, authenticating_user=None, **values)
