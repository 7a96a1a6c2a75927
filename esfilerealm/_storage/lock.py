"""One writer at a time, across threads and processes."""

from __future__ import annotations

import os
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Final

from .._faults import FaultsOf
from ..errors import LockTimeoutError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["write_lock"]

#: The service user and root both write, so the group has to be able to open the file.
_MODE: Final = 0o660

#: Seconds between two attempts. A write takes a few milliseconds, most of them in fsync.
_POLL_INTERVAL: Final = 0.005


@contextmanager
def write_lock(path: str, timeout: float) -> Iterator[None]:
    """
    Hold the lock file *path*, which stays behind: unlinking it would let two writers in.

    Args:
        path: The lock file; it is created if it is missing, and nothing is ever written to it.

        timeout: Seconds to wait for another writer.

    Raises:
        LockTimeoutError: If it was not free in time.
        FilePermissionError, FileAccessError: If it can be neither created nor opened.
    """
    from filelock import FileLock, Timeout

    with FaultsOf(path, "taking the write lock with"):
        _create(path)
        lock = FileLock(path, timeout=timeout, mode=_MODE)
        try:
            lock.acquire(poll_interval=_POLL_INTERVAL)
        except Timeout:
            raise LockTimeoutError(path, timeout) from None
    try:
        yield
    finally:
        lock.release()


def _create(path: str) -> None:
    """Create the lock file with the group of its folder, where that is ours to give."""
    flags = os.O_CREAT | os.O_EXCL | os.O_RDWR | getattr(os, "O_CLOEXEC", 0)
    try:
        descriptor = os.open(path, flags, _MODE)
    except FileExistsError:
        return
    try:
        if hasattr(os, "fchown"):
            with suppress(PermissionError):
                os.fchown(descriptor, -1, os.stat(os.path.dirname(path)).st_gid)
        if hasattr(os, "fchmod"):
            os.fchmod(descriptor, _MODE)
    finally:
        os.close(descriptor)
