"""Reading both files of a realm as one, so that nobody meets a half-made change."""

from __future__ import annotations

import errno
import stat
import time
from typing import TYPE_CHECKING, Final

from .._ground.faults import without_origin
from ..errors import FileAccessError, FileRealmError, JournalVersionError
from . import system
from .read import read_file
from .realm_files import read_consistently, stamps
from .stamp import Stamp

if TYPE_CHECKING:
    from .paths import RealmPaths
    from .read import FileContent

__all__ = ["RealmRead", "read_both"]

#: Seconds for which files that were just written have to stand still, and how often to wait for
#: that: other programs write them in place, or one after the other.
_STILL: Final = 0.1
_ATTEMPTS: Final = 20
_NANOSECONDS: Final = 10**9


class RealmRead:
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


def read_both(paths: RealmPaths) -> RealmRead:
    """
    Read both files as they are when nobody is writing them. Raises nothing.

    Writers of this package leave a record while they are at it. Others do not: what was written a
    moment ago must stand still before it counts. Who never stands still for some seconds is read
    all the same.
    """
    for _ in range(_ATTEMPTS):
        before = stamps(paths)
        both = _read(paths)
        if stamps(paths) == before and _are_settled(before):
            break
        time.sleep(_STILL)
        if stamps(paths) == before:
            break
    return both


def _are_settled(stamps: list[Stamp | int]) -> bool:
    """Tell whether all was written a while ago; a time to come was written by another clock."""
    written = [stamp.latest for stamp in stamps if isinstance(stamp, Stamp)]
    return time.time_ns() - max(written, default=0) > _STILL * _NANOSECONDS


def _read(paths: RealmPaths) -> RealmRead:
    if not _is_folder(paths.config_dir):
        gone = FileAccessError(paths.config_dir, errno.ENOENT, "there is no such folder")
        return RealmRead(gone, gone)
    try:
        return RealmRead(*read_consistently(paths, _content))
    except JournalVersionError as error:
        fault = without_origin(error)
        return RealmRead(fault, fault)


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
