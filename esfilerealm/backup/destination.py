"""Where a backup may be written."""

from __future__ import annotations

import os
import stat
from typing import Final

from ..errors import BackupError
from .compression import is_packed
from .seal.age import is_encrypted

__all__ = ["checked_destination"]

#: Bytes that show whether a file is a backup.
_HEAD: Final = 512


def checked_destination(
    destination: str | os.PathLike[str],
    config_dir: str | os.PathLike[str],
    keep_last: int | None,
) -> str:
    """
    Return the absolute path of a directory or file for a backup.

    Raises:
        BackupError: If it is in the configuration directory, or something that is no backup.
        ValueError: If *keep_last* is too small, or there is no directory to keep backups in.
    """
    target = os.path.abspath(os.fspath(destination))
    if keep_last is not None and (keep_last < 1 or not os.path.isdir(target)):
        reason = "must be a number from 1 on, and only backups in a directory are counted"
        raise ValueError(f"keep_last is [{keep_last}]: {reason}")
    refusal = _refusal(target, os.fspath(config_dir))
    if refusal is not None:
        raise BackupError(target, refusal)
    return target


def _refusal(target: str, config_dir: str) -> str | None:
    inner = os.path.join(os.path.realpath(config_dir), "")
    if os.path.join(os.path.realpath(target), "").startswith(inner):
        return "it lies in the configuration directory, of which it is a backup: choose another"
    try:
        mode = os.stat(target).st_mode
    except (OSError, ValueError):  # nothing is there, or whoever writes it says what is wrong
        return None
    if stat.S_ISDIR(mode):
        return None
    if not stat.S_ISREG(mode):
        return "it is a pipe, a device or a terminal: name a directory, or a file"
    if not _is_backup(target):
        return "this file is there, and it is no backup: choose another name, or remove it"
    return None


def _is_backup(path: str) -> bool:
    """Check whether a file looks like a backup, or is empty."""
    try:
        with open(path, "rb") as file:
            head = file.read(_HEAD)
    except OSError:
        return False
    return not head or is_packed(head) or is_encrypted(head)
