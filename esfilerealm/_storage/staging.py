"""
Temporary files: complete and durable before they get the names that others see.

Everything that may be refused, or fail because the disk is full, happens before any file is
replaced.
"""

from __future__ import annotations

import os
import re
import stat
from contextlib import suppress
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from .._ground.faults import FaultsOf
from ..errors import FileChangedError
from . import system
from .descriptors import OpenFile, with_file
from .reach import FOLDER, PLAIN, Reach, reaching
from .read import read_plain_file

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Self

    from .attributes import Attributes

__all__ = [
    "REJECTED",
    "TEMPORARY",
    "OpenFolders",
    "copy_backup",
    "create_or_replace",
    "link_backup",
    "overwrite",
    "quarantine_leftovers",
    "remove_leftovers",
    "remove_quietly",
    "stage",
    "sync_file",
    "sync_folder",
    "temporary_base",
    "temporary_name",
    "temporary_pattern",
    "write_all",
]

# O_EXCL: no other user of the directory can have put a file or a link there.
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
_RANDOM_BYTES: Final = 8
#: In bytes; file systems allow no more.
_LONGEST_NAME: Final = 255

#: The end of the name of a file that nobody needs once its writer is gone.
TEMPORARY: Final = ".tmp"

#: The end of the name of a file that is kept for a person to look at.
REJECTED: Final = ".rejected"


def temporary_base(target: str) -> str:
    """Return what the names of temporary files of *target* begin with: its own unless too long."""
    folder, name = os.path.split(target)
    encoded = name.encode("utf-8", "surrogateescape")
    if len(encoded) <= _LONGEST_NAME - len(REJECTED) - 1 - 2 * _RANDOM_BYTES:
        return target
    return os.path.join(folder, sha256(encoded).hexdigest())


def temporary_name(target: str) -> str:
    """Return a name beside *target* that nobody can guess."""
    return f"{temporary_base(target)}.{os.urandom(_RANDOM_BYTES).hex()}{TEMPORARY}"


def temporary_pattern(target: str, end: str = TEMPORARY) -> str:
    """
    Return a regular expression for all such names.

    *target* is a regular expression for what ``temporary_base`` returns.
    """
    return rf"(?:{target})\.[0-9a-f]{{{2 * _RANDOM_BYTES}}}{re.escape(end)}"


def stage(
    target: str, path: str, data: bytes, attributes: Attributes, reach: Reach = PLAIN
) -> list[str]:
    """
    Create *path* with the content and attributes that *target* is to have.

    The mode is 0600 until everything is written. Owner, group and extended attributes are set
    before the first byte.

    Args:
        target: What the file is to become.

        path: A new name beside it.

        data: The content.

        attributes: What it is to have.

        reach: The way to both.

    Returns:
        What could not be set, as text.

    Raises:
        FilePermissionError: If the directory cannot be written or an attribute cannot be set.
        FileAccessError: For any other error of the system, such as a full disk.
    """
    with FaultsOf(target, "writing"):

        def fill(descriptor: int) -> list[str]:
            applied = attributes.apply_to(descriptor, target)
            if attributes.extended:
                applied.make_private(descriptor)
            write_all(descriptor, data)
            applied.set_mode(descriptor)
            system.fsync(descriptor)
            return applied.lost

        try:
            return with_file(fill, reach.name(path), _CREATE, 0o600, reach.descriptor)
        except FileExistsError:  # of somebody else
            raise
        except BaseException:
            with suppress(OSError):
                reach.unlink(path)
            raise


def create_or_replace(target: str, data: bytes, attributes: Attributes) -> None:
    """
    Write a file whole; its name is not durable yet. No exception leaves a temporary file.

    Raises:
        FilePermissionError, FileAccessError: As ``stage``.
    """
    temporary = temporary_name(target)
    try:
        stage(target, temporary, data, attributes)
        with FaultsOf(target, "writing"):
            system.rename(temporary, target)
    except BaseException:
        remove_quietly([temporary])
        raise


def link_backup(
    source: str,
    target: str,
    path: str,
    attributes: Attributes,
    digest: str | None,
    reach: Reach = PLAIN,
) -> bool:
    """
    Back up the file *source*, which is or will be *target*, as *path*: a second name, or a copy.

    Returns:
        Whether it is a second name. If not, it is a copy whose content has the *digest*.

    Raises:
        FilePermissionError, FileAccessError: If it can be neither linked nor copied.
    """
    try:
        reach.link(source, path)
    except (OSError, NotImplementedError):  # no hard links on this file system
        copy_backup(source, target, path, attributes, digest, reach)
        return False
    return True


