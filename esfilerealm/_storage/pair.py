"""Reading both files of a realm as one, so that nobody meets a half-made change."""

from __future__ import annotations

import errno
import logging
import os
import time
from typing import TYPE_CHECKING, Final

from .._faults import without_origin
from ..errors import FileAccessError, FilePermissionError, FileRealmError, LockTimeoutError
from .lock import write_lock
from .read import read_file
from .stamp import Stamp

if TYPE_CHECKING:
    from .locate import RealmPaths
    from .read import FileContent

__all__ = ["RealmRead", "read_both"]

_LOG: Final = logging.getLogger(__name__)

#: Seconds to wait for a writer, who holds the lock for milliseconds.
_LOCK_TIMEOUT: Final = 5.0

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

    Writers of this package hold a lock, and so does this reader, if it may. Others do not: what was
    written a moment ago must stand still before it counts. Who never stands still for some seconds
    is read all the same.
    """
    for _ in range(_ATTEMPTS):
        before = _stamps(paths)
        both = _read_locked(paths)
        if _stamps(paths) == before and _are_settled(before):
            break
        time.sleep(_STILL)
        if _stamps(paths) == before:
            break
    return both


def _read_locked(paths: RealmPaths) -> RealmRead:
    if not os.path.exists(paths.lock):
        both = _read(paths)
        if not os.path.exists(paths.lock):
            return both  # no writer of this package was ever here
    try:
        with write_lock(lambda: paths.lock, _LOCK_TIMEOUT):
            return _read(paths)
    except (FileAccessError, FilePermissionError, LockTimeoutError) as error:
        _LOG.debug("reading without the lock: %s", error)
        return _read(paths)


def _stamps(paths: RealmPaths) -> list[Stamp | int]:
    """Give the stamp of each file, or the ``errno`` that says why there is none."""
    stamps: list[Stamp | int] = []
    for path in (paths.users, paths.users_roles):
        try:
            stamps.append(Stamp.of(os.stat(path)))
        except OSError as error:
            stamps.append(error.errno or 0)
    return stamps


def _are_settled(stamps: list[Stamp | int]) -> bool:
    """Tell whether all was written a while ago; a time to come was written by another clock."""
    written = [max(s.modified, s.changed) for s in stamps if isinstance(s, Stamp)]
    return time.time_ns() - max(written, default=0) > _STILL * _NANOSECONDS


def _read(paths: RealmPaths) -> RealmRead:
    if not os.path.isdir(paths.config_dir):
        gone = FileAccessError(paths.config_dir, errno.ENOENT, "there is no such folder")
        return RealmRead(gone, gone)
    users, users_roles = _content(paths.users), _content(paths.users_roles)
    if (
        not isinstance(users, FileRealmError)
        and not isinstance(users_roles, FileRealmError)
        and users_roles.is_same_file_as(users)
    ):
        reason = f"it is the same file as [{paths.users}]"
        users_roles = FileAccessError(paths.users_roles, errno.EINVAL, reason)
    return RealmRead(users, users_roles)


def _content(path: str) -> FileContent | FileRealmError:
    try:
        return read_file(path)
    except FileRealmError as error:
        return without_origin(error)
