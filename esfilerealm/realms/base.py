"""What every kind of realm shares: credentials, results, users, and the realm itself."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from enum import Enum
from typing import (
    TYPE_CHECKING,
    Any,
    Final,
    Literal,
    NoReturn,
    Protocol,
    TypeAlias,
    TypeGuard,
    TypeVar,
)

from .._ground.java import decode_base64
from .._ground.values import ReadOnlyDict
from ..errors import InvalidAuthorizationHeaderError, InvalidUsernameError
from ..formats.lines import trim
from ..hashing.base import password_bytes

if TYPE_CHECKING:
    from collections.abc import Awaitable, Iterable, Mapping

    from .request import Request

__all__ = [
    "TEMPORARY_REASONS",
    "AuthenticationResult",
    "AuthenticationStatus",
    "FailureReason",
    "Realm",
    "User",
    "UsernamePasswordToken",
]

_SCHEME: Final = "Basic "

FailureReason: TypeAlias = Literal[
    "unknown_user",
    "wrong_password",
    "no_usable_hash",
    "expired",
    "password_too_long",
    "realm_disabled",
    "busy",
    "user_changing",
    "files_unreadable",
    "reserved_user",
    "certificate_not_trusted",
    "delegation_not_permitted",
    "no_username",
    "ambiguous_name",
    "not_authorized",
    "no_roles",
    "timeout",
]
"""Why a login failed, for programs. The guide of the realm explains each word."""

#: With these, the same credentials may be right a little later.
TEMPORARY_REASONS: Final = frozenset({"busy", "user_changing", "files_unreadable", "timeout"})

Token_contra = TypeVar("Token_contra", contravariant=True)


@dataclass(frozen=True, slots=True)
class User:
    """
    A user who logged in or was looked up.

    Attributes:
        username: The principal.
        roles: The names of the user's roles in the order of ``users_roles``, without repetitions.
        full_name: Always None in a file realm.
        email: Always None in a file realm.
        metadata: Always empty in a file realm.
        enabled: Always true in a file realm.
    """

    username: str
    roles: tuple[str, ...] = ()
    full_name: str | None = None
    email: str | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict, hash=False)
    enabled: bool = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "roles", tuple(self.roles))
        object.__setattr__(self, "metadata", ReadOnlyDict(self.metadata))


def is_user(user: object) -> TypeGuard[User]:
    """Check whether a realm may answer with this: a user who has a name, and whose parts fit."""
    return (
        isinstance(user, User)
        and user.username != ""
        and all(isinstance(text, str) for text in (user.username, *user.roles))
        and isinstance(user.enabled, bool)
    )


class AuthenticationStatus(Enum):
    """What a chain of realms does next: accept the user, ask the next realm, or refuse."""

    SUCCESS = "success"
    CONTINUE = "continue"
    TERMINATE = "terminate"


@dataclass(frozen=True, slots=True)
class AuthenticationResult:
    """
    The result of a login; true only if it succeeded.

    Attributes:
        status: A file realm never returns ``TERMINATE``.
        user: The user, with ``SUCCESS`` only.
        message: Why the login failed, for logs only: its words may change, and the client must not
            see them. None after a success, and if the realm does not know the user.
        reason: Why the login failed, for programs; None after a success. A file realm always has
            one. It tells who exists, so the client must not see it either.
        cause: With ``TERMINATE``, the error that a realm has for the client.

    Source:
        ``AuthenticationResult``. A node has no reason.
    """

    status: AuthenticationStatus
    user: User | None = None
    message: str | None = None
    reason: FailureReason | None = None
    cause: Exception | None = field(default=None, repr=False, compare=False)

    def __bool__(self) -> bool:
        return self.status is AuthenticationStatus.SUCCESS

    @property
    def http_status(self) -> Literal[200, 401, 503]:
        """
        The HTTP status to answer with.

        200 after a success; 503 if the login may succeed a little later; otherwise 401.
        """
        if self:
            return 200
        return 503 if self.reason in TEMPORARY_REASONS else 401

    @classmethod
    def success(cls, user: User) -> AuthenticationResult:
        """Accept *user*."""
        return cls(AuthenticationStatus.SUCCESS, user)

    @classmethod
    def not_handled(cls, reason: FailureReason = "unknown_user") -> AuthenticationResult:
        """Leave the login to another realm, which may know the user."""
        return cls(AuthenticationStatus.CONTINUE, None, None, reason)

    @classmethod
    def unsuccessful(
        cls, message: str, reason: FailureReason = "wrong_password"
    ) -> AuthenticationResult:
        """Refuse a known user; another realm may accept the same name."""
        return cls(AuthenticationStatus.CONTINUE, None, message, reason)

    @classmethod
    def terminate(
        cls,
        message: str,
        reason: FailureReason = "wrong_password",
        *,
        cause: Exception | None = None,
    ) -> AuthenticationResult:
        """
        Refuse the login for good: no other realm is asked.

        Args:
            message: Why, for logs.

            reason: Why, for programs.

            cause: The client gets to know the text and the challenges of a ``ChallengeError``, and
                of any other error only that there is one.
        """
        return cls(AuthenticationStatus.TERMINATE, None, message, reason, cause)


class UsernamePasswordToken:
    """
    A username and a password, as presented.

    Neither ``repr`` nor ``str`` shows the password, and a token cannot be pickled.

    Attributes:
        principal: The username.
        credentials: The password.
    """

    __slots__ = ("credentials", "principal")

    def __init__(self, principal: str, credentials: str) -> None:
        self.principal = principal
        self.credentials = credentials

    @classmethod
    def from_basic_header(cls, value: str | Iterable[str] | None) -> UsernamePasswordToken | None:
        """
        Read the value of an ``Authorization`` header.

        Args:
            value: ``Basic`` and the base64 of ``name:password``; or all values of a header that
                was sent more than once; or None if the header is missing.

        Returns:
            The token, whose name and password may be empty; or None if the header is missing or has
            another scheme, so that another way to log in can be tried.

        Raises:
            InvalidAuthorizationHeaderError: If the header has this scheme but cannot be read, or
                was sent with different values. Its ``status`` is the HTTP status to answer with.

        Source:
            ``UsernamePasswordToken.extractToken``. Invalid UTF-8 becomes U+FFFD; for an encoded
            surrogate, Python makes more of them than Java does.
        """
        header = _single(value)
        if not header or not _has_scheme(header):
            return None
        decoded = decode_base64(trim(header[len(_SCHEME) :]))
        if decoded is None:
            raise InvalidAuthorizationHeaderError("what follows [Basic] is not base64")
        principal, colon, credentials = decoded.decode("utf-8", "replace").partition(":")
        if not colon:
            raise InvalidAuthorizationHeaderError("no colon between a name and a password")
        return cls(principal, credentials)

    def to_basic_header(self) -> str:
        """
        Write the value of an ``Authorization`` header.

        Raises:
            InvalidUsernameError: If the name contains a colon, where a reader would split it.

        Source:
            ``UsernamePasswordToken.basicAuthHeaderValue``.
        """
        if ":" in self.principal:
            raise InvalidUsernameError(self.principal, "must not contain [:], where HTTP ends it")
        pair = password_bytes(f"{self.principal}:{self.credentials}")
        return _SCHEME + base64.b64encode(pair).decode("ascii")

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, UsernamePasswordToken):
            return NotImplemented
        return (self.principal, self.credentials) == (other.principal, other.credentials)

    def __hash__(self) -> int:
        return hash((self.principal, self.credentials))

    def __repr__(self) -> str:
        return f"<UsernamePasswordToken of {self.principal!r}>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a token holds a password and cannot be pickled")


class Realm(Protocol[Token_contra]):
    """
    What a chain asks of a realm. ``FileRealm`` is a ``Realm[UsernamePasswordToken]``.

    Whatever has these members is a realm. Those of a program may define ``authenticate`` by
    ``async def``; a chain with such a realm can only be awaited.

    Source:
        ``Realm``.
    """

    @property
    def name(self) -> str:
        """The name of the realm in the settings of the node."""

    @property
    def type(self) -> str:
        """The type of the realm in the settings of the node."""

    @property
    def order(self) -> int:
        """The place of the realm among those of the node; the lowest is asked first."""

    def token(self, request: Request, /) -> object | None:
        """
        Read credentials of a kind that this realm knows; None if there are none.

        A chain sets no time limit here, nor for ``supports``: neither may wait for anything.
        """

    def supports(self, token: object, /) -> bool:
        """Check whether *token* is of a kind that ``authenticate`` accepts now."""

    def authenticate(
        self, token: Token_contra, /
    ) -> AuthenticationResult | Awaitable[AuthenticationResult]:
        """
        Check the credentials in *token*.

        A user who logs in with a name and a password must have that very name.
        """

    def lookup_user(self, username: str, /) -> User | None:
        """Return a user without checking credentials, or None for an unknown user."""

    def usage_stats(self) -> Mapping[str, object]:
        """Return what a node reports about the realm."""


def _single(value: str | Iterable[str] | None) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bytes):
        raise TypeError("a header must be a string: decode its bytes as latin-1")
    values = set(value)
    if len(values) > 1:
        raise InvalidAuthorizationHeaderError("sent more than once, with different values", 400)
    return values.pop() if values else None


def _has_scheme(header: str) -> bool:
    return header[: len(_SCHEME)].lower() == _SCHEME.lower()
