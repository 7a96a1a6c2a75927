"""The files of a realm as one state, even while somebody writes them."""

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
from .paths import OTHER_FILES
from .read import LARGEST_RECORD, FileContent, Stamp, read_file, read_plain_file

__all__ = [
    "RealmFiles",
    "SettledRead",
    "read_consistently",
    "read_files",
    "read_files_and_records",
    "read_settled",
    "stamps",
]

TYPE_CHECKING = False  # see `_ground`
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Final

    from .paths import RealmPaths

    Read = FileContent | FileRealmError

#: How often to start again because somebody wrote in between; each attempt takes microseconds.
_ATTEMPTS: Final = 100

#: Seconds for which files that were just written have to stay the same, and how often to wait for
#: that: other programs write them in place, or one after the other.
_STILL: Final = 0.1
_SETTLING_ATTEMPTS: Final = 20
_NANOSECONDS: Final = 10**9


class RealmFiles:
    """
    The files of one state.

    Attributes:
        users: The ``users`` file.
        users_roles: The ``users_roles`` file; a missing one counts as empty.
        others: Other files of the same state, by their names.
    """

    def __init__(
        self,
        users: FileContent,
        users_roles: FileContent,
        others: Mapping[str, FileContent] | None = None,
    ) -> None:
        self.users = users
        self.users_roles = users_roles
        self.others = others or {}

    @property
    def both(self) -> tuple[FileContent, FileContent]:
        """``users`` and ``users_roles``."""
        return self.users, self.users_roles

    @property
    def all(self) -> tuple[FileContent, ...]:
        """Both, and the others."""
        return (*self.both, *self.others.values())

    def links(self, paths: RealmPaths) -> dict[str, str]:
        """Return the path of each file, links not followed, by its real path."""
        links = {self.users.path: paths.users, self.users_roles.path: paths.users_roles}
        return links | {file.path: paths.named(name) for name, file in self.others.items()}

    def are_like(self, other: RealmFiles) -> bool:
        """Check whether a write would start from the same two files."""
        return self.users.is_like(other.users) and self.users_roles.is_like(other.users_roles)


class SettledRead:
    """
    Both files, each as its content or as the error that reading it gave.

    Attributes:
        users: The ``users`` file; a missing one is empty.
        users_roles: The ``users_roles`` file; a missing one is empty.
        is_interim: Whether a journal was there. When it goes, both files may count for something
            else, without being touched.
    """

    __slots__ = ("is_interim", "users", "users_roles")

    def __init__(
        self,
        users: FileContent | FileRealmError,
        users_roles: FileContent | FileRealmError,
        *,
        is_interim: bool = False,
    ) -> None:
        self.users = users
        self.users_roles = users_roles
        self.is_interim = is_interim


def read_consistently(
    paths: RealmPaths,
    read: Callable[[str], Read],
    others: Sequence[str] = (),
    *,
    records: Sequence[Callable[[str], str]] = (),
) -> list[Read]:
    """
    Read files as they were at one moment at which no writer of this package was half done.

    No lock is needed: if the files are the same before and after, and there was no journal in
    between, they were one state at that moment. If there is a journal, the state before that change
    is read from the backups of its writer.

    Args:
        paths: Where the files are.

        read: Returns the content of a path, or the error.

        others: Names of files to read besides ``users`` and ``users_roles``.

        records: Each returns for a real ``users`` the path of a file that this package keeps beside
            it, which is to be read too, last.

    Raises:
        JournalVersionError: If a later version of this package left an interrupted write.
    """
    links = [paths.users, paths.users_roles, *map(paths.named, others)]
    for _ in range(_ATTEMPTS):
        before = stamps(paths, links)
        found = _distinct(links, [read(link) for link in links])
        found += [_record(found[0], path_of) for path_of in records]
        if isinstance(before[-1], Stamp):  # there is a journal
            found = _before_the_change(paths, found)
        if stamps(paths, links) == before:
            break
    return found


def _record(users: Read, path_of: Callable[[str], str]) -> Read:
    """Read what goes with the real ``users``; nothing if that cannot be read."""
    if isinstance(users, FileRealmError):
        return FileContent("")
    try:
        return read_plain_file(path_of(users.path), largest=LARGEST_RECORD)
    except FileRealmError as error:
        return without_origin(error)


