"""A realm that a program brings along, whose every answer a test decides."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from esfilerealm import AuthenticationResult, User, UsernamePasswordToken

if TYPE_CHECKING:
    from collections.abc import Mapping

    from esfilerealm.realms import Request


class ProgramRealm:
    """
    Users in a dictionary, from name to password.

    Attributes:
        asked: The tokens that came to ``authenticate``.
    """

    type = "program"

    def __init__(self, name: str, passwords: Mapping[str, str] = {}, *, order: int = 0) -> None:
        self.name = name
        self.order = order
        self.passwords = dict(passwords)
        self.asked: list[Any] = []

    def token(self, request: Request) -> UsernamePasswordToken | None:
        return UsernamePasswordToken.from_basic_header(request.values("Authorization"))

    def supports(self, token: object) -> bool:
        return isinstance(token, UsernamePasswordToken)

    def authenticate(self, token: UsernamePasswordToken) -> AuthenticationResult:
        self.asked.append(token)
        password = self.passwords.get(token.principal)
        if password is None:
            return AuthenticationResult.not_handled()
        if password != token.credentials:
            return AuthenticationResult.unsuccessful("wrong password")
        return AuthenticationResult.success(User(token.principal, (self.name,)))

    def lookup_user(self, username: str) -> User | None:
        return User(username, (self.name,)) if username in self.passwords else None

    def usage_stats(self) -> dict[str, object]:
        return {"name": self.name, "size": len(self.passwords)}
