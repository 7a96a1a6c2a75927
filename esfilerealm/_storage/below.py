"""
What a change to any files below the configuration directory needs besides.

Such a change, as a restored backup is one, may be anywhere below it, in directories that it makes.
The next writer does not look there. So while anything of it may be left, there is a journal, or the
temporary file that was its journal, which names the files; whoever recovers removes what is left
first, and the journal last.
"""

from __future__ import annotations

import errno
import os
import re
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeVar

from .._ground.faults import FaultsOf
from .._ground.showing import shown
from ..errors import FileAccessError, FilePermissionError, FileRealmError
from . import system
from .descriptors import with_file
from .journal import UnusableJournalError
from .reach import NO_LINK, reaching
from .read import UNREADABLE, FileContent, read_plain_file
from .staging import REJECTED, TEMPORARY, sync_folder, temporary_base, temporary_pattern

if TYPE_CHECKING:
    from collections.abc import Callable

    from .attributes import Attributes
    from .journal import Journal, JournalStep
    from .reach import Reach
    from .staging import OpenFolders

__all__ = [
    "NewFolder",
    "clear",
    "link_data",
    "look_below",
    "make_folder",
    "quarantine",
    "reach_step",
    "read_below",
    "remove_made",
    "sync_below",
]

T = TypeVar("T")

_PRIVATE: Final = 0o700

#: The errors of the system for a link, or any other file, in the place of a directory.
_NO_FOLDER: Final = (errno.ENOTDIR, errno.ELOOP)


@dataclass(frozen=True, slots=True)
class NewFolder:
    """
    A directory to be made.

    Attributes:
        path: Its real path.
        attributes: What it is to have.
    """

    path: str
    attributes: Attributes


def make_folder(folder: NewFolder, folders: OpenFolders, top: str) -> None:
    """
    Make a directory durable, with its attributes; nobody else may look in before it has them.

    Args:
        folder: The directory.

        folders: Where the one above it is opened.

        top: The configuration directory.

    Raises:
        FilePermissionError, FileAccessError: If the system refuses.
    """
    above = os.path.dirname(folder.path)
    name, reach = os.path.basename(folder.path), folders.open(above, top)

    def give(descriptor: int) -> None:
        folder.attributes.apply_to(descriptor, folder.path).set_mode(descriptor)
        system.fsync(descriptor)

    with FaultsOf(folder.path, "creating"):
        system.mkdir(name, _PRIVATE, dir_fd=reach.descriptor)
        with_file(give, name, NO_LINK, dir_fd=reach.descriptor)
    folders.sync(above)


def reach_step(step: JournalStep, use: Callable[[Reach], T]) -> T:
    """
    Return the result of *use*, which gets the way to the files of a step.

    Raises:
        UnusableJournalError: If a directory on the way is a link or no directory by now.
        OSError: As for ``reaching``.
    """
    return _reach(step.target, step.top, use)


def _reach(path: str, top: str | None, use: Callable[[Reach], T]) -> T:
    try:
        return reaching(use, os.path.dirname(path), top)
    except OSError as error:
        if top is None or isinstance(error, FileRealmError) or error.errno not in _NO_FOLDER:
            raise
        reason = f"the directory of [{shown(path)}] is a link or another file by now"
        raise UnusableJournalError(reason) from error


def read_below(path: str, step: JournalStep) -> FileContent:
    """
    Read a target or backup as ``read_plain_file`` does; it is missing if its directory is.

    Raises:
        UnusableJournalError: As for ``reach_step``.
        FilePermissionError, FileAccessError: As for ``read_plain_file``.
    """
    if step.top is None:
        return read_plain_file(path)
    with FaultsOf(path, "reading"):
        try:
            return reach_step(step, lambda reach: _file_or_link(path, reach))
        except FileNotFoundError:
            return FileContent(path)


