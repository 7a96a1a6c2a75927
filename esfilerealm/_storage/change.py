"""One change of one file: what the file is to become, and every step on the way."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .._ground.faults import FaultsOf
from ..errors import FileChangedError
from . import system
from .journal import JournalStep
from .reach import PLAIN
from .read import Stamp
from .staging import copy_backup, link_backup, overwrite, stage, temporary_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .attributes import Attributes
    from .reach import Reach

__all__ = ["Change", "Move"]


@dataclass(frozen=True, slots=True)
class Change:
    """
    What one file is to become.

    Attributes:
        target: Its real path.
        before: Digest of the old content; None if there is no file.
        status: Of the file when it was read; None if an earlier change creates it.
        data: The new content; None to remove the file, or to make a link.
        after: Digest of the new content.
        has: The attributes before.
        attributes: The attributes after.
        in_place: Whether to overwrite the file instead of replacing it whole.
        source: A file that holds *data* already and can be linked instead of written.
        is_unread: Whether no node reads the file, so that its place in the order does not matter.
        top: The real path of the configuration directory, if the file is below it and to be reached
            from there without following a link; None if it is named by its path.
        link: What the symbolic link is to hold that is made where nothing is; else None.
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
    top: str | None = None
    link: str | None = None


class Move:
    """
    A change while it is made.

    Attributes:
        change: What to do.
        staged: The temporary name of the new content, if there is one.
        old: The name of the backup of the old content, if there is one.
        inode: Of the new file, or of the one that is overwritten.
        lost: The attributes that could not be set, as text.
        is_begun: Whether the file may be replaced.
        is_made: Whether it is replaced.
        reach: The way to the file and to those beside it; set when their directory is open.
    """

    def __init__(self, change: Change) -> None:
        self.change = change
        self.folder = os.path.dirname(change.target)
        has_new = change.data is not None or change.link is not None
        is_staged = has_new and not change.in_place
        self.staged = temporary_name(change.target) if is_staged else None
        self.old = None if change.before is None else temporary_name(change.target)
        self.lost: list[str] = []
        self.inode: int | None = None
        self.is_begun = False
        self.is_made = False
        self.reach: Reach = PLAIN
        self._stamp: Stamp | None = None

    @property
    def temporary(self) -> list[str]:
        """The names that are to be removed when the change is made, or rolled back."""
        names = (None if self.is_made else self.staged, self.old)
        return [name for name in names if name is not None]

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
            change.top,
        )

    def stage(self) -> None:
        """Make the new content durable."""
        change = self.change
        if self.staged is None:
            return
        if change.link is not None:
            with FaultsOf(change.target, "linking"):
                self.reach.symlink(change.link, self.staged)
        elif change.source is not None:
            link_backup(change.source, change.target, self.staged, change.attributes, change.after)
        else:
            self.lost = stage(
                change.target, self.staged, change.data or b"", change.attributes, self.reach
            )
        with FaultsOf(change.target, "examining"):
            status = self.reach.lstat(self.staged)
        self.inode, self._stamp = status.st_ino, Stamp.of(status)

    def keep_inode(self, earlier: Sequence[Move]) -> None:
        """Note which file will be overwritten."""
        change, before = self.change, self._among(earlier)
        if change.in_place:
            self.inode = before.inode if before else change.status and change.status.st_ino

    def _among(self, earlier: Sequence[Move]) -> Move | None:
        """Return the latest of *earlier* changes that is about the same file."""
        target = self.change.target
        return next((move for move in reversed(earlier) if move.change.target == target), None)

    def keep_old(self, earlier: Sequence[Move]) -> None:
        """Back up what the change will find, which an earlier change may put there."""
        change, old, before = self.change, self.old, self._among(earlier)
        self.keep_inode(earlier)
        if old is None:
            _check_absent(change.target, self.reach)
        elif before is not None and before.staged is None:
            stage(change.target, old, before.change.data or b"", change.has)
        elif change.in_place:
            copy_backup(change.target, change.target, old, change.has, change.before)
        else:
            source = change.target if before is None else before.staged or change.target
            is_file = link_backup(source, change.target, old, change.has, change.before, self.reach)
            if is_file and before is None:
                _check_same(change, old, self.reach)

    def check_untouched(self) -> None:
        """
        Check that no other program, which takes no lock, has written the file since it was read.

        Raises:
            FileChangedError: If one has.
            FilePermissionError, FileAccessError: If the system refuses.
        """
        change = self.change
        if change.is_unread:
            return
        if change.before is None:
            _check_absent(change.target, self.reach)
        else:
            _check_same(change, change.target, self.reach)

    def make(self) -> None:
        """Replace the file."""
        change = self.change
        self.is_begun = True
        if change.in_place and change.data is not None:
            self.lost = overwrite(change.target, change.data, change.attributes, self.inode)
        else:
            with FaultsOf(change.target, "replacing"):
                if self.staged is None:
                    self.reach.unlink(change.target)
                else:
                    self.reach.rename(self.staged, change.target)
        self.is_made = True

    def put_back(self) -> None:
        """
        Put the backup of a file that was replaced whole back, if it was. This opens no file.

        Raises:
            FileChangedError: If another program has written it since.
            FilePermissionError, FileAccessError: If the system refuses.
        """
        target = self.change.target
        with FaultsOf(target, "restoring"):
            now = Stamp.of(system.lstat(target))
            if self.old is None or self._stamp is None or not now.is_of_same_file(self._stamp):
                return  # another program has replaced it since, or nobody has
            if now.content != self._stamp.content:
                raise FileChangedError(target)
            system.rename(self.old, target)

    def leave_a_trace(self) -> None:
        """Leave a temporary file, so that the next writer makes the directory durable."""
        if self.old is not None:
            with suppress(OSError, NotImplementedError):  # the next write does so in any case
                system.link(self.change.target, self.old, follow_symlinks=False)


def _check_absent(target: str, reach: Reach) -> None:
    """Raise if another program, which takes no lock, has created the file since we looked."""
    with FaultsOf(target, "examining"):
        try:
            reach.lstat(target)
        except FileNotFoundError:
            return
    raise FileChangedError(target)


def _check_same(change: Change, path: str, reach: Reach) -> None:
    """Raise if another program, which takes no lock, has written the file at *path* since."""
    if change.status is None:  # an earlier change will put it there
        return
    with FaultsOf(change.target, "examining"):
        try:
            now = Stamp.of(reach.lstat(path))
        except FileNotFoundError:
            raise FileChangedError(change.target) from None
    if now.content != Stamp.of(change.status).content:
        raise FileChangedError(change.target)
