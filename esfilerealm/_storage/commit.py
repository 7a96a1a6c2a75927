"""
Several files that change as one: all of them, or none.

All new content is durable under temporary names, and all old content has a backup, before the
journal is written. Then the files are replaced in their order. Removing the journal commits the
change. While it stands, the change does not count, however much of it is made: an error rolls it
back, and if that fails, or after a kill or a power cut, the next writer does (``recovery.py``).

One file that is replaced whole needs no journal: a rename happens or does not. It is committed when
its directory is durable; after an error before that, a second rename puts the backup in its place.
While a backup exists, the next writer makes the directory durable first. A new file has no backup,
so it needs a journal; so does the removal of a file.

A change to any files below the configuration directory (``below.py``) is announced by a journal
before its directories are made and anything is written there, so that nothing of it is left.

From the first replacement until the change is committed, no file is opened, except to overwrite it:
the process may have no free descriptor by then.
"""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from .._ground.holding import inside
from ..errors import FileAccessError, FileChangedError, FileRealmError
from . import system
from .below import clear, make_folder, remove_made
from .change import Move
from .journal import Journal, UnusableJournalError
from .lock import check_held_locks
from .noting import Unnoted
from .reach import PLAIN
from .recovery import restore
from .staging import OpenFolders, remove_quietly, temporary_name

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractContextManager

    from .attributes import Attributes
    from .below import NewFolder
    from .change import Change
    from .noting import NotedLine

__all__ = ["commit", "needs_journal"]


def commit(
    changes: Sequence[Change],
    journal_path: str,
    journal_attributes: Attributes,
    noted: AbstractContextManager[NotedLine] | None = None,
    *,
    top: str | None = None,
    new_folders: Sequence[NewFolder] = (),
) -> list[list[str]]:
    """
    Make all *changes* in their order, or none. This thread holds the write lock.

    Args:
        changes: What to do. A file may be in it more than once.

        journal_path: Where to write the journal; there is none now.

        journal_attributes: Those of the journal.

        noted: A block in which the changes are in a log, entered when nothing but them is left.

        top: The real path of the configuration directory, if any files below it change.

        new_folders: The directories to make, each after the one that it is in.

    Returns:
        For each change what could not be given, as text.

    Raises:
        FileChangedError: If another program has replaced the lock or a file.
        FilePermissionError, FileAccessError: If the system refuses. Nothing is changed, or the
            message says what is.
    """
    log = noted or Unnoted()
    unit = (
        _Unit(changes, journal_path, journal_attributes, log)
        if top is None
        else _UnitBelow(changes, journal_path, journal_attributes, log, top, new_folders)
    )
    inside(unit.folders, lambda _folders: unit.write())
    return [move.lost for move in unit.moves]


