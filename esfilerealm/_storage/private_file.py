"""A file of secrets at a path of the caller: readable by its owner only, and never half written."""

from __future__ import annotations

import errno
import os
import stat

from .._ground.faults import FaultsOf
from ..errors import FileAccessError, FilePermissionError, FileRealmError
from . import system
from .attributes import Attributes
from .descriptors import with_file
from .outputs import output_refusal
from .staging import create_or_replace, sync_folder, write_all
from .target import real_target

__all__ = ["write_private_file"]

_PRIVATE = Attributes(0o600)


def write_private_file(
    path: str, data: bytes, *, config_dir: str | None = None, force: bool = False
) -> None:
    """
    Write *data* to *path*; an existing file is replaced, but none of a realm or node.

    A pipe or character device is written to only if it belongs to this user or root: any other
    owner could read the secret. A block device or socket is refused.

    Args:
        path: Where to write; links are followed.

        data: The content.

        config_dir: The directory of the realm that is exported.

        force: Whether to replace a file in a configuration directory that is none of its realm or
            node.

    Raises:
        FilePermissionError: If the system refuses, or if the link of another user leads there.
        FileAccessError: If it must not be replaced (``EEXIST``), and for any other error of the
            system; the message says so if the file is written nevertheless.
    """
    target = _real_target(path)
    with FaultsOf(path, "writing"):
        if not os.path.basename(path):
            raise FileAccessError(path, errno.EISDIR, "it is the name of a directory")
        if _is_stream(path):
            _write_into(path, data)
            return
        refusal = _refusal(path, target) or output_refusal(target, config_dir, force=force)
    if refusal is not None:
        raise FileAccessError(path, errno.EEXIST, f"it {refusal}")
    create_or_replace(target, data, _PRIVATE)
    try:
        sync_folder(os.path.dirname(target))
    except FileRealmError as error:
        number = getattr(error, "errno", None) or 0
        reason = f"it is written, but a power cut may undo that ({error})"
        raise FileAccessError(path, number, reason) from error


def _real_target(path: str) -> str:
    """Follow links as the system does, which goes up from where a link has led."""
    folder, name = os.path.split(path)
    return real_target(os.path.join(system.realpath(folder or os.curdir), name))


def _refusal(path: str, target: str) -> str | None:
    """Return why *target* cannot be written if *path* leads elsewhere, or None."""
    try:
        seen = system.stat(path)
    except FileNotFoundError:
        return None
    try:
        is_same = os.path.samestat(seen, system.lstat(target))
    except FileNotFoundError:
        is_same = False
    return None if is_same else "leads to an open file that has no name any more"


def _is_stream(path: str) -> bool:
    try:
        mode = system.stat(path).st_mode
    except FileNotFoundError:
        return False
    if stat.S_ISBLK(mode) or stat.S_ISSOCK(mode):
        raise FileAccessError(path, errno.EINVAL, "it is a block device or socket")
    return stat.S_ISFIFO(mode) or stat.S_ISCHR(mode)


def _write_into(path: str, data: bytes) -> None:
    def write(descriptor: int) -> None:
        status = system.fstat(descriptor)
        if system.HAS_OWNERS and status.st_uid not in (0, os.geteuid()):
            reason = f"it is a pipe or device of user [{status.st_uid}], who could read it"
            raise FilePermissionError(path, reason, errno.EPERM)
        write_all(descriptor, data)

    with_file(write, path, os.O_WRONLY)
