"""
A write: gathered changes, then lock → recover → re-read → check → edit → journal → replace.

A change is made at once on a preview, so that a mistake is reported where it is made; and, if the
files are others when the lock is taken, again on those, which is what counts. Passwords are hashed
in between, outside the lock, since that is the slow part.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final, TypeVar

from .._storage import ManagedUsers
from ..errors import FileRealmError, PlanOutdatedError
from ..names import validate_role_name, validate_username
from ..results import Recovery
from .credentials import NewCredentials
from .edit import RealmEdit

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence
    from types import TracebackType
    from typing import Self

    from .._storage import FileContent, RealmFiles, RealmFolder, WriteOptions
    from ..results import UserChanges, WriteResult
    from ..settings import RealmSettings

__all__ = ["Transaction"]

T = TypeVar("T")

_NOT_OPEN: Final = "a transaction takes changes inside its with block only"


class Transaction:
    """
    Any number of changes that land together, or not at all.

    A context manager: leaving it writes, leaving it by an exception does not. It has the verbs of
    ``UsersTool``; each raises at once what can be known from the files as they are, and on leaving
    all are checked again under the lock.
    """

    def __init__(self, folder: RealmFolder, settings: RealmSettings, options: WriteOptions) -> None:
        self._result: WriteResult | None = None
        self._folder = folder
        self._settings = settings
        self._options = options
        self._changes: list[Callable[[RealmEdit], object]] = []
        self._is_undo = False
        self._expected: Sequence[str | None] = ()
        self._managed: tuple[Collection[str], Collection[str]] | None = None
        self._preview: RealmEdit | None = None
        self._written_edit: RealmEdit | None = None

    def __enter__(self) -> Self:
        if self._preview is not None:
            raise RuntimeError("a transaction cannot be entered while it is open")
        self._preview = RealmEdit(self._folder.read(), self._settings)
        self._changes = []
        self._is_undo = False
        self._expected = ()
        self._managed = None
        self._result = None
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        preview, self._preview = self._draft, None
        self._written_edit = preview
        if error is not None:
            return
        if self._options.dry_run or not (self._changes or self._managed):
            self._result = self._write(preview)
            return
        with self._folder.locked(self._options) as recovery:
            self._written_edit = self._repeated(preview)
            self._result = self._write(self._written_edit, recovery)

    def __repr__(self) -> str:
        state = "open" if self._preview is not None else "closed"
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
        """Whether any file is (or, in a dry run, would be) another; False before leaving."""
        return self._result is not None and self._result.changed

    def _write(self, draft: RealmEdit, recovery: Recovery | None = None) -> WriteResult:
        contents, changes = draft.edited(), draft.user_changes()
        if self._changes:
            contents += self._folder.attribute_changes(draft.files, contents, self._options)
        written = self._folder.commit(
            draft.files,
            contents,
            self._options,
            managed=self._managed_file(draft, changes),
            is_undo=self._is_undo,
        )
        return replace(written, changes=changes, recovery=recovery or Recovery())

    def _repeated(self, preview: RealmEdit) -> RealmEdit:
        """Make the changes on the files as they are now; the preview is that if they are equal."""
        files = self._folder.read()
        self._check_expected(files)
        if files.are_like(preview.files) and not self._is_undo:
            return preview
        draft = RealmEdit(files, self._settings)
        for change in self._changes:
            change(draft)
        return draft

    def roles_of(self, username: str) -> tuple[str, ...]:
        """Give the roles of a user after the changes; after leaving, those that were written."""
        draft = self._preview or self._written_edit
        if draft is None:
            raise RuntimeError(_NOT_OPEN)
        return draft.roles_of(username)

    def useradd(
        self,
        username: str,
        password: str | None = None,
        *,
        password_hash: str | None = None,
        roles: Iterable[str] = (),
    ) -> None:
        """See ``UsersTool.useradd``."""
        validate_username(username, writable=True, **self._settings.name_rules)
        given = tuple(
            validate_role_name(role, writable=True) for role in dict.fromkeys(_names(roles))
        )
        credentials = NewCredentials(password, password_hash, self._settings)
        self._draft.require_no_user(username)
        stored = credentials.hashed()
        self._change(lambda draft: draft.add_user(username, stored, given))

    def userdel(self, username: str) -> None:
        """See ``UsersTool.userdel``."""
        validate_username(username, **self._settings.name_rules)
        self._change(lambda draft: draft.remove_user(username))

    def passwd(
        self, username: str, password: str | None = None, *, password_hash: str | None = None
    ) -> None:
        """See ``UsersTool.passwd``."""
        validate_username(username, **self._settings.name_rules)
        credentials = NewCredentials(password, password_hash, self._settings)
        self._draft.require_user(username)
        stored = credentials.hashed()
        self._change(lambda draft: draft.set_hash(username, stored))

    def replace_hash(self, username: str, old: str, new: str) -> None:
        """Replace the hash *old* by *new*, a usable one, if it is still there."""
        self._change(lambda draft: draft.replace_hash(username, old, new))

    def roles(
        self, username: str, *, add: Iterable[str] = (), remove: Iterable[str] = ()
    ) -> tuple[str, ...]:
        """See ``UsersTool.roles``."""
        validate_username(username, **self._settings.name_rules)
        added = [validate_role_name(role, writable=True) for role in _names(add)]
        removed = {validate_role_name(role) for role in _names(remove)}
        if added or removed:
            return self._change(lambda draft: draft.change_roles(username, added, removed))
        self._draft.require_user(username)
        return self._draft.roles_of(username)

    def expect(self, digests: Sequence[str | None]) -> None:
        """
        Make sure now, and again under the lock, that the files hold what they are known to hold.

        Args:
            digests: SHA-256, in hexadecimal, of ``users``, ``users_roles`` and, if it matters, the
                list of managed users; None for a file that is not there.

        Raises:
            PlanOutdatedError: If one of them does not.
        """
        self._expected = digests
        self._check_expected(self._draft.files)

    def _check_expected(self, files: RealmFiles) -> None:
        found: tuple[FileContent, ...] = files.both
        if len(self._expected) > len(found):
            found = (*found, self._listed(files.users.path).file)
        for file, digest in zip(found, self._expected, strict=False):
            if file.digest != digest:
                raise PlanOutdatedError(file.path)

    def set_managed(self, add: Collection[str], remove: Collection[str]) -> None:
        """Note users as made by provisioning, or no longer, in the list of them."""
        self._managed = add, remove

    def _managed_file(
        self, draft: RealmEdit, changes: UserChanges
    ) -> tuple[FileContent, bytes] | None:
        """Keep the list of managed users; who comes or goes in another way is not on it."""
        users = draft.files.users.path
        gone = {*changes.added, *changes.removed}
        if self._managed is not None:
            add, remove = self._managed
            managed = self._listed(users)
            return managed.file, managed.edited(add, {*remove, *gone.difference(add)})
        try:
            managed = self._listed(users)
        except FileRealmError:
            return None  # a list that is of no use is no concern of this change
        return (managed.file, managed.edited((), gone)) if managed.names & gone else None

    def _listed(self, users: str) -> ManagedUsers:
        """Read the list of managed users; without the lock, of the state that both files are of."""
        if self._preview is None and not self._options.dry_run:
            return ManagedUsers.read(users)
        return self._folder.read_with_managed(is_needed=True)[1]

    def set_attributes(self) -> None:
        """Give both files the owner, group and mode that are asked for, whatever else changes."""
        self._change(lambda draft: draft.files)

    def undo(self) -> None:
        """See ``UsersTool.undo``; no other change goes with it."""
        if self._changes:
            raise RuntimeError("an undo is the only change of its transaction")
        self._is_undo = True
        self._change(lambda draft: draft.go_back_to(*self._folder.earlier_version(draft.files)))

    @property
    def _draft(self) -> RealmEdit:
        if self._preview is None:
            raise RuntimeError(_NOT_OPEN)
        return self._preview

    def _change(self, change: Callable[[RealmEdit], T]) -> T:
        result = change(self._draft)
        self._changes.append(change)
        return result


def _names(names: Iterable[str]) -> Iterable[str]:
    """Refuse the slip that would take every letter of a name for a name."""
    if isinstance(names, str):
        raise TypeError("roles must be a collection of names, not one text")
    return names
