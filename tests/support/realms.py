"""Realms that a program brings along, whose every answer a test decides."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from esfilerealm import AuthenticationResult, User, UsernamePasswordToken

if TYPE_CHECKING:
    from collections.abc import Mapping

    from esfilerealm.realms import Request

#: What makes a scripted realm raise.
RAISES = "raises"


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


class AsyncRealm(ProgramRealm):
    """The same, and it can only be awaited."""

    async def authenticate(self, token: UsernamePasswordToken) -> AuthenticationResult:  # type: ignore[override]
        return super().authenticate(token)


class Token:
    """Credentials of a kind that only tests know."""

    def __init__(self, principal: str = "u") -> None:
        self.principal = principal


class ScriptedRealm:
    """
    Answers as it is told: by a value, or by raising it if that is an exception.

    Attributes:
        answers: From the name of a method to what it returns; by default it is never concerned.
        asked: The names of the methods that were called.
    """

    type = "scripted"
    order = 0

    def __init__(self, name: str, *, is_prompt: bool = False, **answers: object) -> None:
        self.name = name
        self.is_prompt = is_prompt
        self.answers = answers
        self.asked: list[str] = []

    def _answer(self, method: str, otherwise: object) -> Any:
        self.asked.append(method)
        answer = self.answers.get(method, otherwise)
        if isinstance(answer, BaseException):
            raise answer.with_traceback(None)
        return answer() if callable(answer) else answer

    def token(self, request: Request) -> Any:
        return self._answer("token", None)

    def supports(self, token: object) -> Any:
        return self._answer("supports", True)

    def authenticate(self, token: object) -> Any:
        return self._answer("authenticate", AuthenticationResult.not_handled())

    def lookup_user(self, username: str) -> Any:
        return self._answer("lookup_user", None)

    def usage_stats(self) -> dict[str, object]:
        return {"name": self.name, "order": self.order}
