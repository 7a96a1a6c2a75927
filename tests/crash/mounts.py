"""Mounts that nobody else sees: for a child, in a mount namespace of its own (Linux, as root)."""

from __future__ import annotations

import ctypes
import functools
import os
import sys
from typing import TYPE_CHECKING

import pytest
from crash.processes import in_a_child, run

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

# From <sched.h> and <sys/mount.h>.
_NEW_NAMESPACE = 0x00020000
_READ_ONLY = 1
_REMOUNT = 32
_BIND = 4096
_ALL_BELOW = 16384
_PRIVATE = 1 << 18


def with_own_mounts(test: Callable[..., None]) -> Callable[..., None]:
    """Decorate a test that is to run in a child whose mounts end with it; skip it if none can."""
    reason = why_not()
    mark = pytest.mark.skipif(reason is not None, reason=f"nothing can be mounted here: {reason}")
    return mark(in_a_child(leave_mounts)(test))


@functools.cache
def why_not() -> str | None:
    """Return why nothing can be mounted here, or None if it can."""
    if sys.platform != "linux":
        return "not Linux"
    try:
        run(leave_mounts)
    except OSError as error:
        return error.strerror
    return None


def leave_mounts() -> None:
    """Move this process into a mount namespace of its own, for the rest of its life."""
    _call("unshare", _NEW_NAMESPACE)
    _mount("none", "/", flags=_ALL_BELOW | _PRIVATE)


def bind(source: Path, target: Path) -> None:
    """Mount a file or folder on another."""
    _mount(str(source), str(target), flags=_BIND)


def make_read_only(mounted: Path) -> None:
    """Make this mount read-only."""
    _mount("none", str(mounted), flags=_REMOUNT | _BIND | _READ_ONLY)


def mount_memory(target: Path, size: int) -> None:
    """Mount a file system of so many bytes."""
    _mount("tmpfs", str(target), kind="tmpfs", data=f"size={size},mode=755")


def _mount(source: str, target: str, *, kind: str = "", flags: int = 0, data: str = "") -> None:
    _call("mount", *map(os.fsencode, (source, target, kind)), ctypes.c_ulong(flags), data.encode())


def _call(name: str, *arguments: object) -> None:
    if getattr(ctypes.CDLL(None, use_errno=True), name)(*arguments) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
