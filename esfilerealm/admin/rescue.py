"""
Emergency access: a user with a random name and password, for a short time.

The time stands in a file of the same unit as the user, so whoever uses the folder next removes the
user, even if the process that made it is killed.
"""

from __future__ import annotations

import secrets
import string
import time
from datetime import timedelta
from typing import TYPE_CHECKING, Final, Protocol

from .._ground import moments
from ..errors import FileRealmError, RescueRefusedError, UserNotFoundError
from .obstacles import rescue_obstacles

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from types import TracebackType
    from typing import NoReturn

    from ..results import WriteResult
    from ..settings import RealmSettings
    from .transaction import Transaction

__all__ = ["Rescue", "RescueUser"]

_TTL: Final = timedelta(minutes=10)
_PREFIX: Final = "rescue-"
_NAME_LETTERS: Final = string.ascii_lowercase + string.digits
_NAME_LENGTH: Final = 10
_LETTERS: Final = string.ascii_letters + string.digits
#: 131 bits. FIPS mode wants at least 14 characters.
_PASSWORD_LENGTH: Final = 22


class RescueUser:
    """
    A user for an emergency.

    Attributes:
        username: Random; it begins with ``rescue-``.
        password: Random, of at least 128 bits. ``repr`` does not show it.
        expires: When its time is over, in UTC.
    """

    __slots__ = ("expires", "password", "username")

    def __init__(self, username: str, password: str, expires: datetime) -> None:
        self.username = username
        self.password = password
        self.expires = expires

    def __repr__(self) -> str:
        return f"<RescueUser [{self.username}] until {moments.shown_time(self.expires)}>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a rescue user holds a password and cannot be pickled")


class _Tool(Protocol):
    """What a rescue needs of a ``UsersTool``."""

    config_dir: str
    settings: RealmSettings

    def transaction(self) -> Transaction:
        """Return a context manager for changes."""

    def list_users(self) -> dict[str, tuple[str, ...]]:
        """Return the roles of every user."""

    def userdel(self, username: str) -> object:
        """Remove a user."""


class Rescue:
    """
    A context manager that makes a user for an emergency, and removes it. Made by ``UsersTool``.

    Entering it checks that the node would let the user in, and makes the user. Leaving it, by an
    exception too, removes the user; whoever leaves it again does no harm.

    Args:
        tool: Writes the files.

        ttl: How long the user lasts at most; None for 10 minutes.

        roles: Its roles.

        check: Whether to ask for obstacles first; see ``rescue_obstacles``.

    Attributes:
        result: Of the write that made the user; None before.

    Raises:
        InvalidExpiryError: If *ttl* is not above 0, or too long.
    """

    def __init__(
        self,
        tool: _Tool,
        ttl: timedelta | None,
        roles: Iterable[str],
        *,
        check: bool = True,
    ) -> None:
        ttl = _TTL if ttl is None else ttl
        self._since = moments.now()
        moments.expiry_of(ttl, self._since)
        self.result: WriteResult | None = None
        self._tool = tool
        self._ttl = ttl
        self._roles = roles
        self._checks = check
        self._username = _PREFIX + _random(_NAME_LETTERS, _NAME_LENGTH)
        self._is_kept = False
        self._started = time.monotonic()

    def __repr__(self) -> str:
        return f"<Rescue [{self._username}] of {self._tool.config_dir!r}>"

    def __enter__(self) -> RescueUser:
        if self._checks:
            self._require_way_in()
        try:
            return self._add()
        except BaseException:
            self.remove()
            raise

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._is_kept:
            return
        try:
            self.remove()
        except KeyboardInterrupt:  # the user has to go first
            self.remove()
            raise

    def remove(self) -> None:
        """
        Remove the user, if it is there.

        Raises:
            FileRealmError: If that is impossible; its time removes it later.
        """
        try:
            if self._username not in self._tool.list_users():
                return
        except FileRealmError:
            if self.result is None:
                return  # nothing was made, and the first error says why
        try:
            self._tool.userdel(self._username)
        except UserNotFoundError:  # somebody else has removed it, since its time is over
            return

    def keep(self) -> None:
        """Leave the user there when the block ends: then its time is all that removes it."""
        self._is_kept = True

    def seconds_left(self) -> float:
        """
        Return how long the user lasts, by the clock that says the least.

        The clock of the system may be set meanwhile. The one that counts from the start of the
        system goes on while the computer sleeps.
        """
        now, ttl = moments.now(), self._ttl.total_seconds()
        left = [
            ttl - (now.time - self._since.time).total_seconds(),
            ttl - (time.monotonic() - self._started),
        ]
        if now.uptime is not None and self._since.uptime is not None:
            left.append(ttl - (now.uptime - self._since.uptime))
        return min(left)

    def _require_way_in(self) -> None:
        tool = self._tool
        version = tool.settings.elasticsearch_version
        obstacles = rescue_obstacles(tool.config_dir, elasticsearch_version=version)
        certain = tuple(str(obstacle) for obstacle in obstacles if obstacle.is_certain)
        if certain:
            raise RescueRefusedError(certain)

    def _add(self) -> RescueUser:
        password = _random(_LETTERS, _PASSWORD_LENGTH)
        self._since, self._started = moments.now(), time.monotonic()
        expires = self._since.time + self._ttl
        with self._tool.transaction() as change:
            change.useradd(
                self._username, password, roles=self._roles, expires=expires, is_emergency=True
            )
        self.result = change.result
        return RescueUser(self._username, password, expires)


def _random(letters: str, length: int) -> str:
    return "".join(secrets.choice(letters) for _ in range(length))
