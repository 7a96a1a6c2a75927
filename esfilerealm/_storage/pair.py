"""Reading both files of a realm as one, so that nobody meets a half-made change."""

from __future__ import annotations

import errno
import os
import time
from typing import TYPE_CHECKING, Final

from ..errors import FileAccessError, FilePermissionError, FileRealmError, LockTimeoutError
from .lock import write_lock
from .read import read_file

if TYPE_CHECKING:
    from .locate import RealmPaths
    from .read import FileContent

__all__ = ["RealmRead", "read_both"]

#: Seconds to wait for a writer, who holds the lock for milliseconds.
_LOCK_TIMEOUT: Final = 5.0
#: Where the lock cannot be had: seconds for which both files have to stand still, and how often
#: that is tried.
_STILL: Final = 0.05
_ATTEMPTS: Final = 20


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
    Read both files while no writer of this package is between the two. Raises nothing.

    In a folder without a lock file, where this package never wrote, neither file must change while
    the two are read, as when Kubernetes exchanges both. Where the lock may not be taken, as in a
    folder of another user, they have to stand still for a moment before, too.
    """
    if not os.path.exists(paths.lock):
        return _read_when_still(paths, 0.0)
    try:
        with write_lock(lambda: paths.lock, _LOCK_TIMEOUT):
            return _read(paths)
    except (FileAccessError, FilePermissionError, LockTimeoutError):
        return _read_when_still(paths, _STILL)


def _read_when_still(paths: RealmPaths, seconds: float) -> RealmRead:
    for _ in range(_ATTEMPTS):
        before = _stamps(paths)
        time.sleep(seconds)
        both = _read(paths)
        if _stamps(paths) == before:
            break
    return both


def _stamps(paths: RealmPaths) -> list[tuple[int, ...]]:
    stamps: list[tuple[int, ...]] = []
    for path in (paths.users, paths.users_roles):
        try:
            status = os.stat(path)
        except OSError as error:
            stamps.append((error.errno or 0,))
        else:
            stamps.append((status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns))
    return stamps


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
        return error
