"""The first files of a realm."""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING

from .._faults import FaultsOf
from ..errors import FileAccessError
from .atomic import remove_leftovers, replace_files
from .attributes import Attributes
from .lock import write_lock
from .read import read_file

if TYPE_CHECKING:
    from .locate import RealmPaths

__all__ = ["create_missing_files"]

_FOLDER_MODE = 0o750


def create_missing_files(
    paths: RealmPaths, asked_for: Attributes, *, lock_timeout: float, dry_run: bool
) -> list[str]:
    """
    Create the folder, ``users`` and ``users_roles`` where they are missing; the files are empty.

    Args:
        paths: Of the realm.

        asked_for: What new files are to have in place of what they inherit.

        lock_timeout: In seconds.

        dry_run: Whether to create nothing.

    Returns:
        What was (in a dry run: would be) created.

    Raises:
        FilePermissionError, FileAccessError, LockTimeoutError: As for any write.
    """
    created = [] if os.path.exists(paths.config_dir) else [paths.config_dir]
    missing = _missing(paths)
    if dry_run or not missing:
        return created + missing
    with FaultsOf(paths.config_dir, "creating"):
        os.makedirs(paths.config_dir, _FOLDER_MODE, exist_ok=True)
    with write_lock(lambda: paths.lock, lock_timeout):
        missing = _missing(paths)
        targets = [os.path.realpath(path) for path in missing]
        remove_leftovers(targets)
        if len(set(targets)) < len(targets):
            reason = "users and users_roles are links to the same file"
            raise FileAccessError(targets[0], errno.EINVAL, reason)
        replace_files(
            [
                (target, b"", Attributes.inherited(os.path.dirname(target)).changed_by(asked_for))
                for target in targets
            ]
        )
    return created + missing


def _missing(paths: RealmPaths) -> list[str]:
    return [path for path in (paths.users, paths.users_roles) if not read_file(path).exists]
