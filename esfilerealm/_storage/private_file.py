"""A file of secrets at a path of the caller: readable by its owner only, and never half written."""

from __future__ import annotations

import errno
import os
import stat

from .._ground.faults import FaultsOf
from ..errors import FileAccessError, FilePermissionError
from . import system
from .attributes import Attributes
from .staging import remove_quietly, stage, sync_folder, temporary_name, write_all
from .target import real_target

__all__ = ["write_private_file"]

_PRIVATE = Attributes(0o600)


def write_private_file(path: str, data: bytes) -> None:
    """
    Write *data* to *path*; an existing file is replaced.

    A pipe or character device is written to only if it belongs to this user or root: any other
    owner could read the secret. A block device or socket is refused.

    Raises:
        FilePermissionError: If the system refuses, or if the link of another user leads there.
        FileAccessError: For any other error of the system.
    """
    target = real_target(path)
    with FaultsOf(path, "writing"):
        if _is_stream(path):
            _write_into(path, data)
            return
    temporary = temporary_name(target)
    stage(target, temporary, data, _PRIVATE)
    try:
        with FaultsOf(path, "writing"):
            system.rename(temporary, target)
    except BaseException:
        remove_quietly([temporary])
        raise
    sync_folder(os.path.dirname(target))


def _is_stream(path: str) -> bool:
    try:
        mode = system.stat(path).st_mode
    except FileNotFoundError:
        return False
    if stat.S_ISBLK(mode) or stat.S_ISSOCK(mode):
        raise FileAccessError(path, errno.EINVAL, "it is a block device or socket")
    return stat.S_ISFIFO(mode) or stat.S_ISCHR(mode)


def _write_into(path: str, data: bytes) -> None:
    descriptor = system.open(path, os.O_WRONLY)
    try:
        status = system.fstat(descriptor)
        if system.HAS_OWNERS and status.st_uid not in (0, os.geteuid()):
            reason = f"it is a pipe or device of user [{status.st_uid}], who could read it"
            raise FilePermissionError(path, reason, errno.EPERM)
        write_all(descriptor, data)
    finally:
        system.close(descriptor)
