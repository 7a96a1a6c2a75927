"""
The lock file that a writer holds, and its label.

The label names the holder, for the message of a writer that times out. It decides nothing.
"""

from __future__ import annotations

import json
import os
import sys
from contextlib import suppress
from datetime import UTC, datetime
from typing import Final

from .._ground.faults import FaultsOf
from ..errors import FileChangedError
from . import system
from .descriptors import with_file

__all__ = ["FLAGS", "HeldLock", "holder_of", "own_label", "write_label"]

#: With which a file that may be anything is opened.
FLAGS: Final = (
    getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
)

#: Bytes of the label that are read; others may write more into the file.
_LONGEST: Final = 1000


class HeldLock:
    """
    The lock file that a writer holds.

    A lock belongs to a file and not to its name. Once another program has replaced the file,
    the next writer locks the new one.

    Attributes:
        path: Where the file was when it was locked.

    Args:
        path: Where the file was when it was locked.

        descriptor: The file, open, so that no other file gets its inode.
    """

    def __init__(self, path: str, descriptor: int) -> None:
        self.path = path
        with FaultsOf(path, "examining"):
            self._status = system.fstat(descriptor)

    @property
    def is_in_place(self) -> bool:
        """
        Whether the path still leads to the file that is locked.

        Raises:
            FilePermissionError, FileAccessError: If it cannot be examined.
        """
        with FaultsOf(self.path, "examining"):
            try:
                return self.is_named(system.lstat(self.path))
            except FileNotFoundError:
                return False

    def is_named(self, status: os.stat_result) -> bool:
        """Check whether *status* is that of the file that is locked."""
        return os.path.samestat(status, self._status)

    def check(self) -> None:
        """
        Check that the file is still in place, so that no other writer holds a lock too.

        Raises:
            FileChangedError: If another program has replaced or removed it.
            FilePermissionError, FileAccessError: If it cannot be examined.
        """
        if not self.is_in_place:
            raise FileChangedError(self.path)


def holder_of(path: str) -> str | None:
    """Return who holds the lock file at *path*; None if that is unknown or outdated."""
    try:
        holder = json.loads(_read_label(path))
        program, process, host = holder["program"], int(holder["pid"]), holder["host"]
        since = datetime.fromisoformat(holder["since"])
    except (OSError, KeyError, TypeError, ValueError, OverflowError, RecursionError):
        return None
    if host == _host() and not _is_alive(process):
        return None  # the holder was killed, and the next one has not written its label yet
    return f"[{program}], process [{process}] on [{host}], since {since:%Y-%m-%d %H:%M:%S} UTC"


def own_label() -> bytes:
    """Return what names this process as the holder."""
    label = {
        "program": _program(),
        "pid": os.getpid(),
        "host": _host(),
        "since": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    return json.dumps(label).encode()


def _host() -> str:
    return os.uname().nodename if hasattr(os, "uname") else os.environ.get("COMPUTERNAME", "")


def _program() -> str:
    """Return the name of the program without its arguments, which may hold a password."""
    folder, name = os.path.split(sys.argv[0] if sys.argv else "")
    if name == "__main__.py":
        return f"python -m {os.path.basename(folder)}"
    return "python" if name in ("", "-", "-c", "-m") else name


def _read_label(path: str) -> bytes:
    return with_file(
        lambda descriptor: system.read(descriptor, _LONGEST),
        path,
        os.O_RDONLY | FLAGS,
    )


def write_label(held: HeldLock, label: bytes) -> None:
    """
    Write a label into the file that is held, or remove it if it is empty.

    Errors are ignored, even a full disk: the lock matters, its label does not.
    """

    def write(descriptor: int) -> None:
        # The file that is locked, and with no other name: the path may lead to any file now.
        status = system.fstat(descriptor)
        if held.is_named(status) and status.st_nlink == 1:
            system.ftruncate(descriptor, 0)
            system.write(descriptor, label)

    with suppress(OSError):
        with_file(write, held.path, os.O_WRONLY | FLAGS)


def _is_alive(process: int) -> bool:
    if os.name == "nt":
        return True  # on Windows, `kill` cannot ask
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return True
    return True
