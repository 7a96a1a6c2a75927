"""What a request says about who sends it, and the answer to one that says nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from ...errors import FileRealmError, InvalidPasswordError, InvalidUsernameError
from ..base import User, UsernamePasswordToken
from ..request import Request
from .asking import is_prompt
from .steps import ChainResult, Hidden, ResultKind, Step, StepStatus

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from ...settings.chain_settings import ChainSettings
    from ..base import Realm

__all__ = [
    "as_request",
    "invalid_request",
    "no_name",
    "pair_token",
    "read_credentials",
    "without_credentials",
]

#: What a node says about a user that it brings along.
_RESERVED: Final = {"_reserved": True}


def pair_token(username: object, password: object) -> UsernamePasswordToken:
    """
    Return the token of a name and a password.

    Raises:
        InvalidUsernameError, InvalidPasswordError: If one of them is not a string.
    """
    if not isinstance(username, str):
        raise no_name(username)
    if not isinstance(password, str):
        raise InvalidPasswordError(f"must be a string, not {type(password).__name__}")
    return UsernamePasswordToken(username, password)


def no_name(username: object) -> InvalidUsernameError:
    """Return the error of a name that is no string."""
    return InvalidUsernameError(username, f"must be a string, not {type(username).__name__}")


def as_request(
    request: Request | Mapping[str, str | Iterable[str]], peer_certificates: Iterable[bytes]
) -> Request:
    """
    Return a request, or make one of headers and certificates.

    Raises:
        TypeError: If there are certificates beside a request, which has its own.
    """
    certificates = tuple(peer_certificates)
    if not isinstance(request, Request):
        return Request(request, certificates)
    if certificates:
        raise TypeError("a request has its certificates already: give them to Request")
    return request


def read_credentials(realms: Sequence[Realm[Any]], request: Request) -> object | None:
    """
    Return the token of the first realm that finds one, or None.

    If a realm cannot read what is meant for it, that is the answer to the request.

    Source:
        ``RealmsAuthenticator.extractCredentials``.
    """
    for realm in realms:
        try:
            token = realm.token(request)
        except FileRealmError as error:
            return invalid_request(error, realm)
        except Exception as error:
            if is_prompt(realm):  # it may come from the handler of a signal
                raise
            step = _step(realm, "raised", f"it raised {type(error).__name__}")
            return ChainResult(kind=ResultKind.FAILED, steps=(step,), hidden=Hidden(error))
        if token is not None:
            return token
    return None


def invalid_request(error: FileRealmError, realm: Realm[Any] | None = None) -> ChainResult:
    """Return the answer to a request that cannot be read."""
    steps = () if realm is None else (_step(realm, "invalid_request", str(error)),)
    return ChainResult(kind=ResultKind.INVALID_REQUEST, steps=steps, hidden=Hidden(error))


def _step(realm: Realm[Any], reason: str, message: str) -> Step:
    return Step(
        realm=realm.name,
        type=realm.type,
        status=StepStatus.FAILED,
        reason=reason,
        message=message,
        question="read",
    )


def without_credentials(
    request: Request, settings: ChainSettings, fallback_user: User | None
) -> ChainResult:
    """
    Return the answer to a request in which no realm finds credentials.

    Whoever sends an ``Authorization`` header means to be somebody, so it is never anonymous.

    Source:
        ``AuthenticatorChain.handleNullToken``, ``AnonymousUser``.
    """
    if any(request.values("authorization")):
        return ChainResult(kind=ResultKind.UNREAD_CREDENTIALS)
    if fallback_user is not None:
        return _let_in(ResultKind.FALLBACK, fallback_user)
    if settings.anonymous_roles:
        anonymous = User(settings.anonymous_username, settings.anonymous_roles, metadata=_RESERVED)
        return _let_in(ResultKind.ANONYMOUS, anonymous)
    return ChainResult(kind=ResultKind.MISSING_CREDENTIALS)


def _let_in(kind: ResultKind, user: User) -> ChainResult:
    return ChainResult(kind=kind, user=user, authenticating_user=user)
