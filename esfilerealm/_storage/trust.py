"""Whose files to believe in a folder that others may write to as well."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING

from .._ground.faults import FaultsOf
from . import system

if TYPE_CHECKING:
    from collections.abc import Collection

__all__ = ["is_trusted", "trusted_users"]


def trusted_users(path: str, *, with_us: bool = True) -> Collection[int]:
    """
    Give the ids of those who rule over the file at *path* in any case.

    They are root, who owns the file or its folder, and this user, if asked for. What they leave
    beside it, a record of a change or a version, is believed; what another user of the folder
    leaves is not.
    """
    folder = os.path.dirname(path)
    with FaultsOf(folder, "examining"):
        users = {0, system.stat(folder).st_uid}
        with suppress(FileNotFoundError):
            users.add(system.lstat(path).st_uid)
    if with_us and system.HAS_OWNERS:
        users.add(os.geteuid())
    return users


def is_trusted(status: os.stat_result, users: Collection[int]) -> bool:
    """Tell whether a file of that *status* is from one of *users*."""
    return not system.HAS_OWNERS or status.st_uid in users
