"""A file that only grows, by whole lines: durable, locked, and never read as a whole."""

from __future__ import annotations

import errno
import os
import stat
from typing import TYPE_CHECKING, Final

from .._ground.faults import FaultsOf
from ..errors import FileAccessError, FileRealmError
from . import system
from .descriptors import OpenFile, with_file
from .lock import write_lock
from .outputs import is_reserved, output_refusal
from .paths import lock_path
from .read import READ_FLAGS
from .staging import sync_folder, write_all
from .target import real_target

if TYPE_CHECKING:
    from typing import Self

__all__ = ["AppendedFile", "last_line_of"]

_FLAGS: Final = (
    os.O_RDWR
    | os.O_APPEND
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_BINARY", 0)
)
_MODE: Final = 0o600

#: Bytes that are read at a time, from the end.
_BLOCK: Final = 2**14

#: Bytes of the longest line that is read.
_LONGEST: Final = 2**28


class AppendedFile:
    """
    Opens a file to append to it, while no other writer does; a context manager.

    Links are followed if they are from this user or root. A new file gets the mode 0600. Entering
    raises ``LockTimeoutError`` if another writer holds its lock for too long, and
    ``FilePermissionError`` or ``FileAccessError`` if it cannot be opened.

    Args:
        path: Where it is.

        config_dir: The directory of the realm, none of whose files it may be.

        beginning: What every such file begins with: no other file is touched, or gets a lock.

        lock_timeout: Seconds to wait for another writer.

        allow_local_lock: Whether to accept a lock that other machines do not see.

    Attributes:
        path: Its real path.
        size: Bytes when it was opened, or after a part of it was cut off.
    """

    def __init__(
        self,
        path: str,
        config_dir: str,
        *,
        beginning: bytes = b"",
        lock_timeout: float,
        allow_local_lock: bool,
    ) -> None:
        self._link = os.path.abspath(path)
        self._config_dir = config_dir
        self._beginning = beginning
        self.path = self._link
        self.size = 0
        self._file = OpenFile()
        self._descriptor = -1
        self._is_new = False
        self._lock = write_lock(self._lock_path, lock_timeout, allow_local_lock=allow_local_lock)

    def __enter__(self) -> Self:
        try:
            self.path = self._real_path()
            if is_reserved(os.path.basename(self.path)):
                self._check_name()  # its lock may be one that this thread holds
            self._check_beginning()
            self._lock.__enter__()
            self.path = self._real_path()
            with FaultsOf(self.path, "opening"):
                self._open()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self._file.close_quietly()
        finally:
            self._lock.__exit__()

    def last_line(self) -> tuple[bytes, bytes]:
        """
        Return the last line that is whole, without its end, and what stands behind it.

        The second is empty, unless a writer was killed in the middle of a line.
        """
        with FaultsOf(self.path, "reading"):
            return _end_of(self.path, self._descriptor, self.size)

    def append(self, data: bytes) -> None:
        """
        Append durably, all or nothing.

        Raises:
            FilePermissionError, FileAccessError: If the system refuses, such as a full disk.
        """
        try:
            with FaultsOf(self.path, "appending to"):
                write_all(self._descriptor, data)
                system.fsync(self._descriptor)
            if self._is_new:
                sync_folder(os.path.dirname(self.path))
                self._is_new = False
        except BaseException:
            self.cut_off_quietly()
            raise

    def cut_off(self, size: int) -> bool:
        """
        Cut off what is behind *size*, durably; return False if the file may only grow.

        Raises:
            FilePermissionError, FileAccessError: If the system refuses otherwise.
        """
        with FaultsOf(self.path, "cutting off the end of"):
            try:
                system.ftruncate(self._descriptor, size)
            except PermissionError:
                return False
            system.fsync(self._descriptor)
        self.size = size
        return True

    def cut_off_quietly(self) -> bool:
        """Take back what was appended; return whether that is done."""
        try:
            return self.cut_off(self.size)
        except FileRealmError:
            return False

    def _lock_path(self) -> str:
        return lock_path(self._real_path())

    def _real_path(self) -> str:
        folder, name = os.path.split(self._link)
        with FaultsOf(self._link, "following"):
            return real_target(os.path.join(system.realpath(folder), name))

    def _open(self) -> None:
        try:
            self._descriptor = self._file.open(self.path, _FLAGS)
        except FileNotFoundError:
            self._check_name()
            self._descriptor = self._file.open(self.path, _FLAGS | os.O_CREAT, _MODE)
            self._is_new = True
        status = system.fstat(self._descriptor)
        self._check_kind(status)
        self.size = status.st_size
        if not self.size:
            self._check_name()

    def _check_kind(self, status: os.stat_result) -> None:
        if not stat.S_ISREG(status.st_mode):
            raise FileAccessError(self.path, errno.EINVAL, "it is not a regular file")
        if status.st_nlink > 1:
            raise FileAccessError(self.path, errno.EMLINK, "it has a second name: remove that")

    def _check_beginning(self) -> None:
        """Refuse a file of another kind, and a directory that is missing."""

        def read(descriptor: int) -> bytes:
            self._check_kind(system.fstat(descriptor))
            return system.read(descriptor, len(self._beginning))

        folder = os.path.dirname(self.path)
        with FaultsOf(self.path, "examining"):
            try:
                found = with_file(read, self.path, READ_FLAGS)
            except FileNotFoundError:
                found = b""
                if not _exists(folder):
                    reason = f"its directory [{folder}] does not exist: create it"
                    raise FileAccessError(self.path, errno.ENOENT, reason) from None
        if found.strip(b"\0") and found != self._beginning[: len(found)]:
            reason = "it is a file of another kind"
            raise FileAccessError(self.path, errno.EEXIST, reason)

    def _check_name(self) -> None:
        """Refuse the name of a file of the realm, which may be empty or not yet there."""
        refusal = output_refusal(self.path, self._config_dir, force=True)
        if refusal is not None:
            raise FileAccessError(self.path, errno.EEXIST, f"it {refusal}")


def _exists(folder: str) -> bool:
    try:
        system.stat(folder)
    except FileNotFoundError:
        return False
    return True


def last_line_of(path: str) -> bytes:
    """
    Return the last whole line of a file that nobody appends to any more, without its end.

    Raises:
        FilePermissionError, FileAccessError: If it cannot be read.
    """

    def read(descriptor: int) -> bytes:
        status = system.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise FileAccessError(path, errno.EINVAL, "it is not a regular file")
        return _end_of(path, descriptor, status.st_size)[0]

    with FaultsOf(path, "reading"):
        return with_file(read, path, READ_FLAGS)


def _end_of(path: str, descriptor: int, size: int) -> tuple[bytes, bytes]:
    """Return the last whole line of an open file, and what stands behind it."""
    found, at = b"", size
    while at and b"\n" not in found.rpartition(b"\n")[0]:
        if len(found) > _LONGEST:
            reason = f"its last line has more than [{_LONGEST}] bytes, which no line of ours has"
            raise FileAccessError(path, errno.EFBIG, reason)
        start = max(0, at - max(_BLOCK, len(found)))
        found = _read(path, descriptor, start, at) + found
        at = start
    whole, _, rest = found.rpartition(b"\n")
    return whole.rpartition(b"\n")[2], rest


def _read(path: str, descriptor: int, start: int, end: int) -> bytes:
    system.lseek(descriptor, start, os.SEEK_SET)
    blocks = []
    while start < end:
        block = system.read(descriptor, end - start)
        if not block:
            raise FileAccessError(path, errno.EIO, "it became shorter meanwhile")
        blocks.append(block)
        start += len(block)
    return b"".join(blocks)
