"""One writer at a time, across threads and processes."""

from __future__ import annotations

import errno
import os
import re
import stat
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from .._ground.faults import FaultsOf
from .._ground.rights import whose
from ..errors import FileAccessError, FileChangedError, FilePermissionError, LockTimeoutError
from . import system
from .descriptors import OpenFile, with_file
from .held_lock import FLAGS, HeldLock, holder_of, own_label, write_label
from .mounts import has_local_locks
from .staging import remove_quietly, temporary_name, temporary_pattern
from .system_lock import SystemLock

if TYPE_CHECKING:
    from collections.abc import Callable


__all__ = ["check_held_locks", "write_lock"]

#: The service user and root both write, so the group must be able to open the file.
_MODE: Final = 0o660

#: Where everybody may write, everybody must be able to open it.
_MODE_FOR_ALL: Final = 0o666

#: How often to look at a file that is just being created.
_ATTEMPTS: Final = 3

#: The errors of the system where files cannot be locked at all.
_NO_LOCKS: Final = (errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP)


#: The locks that are held, by the thread that holds each and by its path.
_HELD: Final[dict[tuple[int, str], HeldLock]] = {}


def check_held_locks() -> None:
    """
    Check that each lock file that this thread holds is still in place.

    Raises:
        FileChangedError, FilePermissionError, FileAccessError: As ``HeldLock.check``.
    """
    this = threading.get_ident()
    for (thread, _), held in list(_HELD.items()):
        if thread == this:
            held.check()


def write_lock(
    find_path: Callable[[], str],
    timeout: float,
    *,
    allow_local_lock: bool = False,
    faults: list[str] | None = None,
) -> WriteLock:
    """
    Return a context manager that holds the lock file; see ``WriteLock``.

    Args:
        find_path: Returns its path. It is called again once the lock is held, since the directory
            that a link names may have been replaced meanwhile. A missing file is created.

        timeout: Seconds to wait for another writer.

        allow_local_lock: Whether to accept a lock that other machines do not see.

        faults: Gets what fails when the lock is released, as text. That is logged, and no reason to
            fail: whatever was written is written.
    """
    return WriteLock(
        find_path,
        timeout,
        allow_local_lock=allow_local_lock,
        faults=[] if faults is None else faults,
    )


class WriteLock:
    """
    Holds the lock file, which is never deleted: unlinking it would let two writers in.

    The system releases the lock when its holder dies. The file names the holder, for the message of
    a writer that times out; the content decides nothing.

    Entering raises ``LockTimeoutError`` if the lock was not free in time, ``FileChangedError`` if
    another program kept replacing the file during that time, and ``FilePermissionError`` or
    ``FileAccessError`` if the file can be neither created nor opened, or if the file system has no
    reliable locks. It may be left twice: the second time releases what an exception has left.

    Args:
        find_path: As for ``write_lock``, and so are the others.
    """

    def __init__(
        self,
        find_path: Callable[[], str],
        timeout: float,
        *,
        allow_local_lock: bool,
        faults: list[str],
    ) -> None:
        self._find_path = find_path
        self._timeout = timeout
        self._allows_local_lock = allow_local_lock
        self._faults = faults
        self._file = OpenFile()
        self._locks: list[SystemLock] = []
        self._path = ""
        self._held_as = (0, "")
        self._named: HeldLock | None = None

    def __enter__(self) -> HeldLock:
        try:
            return self._take()
        except BaseException:
            self._release()
            raise

    def __exit__(self, *_: object) -> None:
        try:
            self._release()
        except BaseException:
            self._release()
            raise

    def _take(self) -> HeldLock:
        deadline = time.monotonic() + self._timeout
        while True:
            path = self._find_path()
            if not self._allows_local_lock:
                _check_file_system(path)
            self._path = path
            held = self._open_and_lock(path)
            is_in_place = held.is_in_place
            if is_in_place and self._find_path() == path:
                self._named = held
                self._held_as = (threading.get_ident(), path)
                _HELD[self._held_as] = held
                write_label(held, own_label())
                return held
            self._release()
            if not is_in_place and time.monotonic() > deadline:
                raise FileChangedError(path)

    def _open_and_lock(self, path: str) -> HeldLock:
        # The handler of a signal would wait for the thread that it interrupts, and that is this.
        timeout = 0.0 if (threading.get_ident(), path) in _HELD else self._timeout
        with FaultsOf(path, "taking the write lock with"):
            try:
                _create(path)
                # Opened before it is locked: until it is closed, no other file gets its inode.
                self._file = file = OpenFile()
                held = HeldLock(path, file.open(path, os.O_RDONLY | FLAGS))
                lock = SystemLock(path, _mode_beside(path))
                self._locks.append(lock)
                is_free = lock.acquire(timeout)
            except OSError as error:
                _explain(path, error)
                raise
        if not is_free:
            raise LockTimeoutError(path, self._timeout, holder_of(path))
        return held

    def _release(self) -> None:
        """Release and close what has not been yet."""
        try:
            if self._named is not None:
                write_label(self._named, b"")
                self._named = None
        finally:
            self._release_unnamed()

    def _release_unnamed(self) -> None:
        try:
            while self._locks:
                self._locks[-1].release(self._faults)
                self._locks.pop()
        finally:
            _HELD.pop(self._held_as, None)
            self._file.close_quietly()


