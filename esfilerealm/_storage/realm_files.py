"""Both files of a realm as one state, whoever is writing them meanwhile."""

from __future__ import annotations

import errno
import stat
import time

from .._ground.faults import without_origin
from ..errors import (
    FileAccessError,
    FilePermissionError,
    FileRealmError,
    JournalVersionError,
)
from . import system
from .paths import managed_path
from .read import FileContent, Stamp, read_file, read_plain_file

__all__ = ["RealmFiles", "SettledRead", "read_consistently", "read_files", "read_settled", "stamps"]

TYPE_CHECKING = False  # see `_ground`
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Final

    from .paths import RealmPaths

    Read = FileContent | FileRealmError

#: How often to begin anew because somebody wrote in between; each attempt takes microseconds.
_ATTEMPTS: Final = 100

#: Seconds for which files that were just written have to stay the same, and how often to wait for
#: that: other programs write them in place, or one after the other.
_STILL: Final = 0.1
_SETTLING_ATTEMPTS: Final = 20
_NANOSECONDS: Final = 10**9


class RealmFiles:
    """
    The two files of one state.

    Attributes:
        users: The ``users`` file; a realm without one is none.
        users_roles: The ``users_roles`` file; a missing one counts as empty.
    """

    def __init__(self, users: FileContent, users_roles: FileContent) -> None:
        self.users = users
        self.users_roles = users_roles

    @classmethod
    def of(cls, users: Read, users_roles: Read) -> RealmFiles:
        """Put both together; the error of one that could not be read is raised."""
        if isinstance(users, FileRealmError):
            raise users
        if isinstance(users_roles, FileRealmError):
            raise users_roles
        return cls(users, users_roles)

    @property
    def both(self) -> tuple[FileContent, FileContent]:
        """``users`` and ``users_roles``."""
        return self.users, self.users_roles

    def are_like(self, other: RealmFiles) -> bool:
        """Tell whether a write would start from the same two files."""
        return self.users.is_like(other.users) and self.users_roles.is_like(other.users_roles)


class SettledRead:
    """
    Both files, each as its content or as the error that reading it gave.

    Attributes:
        users: The ``users`` file; a missing one is empty.
        users_roles: The ``users_roles`` file; a missing one is empty.
    """

    __slots__ = ("users", "users_roles")

    def __init__(
        self, users: FileContent | FileRealmError, users_roles: FileContent | FileRealmError
    ) -> None:
        self.users = users
        self.users_roles = users_roles


def read_consistently(
    paths: RealmPaths, read: Callable[[str], Read], *, with_managed: bool = False
) -> tuple[Read, ...]:
    """
    Read both files as they were at one moment at which no writer of this package was half done.

    No lock is needed: if both are the same before and after, and in between there was no record of
    a change, then they were one state at that moment. If there is a record, the state before that
    change is read from where its writer has kept it.

    Args:
        paths: Of the realm.

        read: Gives the content of a path, or why there is none.

        with_managed: Whether to read the list of users whom provisioning has made, too.

    Raises:
        JournalVersionError: If a later version of this package has left a change unfinished.
    """
    for _ in range(_ATTEMPTS):
        before = stamps(paths)
        found = _checked(paths, read(paths.users), read(paths.users_roles))
        if with_managed:
            found = (*found, _managed(found[0]))
        if isinstance(before[-1], Stamp):  # there is a record
            found = _before_the_change(*found)
        if stamps(paths) == before:
            break
    return found


def _managed(users: Read) -> Read:
    """Read the list that goes with the real ``users``; an empty one if that cannot be read."""
    if isinstance(users, FileRealmError):
        return FileContent("")
    try:
        return read_plain_file(managed_path(users.path))
    except FileRealmError as error:
        return error


def stamps(paths: RealmPaths) -> list[Stamp | int]:
    """Give the stamp of both files and of the record, or why there is none, as an ``errno``."""
    found: list[Stamp | int] = []
    for path in (paths.users, paths.users_roles, paths.journal):
        try:
            found.append(Stamp.of(system.stat(path)))
        except OSError as error:
            found.append(error.errno or 0)
    return found


def _checked(paths: RealmPaths, users: Read, users_roles: Read) -> tuple[Read, ...]:
    """Refuse to take one file for both."""
    if (
        isinstance(users, FileContent)
        and isinstance(users_roles, FileContent)
        and users_roles.is_same_file_as(users)
    ):
        reason = f"it is the same file as [{paths.users}]"
        return users, FileAccessError(paths.users_roles, errno.EINVAL, reason)
    return users, users_roles


def _before_the_change(*found: Read) -> tuple[Read, ...]:
    """Give files as they were before the change that is on its way; as they are if it ended."""
    # Only here, since who finds no record needs none of it.
    from .journal import UnusableJournalError
    from .recovery import read_journal, seen_by_readers

    files = [file for file in found if isinstance(file, FileContent)]
    if found[:2] != (*files[:2],):
        return found
    try:
        journal = read_journal(files[0].path, files[1].path)
        known = iter(seen_by_readers(journal.steps if journal else (), *files))
    except (UnusableJournalError, FileAccessError, FilePermissionError):
        return found  # nobody may act on it
    return tuple(next(known) if isinstance(file, FileContent) else file for file in found)


def read_files(paths: RealmPaths) -> RealmFiles:
    """
    Read both files as one state; a missing one is empty.

    Raises:
        JournalVersionError: If a later version of this package has left a change unfinished.
        FilePermissionError, FileAccessError: If one of them cannot be read.
    """
    return RealmFiles.of(*read_consistently(paths, read_file))


def read_settled(paths: RealmPaths) -> SettledRead:
    """
    Read both files once nobody is writing them. Raises nothing.

    Writers of this package keep a journal while they write. Other programs do not: a file that was
    written a moment ago must stay the same for a while before it counts. Files that keep changing
    for some seconds are read all the same.
    """
    for _ in range(_SETTLING_ATTEMPTS):
        before = stamps(paths)
        both = _read(paths)
        if stamps(paths) == before and _are_settled(before):
            break
        time.sleep(_STILL)
        if stamps(paths) == before:
            break
    return both


def _read(paths: RealmPaths) -> SettledRead:
    if not _is_folder(paths.config_dir):
        gone = FileAccessError(paths.config_dir, errno.ENOENT, "there is no such folder")
        return SettledRead(gone, gone)
    try:
        return SettledRead(*read_consistently(paths, _content))
    except JournalVersionError as error:
        fault = without_origin(error)
        return SettledRead(fault, fault)


def _are_settled(stamps: list[Stamp | int]) -> bool:
    """Tell whether all was written a while ago; a time to come was written by another clock."""
    written = [stamp.latest for stamp in stamps if isinstance(stamp, Stamp)]
    return time.time_ns() - max(written, default=0) > _STILL * _NANOSECONDS


def _content(path: str) -> FileContent | FileRealmError:
    try:
        return read_file(path, in_blocks=True)
    except FileRealmError as error:
        return without_origin(error)


def _is_folder(path: str) -> bool:
    try:
        return stat.S_ISDIR(system.stat(path).st_mode)
    except (OSError, ValueError):
        return False
