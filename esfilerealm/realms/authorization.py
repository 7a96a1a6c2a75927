"""Authorization realms: other realms that know the roles of users whom a realm authenticates."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Protocol

from .._ground.showing import shown
from ..errors import InvalidSettingError
from .base import AuthenticationResult, is_user

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from .base import User

__all__ = ["AuthorizationRealms", "KnowsUsers"]


class KnowsUsers(Protocol):
    """What has to be known of a realm that is asked for roles. Every ``Realm`` has it."""

    @property
    def name(self) -> str:
        """The name of the realm in the settings of the node."""

    def lookup_user(self, username: str, /) -> User | None:
        """Return a user without checking credentials, or None for an unknown user."""


class AuthorizationRealms:
    """
    The realms that a realm asks for the roles of its users.

    Args:
        names: Their names, in the order in which they are asked.

        realms: All realms that there are.

        key: The setting that names them, for errors.

        where: Where it is set.

    Raises:
        InvalidSettingError: If there is no realm of one of the names, or if it asks others itself,
            or if its ``lookup_user`` is a coroutine.

    Source:
        ``DelegatedAuthorizationSupport``. There, a license may forbid them.
    """

    def __init__(
        self, names: Sequence[str], realms: Iterable[KnowsUsers], *, key: str, where: str
    ) -> None:
        known = {realm.name: realm for realm in realms}
        for name in names:
            rule = None
            if name not in known:
                there = ", ".join(f"[{other}]" for other in known) or "none"
                rule = (
                    f"the realm does not exist, or is not given by the program; there are: {there}"
                )
            elif getattr(known[name], "has_authorization_realms", False):
                rule = "that realm is already delegating authorization to others itself"
            elif inspect.iscoroutinefunction(known[name].lookup_user):
                rule = "the users of that realm can only be awaited: give one that answers at once"
            if rule is not None:
                raise InvalidSettingError(key, name, rule, where)
        self._realms = tuple(known[name] for name in names)

    def __iter__(self) -> Iterator[KnowsUsers]:
        return iter(self._realms)

    def __repr__(self) -> str:
        return f"<AuthorizationRealms {[realm.name for realm in self._realms]}>"

    def __bool__(self) -> bool:
        return bool(self._realms)

    def authorize(self, username: str) -> AuthenticationResult:
        """Return the user as the first realm knows it that does, with its roles."""
        if not self._realms:
            message = "No [authorization_realms] have been configured"
            return AuthenticationResult.unsuccessful(message, "unknown_user")
        for realm in self._realms:
            user = realm.lookup_user(username)
            if user is not None:
                return _authorized(user, username, realm.name)
        names = ", ".join(f"[{realm.name}]" for realm in self._realms)
        message = (
            f"the principal [{shown(username)}] was authenticated, but no user could be found in "
            f"realms {names}"
        )
        return AuthenticationResult.unsuccessful(message, "not_authorized")


def _authorized(user: object, username: str, realm: str) -> AuthenticationResult:
    """Accept a user if it is the one in question; a realm of a program may answer anything."""
    if is_user(user) and user.username == username:
        return AuthenticationResult.success(user)
    message = f"realm [{shown(realm)}] did not answer with the user [{shown(username)}]"
    return AuthenticationResult.unsuccessful(message, "not_authorized")