def copy_backup(
    source: str,
    target: str,
    path: str,
    attributes: Attributes,
    digest: str | None,
    reach: Reach = PLAIN,
) -> None:
    """
    Back up the file *source* as *path* by copying it.

    Raises:
        FilePermissionError, FileAccessError: If it cannot be copied, or if its content does not
            have the *digest*: the attributes are not meant for another content.
    """
    content = read_plain_file(source, reach=reach)
    if content.digest != digest:
        raise FileChangedError(target)
    stage(target, path, content.data, attributes.tolerant(), reach)


def overwrite(target: str, data: bytes, attributes: Attributes, inode: int | None) -> list[str]:
    """
    Overwrite the file *target* in place, so that it keeps its *inode*.

    Returns:
        What could not be set, as text.

    Raises:
        FilePermissionError, FileAccessError: As ``stage``; part of it may be written.
    """
    with FaultsOf(target, "overwriting"):

        def fill(descriptor: int) -> list[str]:
            status = system.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode) or status.st_nlink > 1 or status.st_ino != inode:
                raise FileChangedError(target)
            applied = attributes.apply_to(descriptor, target)
            applied.set_mode(descriptor)
            write_all(descriptor, data)
            system.ftruncate(descriptor, len(data))
            system.fsync(descriptor)
            return applied.lost

        return with_file(fill, target, _OVERWRITE)


def remove_quietly(paths: Iterable[str]) -> bool:
    """Remove files and return whether they are gone; ``remove_leftovers`` tries again."""
    are_gone = True
    for path in paths:
        try:
            system.unlink(path)
        except FileNotFoundError:
            pass
        except OSError:
            are_gone = False
    return are_gone


def remove_leftovers(folder: str, names: str) -> None:
    """
    Remove the temporary files of killed writers from *folder*; only under the lock.

    If there are any, the last steps of such a writer may not be durable, and a power cut might
    bring its journal back. So the directory is made durable before the backups are removed.

    Args:
        folder: The directory.

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
    Rename the temporary files of a killed writer, so that they are kept for a person.

    For the arguments see ``remove_leftovers``.
    """
    leftover = re.compile(temporary_pattern(names))
    with FaultsOf(folder, "reading"):
        for entry in filter(leftover.fullmatch, system.listdir(folder)):
            path = os.path.join(folder, entry)
            system.rename(path, path.removesuffix(TEMPORARY) + REJECTED)


def sync_file(path: str) -> None:
    """Make the content of a file durable."""
    with FaultsOf(path, "syncing"):
        with_file(system.fsync, path, _OVERWRITE)


def sync_folder(folder: str) -> None:
    """Make names in a directory durable. Windows has no such call."""
    if os.name == "nt":
        return
    with FaultsOf(folder, "syncing"):
        with_file(system.fsync, folder, FOLDER)


class OpenFolders:
    """
    Directories that stay open while files in them are replaced; a context manager closes them.

    They are opened before the first file is replaced. Later the process may have no free descriptor
    left, and could not make the replacement durable. It may be left twice.
    """

    def __init__(self) -> None:
        self._files: dict[str, OpenFile] = {}
        self._descriptors: dict[str, int] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for file in self._files.values():
            file.close_quietly()

    def open(self, folder: str, top: str | None = None) -> Reach:
        """
        Open a directory, unless it is open already. Windows has no such call.

        Args:
            folder: Its real path.

            top: A directory above it from which no link is followed; see ``reaching``.

        Returns:
            The way to its files if *top* is given, else that by their paths.

        Raises:
            FilePermissionError, FileAccessError: If the system refuses.
        """
        if os.name == "nt":
            return PLAIN
        if folder not in self._files:
            with FaultsOf(folder, "opening"):
                self._files[folder] = file = OpenFile()
                if top is None:
                    self._descriptors[folder] = file.open(folder, FOLDER)
                else:
                    self._descriptors[folder] = reaching(
                        lambda reach: file.open(os.curdir, FOLDER, dir_fd=reach.descriptor),
                        folder,
                        top,
                    )
        return PLAIN if top is None else Reach(self._descriptors[folder])

    def sync(self, folder: str) -> None:
        """
        Make names in an open directory durable.

        Raises:
            FilePermissionError, FileAccessError: If the system refuses.
        """
        if os.name != "nt":
            with FaultsOf(folder, "syncing"):
                system.fsync(self._descriptors[folder])


def write_all(descriptor: int, data: bytes) -> None:
    """Write *data*, however little the system takes at a time."""
    rest = memoryview(data)
    while rest:
        rest = rest[system.write(descriptor, rest) :]