class _Unit:
    """
    Changes while they are made together.

    Attributes:
        moves: The changes.
        folders: The directories of their files.
    """

    def __init__(
        self,
        changes: Sequence[Change],
        journal_path: str,
        journal_attributes: Attributes,
        noted: AbstractContextManager[NotedLine],
    ) -> None:
        self.moves = [Move(change) for change in changes]
        self.folders = OpenFolders()
        self._journal_path = journal_path
        self._journal_attributes = journal_attributes
        self._journal: Journal | None = None
        self._staged_journal = temporary_name(journal_path)
        self._spent_journal = temporary_name(journal_path)
        #: Whether the next writer may need what is there now, so that nothing must be removed.
        self._is_open = False
        self._is_retired = False
        self._is_made = False
        self._noted = noted

    def write(self) -> None:
        """Make all changes, or none, and remove what nobody needs afterwards."""
        try:
            self.prepare()
            inside(self._noted, self._replace_noted)
            self.tidy()
        except BaseException:  # no `finally`: an exception at its start would leave the files
            self.tidy()
            raise

    def prepare(self) -> None:
        """Make everything durable that the replacement needs, and open what it needs open."""
        for move in self.moves:
            move.stage()
        for number, move in enumerate(self.moves):
            move.keep_old(self.moves[:number])
        for path in (self._journal_path, *(move.change.target for move in self.moves)):
            self.folders.open(os.path.dirname(path))
        is_announced = self._journal is not None
        if is_announced or needs_journal([move.change for move in self.moves]):
            self._journal = self._staged()
        check_held_locks()

    def _made_journal(self) -> Journal:
        return Journal(self._journal_path, tuple(move.step for move in self.moves))

    def _staged(self) -> Journal:
        journal = self._made_journal()
        journal.stage(self._staged_journal, self._journal_attributes)
        return journal

    def replace(self) -> None:
        """Make all changes, or none."""
        if self._journal is None:
            self._replace_one(self.moves[0])
        else:
            self._replace_all(self._journal)

    def _replace_noted(self, line: NotedLine) -> None:
        """Make all changes, or none; then the line that tells of them is taken back."""
        line.keep()
        try:
            self.replace()
        except BaseException:
            if not (self._is_open or self._is_made):
                line.take_back()
            raise

    def tidy(self) -> None:
        """Remove the temporary files, unless the next writer may need them."""
        if not self._is_open:
            journals = [] if self._journal is None else [self._spent_journal]
            if not self._is_retired:
                journals.append(self._staged_journal)
            # The journals go last: by them, the next writer finds what is left elsewhere.
            are_gone = remove_quietly(path for move in self.moves for path in move.temporary)
            if are_gone and self._is_tidy_durable():
                remove_quietly(journals)

    def _is_tidy_durable(self) -> bool:
        """Check whether no power cut can bring temporary files back that nobody looks for."""
        return True

    def _replace_one(self, move: Move) -> None:
        """Replace one file; making its directory durable commits the change."""
        try:
            move.check_untouched()
            self._is_open = True
            move.make()
            self.folders.sync(move.folder)
        except BaseException as error:
            if move.is_made or not isinstance(error, FileRealmError):
                self._put_back(move, error)
            self._is_open = False
            raise
        self._is_made = True
        self._is_open = False

    def _put_back(self, move: Move, error: BaseException) -> None:
        """
        Put the backup of a single file back, or leave a journal by which the next writer does.

        Raises:
            FileAccessError: If that fails, or cannot be made durable.
        """
        try:
            move.put_back()
        except FileRealmError as fault:
            reason = self._not_restored(fault)
            try:
                self._staged().begin(self._staged_journal, self.folders)
            except FileRealmError as another:
                reason = (
                    f"its rollback failed ({fault}), and no journal can be written ({another}): "
                    f"[{move.change.target}] may hold the change, and keeps it then"
                )
            raise _unfinished(move.change.target, error, fault, reason) from error
        try:
            self.folders.sync(move.folder)
        except FileRealmError as fault:
            move.leave_a_trace()
            raise _unfinished(move.change.target, error, fault, _not_durable(fault)) from error

    def _replace_all(self, journal: Journal) -> None:
        """Replace all files; removing the journal, once that is durable, commits the change."""
        try:
            self._is_open = True
            journal.begin(self._staged_journal, self.folders)
            check_held_locks()  # another writer that came before the journal does not know of it
            for move in self.moves:
                move.check_untouched()
            self._make_all()
            check_held_locks()  # and one that came after it may have rolled the change back
            journal.retire(self._spent_journal)
            self._is_retired = True
            self.folders.sync(os.path.dirname(journal.path))
        except FileRealmError as error:
            if self._is_retired and not self._is_reinstated(journal):
                self._doubt(error)
                return  # the change is made, and nobody can take it back
            self._roll_back(journal, error)
            raise
        except BaseException as error:
            if self._is_spent():
                self._go_on(journal)
            else:
                self._roll_back(journal, error)
            raise
        self._is_made = True
        self._is_open = False

    def _make_all(self) -> None:
        """Replace all files; each one that a node reads is durable before the next is replaced."""
        folders: set[str] = set()
        for move in self.moves:
            move.make()
            folders.add(move.folder)
            if not move.change.is_unread:
                for folder in folders:
                    self.folders.sync(folder)
                folders.clear()
        for folder in folders:
            self.folders.sync(folder)

    def _is_reinstated(self, journal: Journal) -> bool:
        """Bring the journal back, whose removal may not be durable, if that is possible."""
        try:
            journal.reinstate(self._spent_journal)
        except FileRealmError:
            return False
        return True

    def _is_spent(self) -> bool:
        """Check whether the journal was removed, even if an interrupt came at that moment."""
        try:
            system.lstat(self._spent_journal)
        except OSError:
            return self._is_retired
        return True

    def _go_on(self, journal: Journal) -> None:
        """Make a change durable that was interrupted when its journal was removed already."""
        self._is_made = True
        with suppress(FileRealmError):  # or else the next writer does
            self.folders.sync(os.path.dirname(journal.path))
            self._is_open = False

    def _doubt(self, error: FileRealmError) -> None:
        """Report a change that is made, and that a power cut may undo."""
        loss = f"it is written, but a power cut before the next write may undo that ({error})"
        for move in self.moves:
            move.lost.append(loss)

    def _roll_back(self, journal: Journal, error: BaseException) -> None:
        """
        Put all backups back.

        Raises:
            FileAccessError: If that fails. Everything that a later recovery needs is still there.
        """
        fault: FileRealmError | UnusableJournalError | None = None
        is_restored = False
        try:
            if any(move.is_begun for move in self.moves):
                fault = restore(journal.steps)
            is_restored = True
            if fault is None:
                clear(journal)
                remove_made(journal)
                journal.retire(self._spent_journal, may_be_missing=True)
                self.folders.sync(os.path.dirname(journal.path))
        except (FileRealmError, UnusableJournalError) as caught:
            fault = caught
        if fault is not None:
            reason = _not_durable(fault) if is_restored else self._not_restored(fault)
            raise _unfinished(journal.path, error, fault, reason) from error
        self._is_open = False

    def _not_restored(self, fault: FileRealmError | UnusableJournalError) -> str:
        begun = dict.fromkeys(move.change.target for move in self.moves if move.is_begun)
        files = ", ".join(f"[{path}]" for path in begun)
        then = (
            "leaves the files as they are, and renames the journal for you to look at"
            if isinstance(fault, (FileChangedError, UnusableJournalError))
            else "rolls it back by the journal, which stays"
        )
        return (
            f"its rollback failed ({fault}): the change may still be in {files}; the next write or "
            f"`esfilerealm recover` {then}"
        )


