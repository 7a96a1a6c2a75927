"""The administrator of a file realm: adds, removes, changes and lists its users."""

from __future__ import annotations

import os

from ._storage.locate import RealmPaths
from ._storage.read import RealmFiles, read_file
from .errors import (
    FileRealmError,
    InvalidHashError,
    InvalidPasswordError,
    UserNotFoundError,
)
from .formats.users import parse_users
from .formats.users_roles import parse_users_roles
from .settings import RealmSettings
from .validation import RESERVED_ROLE_NAMES

__all__ = ["RealmListing", "UsersTool"]

TYPE_CHECKING = False  # as in `validation`
if TYPE_CHECKING:
    from collections.abc import Iterable

    from .formats.lines import LineIssue
    from .transaction import Transaction

# What only a write or a login needs is imported there: `list` must not wait for it.


class UsersTool:
    """
    Reads and writes the file realm in a node's configuration folder.

    Writes are locked against other writers, atomic and durable, and change only the lines asked
    for; a node sees them at its next poll. Any number of tools, threads and processes may write at
    once.

    Args:
        config_dir: The folder that holds ``users`` and ``users_roles``.

        settings: Those of the node; by default read from ``elasticsearch.yml`` in *config_dir*.

        lock_timeout: Seconds to wait for another writer.

        dry_run: Check every change, and write nothing. What the system would refuse only in the
            act, such as keeping another owner, is not found.

    Every method raises ``ConfigurationFileMissingError`` if there is no ``users`` file,
    ``FileFormatError`` if a file is not UTF-8, ``FilePermissionError`` or ``FileAccessError`` if
    it cannot be read or written; those that write raise ``LockTimeoutError`` too. After any error
    both files are as they were.
    """

    def __init__(
        self,
        config_dir: str | os.PathLike[str],
        *,
        settings: RealmSettings | None = None,
        lock_timeout: float = 10.0,
        dry_run: bool = False,
    ) -> None:
        self.config_dir = os.path.abspath(os.fspath(config_dir))
        self.settings = settings or RealmSettings.load(self.config_dir, check_realm=False)
        self._lock_timeout = lock_timeout
        self._dry_run = dry_run

    @property
    def paths(self) -> RealmPaths:
        """Where the files are at this moment."""
        return RealmPaths(self.config_dir)

    def transaction(self) -> Transaction:
        """
        Gather any number of changes that land together when the block is left, or not at all.

        All of them cost one lock, one read and one write of each file; only where a user gets a
        new password together with other roles, ``users_roles`` is written twice.
        """
        from .transaction import Transaction

        return Transaction(
            self.paths, self.settings, lock_timeout=self._lock_timeout, dry_run=self._dry_run
        )

    def useradd(
        self,
        username: str,
        password: str | None = None,
        *,
        password_hash: str | None = None,
        roles: Iterable[str] = (),
    ) -> None:
        """
        Add a user with just the roles named.

        Args:
            username: 1 to 1024 printable ASCII characters, without ``:``, ``,`` or a leading
                ``#``, and not reserved.

            password: At least 6 characters; hashed by the algorithm of the settings.

            password_hash: Instead of *password*, a hash that a node can use.

            roles: Need not be defined anywhere yet.

        Raises:
            UserExistsError: If there is such a user.
            InvalidUsernameError, InvalidRoleNameError, InvalidPasswordError, InvalidHashError,
            InvalidSettingError: If what is given breaks a rule.
        """
        with self.transaction() as transaction:
            transaction.useradd(username, password, password_hash=password_hash, roles=roles)

    def userdel(self, username: str) -> None:
        """
        Remove a user and its roles.

        Raises:
            UserNotFoundError: If there is no such user.
            InvalidUsernameError: If there cannot be one.
        """
        with self.transaction() as transaction:
            transaction.userdel(username)

    def passwd(
        self, username: str, password: str | None = None, *, password_hash: str | None = None
    ) -> None:
        """
        Change a user's password; for the arguments see ``useradd``.

        Raises:
            UserNotFoundError: If there is no such user.
            InvalidUsernameError, InvalidPasswordError, InvalidHashError, InvalidSettingError: If
            what is given breaks a rule.
        """
        with self.transaction() as transaction:
            transaction.passwd(username, password, password_hash=password_hash)

    def roles(
        self, username: str, *, add: Iterable[str] = (), remove: Iterable[str] = ()
    ) -> tuple[str, ...]:
        """
        Give a user roles and take others away; a role that is in both is taken away.

        Returns:
            The roles that the user has then, in an order that may be another than that of the
            file. Without *add* and *remove*, nothing is written.

        Raises:
            UserNotFoundError: If there is no such user.
            InvalidUsernameError, InvalidRoleNameError: If a name breaks a rule.
        """
        with self.transaction() as transaction:
            transaction.roles(username, add=add, remove=remove)
        return transaction.roles_of(username)

    def list_users(self, username: str | None = None) -> dict[str, tuple[str, ...]]:
        """
        Give the roles of every user, or of one, in the order of the ``users`` file.

        Raises:
            UserNotFoundError: If *username* is no user.
        """
        users = self.listing().users
        if username is None:
            return users
        if username not in users:
            raise UserNotFoundError(username, self.paths.users)
        return {username: users[username]}

    def listing(self) -> RealmListing:
        """Read all that both files say, with what a node skips in them."""
        files = RealmFiles.read(self.paths)
        users = parse_users(files.users.data, source=files.users.path, **self.settings.name_rules)
        users_roles = parse_users_roles(files.users_roles.data, source=files.users_roles.path)
        roles_by_user = users_roles.roles_by_user
        return RealmListing(
            {name: roles_by_user.pop(name, ()) for name in users.users},
            tuple(name for name in roles_by_user if name),
            {files.users.path: users.issues, files.users_roles.path: users_roles.issues},
        )

    def known_roles(self) -> frozenset[str]:
        """Give the roles that a node defines itself, and those of a readable ``roles.yml``."""
        from .formats.roles_yml import parse_role_names

        try:
            data = read_file(self.paths.roles_yml).data
        except FileRealmError:
            data = b""
        return RESERVED_ROLE_NAMES | parse_role_names(data)

    def verify(self, username: str, password: str) -> bool:
        """
        Tell whether *password* is the user's; see ``hash_problem`` for when none can be.

        Raises:
            UserNotFoundError: If there is no such user.
            InvalidPasswordError: If *password* is no text.
        """
        from . import hashing

        if not isinstance(password, str):
            raise InvalidPasswordError(f"must be text, not {type(password).__name__}")
        password_hash = self._password_hash(username)
        try:
            return hashing.check_hash(password_hash).verify(password, password_hash)
        except InvalidHashError:
            return False

    def hash_problem(self, username: str) -> str | None:
        """
        Say why no password is right for a user, or None if one can be.

        Above all, a node takes a text that is no hash for the password itself; here it is refused.

        Raises:
            UserNotFoundError: If there is no such user.
        """
        from . import hashing

        try:
            hashing.check_hash(self._password_hash(username))
        except InvalidHashError as error:
            return error.reason
        return None

    def _password_hash(self, username: str) -> str:
        from .formats.users_editor import UsersEditor

        users = RealmFiles.read(self.paths).users
        editor = UsersEditor(users.data, source=users.path, **self.settings.name_rules)
        password_hash = editor.hash_of(username)
        if password_hash is None:
            raise UserNotFoundError(username, users.path)
        return password_hash

    def init(
        self,
        *,
        owner: str | int | None = None,
        group: str | int | None = None,
        mode: int | None = None,
    ) -> list[str]:
        """
        Create what is missing of the folder, ``users`` and ``users_roles``; the files are empty.

        Args:
            owner: Of the new files, a name or number; by default the user of this process.

            group: By default that of the folder.

            mode: By default 0660 without the bits of the umask.

        Returns:
            The paths that were (in a dry run: would be) created; what is there already is left
            as it is.

        Raises:
            InvalidAttributeError: If an owner, group or mode does not exist.
            FilePermissionError: If it cannot be given.
        """
        from ._storage.attributes import Attributes
        from ._storage.create import create_missing_files

        return create_missing_files(
            self.paths,
            Attributes.asked_for(owner, group, mode),
            lock_timeout=self._lock_timeout,
            dry_run=self._dry_run,
        )


class RealmListing:
    """
    What both files say together.

    Attributes:
        users: From username to roles, in the order of the ``users`` file.
        orphans: Names that ``users_roles`` gives roles to and that are no users.
        issues: From path to the lines of that file that a node skips.
    """

    __slots__ = ("issues", "orphans", "users")

    def __init__(
        self,
        users: dict[str, tuple[str, ...]],
        orphans: tuple[str, ...],
        issues: dict[str, tuple[LineIssue, ...]],
    ) -> None:
        self.users = users
        self.orphans = orphans
        self.issues = issues
