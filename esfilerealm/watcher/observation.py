"""One look at one file, and what changed between two looks."""

from __future__ import annotations

import errno
import os
import stat
from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from .._storage import Stamp, read_file

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = [
    "ABSENT",
    "GRAIN",
    "ChangeKind",
    "FileChange",
    "Observation",
    "change_between",
    "merged",
    "observe",
]

#: Seconds within which two writes may leave equal timestamps: the resolution of FAT, the coarsest
#: known.
GRAIN: Final = 2.0

ChangeKind: TypeAlias = Literal["init", "created", "changed", "deleted"]


@dataclass(frozen=True, slots=True)
class FileChange:
    """
    What happened to one file since the last pass.

    Attributes:
        path: The file, as it was given to the watcher.

        kind: ``init`` if the file existed when watching began; ``created`` or ``deleted``;
            ``changed`` if its content changed, or whether it can be read.
    """

    path: str
    kind: ChangeKind


@dataclass(frozen=True, slots=True)
class Readable:
    """
    A file that could be read.

    Attributes:
        stamp: Its stamp, taken from the open file before the content was read.

        digest: A hash of the content.

        since: When this stamp had first been seen, in seconds of the timer.

        is_settled: Whether every later write will change the stamp. That is so once the stamp has
            been seen for longer than the grain: within it, a second write may leave the same stamp.
            Only our own timer counts, so a wrong clock on this machine or on a file server does no
            harm.
    """

    stamp: Stamp
    digest: bytes
    since: float
    is_settled: bool


@dataclass(frozen=True, slots=True)
class Unreadable:
    """
    A path that may exist but has no content to read: no permission, a directory, a failure.

    Attributes:
        stamp: Its stamp, or None if that could not be read either.
        number: The ``errno`` of the failure.
    """

    stamp: Stamp | None
    number: int


ABSENT: Final = None

Observation: TypeAlias = Readable | Unreadable | None


def observe(path: str, before: Observation, timer: Callable[[], float]) -> Observation:
    """
    Look at the file at *path*, following links; read it unless its stamp proves it unchanged.

    A missing file, a missing directory and a dangling link are all ``ABSENT``.

    Args:
        path: The file.
        before: The result of the last look.
        timer: Seconds from any origin.
    """
    try:
        status = os.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        return ABSENT
    except OSError as error:
        return Unreadable(None, error.errno or 0)
    stamp = Stamp.of(status)
    if not stat.S_ISREG(status.st_mode):
        # Never opened: opening a pipe or a device may have side effects.
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
    # Not the stamp from above: the file may have been replaced in between.
    stamp = Stamp.of(content.stat)
    digest = blake2b(content.data, usedforsecurity=False).digest()
    if isinstance(before, Readable) and before.stamp == stamp:
        return Readable(stamp, digest, before.since, started - before.since > GRAIN)
    return Readable(stamp, digest, timer(), is_settled=False)


def change_between(before: Observation, now: Observation) -> ChangeKind | None:
    """
    Return what happened between two looks, or None if nothing did.

    A file that cannot be read may have changed: that counts as a change once, and again when the
    file can be read.
    """
    if before is ABSENT or now is ABSENT:
        if before is now:
            return None
        return "created" if before is ABSENT else "deleted"
    if isinstance(before, Readable) and isinstance(now, Readable):
        return None if before.digest == now.digest else "changed"
    return None if before == now else "changed"


def merged(older: ChangeKind, newer: ChangeKind) -> ChangeKind:
    """
    Merge two changes of a file that a listener has not handled yet into one.

    - ``deleted`` last: ``deleted``, even if the listener never knew the file.
    - ``deleted`` first: ``changed``, since the file exists again.
    - Otherwise the older one: a new file that changed is still ``created``, and one that existed
      from the start is still ``init``.
    """
    if newer == "deleted":
        return "deleted"
    return "changed" if older == "deleted" else older
