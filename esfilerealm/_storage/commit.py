"""
Several files that change as one: all of them, or none.

All new content is durable under other names, and all old content has a second name, before a
journal says so; then the files are exchanged in their order; then the journal goes, and that moment
is when the change is made. A fault before it takes everything back; so does, after a kill or a
power cut, whoever comes next (``recovery.py``).

One file that is replaced whole needs no journal: a rename is done or not, and as long as the old
file has a second name, whoever comes next knows that this may not be durable. A new file has none.
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
    from collections.abc import Sequence

    from .attributes import Attributes

__all__ = ["Change", "commit"]


@dataclass(frozen=True, slots=True)
class Change:
    """
    What one file is to become.

    Attributes:
        target: Its real path.
        before: Digest of what it holds; None if it is not there.
        status: Of the file when that was read; None if an earlier change makes it.
        data: What it is to hold; None if it is to go.
        after: Digest of that.
        has: What it has, besides content.
        attributes: What it is to have.
        in_place: Whether to overwrite it, and not to replace it whole.
        source: A file that holds *data* already and may be linked in its stead.
        is_unread: Whether no node reads it, so that its order among others does not matter.
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
    changes: Sequence[Change], journal_path: str, journal_attributes: Attributes
) -> list[list[str]]:
    """
    Make all *changes* in their order, or none. The caller holds the write lock.

    Args:
        changes: What to do. A file may be named more than once.

        journal_path: Where to keep the record of it; there is none now.

        journal_attributes: What that file is to have.

    Returns:
        For each change what its file could not be given, in words.

    Raises:
        FilePermissionError, FileAccessError: If the system does not let us; nothing is changed, or
            the message says what is.
    """
    moves: list[_Move] = []
    try:
        for change in changes:
            moves.append(_Move(change))
            moves[-1].stage()
        for number, move in enumerate(moves):
            move.keep_old(moves[:number])
    except BaseException:
        _remove_all(moves)
        raise
    journal = Journal(journal_path, tuple(move.step for move in moves))
    is_journaled = _needs_journal(moves)
    try:
        if is_journaled:
            journal.write(journal_attributes)
        _make(moves)
        spent = [journal.retire()] if is_journaled else []
    except BaseException as error:
        _roll_back(journal, error)
        _remove_all(moves)
        raise
    # It is made, whatever becomes of what is left. But as long as the record might come back after
    # a power cut, what it takes to act on it has to stay.
    with suppress(FileRealmError):
        for path in spent:
            sync_folder(os.path.dirname(path))
        remove_quietly([*spent, *(move.old for move in moves if move.old is not None)])
    return [move.lost for move in moves]


class _Move:
    """
    A change on its way.

    Attributes:
        change: What is to be done.
        staged: Where the new content is until then, if it is anywhere.
        old: Where the old content is from then on, if there is any.
        inode: Of the file that takes the place, or that is overwritten.
        lost: What the file could not be given, in words.
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
        """Say it in the words of the journal."""
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
        """Give what the change will find, which an earlier one may put there, a second name."""
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
        """Exchange the file."""
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
    """Tell whether this is more than one rename that whoever comes next knows of."""
    return len(moves) > 1 or moves[0].change.in_place or moves[0].old is None


def _make(moves: Sequence[_Move]) -> None:
    """Exchange all files; what a node sees is durable before the next thing that it sees."""
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
    Put everything back as it was.

    Raises:
        FileAccessError: If that cannot be done. All that it takes to do it later is still there.
    """
    try:
        roll_back(journal.steps)
        spent = journal.retire()
        sync_folder(os.path.dirname(journal.path))
        remove_quietly([spent])
    except (FileRealmError, UnusableJournalError) as fault:
        number = getattr(fault, "errno", None) or 0
        reason = f"a change cannot be taken back now ({fault}); the next write does that"
        raise FileAccessError(journal.path, number, reason) from error


def _remove_all(moves: Sequence[_Move]) -> None:
    remove_quietly(path for move in moves for path in (move.staged, move.old) if path is not None)


def _check_absent(target: str) -> None:
    """Another program, which takes no lock, may have made the file since we looked."""
    with FaultsOf(target, "examining"):
        try:
            system.lstat(target)
        except FileNotFoundError:
            return
    raise FileChangedError(target)


def _check_same(change: Change, kept: str) -> None:
    """Another program, which takes no lock, may have written the file since we read it."""
    with FaultsOf(change.target, "examining"):
        now = Stamp.of(system.lstat(kept))
    if change.status is not None and now.content != Stamp.of(change.status).content:
        raise FileChangedError(change.target)
