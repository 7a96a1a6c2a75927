"""One look at one file: is it there, can it be read, and is its content what it was?"""

from __future__ import annotations

import errno
import os
import stat
from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING, Final, TypeAlias

from .._storage.read import read_file
from .._storage.stamp import Stamp

if TYPE_CHECKING:
    from collections.abc import Callable

    from .changes import ChangeKind

__all__ = ["ABSENT", "GRAIN", "Observation", "change_between", "observe"]

#: Seconds within which two writes may leave equal timestamps: FAT's grain, the coarsest known.
GRAIN: Final = 2.0


@dataclass(frozen=True, slots=True)
class Readable:
    """
    A file that could be read.

    Attributes:
        stamp: Taken from the open file before its content was read.

        digest: Of the content.

        since: The moment, in the timer's seconds, by which this stamp was first seen.

        is_settled:
            Whether the stamp alone shows any later write. It does once it has been seen for
            longer than the grain: a write in the same grain may have left the same stamp.
            Only our own timer counts, so a clock that is wrong, here or on a file server, does
            no harm.
    """

    stamp: Stamp
    digest: bytes
    since: float
    is_settled: bool


@dataclass(frozen=True, slots=True)
class Unreadable:
    """
    Something that is there, or may be, but gives no content: no permission, a folder, a fault.

    Attributes:
        stamp: Its stamp, or None if not even that could be had.
        number: The ``errno`` of the fault.
    """

    stamp: Stamp | None
    number: int


ABSENT: Final = None

Observation: TypeAlias = Readable | Unreadable | None


def observe(path: str, before: Observation, timer: Callable[[], float]) -> Observation:
    """
    Look at the file at *path*, links followed; read it only if its stamp does not say enough.

    A missing file, a missing folder and a link to nowhere are all ``ABSENT``.

    Args:
        path: The file.
        before: What the last look gave.
        timer: Seconds, from anywhere on.
    """
    try:
        status = os.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        return ABSENT
    except OSError as error:
        return Unreadable(None, error.errno or 0)
    stamp = Stamp.of(status)
    if not stat.S_ISREG(status.st_mode):
        # Not opened even for a moment: to open a pipe or a device may have effects.
        return Unreadable(stamp, errno.EISDIR if stat.S_ISDIR(status.st_mode) else errno.EINVAL)
    if isinstance(before, Readable) and before.is_settled and before.stamp == stamp:
        return before
    return _read(path, stamp, before, timer)


def _read(path: str, stamp: Stamp, before: Observation, timer: Callable[[], float]) -> Observation:
    started = timer()
    try:
        content = read_file(path)
    except OSError as error:
        return ABSENT if error.errno == errno.ENOTDIR else Unreadable(stamp, error.errno or 0)
    if content.stat is None:
        return ABSENT
    # Not the stamp from before: the file may have been replaced between the two.
    stamp = Stamp.of(content.stat)
    digest = blake2b(content.data, usedforsecurity=False).digest()
    if isinstance(before, Readable) and before.stamp == stamp:
        return Readable(stamp, digest, before.since, started - before.since > GRAIN)
    return Readable(stamp, digest, timer(), is_settled=False)


def change_between(before: Observation, now: Observation) -> ChangeKind | None:
    """
    Tell what a listener has to know, or None if it is nothing.

    What cannot be read may have changed, so it is a change once, and again when it can be read.
    """
    if before is ABSENT or now is ABSENT:
        if before is now:
            return None
        return "created" if before is ABSENT else "deleted"
    if isinstance(before, Readable) and isinstance(now, Readable):
        return None if before.digest == now.digest else "changed"
    return None if before == now else "changed"
