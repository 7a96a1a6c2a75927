"""One question on its way through the realms: who is asked next, and what the answers come to."""

from __future__ import annotations

from functools import partial
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final, TypeGuard

from ...errors import FileRealmError
from ..base import (
    AuthenticationResult,
    AuthenticationStatus,
    UsernamePasswordToken,
    is_user,
)
from .asking import NoAnswerError, is_prompt, raised
from .credentials import pair_token
from .steps import ChainResult, Hidden, ResultKind, Step, StepStatus

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from ..base import FailureReason, Realm, User
    from .steps import Question
    from .success_cache import Early

__all__ = ["Login", "Walk", "principal_of", "require_user"]

_STATUSES: Final = {status: StepStatus(status.value) for status in AuthenticationStatus}
_INVALID: Final = "it answered what no realm may answer"
_OTHER_USER: Final = "it answered with another user than the one in question"


def principal_of(token: object) -> str | None:
    """Return the name in credentials, if they have one."""
    principal = getattr(token, "principal", None)
    return principal if isinstance(principal, str) else None


class Walk:
    """
    A question to the realms. Iterating gives those to ask; ``hear`` takes the answer of each.

    Args:
        realms: Those of the chain, in order.
        first: The realm that is asked before the others.

    Attributes:
        realm: The realm that is being asked; in the end the one that decided.
        steps: What was said so far.
        error: Why there is no answer.
    """

    question: Question

    def __init__(self, realms: Sequence[Realm[Any]], first: Realm[Any] | None = None) -> None:
        self.realm: Realm[Any] | None = None
        self.steps: list[Step] = []
        self.error: BaseException | None = None
        self._realms = realms
        self._first = first
        self._started = 0.0
        self._is_over = False

    def __iter__(self) -> Iterator[Realm[Any]]:
        for realm in self._realms if self._first is None else self._reordered(self._first):
            self.realm = realm
            self._started = perf_counter()
            if self._concerns(realm):
                yield realm
            if self._is_over:
                return
        self.realm = None

    def _reordered(self, first: Realm[Any]) -> Iterator[Realm[Any]]:
        yield first
        yield from (realm for realm in self._realms if realm is not first)

    def _concerns(self, realm: Realm[Any]) -> bool:
        """Check whether a realm is asked at all."""
        raise NotImplementedError

    def call(self, realm: Realm[Any], *, asynchronous: bool) -> Callable[[], object]:
        """Return what asks a realm; called without arguments."""
        raise NotImplementedError

    def hear(self, answer: object) -> None:
        """
        Take what the realm answered.

        Raises:
            NoAnswerError: If no realm may answer that.
        """
        raise NotImplementedError

    def fail(self, error: NoAnswerError) -> None:
        """Take that the realm did not answer."""
        self.error = error.__cause__ or error
        self._note(StepStatus.FAILED, error.reason, error.message)

    def _note(
        self, status: StepStatus, reason: FailureReason | str | None, message: str | None
    ) -> None:
        realm = self.realm
        if realm is not None:
            step = Step(
                realm=realm.name,
                type=realm.type,
                status=status,
                reason=reason,
                message=message,
                seconds=perf_counter() - self._started,
                question=self.question,
            )
            self.steps.append(step)

    def result(self, kind: ResultKind, **values: Any) -> ChainResult:  # noqa: ANN401 - of many types
        """Return an answer of the chain with the steps so far."""
        return ChainResult(kind=kind, steps=tuple(self.steps), **values)


class Login(Walk):
    """
    The question whether credentials are right.

    Args:
        realms: See ``Walk``.
        token: The credentials.
        first: See ``Walk``.
        early: What that realm has answered already.

    Attributes:
        answer: The answer that ended the login, if one did.
        kind: The type of the credentials.

    Raises:
        InvalidUsernameError, InvalidPasswordError: If a name or a password is not a string.
    """

    question = "authenticate"

    def __init__(
        self,
        realms: Sequence[Realm[Any]],
        token: object,
        first: Realm[Any] | None = None,
        early: Early | None = None,
    ) -> None:
        super().__init__(realms, first)
        if isinstance(token, UsernamePasswordToken):
            pair_token(token.principal, token.credentials)
        self.answer: AuthenticationResult | None = None
        self.kind = type(token)
        self._token = token
        self._early = early

    def _concerns(self, realm: Realm[Any]) -> bool:
        return supports(realm, self._token)

    def call(self, realm: Realm[Any], *, asynchronous: bool) -> Callable[[], object]:
        """Return what checks the credentials."""
        early = self._early
        if early is not None and early.realm is realm:
            self._started = early.started
            return partial(_same, early.result)
        ask = realm.authenticate
        if asynchronous:
            ask = getattr(realm, "authenticate_async", ask)
        return partial(ask, self._token)

    def hear(self, answer: object) -> None:
        """Take a result; for errors see ``Walk``."""
        if not _is_result(answer):
            raise _no_answer(_INVALID)
        if answer.user is not None:
            require_user(answer.user, _name_in(self._token))
        self._note(_STATUSES[answer.status], answer.reason, answer.message)
        if answer.status is not AuthenticationStatus.CONTINUE:
            self.answer, self._is_over = answer, True

    def end(self) -> ChainResult:
        """Return what all the answers come to."""
        principal, realm, answer = principal_of(self._token), self.realm, self.answer
        if self.error is not None:
            return self.result(ResultKind.FAILED, principal=principal, hidden=Hidden(self.error))
        if realm is None or answer is None:
            return self.result(ResultKind.REFUSED, principal=principal)
        user = answer.user
        if user is None:
            return self.result(
                ResultKind.TERMINATED, principal=principal, hidden=Hidden(answer.cause)
            )
        if not user.enabled:
            return self.result(ResultKind.USER_DISABLED, principal=principal)
        return self.result(
            ResultKind.AUTHENTICATED,
            user=user,
            realm=realm.name,
            principal=principal,
            authenticating_user=user,
        )


def _same(answer: object) -> object:
    return answer


def supports(realm: Realm[Any], token: object) -> bool:
    """
    Ask whether a realm supports a token.

    Raises:
        NoAnswerError: If the realm raises; for one that is prompt, see ``Asking``.
    """
    try:
        return bool(realm.supports(token))
    except Exception as error:
        if is_prompt(realm) and not isinstance(error, FileRealmError):
            raise
        raise raised(error) from error


def _is_result(answer: object) -> TypeGuard[AuthenticationResult]:
    """Check whether this is a result: a success has a user, and nothing else has."""
    if not isinstance(answer, AuthenticationResult):
        return False
    is_success = answer.status is AuthenticationStatus.SUCCESS
    is_status = isinstance(answer.status, AuthenticationStatus)
    return is_status and (answer.user is not None) == is_success


def _name_in(token: object) -> str | None:
    """Return the name that a user must have who logs in with a name and a password."""
    return token.principal if isinstance(token, UsernamePasswordToken) else None


def require_user(user: object, username: str | None = None) -> User:
    """
    Return the user with whom a realm answers, who must have that name if one is given.

    Raises:
        NoAnswerError: If it does not.
    """
    if not is_user(user):
        raise _no_answer(_INVALID)
    if username not in (None, user.username):
        raise _no_answer(_OTHER_USER)
    return user


def _no_answer(message: str) -> NoAnswerError:
    return NoAnswerError("invalid_answer", message)
