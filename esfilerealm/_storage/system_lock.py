"""The system's lock on a file, by ``filelock``, without its descriptor left open."""

from __future__ import annotations

import itertools
import os
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from .._ground.logs import get_logger
from . import system

if TYPE_CHECKING:
    from filelock import BaseFileLock

__all__ = ["SystemLock"]

_LOG: Final = get_logger(__name__)

#: Seconds between two attempts. A write takes a few milliseconds, mostly in fsync.
_POLL_INTERVAL: Final = 0.005

#: Offsets that no other descriptor of a lock file has: it is a label of some hundred bytes.
_MARKS: Final = itertools.count(2**30)


class SystemLock:
    """
    A lock on a file, which the system releases when the process dies.

    An exception that comes between two instructions of ``filelock``'s release, such as that of a
    time limit, may leave its descriptor open without a lock. So the descriptor is marked by its
    offset: whatever still has that offset after a release is ours, and is closed.

    Args:
        path: The file, which exists.
        mode: The mode of the file.
    """

    def __init__(self, path: str, mode: int) -> None:
        from filelock import FileLock

        self._path = path
        # Without the fallback to marker files, which nobody removes after a crash.
        self._lock = FileLock(path, mode=mode, fallback_to_soft=False)
        self._mark = next(_MARKS)
        self._descriptor: int | None = None

    def acquire(self, timeout: float) -> bool:
        """
        Take the lock, and return whether it was free in time.

        Args:
            timeout: Seconds to wait for another writer.

        Raises:
            OSError: If the file can be neither opened nor locked.
        """
        from filelock import Timeout

        try:
            self._lock.acquire(timeout, poll_interval=_POLL_INTERVAL)
        except Timeout:
            return False
        self._descriptor = descriptor = _descriptor_of(self._lock)
        if descriptor is not None:
            with suppress(OSError):
                system.lseek(descriptor, self._mark, os.SEEK_SET)
        return True

    def release(self, faults: list[str]) -> None:
        """
        Release the lock if it is held.

        Args:
            faults: Gets what fails, as text.
        """
        try:
            self._release(faults)
        finally:
            self._close_what_is_left()

    def _release(self, faults: list[str]) -> None:
        try:
            self._lock.release()
        except OSError as error:
            failed = f"[{self._path}]: releasing the write lock failed ({error.strerror or error})"
        else:
            return
        try:
            self._lock.release(force=True)
            outcome = "; a second attempt succeeded"
        except OSError:
            outcome = ": other writers have to wait until this process ends"
        _LOG.warning("%s%s", failed, outcome)
        faults.append(f"{failed}{outcome}")

    def _close_what_is_left(self) -> None:
        descriptor = self._descriptor
        if descriptor is not None and not self._lock.is_locked:
            with suppress(OSError):  # mostly, it is closed
                if system.lseek(descriptor, 0, os.SEEK_CUR) == self._mark:
                    system.close(descriptor)


def _descriptor_of(lock: BaseFileLock) -> int | None:
    # `on_acquired` would give it too, but refuses a file that has two names while it is created.
    return getattr(getattr(lock, "_context", None), "lock_file_fd", None)
