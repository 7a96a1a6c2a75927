"""Both files in memory, and what they are to become."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Generic, TypeVar

from .errors import UserExistsError, UserNotFoundError
from .formats.users import edit_users, find_users, parse_users
from .formats.users_roles import edit_users_roles, find_users_roles, parse_users_roles

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from ._storage.read import FileContent, RealmFiles
    from .settings import RealmSettings

__all__ = ["Draft"]

T = TypeVar("T")

#: So many questions are answered by searching a file, each anew; the next one parses it whole.
_SEARCHES: Final = 8


class Draft:
    """
    The state after some changes to *files*; nothing is written.

    Its methods raise ``UserNotFoundError`` or ``UserExistsError`` where a change cannot be made,
    and ``FileFormatError`` if a file is not UTF-8.
    """

    def __init__(self, files: RealmFiles, settings: RealmSettings) -> None:
        self._files = files
        self._rules = settings.name_rules
        users, users_roles = files.users, files.users_roles
        source = {"source": users.path}
        self._hashes = _Overlay[str](
            lambda names: find_users(users.data, names, **source, **self._rules),
            lambda: parse_users(users.data, **source, **self._rules).users,
        )
        self._roles = _Overlay[tuple[str, ...]](
            lambda names: find_users_roles(users_roles.data, names, source=users_roles.path),
            lambda: parse_users_roles(users_roles.data, source=users_roles.path).roles_by_user,
        )
        self._adds_users = False

    def require_user(self, username: str) -> None:
        """Raise if there is no such user."""
        if self._hashes.get(username) is None:
            raise UserNotFoundError(username, self._files.users.path)

    def require_no_user(self, username: str) -> None:
        """Raise if there is such a user."""
        if self._hashes.get(username) is not None:
            raise UserExistsError(username, self._files.users.path)

    def add_user(self, username: str, password_hash: str, roles: tuple[str, ...]) -> None:
        """Add a user with just *roles*, whatever ``users_roles`` gives its name already."""
        self.require_no_user(username)
        self._adds_users = True
        self._hashes.changes[username] = password_hash
        self._roles.changes[username] = roles

    def remove_user(self, username: str) -> None:
        """Remove a user and its roles."""
        self.require_user(username)
        self._hashes.changes[username] = None
        self._roles.changes[username] = None

    def set_hash(self, username: str, password_hash: str) -> None:
        """Change the hash of a user."""
        self.require_user(username)
        self._hashes.changes[username] = password_hash

    def change_roles(
        self, username: str, add: Collection[str], remove: Collection[str]
    ) -> tuple[str, ...]:
        """Add, then remove, so that a role in both ends up removed; returns all that are left."""
        self.require_user(username)
        before = self._roles.get(username) or ()
        after = tuple(role for role in dict.fromkeys((*before, *add)) if role not in remove)
        self._roles.changes[username] = after
        return after

    def edited(self) -> list[tuple[FileContent, bytes]]:
        """
        Give the files that change, with their new content, in the order to replace them.

        A node may poll between the two replaces. It must not see a new user with roles that stood
        in ``users_roles`` before, nor a removed user for longer than needed.
        """
        users, users_roles = self._files.users, self._files.users_roles
        new_users = edit_users(users.data, self._hashes.changes, source=users.path, **self._rules)
        new_roles = edit_users_roles(users_roles.data, self._roles.changes, source=users_roles.path)
        files = [(users, new_users), (users_roles, new_roles)]
        if self._adds_users:
            files.reverse()
        return [(file, data) for file, data in files if data != file.data]


class _Overlay(Generic[T]):
    """
    Values by name as a file has them, below changes to them.

    Attributes:
        changes: From name to its new value, or None for none.
    """

    def __init__(
        self,
        find: Callable[[Collection[str]], Mapping[str, T]],
        parse: Callable[[], Mapping[str, T]],
    ) -> None:
        self.changes: dict[str, T | None] = {}
        self._find = find
        self._parse = parse
        self._searches = 0
        self._parsed: Mapping[str, T] | None = None

    def get(self, name: str) -> T | None:
        if name in self.changes:
            return self.changes[name]
        return self._values(name).get(name)

    def _values(self, name: str) -> Mapping[str, T]:
        if self._parsed is None and self._searches < _SEARCHES:
            self._searches += 1
            return self._find([name])
        if self._parsed is None:
            self._parsed = self._parse()
        return self._parsed