def _check_file_system(path: str) -> None:
    kind = has_local_locks(path)
    if kind is not None:
        reason = (
            f"other machines do not see locks on its file system [{kind}] and might write at the "
            "same time; if none does, pass allow_local_lock=True (for a command, "
            "--allow-local-lock)"
        )
        raise FileAccessError(path, errno.ENOLCK, reason)


def _explain(path: str, error: OSError) -> None:
    """Raise an error with advice for the faults that have a remedy."""
    folder = os.path.dirname(path)
    if error.errno in _NO_LOCKS:
        reason = "its file system has no locks: without one, writers would lose each other's users"
        raise FileAccessError(path, error.errno, reason) from error
    if error.errno == errno.EROFS:
        reason = f"its directory [{folder}] is on a read-only file system"
        raise FilePermissionError(path, reason, errno.EROFS) from error
    if error.errno in (errno.EACCES, errno.EPERM):
        reason = (
            f"the write lock can be neither opened nor created in its directory [{folder}]: run "
            f"this as the owner of the directory or as root{whose(path)}"
        )
        raise FilePermissionError(path, reason, error.errno) from error


def _mode_beside(path: str) -> int:
    """Return the mode of a lock file: whoever may write to its directory may open it."""
    folder = system.stat(os.path.dirname(path)).st_mode
    is_for_all = folder & stat.S_IWOTH and not folder & stat.S_ISVTX
    return _MODE_FOR_ALL if is_for_all else _MODE


def _create(path: str) -> None:
    """
    Create the lock file with owner and group of its directory, as far as we may set them.

    It gets its name when it has them: a writer that is killed before would lock others out.
    """
    try:
        _check_existing(path)
    except FileNotFoundError:
        temporary = temporary_name(path)
        try:
            _create_at(temporary, _mode_beside(path))
            _name(temporary, path)
            remove_quietly([temporary])
        except BaseException:  # which may come just before the line above removes it
            remove_quietly([temporary])
            raise


def _create_at(path: str, mode: int) -> None:
    flags = os.O_CREAT | os.O_EXCL | os.O_RDWR | getattr(os, "O_CLOEXEC", 0)

    def set_attributes(descriptor: int) -> None:
        if system.HAS_OWNERS:
            folder = system.stat(os.path.dirname(path))
            for owner in (-1, folder.st_uid):
                with suppress(OSError):  # not root, not in the group, or an unmapped id
                    system.fchown(descriptor, owner, folder.st_gid)
        if system.HAS_MODES:
            system.fchmod(descriptor, mode)

    with_file(set_attributes, path, flags, mode)


def _name(temporary: str, path: str) -> None:
    """Link the file to its name, unless another writer has created one meanwhile."""
    try:
        system.link(temporary, path, follow_symlinks=False)
    except FileExistsError:
        _check_existing(path)
    except (OSError, NotImplementedError):
        # No hard links on this file system, or the holder has removed the temporary file.
        with suppress(FileExistsError):
            _create_at(path, _mode_beside(path))


def _check_existing(path: str) -> None:
    """
    Refuse a link or special file in the place of the lock file.

    Its creator may be about to remove the temporary name, or may have been killed before that.
    """
    for _ in range(_ATTEMPTS):
        status = system.lstat(path)
        is_plain = stat.S_ISREG(status.st_mode)
        if is_plain and (status.st_nlink <= 1 or status.st_nlink == _names_of_ours(path, status)):
            return
    reason = "it is not a lock file of esfilerealm, but a link or not a regular file: remove it"
    raise FileAccessError(path, errno.EINVAL, reason)


def _names_of_ours(path: str, status: os.stat_result) -> int:
    """Count the names that a lock file has while it is created."""
    folder, name = os.path.split(path)
    ours = re.compile(f"{re.escape(name)}|{temporary_pattern(re.escape(name))}")
    count = 0
    for entry in filter(ours.fullmatch, system.listdir(folder)):
        with suppress(FileNotFoundError):
            count += os.path.samestat(system.lstat(os.path.join(folder, entry)), status)
    return count
