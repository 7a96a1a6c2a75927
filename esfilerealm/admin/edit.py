"""Both files in memory, and what they become by a number of changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._ground.showing import shown_name
from .._ground.values import ReadOnlyDict
from ..errors import InvalidRoleNameError, InvalidUsernameError, UserExistsError, UserNotFoundError
from ..formats.realm import ParsedRealm
from ..formats.users_editor import UsersEditor
from ..formats.users_roles_editor import UsersRolesEditor
from ..results import UserChanges

if TYPE_CHECKING:
    from collections.abc import Collection
    from typing import NoReturn

    from .._storage import FileContent, RealmFiles
    from ..settings import RealmSettings

__all__ = ["RealmEdit"]


class RealmEdit:
    """
    Changes of users in both files; nothing is written.

    Its methods raise ``UserNotFoundError`` or ``UserExistsError`` if a change cannot be made.

    Attributes:
        files: The files before the changes.

    Raises:
        FileFormatError: If a file is not UTF-8.
    """

    def __init__(self, files: RealmFiles, settings: RealmSettings) -> None:
        self.files = files
        self._users = UsersEditor(files.users.data, source=files.users.path, **settings.name_rules)
        self._users_roles = UsersRolesEditor(files.users_roles.data, source=files.users_roles.path)
        self._new_hashes: dict[str, str | None] = {}
        self._new_roles: dict[str, tuple[str, ...]] = {}
        self._whole: tuple[bytes, bytes] | None = None
        self._name_rules = settings.name_rules

    def __reduce__(self) -> NoReturn:
        raise TypeError("an edit holds password hashes and cannot be pickled")

    def require_user(self, username: str) -> None:
        """Raise ``UserNotFoundError`` if there is no such user."""
        if not self._has(username):
            raise UserNotFoundError(username, self.files.users.path)

    def require_no_user(self, username: str) -> None:
        """Raise ``UserExistsError`` if there is such a user."""
        if self._has(username):
            raise UserExistsError(username, self.files.users.path)

    def _has(self, username: str) -> bool:
        if username in self._new_hashes:
            return self._new_hashes[username] is not None
        return self._users.hash_of(username) is not None

    def add_user(self, username: str, password_hash: str, roles: tuple[str, ...]) -> None:
        """Add a user with exactly *roles*, even if ``users_roles`` gives that name other roles."""
        self.require_no_user(username)
        self._new_hashes[username] = password_hash
        self._new_roles[username] = roles

    def is_orphan(self, username: str) -> bool:
        """Check whether a name has roles and is not a user."""
        return not self._has(username) and bool(self.roles_of(username))

    def remove_user(self, username: str) -> None:
        """Remove a user and its roles, or the roles of a name that is not a user."""
        if not self.is_orphan(username):
            self.require_user(username)
            self._new_hashes[username] = None
        self._new_roles[username] = ()

    def remove_orphan(self, username: str) -> None:
        """Remove the roles of a name, unless it has become a user."""
        if self.is_orphan(username):
            self._new_roles[username] = ()

    def set_hash(self, username: str, password_hash: str) -> None:
        """Change the hash of a user."""
        self.require_user(username)
        self._new_hashes[username] = password_hash

    def replace_hash(self, username: str, old: str, new: str) -> None:
        """Change a hash only if it is still *old*; the file may have changed meanwhile."""
        if self._users.hash_of(username) == old:
            self._new_hashes[username] = new

    def change_roles(
        self, username: str, add: Collection[str], remove: Collection[str]
    ) -> tuple[str, ...]:
        """Add roles, then remove roles, so that a role in both is removed; return the result."""
        self.require_user(username)
        before = self.roles_of(username)
        after = tuple(role for role in dict.fromkeys((*before, *add)) if role not in remove)
        self._new_roles[username] = after
        return after

    def roles_of(self, username: str) -> tuple[str, ...]:
        """Return the roles of a user, changes included."""
        if username in self._new_roles:
            return self._new_roles[username]
        return self._users_roles.roles_of(username)

    def go_back_to(self, users: FileContent, users_roles: FileContent) -> None:
        """Restore both files, byte for byte, from an earlier version."""
        old = self._parsed(*self.files.both)
        new = self._parsed(users, users_roles)
        self._whole = users.data, users_roles.data
        self._new_hashes = {name: new.hashes.get(name) for name in {**old.hashes, **new.hashes}}
        names = {**old.roles_by_user, **new.roles_by_user}
        self._new_roles = {name: new.roles_of(name) for name in names}

    def _parsed(self, users: FileContent, users_roles: FileContent) -> ParsedRealm:
        sources = (users.path, users_roles.path)
        return ParsedRealm.parse(users.data, users_roles.data, sources=sources, **self._name_rules)

    def user_changes(self) -> UserChanges:
        """Return which users are added, removed or changed."""
        added, removed, passwords, roles, orphans = {}, [], [], {}, []
        for name in {**self._new_hashes, **self._new_roles}:
            old = self._users.hash_of(name)
            new = self._new_hashes.get(name, old)
            before, after = self._users_roles.roles_of(name), self.roles_of(name)
            if old is None and new is not None:
                added[name] = after
            elif old is not None and new is None:
                removed.append(name)
            elif old is not None:
                if new != old:
                    passwords.append(name)
                if set(before) != set(after):
                    roles[name] = (before, after)
            elif before and not after:
                orphans.append(shown_name(name))
        return UserChanges(
            ReadOnlyDict(added),
            tuple(removed),
            tuple(passwords),
            ReadOnlyDict(roles),
            tuple(orphans),
        )

    def edited(self) -> list[tuple[FileContent, bytes]]:
        """
        Return what to write, in order: files with their new content; empty if nothing changes.

        A node may read between two writes, and must never see anybody with more rights than before
        or after. So ``users_roles`` comes first, with the roles of new users; then ``users``. If
        both the password and the roles of a user change, the user has only the roles common to both
        states in between, and gets the others by a third write. Mere removals begin with ``users``.
        """
        users, users_roles = self.files.users, self.files.users_roles
        interim = self._interim_roles()
        first = self._interim(interim)
        if self._whole is not None:
            new_users, last = self._whole
        else:
            new_users = self._users.edited(self._new_hashes)
            same = interim == self._new_roles
            last = first if same else self._users_roles.edited(self._new_roles)
        steps = [
            (users_roles, users_roles.data, first),
            (users, users.data, new_users),
            (users_roles, first, last),
        ]
        return [(file, after) for file, before, after in steps if after != before]

    def _interim(self, roles: dict[str, tuple[str, ...]]) -> bytes:
        """Return ``users_roles`` as it stands while ``users`` is replaced."""
        try:
            return self._users_roles.edited(roles)
        except (InvalidUsernameError, InvalidRoleNameError):
            if self._whole is None:
                raise
            return (
                b""  # an old file holds a name that cannot be written; without roles, nobody gains
            )

    def _interim_roles(self) -> dict[str, tuple[str, ...]]:
        """Return the roles that stand in ``users_roles`` while ``users`` is replaced."""
        interim = dict(self._new_roles)
        removed = []
        for name, after in self._new_roles.items():
            old_hash = self._users.hash_of(name)
            new_hash = self._new_hashes.get(name, old_hash)
            if new_hash is None:
                removed.append(name)
            elif old_hash is not None and new_hash != old_hash:
                kept = frozenset(after)
                before = self._users_roles.roles_of(name)
                interim[name] = tuple(role for role in before if role in kept)
        if len(removed) == len(interim):
            # Only removals: the users are removed first. Among other changes, their roles may be
            # removed first, which leaves them with less for a moment and saves a third write.
            return {}
        return interim
