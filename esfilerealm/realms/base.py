"""What a login is made of: credentials, the answer, and the user in it."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Any, Final, NoReturn

from .._ground.java import decode_base64
from .._ground.read_only import ReadOnlyDict
from ..errors import InvalidAuthorizationHeaderError, InvalidUsernameError
from ..formats.lines import trim
from ..hashing.base import password_bytes

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["AuthenticationResult", "AuthenticationStatus", "User", "UsernamePasswordToken"]

_SCHEME: Final = "Basic "


@dataclass(frozen=True, slots=True)
class User:
    """
    Who logged in or was looked up.

    Attributes:
        username: The principal.
        roles: Names of roles in the order of ``users_roles``, none twice.
        full_name: A file realm knows none.
        email: A file realm knows none.
        metadata: A file realm knows none.
        enabled: Users of a file realm always are.
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


class AuthenticationStatus(Enum):
    """What a chain of realms does next: stop with a user, ask the next realm, or stop without."""

    SUCCESS = "success"
    CONTINUE = "continue"
    TERMINATE = "terminate"


@dataclass(frozen=True, slots=True)
class AuthenticationResult:
    """
    The answer to a login; true only if it succeeded.

    Attributes:
        status: A file realm never terminates a chain.
        user: With ``SUCCESS`` only.
        message: Why not, for logs rather than for whoever tried. None also if the realm has
            nothing to say, as about a name it does not know.

    Source:
        ``AuthenticationResult``.
    """

    status: AuthenticationStatus
    user: User | None = None
    message: str | None = None

    def __bool__(self) -> bool:
        return self.status is AuthenticationStatus.SUCCESS

    @classmethod
    def success(cls, user: User) -> AuthenticationResult:
        """Let *user* in: the password is right."""
        return cls(AuthenticationStatus.SUCCESS, user)

    @classmethod
    def not_handled(cls) -> AuthenticationResult:
        """Leave it to another realm, which may know the name."""
        return cls(AuthenticationStatus.CONTINUE)

    @classmethod
    def unsuccessful(cls, message: str) -> AuthenticationResult:
        """Refuse a name that is known; another realm may know it too."""
        return cls(AuthenticationStatus.CONTINUE, None, message)

    @classmethod
    def terminate(cls, message: str) -> AuthenticationResult:
        """Refuse, and let no other realm be asked."""
        return cls(AuthenticationStatus.TERMINATE, None, message)


class UsernamePasswordToken:
    """
    A name and a password, as presented.

    The password is in neither ``repr`` nor ``str``, and a token refuses to be pickled.

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
            value: ``Basic`` and base64 of ``name:password``; or all values of a header that was
                sent more than once; or None if there is none.

        Returns:
            None if the header is missing or of another scheme: other ways to log in may follow.
            Name and password may be empty.

        Raises:
            InvalidAuthorizationHeaderError: If it is of this scheme and cannot be read, or if it
                was sent with different values. Its ``status`` is what to answer over HTTP.

        Source:
            ``UsernamePasswordToken.extractToken``. Bytes that are no UTF-8 become U+FFFD, of
            which Python counts more than Java does for an encoded surrogate.
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
            InvalidUsernameError: If the name holds a colon, at which a reader would cut it off.

        Source:
            ``UsernamePasswordToken.basicAuthHeaderValue``.
        """
        if ":" in self.principal:
            raise InvalidUsernameError(self.principal, "must not hold [:], which ends it in HTTP")
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
        raise TypeError("a token holds a password and is not to be pickled")


def _single(value: str | Iterable[str] | None) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bytes):
        raise TypeError("a header must be text: decode its bytes as latin-1")
    values = set(value)
    if len(values) > 1:
        raise InvalidAuthorizationHeaderError("sent more than once, with different values", 400)
    return values.pop() if values else None


def _has_scheme(header: str) -> bool:
    return header[: len(_SCHEME)].lower() == _SCHEME.lower()
