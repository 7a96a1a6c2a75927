"""
Several files that change as one: all of them, or none.

All new content is durable under temporary names, and all old content has a backup, before the
journal is written. Then the files are replaced in their order. Removing the journal commits the
change. An error before that rolls everything back; after a kill or a power cut, the next writer
does (``recovery.py``).

One file that is replaced whole needs no journal: a rename happens or does not. While its backup
exists, the next writer makes the directory durable first. A new file has no backup, so it needs a
journal.
"""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .._ground.faults import FaultsOf
from ..errors import FileAccessError, FileChangedError, FileRealmError
from . import system
from .journal import Journal, JournalStep, UnusableJournalError
from .read import Stamp
from .recovery import roll_back
from .staging import (
    copy_backup,
    link_backup,
    overwrite,
    remove_quietly,
    stage,
    sync_folder,
    temporary_name,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .attributes import Attributes

__all__ = ["Change", "commit"]


@dataclass(frozen=True, slots=True)
class Change:
    """
    What one file is to become.

    Attributes:
        target: Its real path.
        before: Digest of the old content; None if there is no file.
        status: Of the file when it was read; None if an earlier change creates it.
        data: The new content; None to remove the file.
        after: Digest of the new content.
        has: The attributes before.
        attributes: The attributes after.
        in_place: Whether to overwrite the file instead of replacing it whole.
        source: A file that holds *data* already and can be linked instead of written.
        is_unread: Whether no node reads the file, so that its place in the order does not matter.
    """

    target: str
    before: str | None
    status: os.stat_result | None
    data: bytes | None
    after: str | None
    has: Attributes
    attributes: Attributes
    in_place: bool = False
    source: str | None = None
    is_unread: bool = False


def commit(
    changes: Sequence[Change],
    journal_path: str,
    journal_attributes: Attributes,
    check_lock: Callable[[], None] = lambda: None,
) -> list[list[str]]:
    """
    Make all *changes* in their order, or none. The caller holds the write lock.

    Args:
        changes: What to do. A file may be in it more than once.

        journal_path: Where to write the journal; there is none now.

        journal_attributes: Those of the journal.

        check_lock: Called when all is staged. It raises if another writer may hold a lock too.

    Returns:
        For each change the attributes that could not be set, as text.

    Raises:
        FilePermissionError, FileAccessError: If the system refuses. Nothing is changed, or the
            message says what is.
    """
    moves: list[_Move] = []
    try:
        for change in changes:
            moves.append(_Move(change))
            moves[-1].stage()
        for number, move in enumerate(moves):
            move.keep_old(moves[:number])
        check_lock()
    except BaseException:
        _remove_all(moves)
        raise
    journal = Journal(journal_path, tuple(move.step for move in moves))
    is_journaled = _needs_journal(moves)
    try:
        if is_journaled:
            journal.write(journal_attributes)
        _make(moves)
        spent = [journal.remove()] if is_journaled else []
    except BaseException as error:
        _roll_back(journal, error)
        _remove_all(moves)
        raise
    # The change is committed. But as long as a power cut might bring the journal back, its backups
    # have to stay.
    with suppress(FileRealmError):
        for path in spent:
            sync_folder(os.path.dirname(path))
        remove_quietly([*spent, *(move.old for move in moves if move.old is not None)])
    return [move.lost for move in moves]


class _Move:
    """
    A change while it is made.

    Attributes:
        change: What to do.
        staged: The temporary name of the new content, if there is one.
        old: The name of the backup of the old content, if there is one.
        inode: Of the new file, or of the one that is overwritten.
        lost: The attributes that could not be set, as text.
    """

    def __init__(self, change: Change) -> None:
        self.change = change
        is_staged = change.data is not None and not change.in_place
        self.staged = temporary_name(change.target) if is_staged else None
        self.old = None if change.before is None else temporary_name(change.target)
        self.lost: list[str] = []
        self.inode: int | None = None

    @property
    def step(self) -> JournalStep:
        """The change as the journal names it."""
        change = self.change
        return JournalStep(
            change.target,
            change.before,
            change.after,
            self.old,
            self.inode,
            change.has.numbers if change.in_place else None,
        )

    def stage(self) -> None:
        """Make the new content durable."""
        change = self.change
        if self.staged is None or change.data is None:
            return
        if change.source is not None:
            link_backup(change.source, change.target, self.staged, change.attributes, change.after)
        else:
            self.lost = stage(change.target, self.staged, change.data, change.attributes)
        with FaultsOf(change.target, "examining"):
            self.inode = system.lstat(self.staged).st_ino

    def keep_old(self, earlier: Sequence[_Move]) -> None:
        """Back up what the change will find, which an earlier change may put there."""
        change, old = self.change, self.old
        before = next((m for m in reversed(earlier) if m.change.target == change.target), None)
        if change.in_place:
            self.inode = before.inode if before else change.status and change.status.st_ino
        if old is None:
            _check_absent(change.target)
        elif before is not None and before.staged is None:
            stage(change.target, old, before.change.data or b"", change.has)
        elif change.in_place:
            copy_backup(change.target, change.target, old, change.has, change.before)
        else:
            source = change.target if before is None else before.staged or change.target
            is_file = link_backup(source, change.target, old, change.has, change.before)
            if is_file and before is None:
                _check_same(change, old)

    def make(self) -> None:
        """Replace the file."""
        change = self.change
        if change.in_place and change.data is not None:
            self.lost = overwrite(change.target, change.data, change.attributes, self.inode)
            return
        with FaultsOf(change.target, "replacing"):
            if self.staged is None:
                system.unlink(change.target)
            else:
                system.rename(self.staged, change.target)


def _needs_journal(moves: Sequence[_Move]) -> bool:
    """Check whether this is more than one rename that leaves a backup."""
    return len(moves) > 1 or moves[0].change.in_place or moves[0].old is None


def _make(moves: Sequence[_Move]) -> None:
    """Replace all files; each one that a node reads is durable before the next is replaced."""
    folders: set[str] = set()
    for move in moves:
        move.make()
        folders.add(os.path.dirname(move.change.target))
        if not move.change.is_unread:
            for folder in folders:
                sync_folder(folder)
            folders.clear()
    for folder in folders:
        sync_folder(folder)


def _roll_back(journal: Journal, error: BaseException) -> None:
    """
    Roll everything back.

    Raises:
        FileAccessError: If that fails. Everything that a later recovery needs is still there.
    """
    try:
        roll_back(journal.steps)
        spent = journal.remove()
        sync_folder(os.path.dirname(journal.path))
        remove_quietly([spent])
    except (FileRealmError, UnusableJournalError) as fault:
        number = getattr(fault, "errno", None) or 0
        reason = f"rollback failed ({fault}); the next write will complete it"
        raise FileAccessError(journal.path, number, reason) from error


def _remove_all(moves: Sequence[_Move]) -> None:
    remove_quietly(path for move in moves for path in (move.staged, move.old) if path is not None)


def _check_absent(target: str) -> None:
    """Raise if another program, which takes no lock, has created the file since we looked."""
    with FaultsOf(target, "examining"):
        try:
            system.lstat(target)
        except FileNotFoundError:
            return
    raise FileChangedError(target)


def _check_same(change: Change, kept: str) -> None:
    """Raise if another program, which takes no lock, has written the file since we read it."""
    with FaultsOf(change.target, "examining"):
        now = Stamp.of(system.lstat(kept))
    if change.status is not None and now.content != Stamp.of(change.status).content:
        raise FileChangedError(change.target)
