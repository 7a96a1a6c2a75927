"""Who holds the write lock, for those who wait for it in vain."""

from __future__ import annotations

import json
import os
import stat
import sys
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from . import system

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["holder_of", "is_held_here", "name_holder"]

_FLAGS: Final = (
    getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
)

#: Bytes that may say who it is; whoever may write there may write more.
_LONGEST: Final = 1000


@contextmanager
def name_holder(path: str) -> Iterator[None]:
    """
    Write into the lock file at *path* who holds it, and empty it at the end.

    No fault of this is a reason not to write, not even a full disk.
    """
    _write(path, json.dumps(_ourselves()).encode())
    try:
        yield
    finally:
        _write(path, b"")


def holder_of(path: str) -> str | None:
    """Tell who holds the lock file at *path*; None if that is not known, or no longer true."""
    try:
        holder = json.loads(_read(path))
        program, process, host = holder["program"], int(holder["pid"]), holder["host"]
        since = datetime.fromisoformat(holder["since"])
    except (OSError, KeyError, TypeError, ValueError, OverflowError, RecursionError):
        return None
    if host == _host() and not _is_alive(process):
        return None  # it was killed, and its successor has not written its own name yet
    return f"[{program}], process [{process}] on [{host}], since {since:%Y-%m-%d %H:%M:%S} UTC,"


def is_held_here(path: str) -> bool:
    """Check whether a living process of this machine holds the lock file at *path*."""
    try:
        holder = json.loads(_read(path))
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


def _read(path: str) -> bytes:
    descriptor = system.open(path, os.O_RDONLY | _FLAGS)
    try:
        return system.read(descriptor, _LONGEST)
    finally:
        system.close(descriptor)


def _write(path: str, data: bytes) -> None:
    with suppress(OSError):
        descriptor = system.open(path, os.O_WRONLY | _FLAGS)
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
