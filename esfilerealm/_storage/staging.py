"""
Files under another name: complete and durable before anything sees them under their own.

All that can be refused or can fail for want of room happens here, before any file is replaced.
"""

from __future__ import annotations

import os
import re
import stat
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from .._ground.faults import FaultsOf
from ..errors import FileChangedError
from . import system
from .read import read_plain_file

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .attributes import Attributes

__all__ = [
    "REJECTED",
    "TEMPORARY",
    "copy_backup",
    "link_backup",
    "overwrite",
    "quarantine_leftovers",
    "remove_leftovers",
    "remove_quietly",
    "stage",
    "sync_file",
    "sync_folder",
    "temporary_name",
    "temporary_pattern",
    "write_all",
]

# O_EXCL: another user of the folder cannot have put a file or a link in its place.
_CREATE: Final = (
    os.O_CREAT | os.O_EXCL | os.O_WRONLY | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
)
_OVERWRITE: Final = (
    os.O_WRONLY
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_BINARY", 0)
)
_FOLDER: Final = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_CLOEXEC", 0)
_RANDOM_BYTES: Final = 8

#: The end of the name of what nobody needs when its writer is gone.
TEMPORARY: Final = ".tmp"

#: The end of the name of what is kept for a person to look at.
REJECTED: Final = ".rejected"


def temporary_name(target: str) -> str:
    """Give a name beside *target* that nobody can guess."""
    return f"{target}.{os.urandom(_RANDOM_BYTES).hex()}{TEMPORARY}"


def temporary_pattern(target: str, end: str = TEMPORARY) -> str:
    """Give a regular expression for all such names; *target* is one already."""
    return rf"{target}\.[0-9a-f]{{{2 * _RANDOM_BYTES}}}{re.escape(end)}"


def stage(target: str, path: str, data: bytes, attributes: Attributes) -> list[str]:
    """
    Create *path*, with what *target* is to hold and to be.

    Mode 0600 until all is written; owner, group and extended attributes come before the first byte.

    Returns:
        What could not be kept, in words.

    Raises:
        FilePermissionError: If the folder cannot be written or an attribute cannot be set.
        FileAccessError: For any other fault, such as a full disk.
    """
    with FaultsOf(target, "writing"):
        descriptor = system.open(path, _CREATE, 0o600)
        try:
            try:
                applied = attributes.apply_to(descriptor, target)
                if attributes.extended:
                    applied.make_private(descriptor)
                write_all(descriptor, data)
                applied.set_mode(descriptor)
                system.fsync(descriptor)
            finally:
                system.close(descriptor)
        except BaseException:
            remove_quietly([path])
            raise
    return applied.lost


def link_backup(
    source: str, target: str, path: str, attributes: Attributes, digest: str | None
) -> bool:
    """
    Give the file *source*, which is or will be *target*, a second name *path*.

    Returns:
        Whether it is that file. If not, it is a copy, of the content that *digest* says.

    Raises:
        FilePermissionError, FileAccessError: If it can be neither linked nor copied.
    """
    try:
        system.link(source, path, follow_symlinks=False)
    except (OSError, NotImplementedError):  # no hard links there: a copy has to do
        copy_backup(source, target, path, attributes, digest)
        return False
    return True


def copy_backup(
    source: str, target: str, path: str, attributes: Attributes, digest: str | None
) -> None:
    """
    Copy the file *source* to *path*, so that it stays as it is whatever becomes of *source*.

    Raises:
        FilePermissionError, FileAccessError: If that cannot be done, or if it holds something else
            than *digest* says: its attributes are not meant for that.
    """
    content = read_plain_file(source)
    if content.digest != digest:
        raise FileChangedError(target)
    stage(target, path, content.data, attributes.tolerant())


def overwrite(target: str, data: bytes, attributes: Attributes, inode: int | None) -> list[str]:
    """
    Write into the very file that *target* is, which keeps its *inode*.

    Returns:
        What could not be set, in words.

    Raises:
        FilePermissionError, FileAccessError: As ``stage``; part of it may be written.
    """
    with FaultsOf(target, "overwriting"):
        descriptor = system.open(target, _OVERWRITE)
        try:
            status = system.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode) or status.st_nlink > 1 or status.st_ino != inode:
                raise FileChangedError(target)
            applied = attributes.apply_to(descriptor, target)
            applied.set_mode(descriptor)
            write_all(descriptor, data)
            system.ftruncate(descriptor, len(data))
            system.fsync(descriptor)
        finally:
            system.close(descriptor)
    return applied.lost


def remove_quietly(paths: Iterable[str]) -> None:
    """Remove files that are not needed, now or by ``remove_leftovers``."""
    for path in paths:
        with suppress(OSError):
            system.unlink(path)


def remove_leftovers(folder: str, names: str) -> None:
    """
    Remove what killed writers left in *folder*; only under the lock.

    Where there is anything, what such a writer did last may not be on the disk, and a power cut
    might bring its record back when nobody expects it any more. So that is made durable first, and
    what it would take to act on the record is removed then.

    Args:
        folder: Where to look.

        names: A regular expression for the names of the files that were to be written.
    """
    leftover = re.compile(temporary_pattern(names))
    with FaultsOf(folder, "reading"):
        entries = system.listdir(folder)
    found = [os.path.join(folder, entry) for entry in entries if leftover.fullmatch(entry)]
    if found:
        sync_folder(folder)
        remove_quietly(found)


def quarantine_leftovers(folder: str, names: str) -> None:
    """
    Keep what a killed writer left in *folder* for a person, under names that mean nothing to us.

    For the arguments see ``remove_leftovers``.
    """
    leftover = re.compile(temporary_pattern(names))
    with FaultsOf(folder, "reading"):
        for entry in filter(leftover.fullmatch, system.listdir(folder)):
            path = os.path.join(folder, entry)
            system.rename(path, path.removesuffix(TEMPORARY) + REJECTED)


def sync_file(path: str) -> None:
    """Make the content of a file durable."""
    with FaultsOf(path, "making durable"):
        descriptor = system.open(path, _OVERWRITE)
        try:
            system.fsync(descriptor)
        finally:
            system.close(descriptor)


def sync_folder(folder: str) -> None:
    """Make names in a folder durable; Windows has no such call and does without."""
    if os.name == "nt":
        return
    with FaultsOf(folder, "making durable"):
        descriptor = system.open(folder, _FOLDER)
        try:
            system.fsync(descriptor)
        finally:
            system.close(descriptor)


def write_all(descriptor: int, data: bytes) -> None:
    """Write *data*, however little the system takes at a time."""
    rest = memoryview(data)
    while rest:
        rest = rest[system.write(descriptor, rest) :]
