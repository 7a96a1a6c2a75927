"""One login on its way through the realms: who is asked next, and what the answers come to."""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING, Any, Final, TypeGuard

from ..base import AuthenticationResult, AuthenticationStatus, User
from .asking import NoAnswerError, raised
from .steps import ChainResult, ResultKind, Step, StepStatus

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ..base import Realm
    from .steps import Question

__all__ = ["Walk", "failed_step", "is_user", "principal_of", "supports"]

_STATUSES: Final = {status: StepStatus(status.value) for status in AuthenticationStatus}


def principal_of(token: object) -> str | None:
    """Return the name in credentials, if they have one."""
    principal = getattr(token, "principal", None)
    return principal if isinstance(principal, str) else None


class Walk:
    """
    A login. Iterating gives the realms to ask; ``hear`` takes the answer of each.

    Args:
        realms: Those of the chain, in order.
        token: The credentials.
        first: The realm that is asked before the others.

    Attributes:
        realm: The realm that is being asked.
        result: Its answer, once that ends the login.
        steps: What was said so far.
    """

    __slots__ = ("_error", "_first", "_realms", "_started", "_token", "realm", "result", "steps")

    def __init__(
        self, realms: Sequence[Realm[Any]], token: object, first: Realm[Any] | None
    ) -> None:
        self.realm: Realm[Any] | None = None
        self.result: AuthenticationResult | None = None
        self.steps: list[Step] = []
        self._realms = realms
        self._token = token
        self._first = first
        self._error: BaseException | None = None
        self._started = 0.0

    def __iter__(self) -> Iterator[Realm[Any]]:
        first = self._first
        for realm in self._realms if first is None else self._reordered(first):
            self.realm = realm
            self._started = perf_counter()
            if supports(realm, self._token):
                yield realm
            if self.result is not None:
                return

    def _reordered(self, first: Realm[Any]) -> Iterator[Realm[Any]]:
        yield first
        yield from (realm for realm in self._realms if realm is not first)

    def hear(self, realm: Realm[Any], result: object) -> None:
        """
        Take what a realm answered.

        Raises:
            NoAnswerError: If no realm may answer that.
        """
        if not is_sensible(result):
            raise NoAnswerError("invalid_answer", "it answered what no realm may answer")
        self.steps.append(
            Step(
                realm=realm.name,
                type=realm.type,
                status=_STATUSES[result.status],
                reason=result.reason,
                message=result.message,
                seconds=perf_counter() - self._started,
            )
        )
        if result.status is not AuthenticationStatus.CONTINUE:
            self.result = result

    def fail(self, error: NoAnswerError) -> None:
        """Take that the realm which is being asked did not answer."""
        if self.realm is not None:
            seconds = perf_counter() - self._started
            self.steps.append(failed_step(self.realm, error, "authenticate", seconds))
        self._error = error.__cause__ or error

    def end(self) -> ChainResult:
        """Return what all the answers come to."""
        steps, principal = tuple(self.steps), principal_of(self._token)
        realm, result = self.realm, self.result
        if self._error is not None:
            return ChainResult(
                kind=ResultKind.FAILED, steps=steps, principal=principal, error=self._error
            )
        if realm is None or result is None:
            return ChainResult(kind=ResultKind.REFUSED, steps=steps, principal=principal)
        user = result.user
        if user is None:
            return ChainResult(
                kind=ResultKind.TERMINATED, steps=steps, principal=principal, error=result.cause
            )
        if not user.enabled:
            return ChainResult(kind=ResultKind.USER_DISABLED, steps=steps, principal=principal)
        return ChainResult(
            kind=ResultKind.AUTHENTICATED,
            user=user,
            steps=steps,
            realm=realm.name,
            principal=principal,
            authenticating_user=user,
        )


def supports(realm: Realm[Any], token: object) -> bool:
    """
    Ask whether a realm supports a token.

    Raises:
        NoAnswerError: If that raises.
    """
    try:
        return realm.supports(token)
    except Exception as error:
        raise raised(error) from error


def is_sensible(result: object) -> TypeGuard[AuthenticationResult]:
    """Check whether a realm may give this answer: a success has a user, and nothing else has."""
    if not isinstance(result, AuthenticationResult):
        return False
    is_success = result.status is AuthenticationStatus.SUCCESS
    return is_user(result.user) if is_success else result.user is None


def is_user(user: object) -> TypeGuard[User]:
    """Check whether a realm may answer by this user."""
    return (
        isinstance(user, User)
        and user.username != ""
        and all(isinstance(text, str) for text in (user.username, *user.roles))
    )


def failed_step(
    realm: Realm[Any], error: NoAnswerError, question: Question, seconds: float
) -> Step:
    """Return the step of a realm that did not answer."""
    return Step(
        realm=realm.name,
        type=realm.type,
        status=StepStatus.FAILED,
        reason=error.reason,
        message=error.message,
        seconds=seconds,
        question=question,
    )
