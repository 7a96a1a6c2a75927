"""One writer at a time, across threads and processes."""

from __future__ import annotations

import errno
import json
import os
import stat
import sys
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from .._ground.faults import FaultsOf
from ..errors import FileAccessError, FilePermissionError, LockTimeoutError
from . import system
from .mounts import has_local_locks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from filelock import BaseFileLock

__all__ = ["holder_of", "is_held_here", "write_lock"]

#: The service user and root both write, so the group has to be able to open the file.
_MODE: Final = 0o660

#: Seconds between two attempts. A write takes a few milliseconds, most of them in fsync.
_POLL_INTERVAL: Final = 0.005

#: What the system answers where files cannot be locked at all.
_NO_LOCKS: Final = (errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP)


_HOLDER_FLAGS: Final = (
    getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
)

#: Bytes that may say who it is; whoever may write there may write more.
_LONGEST_HOLDER: Final = 1000


@contextmanager
def write_lock(
    find_path: Callable[[], str], timeout: float, *, allow_local_lock: bool = False
) -> Iterator[None]:
    """
    Hold the lock file, which stays behind: unlinking it would let two writers in.

    The system frees it when its holder dies. What stands in it only names the holder for others,
    and decides nothing.

    Args:
        find_path: Gives its path. It is asked again once the lock is held, since the folder that
            a link names may have been exchanged meanwhile. A missing file is created.

        timeout: Seconds to wait for another writer.

        allow_local_lock: Whether a lock is good enough that other machines do not know of.

    Raises:
        LockTimeoutError: If it was not free in time.
        FilePermissionError, FileAccessError: If it can be neither created nor opened, or if the
            file system has no locks that hold.
    """
    while True:
        path = find_path()
        if not allow_local_lock:
            _check_file_system(path)
        lock = _acquired(path, timeout)
        try:
            if find_path() == path:
                with holder_named(path):
                    yield
                return
        finally:
            lock.release()


def _check_file_system(path: str) -> None:
    kind = has_local_locks(path)
    if kind is not None:
        reason = (
            f"its file system [{kind}] keeps locks from other machines, which might write at the "
            "same time; if none does, allow that with allow_local_lock=True (for a command, "
            "--allow-local-lock)"
        )
        raise FileAccessError(path, errno.ENOLCK, reason)


def _acquired(path: str, timeout: float) -> BaseFileLock:
    from filelock import FileLock, Timeout

    with FaultsOf(path, "taking the write lock with"):
        try:
            _create(path)
            # Without a fallback to files that mark a lock, which nobody removes after a crash.
            lock = FileLock(path, timeout=timeout, mode=_MODE, fallback_to_soft=False)
            lock.acquire(poll_interval=_POLL_INTERVAL)
        except Timeout:
            raise LockTimeoutError(path, timeout, holder_of(path)) from None
        except OSError as error:
            _explain(path, error)
            raise
    return lock


def _explain(path: str, error: OSError) -> None:
    """Say what to do about the faults that have a remedy."""
    folder = os.path.dirname(path)
    if error.errno in _NO_LOCKS:
        reason = "its file system has no locks: without one, writers would lose each other's users"
        raise FileAccessError(path, error.errno, reason) from error
    if error.errno == errno.EROFS:
        reason = f"its folder [{folder}] is on a read-only file system"
        raise FilePermissionError(path, reason, errno.EROFS) from error
    if error.errno in (errno.EACCES, errno.EPERM):
        reason = (
            f"the write lock cannot be opened there, or made in its folder [{folder}]: run this as "
            "the owner of the folder or as root"
        )
        raise FilePermissionError(path, reason, error.errno) from error


def _create(path: str) -> None:
    """Create the lock file with owner and group of its folder, as far as they are ours to give."""
    flags = os.O_CREAT | os.O_EXCL | os.O_RDWR | getattr(os, "O_CLOEXEC", 0)
    try:
        descriptor = system.open(path, flags, _MODE)
    except FileExistsError:
        _check_existing(path)
        return
    try:
        if system.HAS_OWNERS:
            folder = system.stat(os.path.dirname(path))
            for owner in (-1, folder.st_uid):
                with suppress(OSError):  # not root, no member of the group, an unmapped number
                    system.fchown(descriptor, owner, folder.st_gid)
        if system.HAS_MODES:
            system.fchmod(descriptor, _MODE)
    finally:
        system.close(descriptor)


def _check_existing(path: str) -> None:
    """Refuse what would be followed, waited for or written to in the place of a lock file."""
    status = system.lstat(path)
    if not stat.S_ISREG(status.st_mode) or status.st_nlink > 1:
        reason = "it is no lock file of ours, but a link or no regular file; remove it"
        raise FileAccessError(path, errno.EINVAL, reason)


@contextmanager
def holder_named(path: str) -> Iterator[None]:
    """
    Write into the lock file at *path* who holds it, and empty it at the end.

    No fault of this is a reason not to write, not even a full disk.
    """
    _write_holder(path, json.dumps(_ourselves()).encode())
    try:
        yield
    finally:
        _write_holder(path, b"")


def holder_of(path: str) -> str | None:
    """Tell who holds the lock file at *path*; None if that is not known, or no longer true."""
    try:
        holder = json.loads(_read_holder(path))
        program, process, host = holder["program"], int(holder["pid"]), holder["host"]
        since = datetime.fromisoformat(holder["since"])
    except (OSError, KeyError, TypeError, ValueError, OverflowError, RecursionError):
        return None
    if host == _host() and not _is_alive(process):
        return None  # it was killed, and its successor has not written its own name yet
    return f"[{program}], process [{process}] on [{host}], since {since:%Y-%m-%d %H:%M:%S} UTC"


def is_held_here(path: str) -> bool:
    """Check whether a living process of this machine holds the lock file at *path*."""
    try:
        holder = json.loads(_read_holder(path))
        return holder["host"] == _host() and _is_alive(int(holder["pid"]))
    except (OSError, KeyError, TypeError, ValueError, OverflowError, RecursionError):
        return False


def _ourselves() -> dict[str, object]:
    return {
        "program": _program(),
        "pid": os.getpid(),
        "host": _host(),
        "since": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def _host() -> str:
    return os.uname().nodename if hasattr(os, "uname") else os.environ.get("COMPUTERNAME", "")


def _program() -> str:
    """Give the name of the program, without its words: a password may be among them."""
    folder, name = os.path.split(sys.argv[0] if sys.argv else "")
    if name == "__main__.py":
        return f"python -m {os.path.basename(folder)}"
    return "python" if name in ("", "-", "-c", "-m") else name


def _read_holder(path: str) -> bytes:
    descriptor = system.open(path, os.O_RDONLY | _HOLDER_FLAGS)
    try:
        return system.read(descriptor, _LONGEST_HOLDER)
    finally:
        system.close(descriptor)


def _write_holder(path: str, data: bytes) -> None:
    with suppress(OSError):
        descriptor = system.open(path, os.O_WRONLY | _HOLDER_FLAGS)
        try:
            # Both, in this order: while the file has the name of the lock, it must have no other.
            # It may have had another when it was opened, and been any file.
            is_plain = stat.S_ISREG(system.fstat(descriptor).st_mode)
            named = system.lstat(path)
            if (
                is_plain
                and named.st_nlink == 1
                and os.path.samestat(named, system.fstat(descriptor))
            ):
                system.ftruncate(descriptor, 0)
                system.write(descriptor, data)
        finally:
            system.close(descriptor)


def _is_alive(process: int) -> bool:
    if os.name == "nt":
        return True  # there, `kill` has no way to ask
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return True
    return True