class _UnitBelow(_Unit):
    """
    Changes to any files below the configuration directory.

    Args:
        changes: As for ``commit``, and so are the others.
    """

    def __init__(
        self,
        changes: Sequence[Change],
        journal_path: str,
        journal_attributes: Attributes,
        noted: AbstractContextManager[NotedLine],
        top: str,
        new_folders: Sequence[NewFolder],
    ) -> None:
        super().__init__(changes, journal_path, journal_attributes, noted)
        self._top = top
        self._new_folders = new_folders
        self._is_replacing = False

    def write(self) -> None:
        """Do the same; an error before the first file is replaced takes back the announcement."""
        try:
            super().write()
        except BaseException as error:
            if self._is_open and not self._is_replacing:
                self._roll_back(self._made_journal(), error)
                self.tidy()
            raise

    def prepare(self) -> None:
        """Announce the change, and then do the same."""
        self._announce()
        super().prepare()

    def replace(self) -> None:
        """Do the same, which takes back by itself what fails."""
        self._is_replacing = True
        super().replace()

    def _announce(self) -> None:
        """Write the journal before anything that it announces, for the next writer to find."""
        for number, move in enumerate(self.moves):
            move.keep_inode(self.moves[:number])
        self.folders.open(os.path.dirname(self._journal_path))
        self._journal = announced = self._staged()
        check_held_locks()
        self._is_open = True
        announced.announce(self._staged_journal, self.folders)
        for folder in self._new_folders:
            make_folder(folder, self.folders, self._top)
        for move in self.moves:
            if move.change.top is not None:
                move.reach = self.folders.open(move.folder, self._top)

    def _is_tidy_durable(self) -> bool:
        try:
            for folder in {move.folder for move in self.moves if move.reach is not PLAIN}:
                self.folders.sync(folder)
        except FileRealmError:
            return False
        return True

    def _made_journal(self) -> Journal:
        made = tuple(folder.path for folder in self._new_folders)
        return replace(super()._made_journal(), top=self._top, folders=made)


def _not_durable(fault: BaseException) -> str:
    return (
        f"it was rolled back, but the rollback is not durable yet ({fault}), so a power cut may "
        "undo it: the next write or `esfilerealm recover` makes it durable"
    )


def _unfinished(path: str, error: BaseException, fault: object, reason: str) -> FileAccessError:
    """Return the error of a rollback that is not finished."""
    what = f"failed ({error})" if isinstance(error, FileRealmError) else "was interrupted"
    return FileAccessError(path, getattr(fault, "errno", None) or 0, f"a write {what}; {reason}")


def needs_journal(changes: Sequence[Change]) -> bool:
    """Check whether this is more than one rename that leaves a backup."""
    if len(changes) != 1:
        return True
    first = changes[0]
    return first.in_place or first.before is None or first.data is None
