"""Both files in memory, and what they become by a number of changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._ground import moments
from .._ground.locked import is_locked
from .._ground.showing import shown_name
from .._storage import FileContent
from ..errors import (
    InvalidRoleNameError,
    InvalidUsernameError,
    NoKeptHashError,
    UserExistsError,
    UserNotFoundError,
)
from ..formats.realm import ParsedRealm
from ..formats.users_editor import UsersEditor
from ..formats.users_roles_editor import UsersRolesEditor
from .account_edit import over_remark

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime
    from typing import NoReturn

    from .._storage import Account, RealmFiles
    from ..settings import RealmSettings
    from .account_edit import AccountEdit

__all__ = ["RealmEdit"]


class RealmEdit:
    """
    Changes of users in both files; nothing is written.

    Its methods raise ``UserNotFoundError`` or ``UserExistsError`` if a change cannot be made.

    Attributes:
        files: The files before the changes.
        accounts: The record of users that are locked or expire, with the changes of it.
        over: The users whose time is over. They count as removed, whatever a file says.

    Raises:
        FileFormatError: If a file is not UTF-8.
    """

    def __init__(self, files: RealmFiles, settings: RealmSettings, accounts: AccountEdit) -> None:
        self.files = files
        self.accounts = accounts
        self._users = UsersEditor(files.users.data, source=files.users.path, **settings.name_rules)
        self._users_roles = UsersRolesEditor(files.users_roles.data, source=files.users_roles.path)
        self._new_hashes: dict[str, str | None] = {}
        self._new_roles: dict[str, tuple[str, ...]] = {}
        self._whole: tuple[bytes, bytes] | None = None
        self._name_rules = settings.name_rules
        self.over: frozenset[str] = frozenset()
        self._said: dict[str, None] = {}

    def __reduce__(self) -> NoReturn:
        raise TypeError("an edit holds password hashes and cannot be pickled")

    def require_user(self, username: str) -> None:
        """Raise ``UserNotFoundError`` if there is no such user."""
        if not self._has(username):
            raise UserNotFoundError(username, self.files.users.path)

    def require_no_user(self, username: str) -> None:
        """Raise ``UserExistsError`` if there is such a user whose time is not over."""
        if self._has(username) and not self._is_over(username):
            raise UserExistsError(username, self.files.users.path)

    def _has(self, username: str) -> bool:
        return self.hash_of(username) is not None

    def _is_over(self, username: str) -> bool:
        account = self.accounts.before(username)
        return username not in self._new_hashes and account.is_over(moments.now())

    def hash_of(self, username: str) -> str | None:
        """Return the stored hash of a user after the changes; None if there is no such user."""
        if username in self._new_hashes:
            return self._new_hashes[username]
        return self._users.hash_of(username)

    def hashes_of(self, username: str) -> tuple[str | None, str | None]:
        """Return the stored hash of a user before and after the changes."""
        return self._users.hash_of(username), self.hash_of(username)

    def expire(self) -> None:
        """Remove the users whose time is over, before all other changes."""
        record = self.accounts.found
        self.over = record.due(moments.now()) if record.by_name else frozenset()
        for name in self.over:
            if self._users.hash_of(name) is not None:
                self._new_hashes[name] = None
                self._new_roles[name] = ()

    def add_user(
        self,
        username: str,
        password_hash: str,
        roles: tuple[str, ...],
        account: Account | None = None,
    ) -> None:
        """Add a user with exactly *roles*, even if ``users_roles`` gives that name other roles."""
        self.require_no_user(username)
        self._new_hashes[username] = password_hash
        self._new_roles[username] = roles
        if account is not None:
            self.accounts.require()
        self.accounts.set(username, account)

    def is_orphan(self, username: str) -> bool:
        """Check whether a name has roles and is not a user."""
        return not self._has(username) and bool(self.roles_of(username))

    def remove_user(self, username: str) -> None:
        """Remove a user and its roles, or the roles of a name that is not a user."""
        if username in self.over and not self._has(username):
            return
        if not self.is_orphan(username):
            self.require_user(username)
            self._new_hashes[username] = None
        self._new_roles[username] = ()

    def remove_orphan(self, username: str) -> None:
        """Remove the roles of a name, unless it has become a user."""
        if self.is_orphan(username):
            self._new_roles[username] = ()

    def set_hash(self, username: str, password_hash: str) -> None:
        """Change the hash of a user; one who is locked stays so, and gets it when unlocked."""
        stored = self.required_hash_of(username)
        if is_locked(password_hash):
            self.lock(username, password_hash)
        elif is_locked(stored):
            self.accounts.keep(username, password_hash, moments.now().time)
            self._say(
                f"user [{shown_name(username)}] stays locked, and can log in with the new password "
                "once it is unlocked (unlock)"
            )
        else:
            self._new_hashes[username] = password_hash

    def required_hash_of(self, username: str) -> str:
        """Return the stored hash of a user, or raise ``UserNotFoundError``."""
        self.require_user(username)
        return self.hash_of(username) or ""

    def lock(self, username: str, mark: str) -> None:
        """Replace the hash of a user by *mark*, unless the user is locked already."""
        stored = self.required_hash_of(username)
        if not is_locked(stored):
            self.accounts.keep(username, stored, moments.now().time)
            self._new_hashes[username] = mark

    def unlock(self, username: str) -> None:
        """
        Give a user the hash back that it had before it was locked, or got since.

        Raises:
            NoKeptHashError: If nobody kept it.
        """
        stored = self.required_hash_of(username)
        if is_locked(stored):
            self.accounts.require()
            kept = self.accounts.after(username).kept_hash
            if kept is None:
                raise NoKeptHashError(username, self.accounts.found.file.path)
            self._new_hashes[username] = kept

    def set_expiry(self, username: str, expires: datetime | None, moment: moments.Moment) -> None:
        """Set or drop the time of a user."""
        self.require_user(username)
        self.accounts.set_expiry(username, expires, moment)

    def _say(self, remark: str) -> None:
        self._said[remark] = None

    @property
    def remarks(self) -> tuple[str, ...]:
        """What somebody should know of the changes, one sentence each."""
        gone = over_remark(self.expired)
        said = *self._said, *filter(None, [gone]), *self.accounts.remarks(self.hashes_of)
        return tuple(said)

    @property
    def expired(self) -> tuple[str, ...]:
        """The users that are removed since their time is over."""
        return tuple(name for name in sorted(self.over) if self._users.hash_of(name) is not None)

    def replace_hash(self, username: str, old: str, new: str) -> None:
        """Change a hash only if it is still *old*; the file may have changed meanwhile."""
        if self.hash_of(username) == old:
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

    def roles_before(self, username: str) -> tuple[str, ...]:
        """Return the roles of a user before the changes."""
        return self._users_roles.roles_of(username)

    def roles_of(self, username: str) -> tuple[str, ...]:
        """Return the roles of a user, changes included."""
        if username in self._new_roles:
            return self._new_roles[username]
        return self._users_roles.roles_of(username)

    def go_back_to(self, users: FileContent, users_roles: FileContent) -> None:
        """Restore both files, byte for byte but for users whose time is over, from a version."""
        old = self._parsed(*(file.data for file in self.files.both))
        self._whole = self._without_over(users, users_roles)
        new = self._parsed(*self._whole)
        self._new_hashes = {name: new.hashes.get(name) for name in {**old.hashes, **new.hashes}}
        names = {**old.roles_by_user, **new.roles_by_user}
        self._new_roles = {name: new.roles_of(name) for name in names}

    def _without_over(self, users: FileContent, users_roles: FileContent) -> tuple[bytes, bytes]:
        """Return both files of a version without the users whose time is over."""
        editor = UsersEditor(users.data, source=users.path, **self._name_rules)
        gone = [name for name in self.over if editor.hash_of(name) is not None]
        if not gone:
            return users.data, users_roles.data
        roles = UsersRolesEditor(users_roles.data, source=users_roles.path)
        return editor.edited(dict.fromkeys(gone)), roles.edited(dict.fromkeys(gone, ()))

    @property
    def version(self) -> tuple[FileContent, FileContent] | None:
        """
        What an earlier version of both files is to hold; None for what they hold.

        Nobody whose time is over is in it, so that no undo brings them back.
        """
        if not self.expired:
            return None
        before = self.files.both
        users, users_roles = (
            FileContent(file.path, (data,), file.stat)
            for file, data in zip(before, self._without_over(*before), strict=True)
        )
        return users, users_roles

    def _parsed(self, users: bytes, users_roles: bytes) -> ParsedRealm:
        sources = (self.files.users.path, self.files.users_roles.path)
        return ParsedRealm.parse(users, users_roles, sources=sources, **self._name_rules)

    @property
    def touched(self) -> tuple[str, ...]:
        """All names that a change is about."""
        about = {**self._new_hashes, **self._new_roles, **dict.fromkeys(self.accounts.changed)}
        return tuple(about)

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
