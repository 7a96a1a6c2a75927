"""
A file that changes alone, by the steps of a realm: lock, recover, re-read, journal, replace.

It has a lock and a journal of its own beside it, so that it can be written where ``users`` cannot.
A file that may also change together with ``users`` and ``users_roles`` is locked by such a change
too. So while its lock is held, a journal of the realm that names it is of an interrupted change.
"""

from __future__ import annotations

import errno
import os
from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from .._ground.faults import without_origin
from .._ground.holding import inside
from .._ground.rights import whose
from ..errors import FilePermissionError, FileRealmError
from . import system
from .attributes import Attributes
from .change import Change
from .commit import commit
from .journal import UnusableJournalError
from .lock import write_lock
from .noting import NotedChange, note_recovery, noted_files
from .paths import LOCKED_ALONE, OTHER_FILES, RealmPaths, journal_path, lock_path
from .read import FileContent, Stamp, digest_of, read_file
from .realm_files import read_consistently
from .recovery import read_file_journal, read_journal, recover_file, seen_by_readers
from .target import could_replace, owners_of, real_target, survey
from .write import Locked, file_result, foresee

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from contextlib import AbstractContextManager

    from ..results import FileResult, Recovery
    from .journal import Journal
    from .lock import WriteLock
    from .options import WriteOptions

__all__ = ["LockedWith", "SingleFile"]

#: What an existing file has to keep, whoever may read it afterwards.
_OWNER: Final = frozenset({"owner"})

#: How often to start again because somebody wrote in between.
_ATTEMPTS: Final = 100


class SingleFile:
    """
    Reads and writes one file.

    Args:
        path: Its path; links are followed.

        largest: Bytes of the largest file that is read.

        new_mode: The mode of a new file, whatever the umask.
    """

    def __init__(self, path: str, *, largest: int, new_mode: int) -> None:
        self._path = os.path.abspath(path)
        self._largest = largest
        self._new_mode = new_mode
        folder, name = os.path.split(self._path)
        self._realm = RealmPaths(folder) if name in LOCKED_ALONE else None

    def read(self) -> FileContent:
        """
        Read the file as it was at a moment at which no change was half done; if missing, empty.

        Raises:
            JournalVersionError: If a later version of this package left an interrupted write.
            FilePermissionError, FileAccessError: If it cannot be read, or is too large.
        """
        for _ in range(_ATTEMPTS):
            before = self._stamps()
            found = self._read(self._path)
            if isinstance(before[1], Stamp) and isinstance(found, FileContent):
                found = _before_the_change(found)
            elif isinstance(before[2], Stamp) and self._realm is not None:
                name = os.path.basename(self._path)
                found = read_consistently(self._realm, self._read, [name])[-1]
            if self._stamps() == before:
                break
        if isinstance(found, FileRealmError):
            raise found
        return found

    def locked(
        self, options: WriteOptions, faults: list[str] | None = None
    ) -> AbstractContextManager[Recovery]:
        """
        Hold the lock of the file, recover, and give what was found of an interrupted write.

        Use it with ``inside``: an exception at the end of a ``with`` block may leave it locked.

        Args:
            options: How to write.

            faults: Gets what fails when the lock is released, as text.

        Raises:
            LockTimeoutError: If the lock was not free in time.
            JournalVersionError: If a later version of this package left an interrupted write.
            FilePermissionError, FileAccessError: If the system refuses.
        """
        return _LockedFile(self._path, self, options, faults)

    def recover_locked(self) -> Recovery | None:
        """Recover under the lock; return None if first the realm has to recover, without it."""
        if self._realm is not None and self._is_interrupted(self._realm):
            return None
        return recover_file(real_target(self._path))

    def recover_realm(self, options: WriteOptions) -> None:
        """Recover the realm, whose interrupted change may be about the file too."""
        if self._realm is not None:
            inside(Locked(self._realm, options), lambda _recovery: None)

    def commit(
        self,
        file: FileContent,
        data: bytes,
        options: WriteOptions,
        settings: Mapping[str, Sequence[str]] | None = None,
    ) -> FileResult:
        """
        Replace the file as it was read under the lock; the caller holds it (or runs dry).

        Args:
            file: As it was read.

            data: Its new content.

            options: How to write.

            settings: The names of secure settings, for the log of changes; by what happens to them.

        Raises:
            FilePermissionError, FileAccessError: If it cannot be written; nothing is changed.
        """
        target = survey(self._path, file, options.strategy)
        has = Attributes.of_content(file)
        # A node saves a keystore only if it owns it, so another owner could keep it from starting.
        has = replace(has, asked=_OWNER) if file.exists else replace(has, mode=self._new_mode)
        change = Change(
            target=file.path,
            before=file.digest,
            status=file.stat,
            data=data,
            after=digest_of(data),
            has=has,
            attributes=has.tolerant() if options.is_tolerant else has,
            in_place=target.in_place,
        )
        _check_writer(change)
        foreseen = {file.path: foresee(change)} if options.dry_run else {}
        if options.dry_run:
            lost = foreseen[file.path].lost
        else:
            folder, told = os.path.dirname(self._path), noted_files((), [change])
            noted = options.noted(NotedChange(folder, told, settings=settings or {}))
            lost = commit([change], journal_path(file.path), has.tolerant(), noted)[0]
        return file_result(file, [change], {file.path: [*target.lost, *lost]}, foreseen)

    def _read(self, path: str) -> FileContent | FileRealmError:
        largest = self._largest if path == self._path else None
        try:
            return read_file(path, largest=largest)
        except FileRealmError as error:
            return without_origin(error)

    def _stamps(self) -> list[Stamp | int]:
        """Return the stamps of the file, of its journal and of that of the realm."""
        journals = [journal_path(system.realpath(self._path))]
        if self._realm is not None:
            journals.append(self._realm.journal)
        found: list[Stamp | int] = [_stamp(path) for path in (self._path, *journals)]
        return found if self._realm is not None else [*found, errno.ENOENT]

    def _is_interrupted(self, realm: RealmPaths) -> bool:
        """Check whether the realm has a journal that names the file, or that nobody can use."""
        if not isinstance(_stamp(realm.journal), Stamp):
            return False
        others = [system.realpath(realm.named(name)) for name in OTHER_FILES]
        both = system.realpath(realm.users), system.realpath(realm.users_roles)
        try:
            journal = read_journal(*both, others, realm.config_dir)
        except UnusableJournalError:
            return True  # it may name the file; the recovery of the realm puts it aside
        return journal is not None and _names(journal, system.realpath(self._path))


