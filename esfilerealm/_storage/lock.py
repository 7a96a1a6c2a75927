"""One writer at a time, across threads and processes."""

from __future__ import annotations

import errno
import os
import stat
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Final

from .._faults import FaultsOf
from ..errors import FileAccessError, LockTimeoutError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from filelock import BaseFileLock

__all__ = ["write_lock"]

#: The service user and root both write, so the group has to be able to open the file.
_MODE: Final = 0o660

#: Seconds between two attempts. A write takes a few milliseconds, most of them in fsync.
_POLL_INTERVAL: Final = 0.005


@contextmanager
def write_lock(find_path: Callable[[], str], timeout: float) -> Iterator[None]:
    """
    Hold the lock file, which stays behind: unlinking it would let two writers in.

    Args:
        find_path: Gives its path. It is asked again once the lock is held, since the folder that
            a link names may have been exchanged meanwhile. A missing file is created.

        timeout: Seconds to wait for another writer.

    Raises:
        LockTimeoutError: If it was not free in time.
        FilePermissionError, FileAccessError: If it can be neither created nor opened.
    """
    while True:
        path = find_path()
        lock = _acquired(path, timeout)
        try:
            if find_path() == path:
                yield
                return
        finally:
            lock.release()


def _acquired(path: str, timeout: float) -> BaseFileLock:
    from filelock import FileLock, Timeout

    with FaultsOf(path, "taking the write lock with"):
        _create(path)
        lock = FileLock(path, timeout=timeout, mode=_MODE)
        try:
            lock.acquire(poll_interval=_POLL_INTERVAL)
        except Timeout:
            raise LockTimeoutError(path, timeout) from None
    return lock


def _create(path: str) -> None:
    """Create the lock file with owner and group of its folder, as far as they are ours to give."""
    flags = os.O_CREAT | os.O_EXCL | os.O_RDWR | getattr(os, "O_CLOEXEC", 0)
    try:
        descriptor = os.open(path, flags, _MODE)
    except FileExistsError:
        _check_existing(path)
        return
    try:
        if hasattr(os, "fchown"):
            folder = os.stat(os.path.dirname(path))
            for owner in (-1, folder.st_uid):
                with suppress(OSError):  # not root, no member of the group, an unmapped number
                    os.fchown(descriptor, owner, folder.st_gid)
        if hasattr(os, "fchmod"):
            os.fchmod(descriptor, _MODE)
    finally:
        os.close(descriptor)


def _check_existing(path: str) -> None:
    """Refuse what some versions of filelock would follow, wait for or empty."""
    status = os.lstat(path)
    if not stat.S_ISREG(status.st_mode) or status.st_nlink > 1:
        reason = "it is no lock file of ours, but a link or no regular file; remove it"
        raise FileAccessError(path, errno.EINVAL, reason)
