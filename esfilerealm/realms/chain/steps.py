"""What a chain of realms answers, and what each realm on the way said."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from http import HTTPStatus
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from ..._ground.showing import shown
from ...errors import ChallengeError, InvalidAuthorizationHeaderError
from ..base import TEMPORARY_REASONS

if TYPE_CHECKING:
    from ..base import User

__all__ = [
    "BASIC_CHALLENGE",
    "ChainResult",
    "Hidden",
    "Question",
    "ResultKind",
    "Step",
    "StepStatus",
]

BASIC_CHALLENGE: Final = InvalidAuthorizationHeaderError.challenge

Question: TypeAlias = Literal["read", "authenticate", "look up"]
"""What a realm was asked: to read credentials, to check them, or to look up a user to run as."""


class StepStatus(Enum):
    """What a realm said, or that it said nothing sensible."""

    SUCCESS = "success"
    CONTINUE = "continue"
    TERMINATE = "terminate"
    FOUND = "found"
    NOT_FOUND = "not_found"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """
    What one realm was asked and said; for logs and people, not for the client.

    Attributes:
        realm: The name of the realm.
        type: Its type.
        status: ``SUCCESS``, ``CONTINUE`` or ``TERMINATE`` as the realm said; ``FOUND`` or
            ``NOT_FOUND`` for a look-up; ``FAILED`` if it raised, took too long, or answered what no
            realm may.
        reason: Why it did not accept, for programs: that of ``AuthenticationResult``, or
            ``raised``, ``timeout`` or ``invalid_answer``.
        message: The same for people; None if the realm does not know the user.
        seconds: How long it took. The step of a login that the realm remembers may be an earlier
            one.
        question: What it was asked.
    """

    realm: str
    type: str
    status: StepStatus
    reason: str | None = None
    message: str | None = None
    seconds: float = 0.0
    question: Question = "authenticate"


class ResultKind(Enum):
    """How a request ended. The first three let it in."""

    AUTHENTICATED = "authenticated"
    FALLBACK = "fallback"
    ANONYMOUS = "anonymous"
    MISSING_CREDENTIALS = "missing_credentials"
    UNREAD_CREDENTIALS = "unread_credentials"
    INVALID_REQUEST = "invalid_request"
    REFUSED = "refused"
    TERMINATED = "terminated"
    USER_DISABLED = "user_disabled"
    RUN_AS_DENIED = "run_as_denied"
    FAILED = "failed"


_SUCCESSES: Final = frozenset({ResultKind.AUTHENTICATED, ResultKind.FALLBACK, ResultKind.ANONYMOUS})


#: What the client may know of answers in which no name is refused.
_CLIENT_MESSAGES: Final = {
    ResultKind.MISSING_CREDENTIALS: "missing authentication credentials",
    ResultKind.UNREAD_CREDENTIALS: "these credentials cannot be used here",
    ResultKind.INVALID_REQUEST: "the credentials of the request cannot be read",
    ResultKind.RUN_AS_DENIED: "not allowed to run as the user that the request names",
}


class Hidden:
    """
    An error whose words may be secret: no dictionary or copy of what holds it shows them.

    Attributes:
        error: The error.
    """

    __slots__ = ("error",)

    def __init__(self, error: BaseException | None = None) -> None:
        self.error = error

    def __repr__(self) -> str:
        return f"<Hidden: {type(self.error).__name__}>"

    def __deepcopy__(self, _memo: object) -> Hidden:
        return self

    def __reduce__(self) -> tuple[type[Hidden], tuple[()]]:
        return type(self), ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainResult:
    """
    The answer of a chain of realms to a request; true only if the request is let in.

    Attributes:
        kind: How it ended.
        user: The user whose roles count: who logged in or, with run-as, who was named. None unless
            the result is true.
        steps: What each realm that was asked said, in order.
        realm: The name of the realm that authenticated; None if none did.
        principal: The name in the credentials; None if there was none.
        authenticating_user: Who logged in, whomever the request runs as.
        lookup_realm: The name of the realm that knows the user to run as; None without run-as.
        hidden: Holds ``error``.
    """

    kind: ResultKind
    user: User | None = None
    steps: tuple[Step, ...] = ()
    realm: str | None = None
    principal: str | None = None
    authenticating_user: User | None = None
    lookup_realm: str | None = None
    hidden: object = field(default=None, repr=False, compare=False)

    def __bool__(self) -> bool:
        return self.kind in _SUCCESSES

    @property
    def error(self) -> BaseException | None:
        """What a realm raised, or what is wrong with the request; None after copying elsewhere."""
        return self.hidden.error if isinstance(self.hidden, Hidden) else None

    @property
    def reason(self) -> str | None:
        """
        Why the request was refused, for programs; None if it is let in.

        The reason of the last realm that gave one, other than that it does not know the user;
        otherwise the kind. It tells who exists, so the client must not see it.
        """
        if self:
            return None
        known = [step.reason for step in self.steps if step.reason not in (None, "unknown_user")]
        if known:
            return known[-1]
        return "unknown_user" if self.kind is ResultKind.REFUSED else self.kind.value

    @property
    def http_status(self) -> int:
        """
        The HTTP status to answer with.

        200 if the request is let in; 503 if that may succeed a little later; 403 if the user must
        not run as another one; 400 or 401 if it cannot be read; 500 if a realm is broken; else 401.
        """
        if self:
            return HTTPStatus.OK
        if self.kind is ResultKind.RUN_AS_DENIED:
            return HTTPStatus.FORBIDDEN
        if self.kind is ResultKind.INVALID_REQUEST:
            return getattr(self.error, "status", HTTPStatus.BAD_REQUEST)
        if any(step.reason in TEMPORARY_REASONS for step in self.steps):
            return HTTPStatus.SERVICE_UNAVAILABLE
        if self.kind is ResultKind.FAILED:
            return HTTPStatus.INTERNAL_SERVER_ERROR
        return HTTPStatus.UNAUTHORIZED

    @property
    def challenges(self) -> tuple[str, ...]:
        """The values of ``WWW-Authenticate`` to answer with; none unless the status is 401."""
        if self.http_status != HTTPStatus.UNAUTHORIZED:
            return ()
        own = self.error.challenges if isinstance(self.error, ChallengeError) else ()
        return own or (BASIC_CHALLENGE,)

    def client_message(self, purpose: str = "") -> str:
        """
        Return what the client may know: not why, and not which realms there are.

        Args:
            purpose: What the request is for, such as ``REST request [/_search]``.

        Source:
            ``DefaultAuthenticationFailureHandler``, ``AuthenticationService``.
        """
        to = f" for {shown(purpose)}" if purpose else ""
        if isinstance(self.error, ChallengeError):
            return self.error.text
        if self.kind in _CLIENT_MESSAGES:
            return f"{_CLIENT_MESSAGES[self.kind]}{to}"
        if self.error is not None:
            return f"error attempting to authenticate request{to}"
        name = "" if self.principal is None else f" user [{shown(self.principal)}]"
        return f"unable to authenticate{name}{to}"
