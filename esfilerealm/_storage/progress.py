"""How far a change has come, which the content of the files decides."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

from .._ground.faults import FaultsOf
from ..errors import FilePermissionError
from . import system
from .journal import UnusableJournalError
from .read import UNREADABLE, read_plain_file

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .journal import JournalStep
    from .read import FileContent

__all__ = ["Progress"]


class Progress:
    """
    How far a change has come.

    Args:
        steps: The whole change.

        look: Returns a target as it is now.

    Attributes:
        done: The steps that were made and not rolled back.
        is_complete: Whether these are all steps, to the last byte.

    Raises:
        UnusableJournalError: If a file holds what it holds at no point of the change, so another
            program has written it since.
        FilePermissionError: If this user may not read a file, and its inode tells nothing.
    """

    def __init__(
        self, steps: Sequence[JournalStep], look: Callable[[str], FileContent] = read_plain_file
    ) -> None:
        self.is_complete = True
        done: set[int] = set()
        for target in dict.fromkeys(step.target for step in steps):
            numbers = [number for number, step in enumerate(steps) if step.target == target]
            taken, is_certain = _steps_taken([steps[n] for n in numbers], look(target))
            self.is_complete = self.is_complete and is_certain and taken == len(numbers)
            done.update(numbers[:taken])
        self.done = [step for number, step in enumerate(steps) if number in done]


def _steps_taken(steps: Sequence[JournalStep], now: FileContent) -> tuple[int, bool]:
    """
    Count the steps of one file that led to its state *now*; return too whether that is certain.

    If it holds the same at several points, as after a step that only changes attributes, its inode
    decides; so it does if this user may not read the file. A file that is overwritten in place may
    be half written, and nothing shows how far. So all of its steps count: rolling back a step that
    was not made does no harm.
    """
    if any(step.in_place for step in steps):
        _check_is_same(steps[-1], now)
        return len(steps), False
    if now.digest == UNREADABLE:
        return _steps_by_inode(steps, now), True
    states = [steps[0].before, *(step.after for step in steps)]
    possible = [taken for taken, state in enumerate(states) if state == now.digest]
    if len(possible) == 1:
        return possible[0], True
    if not possible:
        raise UnusableJournalError(f"[{steps[0].target}] was changed by another program since")
    inode = None if now.stat is None else now.stat.st_ino
    exact = [taken for taken in possible if taken and steps[taken - 1].inode == inode]
    return max(exact, default=possible[0]), True


def _steps_by_inode(steps: Sequence[JournalStep], now: FileContent) -> int:
    """Count them for a file that this user may not read; the backup of the old one is a link."""
    inodes = [_inode_of(steps[0].old), *(step.inode for step in steps)]
    inode = None if now.stat is None else now.stat.st_ino
    exact = [taken for taken, known in enumerate(inodes) if known is not None and known == inode]
    if not exact:
        reason = (
            "you may not read it, and nothing else tells how far an interrupted write has come: "
            "run this as the owner of it or as root"
        )
        raise FilePermissionError(now.path, reason, errno.EACCES)
    return max(exact)


def _inode_of(path: str | None) -> int | None:
    if path is None:
        return None
    with FaultsOf(path, "examining"):
        try:
            return system.lstat(path).st_ino
        except FileNotFoundError:
            return None


def _check_is_same(step: JournalStep, now: FileContent) -> None:
    """Refuse to overwrite a file that is not, or not only, the one that was overwritten."""
    status = now.stat
    if status is None or status.st_ino != step.inode or status.st_nlink > 1:
        reason = f"[{step.target}] was replaced by another program since, or got a second name"
        raise UnusableJournalError(reason)
