"""The realm of the users that Elasticsearch brings along, whose passwords are not in files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ..._ground.showing import shown
from ...names import reserved_usernames
from ..base import AuthenticationResult, User, UsernamePasswordToken

if TYPE_CHECKING:
    from ..request import Request

__all__ = ["ReservedRealm"]

_FIRST: Final = -(2**31)


class ReservedRealm:
    """
    Keeps reserved names from every other realm, and lets in nobody.

    A node has the passwords of these users in an index, which nobody sees here. A program that does
    see them gives a realm of its own in place of this one.

    Args:
        anonymous_username: The name of the anonymous user, which is reserved too.

    Source:
        ``ReservedRealm``, ``ClientReservedRealm``.
    """

    name: Final = "reserved"
    type: Final = "reserved"
    order: Final = _FIRST
    is_prompt: Final = True

    def __init__(self, anonymous_username: str) -> None:
        self._names = reserved_usernames(
            allow_reserved=False, anonymous_username=anonymous_username
        )

    def token(self, request: Request) -> UsernamePasswordToken | None:
        """Read HTTP Basic, as every realm of names and passwords does."""
        return UsernamePasswordToken.from_basic_header(request.values("authorization"))

    def supports(self, token: object) -> bool:
        """Check whether *token* is a name and a password."""
        return isinstance(token, UsernamePasswordToken)

    def authenticate(self, token: UsernamePasswordToken) -> AuthenticationResult:
        """Refuse a reserved name for good, and leave any other to the next realm."""
        if not self.keeps(token.principal):
            return AuthenticationResult.not_handled()
        message = f"the password of the reserved user [{shown(token.principal)}] is not known here"
        return AuthenticationResult.terminate(message, "reserved_user")

    def lookup_user(self, username: str) -> User | None:
        """Return a reserved user as disabled, so that no other realm is asked."""
        return User(username, enabled=False) if self.keeps(username) else None

    def keeps(self, username: str) -> bool:
        """Check whether a name is reserved, so that this realm has to be asked before others."""
        return username in self._names

    def usage_stats(self) -> dict[str, object]:
        """Return what a node reports about every realm."""
        return {"name": self.name, "order": self.order}
