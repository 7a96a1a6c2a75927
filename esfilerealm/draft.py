"""Both files in memory, and what they are to become."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .errors import UserExistsError, UserNotFoundError
from .formats.users_editor import UsersEditor
from .formats.users_roles_editor import UsersRolesEditor

if TYPE_CHECKING:
    from collections.abc import Collection

    from ._storage.read import FileContent, RealmFiles
    from .settings import RealmSettings

__all__ = ["Draft"]


class Draft:
    """
    The state after some changes to *files*; nothing is written.

    Its methods raise ``UserNotFoundError`` or ``UserExistsError`` where a change cannot be made.

    Attributes:
        files: What it was made from.

    Raises:
        FileFormatError: If a file is not UTF-8.
    """

    def __init__(self, files: RealmFiles, settings: RealmSettings) -> None:
        self.files = files
        self._users = UsersEditor(files.users.data, source=files.users.path, **settings.name_rules)
        self._users_roles = UsersRolesEditor(files.users_roles.data, source=files.users_roles.path)
        self._new_hashes: dict[str, str | None] = {}
        self._new_roles: dict[str, tuple[str, ...]] = {}
        self._adds_users = False

    def require_user(self, username: str) -> None:
        """Raise if there is no such user."""
        if not self._has(username):
            raise UserNotFoundError(username, self.files.users.path)

    def require_no_user(self, username: str) -> None:
        """Raise if there is such a user."""
        if self._has(username):
            raise UserExistsError(username, self.files.users.path)

    def _has(self, username: str) -> bool:
        if username in self._new_hashes:
            return self._new_hashes[username] is not None
        return self._users.hash_of(username) is not None

    def add_user(self, username: str, password_hash: str, roles: tuple[str, ...]) -> None:
        """Add a user with just *roles*, whatever ``users_roles`` gives its name already."""
        self.require_no_user(username)
        self._adds_users = True
        self._new_hashes[username] = password_hash
        self._new_roles[username] = roles

    def remove_user(self, username: str) -> None:
        """Remove a user and its roles."""
        self.require_user(username)
        self._new_hashes[username] = None
        self._new_roles[username] = ()

    def set_hash(self, username: str, password_hash: str) -> None:
        """Change the hash of a user."""
        self.require_user(username)
        self._new_hashes[username] = password_hash

    def change_roles(
        self, username: str, add: Collection[str], remove: Collection[str]
    ) -> tuple[str, ...]:
        """Add, then remove, so that a role in both ends up removed; returns all that are left."""
        self.require_user(username)
        before = self._new_roles.get(username)
        if before is None:
            before = self._users_roles.roles_of(username)
        after = tuple(role for role in dict.fromkeys((*before, *add)) if role not in remove)
        self._new_roles[username] = after
        return after

    def edited(self) -> list[tuple[FileContent, bytes]]:
        """
        Give the files that change, with their new content, in the order to replace them.

        A node may poll between the two replaces. It must not see a new user with roles that stood
        in ``users_roles`` before, nor a removed user for longer than needed.
        """
        files = [
            (self.files.users, self._users.edited(self._new_hashes)),
            (self.files.users_roles, self._users_roles.edited(self._new_roles)),
        ]
        if self._adds_users:
            files.reverse()
        return [(file, data) for file, data in files if data != file.data]
