"""
A write: gathered changes, then lock → recover → re-read → check → edit → journal → replace.

Each change is made at once on a preview, so that a mistake is reported where it is made. If the
files differ once the lock is held, the changes are made again on those, which is what counts.
Passwords are hashed before the lock is taken, since that is the slow part.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final, TypeVar

from .._ground import moments
from .._ground.holding import inside
from .._storage import Accounts, RealmFiles, Unit
from ..errors import PlanOutdatedError
from ..names import validate_role_name, validate_username
from .account_edit import AccountEdit, Outlook, new_account
from .credentials import NewCredentials
from .edit import RealmEdit
from .mode_fixes import ModeFixes
from .provenance import Provenance
from .user_changes import user_changes

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
    from datetime import datetime, timedelta
    from types import TracebackType
    from typing import NoReturn, Self

    from .._storage import Account, FileContent, RealmFolder, WriteOptions
    from ..findings import Fix
    from ..results import Recovery, WriteResult
    from ..settings import RealmSettings

__all__ = ["Transaction"]

T = TypeVar("T")

_KEYSTORE: Final = "elasticsearch.keystore"

_NOT_OPEN: Final = "a transaction takes changes only inside its with block"


@dataclass(slots=True)
class _Pending:
    """
    What was gathered in an open block.

    Attributes:
        edit: The preview: both files as they were read first, with all changes.
        provenance: What provisioning asks for besides.
        modes: The modes that change besides.
        changes: Each change, to be made again on files that differ.
        remarks: What the result says about the changes, each once.
        is_undo: Whether the only change goes back to the latest version.
        keystore: The digest of the keystore before, and its new content.
        settings: The names of its settings that change, by what happens to them.
    """

    edit: RealmEdit
    provenance: Provenance
    modes: ModeFixes
    changes: list[Callable[[RealmEdit], object]] = field(default_factory=list)
    remarks: dict[str, None] = field(default_factory=dict)
    is_undo: bool = False
    keystore: tuple[str | None, bytes] | None = None
    settings: Mapping[str, Sequence[str]] = field(default_factory=dict)


class Transaction:
    """
    Any number of changes that are written together, or not at all. Made by ``UsersTool``.

    A context manager: leaving its block writes; leaving it by an exception does not. It has the
    verbs of ``UsersTool``. Each raises at once what can be known from the files as they are, and
    all are checked again under the lock when the block is left.
    """

    def __init__(
        self,
        folder: RealmFolder,
        settings: RealmSettings,
        options: WriteOptions,
        warn_of_roles: Callable[[Iterable[str]], str] | None = None,
    ) -> None:
        self._folder = folder
        self._warn_of_roles = warn_of_roles or (lambda _: "")
        self._settings = settings
        self._options = options
        self._pending: _Pending | None = None
        self._written_edit: RealmEdit | None = None
        self._result: WriteResult | None = None

    def __enter__(self) -> Self:
        if self._pending is not None:
            raise RuntimeError("a transaction cannot be entered while it is open")
        accounts = AccountEdit(self._accounts)
        edit = RealmEdit(self._folder.read(), self._settings, accounts)
        self._pending = _Pending(edit, Provenance(self._folder), ModeFixes(self._folder))
        self._result = None
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        pending, self._pending = self._open, None
        self._written_edit = pending.edit
        if error is not None:
            return
        others_change = pending.provenance.changes_list or pending.keystore or pending.modes
        is_nothing = not (pending.changes or others_change)
        if is_nothing:
            self._result = self._commit(pending)
            return
        if self._options.dry_run:
            pending.edit = self._edited(pending, pending.edit.files, self._accounts())
            self._result = self._commit(pending)
            return
        others = () if pending.keystore is None else (_KEYSTORE,)
        locked = self._folder.locked(self._options, *others)
        result = inside(locked, lambda recovery: self._write(pending, recovery))  # lock, recover
        self._result = replace(result, faults=(*result.faults, *locked.faults))

    def _write(self, pending: _Pending, recovery: Recovery) -> WriteResult:
        # No variable holds what was read: usually it equals the preview, and it may be large.
        files = self._reread(pending)
        accounts = Accounts.read(files.users.path)
        edit = self._edited(pending, files, accounts)  # re-read, check, edit
        pending.edit = self._written_edit = edit
        return replace(self._commit(pending), recovery=recovery)  # journal, replace

    def __reduce__(self) -> NoReturn:
        raise TypeError("a transaction cannot be pickled: it holds hashes")

    def __repr__(self) -> str:
        state = "open" if self._pending is not None else "closed"
        return f"<Transaction of {self._folder.paths.config_dir!r}, {state}>"

    @property
    def result(self) -> WriteResult:
        """
        After leaving without an exception: what was (or, in a dry run, would be) written.

        Raises:
            RuntimeError: Before that.
        """
        if self._result is None:
            raise RuntimeError("a transaction has a result when its with block is left")
        return self._result

    @property
    def changed(self) -> bool:
        """Whether any file is (or, in a dry run, would be) changed; False before leaving."""
        return self._result is not None and self._result.changed

    def _reread(self, pending: _Pending) -> RealmFiles:
        """Read both files, now that nobody else writes them, and check that a plan expects them."""
        files = self._folder.read()
        pending.provenance.is_locked = True
        pending.provenance.check(files)
        return files

    def _accounts(self) -> Accounts:
        """Read the record of accounts without the lock."""
        return self._folder.read_with_accounts()[1]

    def _edited(self, pending: _Pending, files: RealmFiles, accounts: Accounts) -> RealmEdit:
        """Make all changes on *files*, each of which checks again; keep the preview if equal."""
        is_like = files.are_like(pending.edit.files) and not pending.is_undo
        if is_like and pending.edit.accounts.adopt(accounts):
            return pending.edit
        edit = RealmEdit(files, self._settings, AccountEdit(lambda: accounts))
        edit.expire()
        for change in pending.changes:
            change(edit)
        return edit

    def _commit(self, pending: _Pending) -> WriteResult:
        edit, changes = pending.edit, user_changes(pending.edit)
        files, contents = edit.files, edit.edited()
        if pending.keystore is not None:
            files, keystore = self._with_keystore(files, *pending.keystore)
            contents = [keystore, *contents]
        unit = Unit(
            files,
            contents,
            managed=pending.provenance.edited(edit.files, changes),
            accounts=edit.accounts.edited(edit.hashes_of, lambda: self._outlook(edit, contents)),
            sets_attributes=bool(pending.changes),
            is_undo=pending.is_undo,
            version=edit.version,
            users=changes,
            former_roles={name: edit.roles_before(name) for name in changes.removed},
            modes=pending.modes.foreseen(edit.files),
            settings=pending.settings,
        )
        result = self._folder.commit(unit, self._options)
        result = pending.modes.made(edit.files, result, self._options)
        own = edit.remarks
        return replace(
            result, changes=changes, remarks=(*pending.remarks, *own), about_accounts=own
        )

    def _outlook(self, edit: RealmEdit, contents: Sequence[object]) -> Outlook:
        keeps_versions = self._folder.keeps_versions(edit.files, self._options)
        return Outlook(keeps_versions, is_rotated=bool(contents))

    def _with_keystore(
        self, files: RealmFiles, digest: str | None, data: bytes
    ) -> tuple[RealmFiles, tuple[FileContent, bytes]]:
        """Return *files* with the keystore, and its change; check that it is as expected."""
        file = self._folder.read(_KEYSTORE).others[_KEYSTORE]
        if file.digest != digest:
            raise PlanOutdatedError(file.path)
        return RealmFiles(*files.both, {_KEYSTORE: file}), (file, data)

    def roles_of(self, username: str) -> tuple[str, ...]:
        """Return the roles of a user after the changes; after leaving, those that were written."""
        edit = self._pending.edit if self._pending else self._written_edit
        if edit is None:
            raise RuntimeError(_NOT_OPEN)
        return edit.roles_of(username)

    def useradd(
        self,
        username: str,
        password: str | None = None,
        *,
        password_hash: str | None = None,
        roles: Iterable[str] = (),
        expires: datetime | timedelta | None = None,
        is_emergency: bool = False,
    ) -> None:
        """
        See ``UsersTool.useradd``.

        With *is_emergency*, the user is one made to rescue a node: its time is also over if both
        clocks together cannot tell.
        """
        validate_username(username, writable=True, **self._settings.name_rules)
        wanted = tuple(
            validate_role_name(role, writable=True) for role in dict.fromkeys(_names(roles))
        )
        credentials = NewCredentials(password, password_hash, self._settings)
        account = _account(expires, is_emergency=is_emergency)
        self._open.edit.require_no_user(username)
        self._remark(self._warn_of_roles(wanted))
        self._folder.prepare_to_write()
        stored = credentials.hashed()
        self._remark(credentials.remark)
        self._change(lambda edit: edit.add_user(username, stored, wanted, account))

    def userdel(self, username: str) -> None:
        """See ``UsersTool.userdel``."""
        if not self._open.edit.is_orphan(username):  # an orphan may have any name
            validate_username(username, **self._settings.name_rules)
        self._change(lambda edit: edit.remove_user(username))

    def fix(self, fix: Fix) -> None:
        """
        Make the fix of a finding.

        If the finding no longer holds when the block is left, this changes nothing. Modes change
        after all contents, and only to take rights; ``WriteResult.modes`` has them.

        Raises:
            FilePermissionError, FileAccessError: If the mode of that file cannot be changed.
        """
        if fix.kind == "set_mode" and fix.path is not None and fix.mode is not None:
            self._open.modes.take(fix.path, fix.mode)
        else:
            self._change(lambda edit: edit.remove_orphan(fix.name))

    def require_user(self, username: str) -> None:
        """
        Check a name and whether there is such a user, before asking anybody for a password.

        Raises:
            UserNotFoundError: If there is no such user.
            InvalidUsernameError: If there cannot be one.
        """
        validate_username(username, **self._settings.name_rules)
        self._open.edit.require_user(username)

    def require_no_user(self, username: str) -> None:
        """
        Check that a user of that name can be added, before asking anybody for a password.

        Raises:
            UserExistsError: If there is such a user.
            InvalidUsernameError: If the name breaks a rule.
        """
        validate_username(username, writable=True, **self._settings.name_rules)
        self._open.edit.require_no_user(username)

    def passwd(
        self, username: str, password: str | None = None, *, password_hash: str | None = None
    ) -> None:
        """See ``UsersTool.passwd``."""
        validate_username(username, **self._settings.name_rules)
        credentials = NewCredentials(password, password_hash, self._settings)
        self._open.edit.require_user(username)
        self._folder.prepare_to_write()
        stored = credentials.hashed()
        self._remark(credentials.remark)
        self._change(lambda edit: edit.set_hash(username, stored))

    def replace_hash(self, username: str, old: str, new: str) -> None:
        """Replace the hash *old* by *new*, a usable one, if it is still there."""
        self._change(lambda edit: edit.replace_hash(username, old, new))

    def lock(self, username: str) -> None:
        """See ``UsersTool.lock``."""
        from ..hashing import locked_hash

        validate_username(username, **self._settings.name_rules)
        mark = locked_hash()
        self._change(lambda edit: edit.lock(username, mark))

    def unlock(self, username: str) -> None:
        """See ``UsersTool.unlock``."""
        validate_username(username, **self._settings.name_rules)
        self._change(lambda edit: edit.unlock(username))

    def expire(self, username: str, expires: datetime | timedelta | None) -> None:
        """See ``UsersTool.expire``."""
        validate_username(username, **self._settings.name_rules)
        moment = moments.now()
        time = None if expires is None else moments.expiry_of(expires, moment)
        self._change(lambda edit: edit.set_expiry(username, time, moment))

    def sweep(self) -> None:
        """See ``UsersTool.sweep``."""
        record = self._open.edit.accounts.found.usable()
        if record.file.exists:
            self._change(lambda edit: edit.accounts.require())

    def roles(
        self, username: str, *, add: Iterable[str] = (), remove: Iterable[str] = ()
    ) -> tuple[str, ...]:
        """See ``UsersTool.roles``."""
        validate_username(username, **self._settings.name_rules)
        added = [validate_role_name(role, writable=True) for role in _names(add)]
        removed = {validate_role_name(role) for role in _names(remove)}
        self._remark(self._warn_of_roles(added))
        if added or removed:
            return self._change(lambda edit: edit.change_roles(username, added, removed))
        self._open.edit.require_user(username)
        return self._open.edit.roles_of(username)

    def expect(
        self, digests: Sequence[str | None], accounts: tuple[str, str | None] | None = None
    ) -> None:
        """
        Check now, and again under the lock, that the files hold what they are expected to hold.

        Args:
            digests: SHA-256, in hexadecimal, of ``users``, ``users_roles`` and, if it matters, the
                list of managed users; None for a file that does not exist.

            accounts: Path and digest of the record of locked and expiring users; None if nothing
                depends on it.

        Raises:
            PlanOutdatedError: If one of them differs.
        """
        pending = self._open
        pending.provenance.expect(digests, accounts)
        pending.provenance.check(pending.edit.files)

    def set_managed(self, add: Collection[str], remove: Collection[str]) -> None:
        """Put users on the list of those that provisioning has made, and take others off it."""
        self._open.provenance.set_listed(add, remove)

    def replace_keystore(
        self,
        digest: str | None,
        data: bytes,
        settings: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        """
        Replace ``elasticsearch.keystore`` in the same write.

        Leaving the block raises ``PlanOutdatedError`` if it has another content by then.

        Args:
            digest: SHA-256 of its content, in hexadecimal; None if it does not exist.

            data: The new content.

            settings: The names that change, by what happens to them, for an audit log.
        """
        self._open.keystore = digest, data
        self._open.settings = settings or {}

    def set_attributes(self) -> None:
        """Set the requested owner, group and mode of both files, even if nothing else changes."""
        self._change(lambda edit: edit.files)

    def undo(self) -> None:
        """See ``UsersTool.undo``; it must be the only change of its transaction."""
        if self._open.changes or self._open.modes:
            raise RuntimeError("an undo is the only change of its transaction")
        if not self._open.modes.undo(self._open.edit.files):
            return  # only modes were changed
        self._open.is_undo = True
        self._change(lambda edit: edit.go_back_to(*self._folder.earlier_version(edit.files)))

    @property
    def _open(self) -> _Pending:
        if self._pending is None:
            raise RuntimeError(_NOT_OPEN)
        return self._pending

    def _remark(self, text: str) -> None:
        """Have the result say something."""
        if text:
            self._open.remarks[text] = None

    def _change(self, change: Callable[[RealmEdit], T]) -> T:
        pending = self._open
        result = change(pending.edit)
        pending.changes.append(change)
        return result


def _account(expires: datetime | timedelta | None, *, is_emergency: bool) -> Account | None:
    """Return the account of a new user; None for one like most."""
    if expires is None:
        return None
    moment = moments.now()
    return new_account(moments.expiry_of(expires, moment), moment, is_emergency=is_emergency)


def _names(names: Iterable[str]) -> Iterable[str]:
    """Refuse a string, whose letters would each count as a name."""
    if isinstance(names, str):
        raise TypeError("roles must be a collection of names, not one string")
    return names
