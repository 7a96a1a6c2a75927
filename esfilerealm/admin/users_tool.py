"""The administrator of a file realm: adds, removes, changes and lists its users."""

from __future__ import annotations

import os

from .._ground.locked import is_locked
from .._storage import RealmFolder, WriteOptions, read_file
from ..errors import (
    ConfigurationFileMissingError,
    FileRealmError,
    InvalidPasswordError,
    UnknownRoleWarning,
    UserNotFoundError,
)
from ..formats.realm import parse_files
from ..names import reserved_role_names
from ..settings import RealmSettings
from .known_roles import declared_roles, unknown_roles_text

__all__ = ["UsersTool"]

TYPE_CHECKING = False  # see `_ground`
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime, timedelta
    from typing import Literal

    from .._storage import ChangeLog, RealmPaths, Strategy
    from ..exchange import Exported, ExportFormat
    from ..findings import Finding
    from ..formats import ParsedRealm
    from ..results import AccountState, Recovery, WriteResult, WrittenRoles
    from .rescue import Rescue
    from .transaction import Transaction

# Modules that only a write needs are imported by its methods, so that `list` does not load them.


class UsersTool:
    """
    Reads and writes the file realm in the configuration directory of a node.

    Writes are locked against other writers, atomic and durable, and change only the requested
    lines. A node sees them at its next poll. Any number of tools, threads and processes may write
    at once.

    Args:
        config_dir: The directory that holds ``users`` and ``users_roles``.

        settings: Of the node; by default read from ``elasticsearch.yml`` in *config_dir*.

        lock_timeout: Seconds to wait for another writer.

        dry_run: Check every change, and write nothing. What cannot be kept is foreseen as far as
            the rights of this process show it; a full disk, say, is not.

        strategy: ``rename`` to replace files whole; ``in_place`` to overwrite them, which keeps
            their inode, but a reader or a crash may find a half-written file; ``auto`` to overwrite
            only a file that is a mount point, which cannot be replaced.

        owner: The owner of both files, by name or number, from their next write on. By default they
            keep theirs, and a new file belongs to the user of this process.

        group: Likewise the group; by default a new file gets that of the directory.

        mode: Likewise the permission bits; by default a new file gets 0660 less the umask.

        attributes: What to do if an owner, group or extended attribute cannot be kept or set:
            ``refuse`` to write, or ``warn`` in the result.

        keep: How many earlier versions to keep as ``users.1~`` and so on, each of both files. By
            default as many as exist; 0 removes them.

        allow_local_lock: Write even if other machines do not see the lock, because no other machine
            writes there.

        known_roles: Roles that the role API defines. A user may get any role; one that is neither
            built in, nor in ``roles.yml``, nor here, nor in the environment variable
            ``ESFILEREALM_KNOWN_ROLES`` causes an ``UnknownRoleWarning``.

        audit: The audit log that gets a line for each change, or its path. By default, the
            environment variable ``ESFILEREALM_AUDIT`` names it. A change that it cannot note is
            not made: that raises ``AuditLogError``.

        audit_key: The key that seals its lines, or the path of a file that holds it. By default,
            ``ESFILEREALM_AUDIT_KEY`` names the file.

    Every method raises ``ConfigurationFileMissingError`` if there is no ``users`` file,
    ``FileFormatError`` if a file is not UTF-8, ``FilePermissionError`` or ``FileAccessError`` if
    a file cannot be read or written, and ``JournalVersionError`` if a later version of this package
    left an interrupted write. Methods that write also raise ``LockTimeoutError``. After any error
    both files are as they were.
    """

    def __init__(  # noqa: PLR0913 - each is a choice of its own, and keyword-only
        self,
        config_dir: str | os.PathLike[str],
        *,
        settings: RealmSettings | None = None,
        lock_timeout: float = 10.0,
        dry_run: bool = False,
        strategy: Strategy = "rename",
        owner: str | int | None = None,
        group: str | int | None = None,
        mode: int | None = None,
        attributes: Literal["refuse", "warn"] = "refuse",
        keep: int | None = None,
        allow_local_lock: bool = False,
        known_roles: Iterable[str] = (),
        audit: str | os.PathLike[str] | ChangeLog | None = None,
        audit_key: bytes | str | os.PathLike[str] | None = None,
    ) -> None:
        self.config_dir: str = os.path.abspath(os.fspath(config_dir))
        self.settings = settings or RealmSettings.load(self.config_dir, check_realm=False)
        self._declared_roles = tuple(known_roles)
        self._options = WriteOptions(
            lock_timeout=lock_timeout,
            dry_run=dry_run,
            strategy=strategy,
            owner=owner,
            group=group,
            mode=mode,
            attributes=attributes,
            keep=keep,
            allow_local_lock=allow_local_lock,
            audit=_chosen_log(audit, audit_key),
        )

    def __repr__(self) -> str:
        return f"<UsersTool of {self.config_dir!r}>"

    @property
    def paths(self) -> RealmPaths:
        """Where the files are at this moment."""
        return self._folder.paths

    @property
    def _folder(self) -> RealmFolder:
        return RealmFolder(self.config_dir, in_x_pack=self.settings.is_in_x_pack)

    def transaction(self) -> Transaction:
        """
        Return a context manager for changes that are written together, or not at all.

        All changes cost one lock, one read and one write of each file. Only if both the password
        and the roles of a user change, ``users_roles`` is written twice.
        """
        from .transaction import Transaction

        return Transaction(self._folder, self.settings, self._options, self._warn_of_roles)

    def _warn_of_roles(self, roles: Iterable[str]) -> str:
        """Warn the caller of this package of roles that may be misspelled; return the warning."""
        unknown = self.unknown_roles(roles)
        if not unknown:
            return ""
        import warnings

        from .._ground.hints import levels_inside

        message = self.unknown_roles_text(unknown)
        warnings.warn(UnknownRoleWarning(message, unknown), stacklevel=levels_inside())
        return message

    def useradd(
        self,
        username: str,
        password: str | None = None,
        *,
        password_hash: str | None = None,
        roles: Iterable[str] = (),
        expires: datetime | timedelta | None = None,
    ) -> WriteResult:
        """
        Add a user with exactly the given roles.

        Args:
            username: 1 to 1024 printable ASCII characters, without ``:``, ``,`` or a leading
                ``#``, and not reserved.

            password: At least 6 characters; hashed by the algorithm of the settings.

            password_hash: Instead of *password*, a hash that a node can use.

            roles: Need not be defined anywhere yet.

            expires: When the user is to be removed again, or after how long; None for never. It is
                removed by the first write after that, such as ``sweep``.

        Returns:
            What was written, as from every method that writes. Its ``warnings`` say what could
            not be kept, and what is probably a mistake.

        Raises:
            UserExistsError: If there is such a user.
            InvalidUsernameError, InvalidRoleNameError, InvalidPasswordError, InvalidHashError,
            InvalidSettingError, InvalidExpiryError: If an argument breaks a rule.
        """
        with self.transaction() as transaction:
            transaction.useradd(
                username, password, password_hash=password_hash, roles=roles, expires=expires
            )
        return transaction.result

    def userdel(self, username: str) -> WriteResult:
        """
        Remove a user and its roles.

        Raises:
            UserNotFoundError: If there is no such user.
            InvalidUsernameError: If there cannot be one.
        """
        with self.transaction() as transaction:
            transaction.userdel(username)
        return transaction.result

    def passwd(
        self, username: str, password: str | None = None, *, password_hash: str | None = None
    ) -> WriteResult:
        """
        Change a user's password; for the arguments see ``useradd``.

        A user who is locked stays so; a remark of the result says that ``unlock`` opens.

        Raises:
            UserNotFoundError: If there is no such user.
            InvalidUsernameError, InvalidPasswordError, InvalidHashError, InvalidSettingError: If
            an argument breaks a rule.
        """
        with self.transaction() as transaction:
            transaction.passwd(username, password, password_hash=password_hash)
        return transaction.result

    def roles(
        self, username: str, *, add: Iterable[str] = (), remove: Iterable[str] = ()
    ) -> WrittenRoles:
        """
        Add roles to a user and remove others; a role that is in both is removed.

        Without *add* and *remove*, nothing is written.

        Returns:
            The roles of the user afterwards; their order may differ from that in the file. The
            attribute ``write`` is the result of the write.

        Raises:
            UserNotFoundError: If there is no such user.
            InvalidUsernameError, InvalidRoleNameError: If a name breaks a rule.
        """
        from ..results import WrittenRoles

        with self.transaction() as transaction:
            transaction.roles(username, add=add, remove=remove)
        return WrittenRoles(transaction.roles_of(username), transaction.result)

    def lock(self, username: str) -> WriteResult:
        """
        Lock a user out: no password is right until ``unlock``. One who is locked stays so.

        ``users`` gets a hash that is valid and that nobody knows a password for. The user's own
        hash is kept in ``users.accounts`` beside it, which only its owner can read.

        Raises:
            UserNotFoundError: If there is no such user.
            InvalidUsernameError: If there cannot be one.
            FileFormatError: If ``users.accounts`` is malformed.
        """
        with self.transaction() as transaction:
            transaction.lock(username)
        return transaction.result

    def unlock(self, username: str) -> WriteResult:
        """
        Let a user who is locked log in again, with the same password, or the one set since.

        Raises:
            NoKeptHashError: If the password hash was kept nowhere: set a password first.
            UserNotFoundError, InvalidUsernameError, FileFormatError: As for ``lock``.
        """
        with self.transaction() as transaction:
            transaction.unlock(username)
        return transaction.result

    def expire(self, username: str, expires: datetime | timedelta | None) -> WriteResult:
        """
        Set when a user is to be removed, or drop that.

        Args:
            username: The user.

            expires: A time in the future, or what is left from now on; None for never.

        Raises:
            InvalidExpiryError: If it is not in the future, or has no zone.
            UserNotFoundError, InvalidUsernameError, FileFormatError: As for ``lock``.
        """
        with self.transaction() as transaction:
            transaction.expire(username, expires)
        return transaction.result

    def sweep(self) -> WriteResult:
        """
        Remove the users whose time is over, as every write does.

        Raises:
            FileFormatError, FileAccessError, FilePermissionError: If ``users.accounts`` is
                malformed or cannot be read.
        """
        with self.transaction() as transaction:
            transaction.sweep()
        return transaction.result

    def rescue(
        self,
        ttl: timedelta | None = None,
        roles: Iterable[str] = ("superuser",),
        *,
        check: bool = True,
    ) -> Rescue:
        """
        Return a context manager that makes a user for an emergency, and removes it at its end.

        The user has a random name and password. If this process is killed, the first write after
        the time removes the user.

        Args:
            ttl: How long the user lasts at most; by default 10 minutes.

            roles: Its roles.

            check: Whether to refuse if this node would not let the user in.

        Returns:
            What gives a ``RescueUser`` when it is entered. Then it raises ``RescueRefusedError`` if
            the node would not let the user in, and what ``useradd`` raises.

        Raises:
            InvalidExpiryError: If *ttl* is not above 0.
        """
        from .rescue import Rescue

        return Rescue(self, ttl, roles, check=check)

    def accounts(self) -> Mapping[str, AccountState]:
        """
        Return the state of every user who is locked or expires, by name, sorted.

        If ``users.accounts`` cannot be used, these are the users who are locked; whether somebody
        expires is unknown then, and ``check`` says why.
        """
        return self.overview()[1]

    def overview(self) -> tuple[ParsedRealm, Mapping[str, AccountState], FileRealmError | None]:
        """
        Read what ``listing`` and ``accounts`` return, as one state.

        The third is why ``users.accounts`` cannot be used, so that nobody knows who expires; None
        if it can.
        """
        files, accounts = self._folder.read_with_accounts()
        realm = parse_files(files, **self.settings.name_rules)
        if not accounts.by_name and not any(map(is_locked, realm.hashes.values())):
            return realm, {}, accounts.fault
        from .account_states import account_states

        return realm, account_states(realm.hashes, accounts), accounts.fault

    def undo(self) -> WriteResult:
        """
        Restore the latest version that is kept, and keep the present state in its place.

        So a second ``undo`` reverses the first. Everything that happened to both files since that
        version was kept is undone, also what other programs wrote. Modes that the latest write has
        changed as a fix are what they were; if it changed nothing else, that is all.

        Raises:
            NoEarlierVersionError: If no version is kept: see *keep*.
        """
        with self.transaction() as transaction:
            transaction.undo()
        return transaction.result

    def recover(self) -> Recovery:
        """
        End the write of a writer that was killed or lost power, as every write does first.

        Returns:
            What was found. Afterwards both files are as before or as after that write, and
            nothing else is left of it.
        """
        if not os.path.isdir(self.config_dir):
            raise ConfigurationFileMissingError(self.config_dir, "check the path of the directory")
        return self._folder.recover(self._options)

    def list_users(self, username: str | None = None) -> dict[str, tuple[str, ...]]:
        """
        Return the roles of every user, or of one, in the order of the ``users`` file.

        Raises:
            UserNotFoundError: If there is no user *username*.
        """
        users = self.listing().users
        if username is None:
            return users
        if username not in users:
            raise UserNotFoundError(username, self.paths.users)
        return {username: users[username]}

    def listing(self) -> ParsedRealm:
        """Read both files: users, roles, orphans, and the lines that a node skips."""
        return parse_files(self._folder.read(), **self.settings.name_rules)

    def check(self) -> tuple[Finding, ...]:
        """
        Return what a person should look at in both files; nothing is written or locked.

        For the errors see ``esfilerealm.checks.check_realm``.
        """
        from ..checks import check_realm

        return check_realm(self.config_dir, self.settings)

    def export(
        self,
        format: ExportFormat,
        *,
        secret_name: str = "esfilerealm-users",  # noqa: S107 - the name of one
        namespace: str | None = None,
    ) -> Exported:
        """
        Write the realm for another tool, from one state of both files.

        Who expires is only in ``json`` and ``yaml``; whoever gives emergency access is in none. If
        ``users.accounts`` cannot be used, that is a loss that blocks.

        For the arguments see ``esfilerealm.exchange.export_realm``.

        Raises:
            InvalidSettingError: If Kubernetes would reject *secret_name* or *namespace*.
            ValueError: If the format is unknown.
        """
        from ..exchange import Exported, export_realm
        from .account_facts import exported_accounts, record_losses

        files, accounts = self._folder.read_with_accounts()
        exported = export_realm(
            format,
            files.users.data,
            files.users_roles.data,
            secret_name=secret_name,
            namespace=namespace,
            accounts=exported_accounts(accounts),
            **self.settings.name_rules,
        )
        return Exported(exported.data, (*exported.losses, *record_losses(accounts)))

    def known_roles(self) -> frozenset[str]:
        """
        Return the roles that need no warning.

        They are the built-in roles of a node, those in ``roles.yml`` if it can be read, and those
        that the argument *known_roles* or ``ESFILEREALM_KNOWN_ROLES`` names.
        """
        from ..formats.roles_yml import parse_role_names

        try:
            data = read_file(self.paths.roles_yml).data
        except FileRealmError:
            data = b""
        built_in = reserved_role_names(self.settings.elasticsearch_version)
        return built_in | parse_role_names(data) | declared_roles(self._declared_roles)

    def unknown_roles(self, roles: Iterable[str]) -> tuple[str, ...]:
        """Return those of *roles* that are not known; see ``known_roles``."""
        wanted = tuple(dict.fromkeys(roles))
        if reserved_role_names(self.settings.elasticsearch_version).issuperset(wanted):
            return ()
        known = self.known_roles()
        return tuple(role for role in wanted if role not in known)

    def unknown_roles_text(self, unknown: Sequence[str]) -> str:
        """Return one line about roles that may be misspelled, with what was probably meant."""
        return unknown_roles_text(unknown, self.known_roles(), self.paths.roles_yml)

    def verify(self, username: str, password: str) -> bool:
        """
        Check whether *password* is the password of a user.

        If the stored hash is unusable, no password is right: see ``hash_problem``.

        Raises:
            UserNotFoundError: If there is no such user.
            InvalidPasswordError: If *password* is not a string.
        """
        from .. import hashing

        if not isinstance(password, str):
            raise InvalidPasswordError(f"must be text, not {type(password).__name__}")
        return hashing.password_matches(password, self._password_hash(username))

    def hash_problem(self, username: str) -> str | None:
        """
        Return why no password of a user can be right, or None if the stored hash is usable.

        Above all, a node lets in whoever types a text that stands in place of a hash; here such a
        text matches no password.

        Raises:
            UserNotFoundError: If there is no such user.
        """
        from .. import hashing

        problem = hashing.hash_problem(self._password_hash(username))
        return None if problem is None else f"{problem.reason}; set a password"

    def _password_hash(self, username: str) -> str:
        from ..formats.users_editor import UsersEditor

        users = self._folder.read().users
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
    ) -> WriteResult:
        """
        Create what is missing of the directory, ``users`` and ``users_roles``; both files empty.

        Args:
            owner: Of the new files, as for all files by *owner* of this tool.

            group: Likewise.

            mode: Likewise.

        Returns:
            What was (in a dry run: would be) written, with the paths that were ``created``. Files
            that exist stay as they are.

        Raises:
            InvalidAttributeError: If an owner, group or mode does not exist.
            FilePermissionError: If it cannot be set.
        """
        return self._folder.create(self._options.changed_by(owner, group, mode))


def _chosen_log(
    audit: str | os.PathLike[str] | ChangeLog | None,
    key: bytes | str | os.PathLike[str] | None,
) -> ChangeLog | None:
    if audit is None and not os.environ.get("ESFILEREALM_AUDIT"):
        return None  # so that `list` does not load what writes a log
    from ..audit import chosen_log

    return chosen_log(audit, key)