class LockedWith:
    """
    Holds the lock of the realm, and then those of files that are to change with it; recovers all.

    For the errors see ``RealmFolder.locked``. It may be left twice.

    Args:
        paths: Where the files are.

        options: How to write.

        names: Names of ``LOCKED_ALONE``.

    Attributes:
        faults: What failed when a lock was released, as text.
    """

    def __init__(self, paths: RealmPaths, options: WriteOptions, names: Sequence[str]) -> None:
        self._realm = Locked(paths, options)
        self._options = options
        self.faults = self._realm.faults
        self._files = {name: paths.named(name) for name in names}
        self._locks = {
            name: _alone(path, options, self.faults) for name, path in self._files.items()
        }

    def __enter__(self) -> Recovery:
        try:
            recovery = self._realm.__enter__()
            found = [recovery]
            for name, path in self._files.items():
                self._locks[name].__enter__()
                own = recover_file(real_target(path))
                note_recovery(own, os.path.dirname(path), [path], self._options.noted)
                found.append(own)
            return next(filter(None, found), recovery)
        except BaseException:
            self.__exit__()
            raise

    def __exit__(self, *_: object) -> None:
        with ExitStack() as stack:  # each of them, whatever another one raises
            stack.push(self._realm.__exit__)
            for lock in self._locks.values():
                stack.push(lock.__exit__)


def _alone(path: str, options: WriteOptions, faults: list[str] | None) -> WriteLock:
    """Hold the lock of a file, and recover nothing."""
    return write_lock(
        lambda: lock_path(real_target(path)),
        options.lock_timeout,
        allow_local_lock=options.allow_local_lock,
        faults=faults,
    )


def _stamp(path: str) -> Stamp | int:
    """Return the stamp of a file, or the ``errno`` if there is none."""
    try:
        return Stamp.of(system.stat(path))
    except OSError as error:
        return error.errno or 0


def _names(journal: Journal, target: str) -> bool:
    return any(step.target == target for step in journal.steps)


def _before_the_change(file: FileContent) -> FileContent:
    """Return the file as it was before the change that is under way; as it is if it ended."""
    try:
        journal = read_file_journal(file.path)
        if journal is None:
            return file
        return seen_by_readers(journal.steps, [file], journal.stranger)[file.path]
    except (UnusableJournalError, FileRealmError):
        return file  # nobody may act on the journal


def _check_writer(change: Change) -> None:
    """
    Refuse a change whose journal nobody else would trust; a file that is replaced needs none.

    If its writer were killed, the change would stay half made.
    """
    if not system.HAS_OWNERS or (change.before is not None and not change.in_place):
        return
    is_owner = os.geteuid() in owners_of(change.target, with_us=False)
    if is_owner or could_replace(change.target, [os.getegid(), *os.getgroups()]):
        return
    reason = (
        "you own neither it nor its directory, so nobody else could roll back your change if you "
        f"were interrupted: run this as the owner of one of them or as root{whose(change.target)}"
    )
    raise FilePermissionError(change.target, reason, errno.EPERM)


class _LockedFile:
    """See ``SingleFile.locked``. It may be left twice."""

    def __init__(
        self, path: str, file: SingleFile, options: WriteOptions, faults: list[str] | None
    ) -> None:
        self._file = file
        self._path = path
        self._options = options
        self._lock = _alone(path, options, faults)

    def __enter__(self) -> Recovery:
        try:
            while True:
                self._lock.__enter__()
                recovery = self._file.recover_locked()
                if recovery is not None:
                    folder = os.path.dirname(self._path)
                    note_recovery(recovery, folder, [self._path], self._options.noted)
                    return recovery
                self._lock.__exit__()
                self._file.recover_realm(self._options)
        except BaseException:
            self._lock.__exit__()
            raise

    def __exit__(self, *_: object) -> None:
        self._lock.__exit__()