def stamps(paths: RealmPaths, links: Sequence[str] = ()) -> list[Stamp | int]:
    """
    Return the stamps of files and of the journal.

    In place of a stamp stands the ``errno`` if there is none.

    Args:
        paths: Where the files are.

        links: The files; by default ``users`` and ``users_roles``.
    """
    found: list[Stamp | int] = []
    for path in (*(links or (paths.users, paths.users_roles)), paths.journal):
        try:
            found.append(Stamp.of(system.stat(path)))
        except OSError as error:
            found.append(error.errno or 0)
    return found


def _distinct(links: Sequence[str], found: list[Read]) -> list[Read]:
    """Refuse to take one file for two."""
    for at, file in enumerate(found):
        for before, earlier in enumerate(found[:at]):
            if (
                isinstance(file, FileContent)
                and isinstance(earlier, FileContent)
                and file.is_same_file_as(earlier)
            ):
                reason = f"it is the same file as [{links[before]}]"
                found[at] = FileAccessError(links[at], errno.EINVAL, reason)
    return found


def _before_the_change(paths: RealmPaths, found: list[Read]) -> list[Read]:
    """Return files as they were before the change that is under way; as they are if it ended."""
    # Only here: a reader that finds no journal needs none of this.
    from .journal import UnusableJournalError
    from .recovery import read_journal, seen_by_readers

    users, users_roles = found[:2]
    if not isinstance(users, FileContent) or not isinstance(users_roles, FileContent):
        return found
    try:
        others = [system.realpath(paths.named(name)) for name in OTHER_FILES]
        journal = read_journal(users.path, users_roles.path, others, paths.config_dir)
        steps = journal.steps if journal else ()
        stranger = journal.stranger if journal else None
        contents = [file for file in found if isinstance(file, FileContent)]
        seen = seen_by_readers(steps, contents, stranger)
    except (UnusableJournalError, FileAccessError, FilePermissionError):
        return found  # nobody may act on the journal
    return [seen[file.path] if isinstance(file, FileContent) else file for file in found]


def read_files(paths: RealmPaths, others: Sequence[str] = ()) -> RealmFiles:
    """
    Read ``users``, ``users_roles`` and *others* as one state; a missing file is empty.

    Raises:
        JournalVersionError: If a later version of this package left an interrupted write.
        FilePermissionError, FileAccessError: If one of them cannot be read.
    """
    users, users_roles, *rest = map(_content_of, read_consistently(paths, read_file, others))
    return RealmFiles(users, users_roles, dict(zip(others, rest, strict=True)))


def read_files_and_records(
    paths: RealmPaths, *records: Callable[[str], str]
) -> tuple[RealmFiles, list[Read]]:
    """
    Read both files, and what this package keeps beside ``users``, as one state.

    For *records* see ``read_consistently``, and for errors ``read_files``; one about a record
    stands in its place.
    """
    users, users_roles, *found = read_consistently(paths, read_file, records=records)
    return RealmFiles(_content_of(users), _content_of(users_roles)), found


def _content_of(found: Read) -> FileContent:
    """Return a content; raise the error that stands in its place."""
    if isinstance(found, FileRealmError):
        raise found
    return found


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
        after = stamps(paths)
        if after == before and _are_settled(before):
            break
        time.sleep(_STILL)
        after = stamps(paths)
        if after == before:
            break
    both.is_interim = any(isinstance(found[-1], Stamp) for found in (before, after))
    return both


def _read(paths: RealmPaths) -> SettledRead:
    if not _is_directory(paths.config_dir):
        gone = FileAccessError(paths.config_dir, errno.ENOENT, "there is no such directory")
        return SettledRead(gone, gone)
    try:
        return SettledRead(*read_consistently(paths, _content))
    except JournalVersionError as error:
        fault = without_origin(error)
        return SettledRead(fault, fault)


def _are_settled(stamps: list[Stamp | int]) -> bool:
    """Check whether all were written a while ago; a future time comes from another clock."""
    written = [stamp.latest for stamp in stamps if isinstance(stamp, Stamp)]
    return time.time_ns() - max(written, default=0) > _STILL * _NANOSECONDS


def _content(path: str) -> FileContent | FileRealmError:
    try:
        return read_file(path, in_blocks=True)
    except FileRealmError as error:
        return without_origin(error)


def _is_directory(path: str) -> bool:
    try:
        return stat.S_ISDIR(system.stat(path).st_mode)
    except (OSError, ValueError):
        return False
