"""
Opening what settings name, without going where another user of this machine leads.

A checker often runs as root. Whoever may write to a directory on the way could put a link there,
and so have it read any file. Such a link is not followed; nor is anything opened but a regular
file, nor more of it read than its kind may hold.
"""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING, Final

from .._ground.faults import FaultsOf
from .parts import Unreadable

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["LARGEST_FILE", "follow", "read_bytes"]

LARGEST_FILE: Final = 16 * 1024 * 1024
"""Bytes of the largest file that is read, unless its kind has a limit of its own."""

_MOST_LINKS: Final = 40
_NO_FILE: Final = "it is not a regular file"
_FLAGS: Final = (
    os.O_RDONLY
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_BINARY", 0)
)


def follow(path: str) -> str:
    """
    Return the real path of a file, which need not exist.

    Raises:
        Unreadable: If a link on the way could be from another user.
        FilePermissionError, FileAccessError: If a directory cannot be examined.
    """
    with FaultsOf(path, "examining"):
        return _followed(path)


def read_bytes(path: str, *, largest: int = LARGEST_FILE) -> bytes | None:
    """
    Read a regular file, or return None if there is none.

    Args:
        path: Its path. Links are followed as ``follow`` does.

        largest: Bytes of the largest file that is read.

    Raises:
        Unreadable: If it is no regular file, too large, or behind a link that is not followed.
        FilePermissionError, FileAccessError: If the system refuses.
    """
    with FaultsOf(path, "reading"):
        end = _followed(path)
        try:
            # A device may do something when it is opened.
            if not stat.S_ISREG(os.lstat(end).st_mode):
                raise Unreadable(_NO_FILE, path)
            descriptor = os.open(end, _FLAGS)
        except (FileNotFoundError, NotADirectoryError):
            return None
        with open(descriptor, "rb") as file:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                raise Unreadable(_NO_FILE, path)
            # Nobody has exchanged a directory on the way for a link meanwhile.
            if not os.path.samestat(status, os.lstat(_followed(path))):
                raise Unreadable("it was replaced while it was read", path)
            data = file.read(largest + 1)
    if len(data) > largest:
        raise Unreadable(f"it has more than [{largest}] bytes", path)
    return data


def _followed(path: str) -> str:
    """Follow each part of a path; the system's errors are those of the caller."""
    folder, left = os.sep, list(_parts(os.path.abspath(path)))
    links = 0
    while left:
        name = left.pop(0)
        place = os.path.dirname(folder) if name == os.pardir else os.path.join(folder, name)
        try:
            status = os.lstat(place)
        except (FileNotFoundError, NotADirectoryError):
            return os.path.join(place, *left)
        if not stat.S_ISLNK(status.st_mode):
            folder = place
            continue
        links += 1
        if links > _MOST_LINKS:
            raise Unreadable("links lead from one to another without end", path)
        _check_link(place, status, os.lstat(folder))
        target = os.readlink(place)
        folder = os.sep if os.path.isabs(target) else folder
        left[:0] = _parts(target)
    return folder


def _parts(path: str) -> Iterator[str]:
    drive, rest = os.path.splitdrive(path)
    yield from [drive] * bool(drive)
    yield from (part for part in rest.split(os.sep) if part not in ("", os.curdir))


def _check_link(place: str, link: os.stat_result, folder: os.stat_result) -> None:
    """Refuse a link that somebody else could have made than root, we, or the directory's owner."""
    if not hasattr(os, "geteuid"):
        return
    anybody = folder.st_mode & stat.S_IWOTH and not folder.st_mode & stat.S_ISVTX
    if anybody or link.st_uid not in (0, os.geteuid(), folder.st_uid):
        raise Unreadable("another user could have made this link, so it is not followed", place)