def look_below(path: str, step: JournalStep) -> FileContent:
    """
    Read as ``read_below`` does; a file that this user may not read has the digest ``UNREADABLE``.

    That is a record of ours beside ``users``, which belongs to another writer of the directory.
    """
    try:
        return read_below(path, step)
    except FilePermissionError:
        if step.top is not None:
            raise
        with FaultsOf(path, "examining"):
            return FileContent(path, (), system.lstat(path), UNREADABLE)


def _file_or_link(path: str, reach: Reach) -> FileContent:
    try:
        return read_plain_file(path, reach=reach)
    except FileAccessError as error:
        if error.errno != errno.ELOOP:
            raise
        data = link_data(reach.readlink(path))
        return FileContent(path, (data,), reach.lstat(path))


def link_data(target: str) -> bytes:
    """Return what counts as the content of a symbolic link."""
    return b"link to " + target.encode("utf-8", "surrogateescape")


def sync_below(step: JournalStep) -> None:
    """Make the names in the directory of a step durable; one that a change makes may be missing."""
    if step.top is None:
        sync_folder(os.path.dirname(step.target))
        return

    def sync(reach: Reach) -> None:
        if reach.descriptor is not None:
            system.fsync(reach.descriptor)

    with FaultsOf(os.path.dirname(step.target), "syncing"), suppress(FileNotFoundError):
        reach_step(step, sync)


def clear(journal: Journal) -> None:
    """
    Remove the temporary files of a change that was rolled back, or made for good.

    Raises:
        FilePermissionError, FileAccessError: If the system refuses; the journal is needed then.
    """
    _each_leftover(journal, lambda reach, path: reach.unlink(path))


def quarantine(journal: Journal) -> None:
    """
    Rename the temporary files of a change that cannot be rolled back, so that they are kept.

    Raises:
        FilePermissionError, FileAccessError: If the system refuses.
    """
    _each_leftover(
        journal, lambda reach, path: reach.rename(path, path.removesuffix(TEMPORARY) + REJECTED)
    )


def _each_leftover(journal: Journal, deal_with: Callable[[Reach, str], None]) -> None:
    """Do something with each temporary file of the steps below the configuration directory."""
    names: dict[str, list[str]] = {}
    for step in journal.steps:
        if step.top is not None:
            folder, name = os.path.split(temporary_base(step.target))
            names.setdefault(folder, []).append(re.escape(name))
    for folder, own in names.items():
        leftover = re.compile(temporary_pattern("|".join(own)))

        def look(reach: Reach, folder: str = folder, leftover: re.Pattern[str] = leftover) -> None:
            if reach.descriptor is None:
                return
            found = [name for name in system.listdir(reach.descriptor) if leftover.fullmatch(name)]
            if found:
                system.fsync(reach.descriptor)  # the last steps may not be durable
            for name in found:
                with suppress(FileNotFoundError):
                    deal_with(reach, os.path.join(folder, name))
            system.fsync(reach.descriptor)  # even what the writer has removed before it was killed

        # Nothing of ours is behind a link that came later.
        with FaultsOf(folder, "clearing"), suppress(FileNotFoundError, UnusableJournalError):
            _reach(os.path.join(folder, ""), journal.top, look)


def remove_made(journal: Journal) -> None:
    """
    Remove the directories that a change has made, and that are empty again.

    Raises:
        FilePermissionError, FileAccessError: If the system refuses; the journal is needed then.
    """
    for folder in reversed(journal.folders):

        def remove(reach: Reach, folder: str = folder) -> None:
            if reach.descriptor is not None:
                with suppress(FileNotFoundError):
                    system.rmdir(os.path.basename(folder), dir_fd=reach.descriptor)
                system.fsync(reach.descriptor)

        with FaultsOf(folder, "removing"), suppress(FileNotFoundError, UnusableJournalError):
            try:
                _reach(folder, journal.top, remove)
            except OSError as error:
                # Somebody else has put something there, which stays.
                if error.errno not in (errno.ENOTEMPTY, errno.EEXIST, *_NO_FOLDER):
                    raise
