"""Whose files to believe in a folder that others may write to as well."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING

from .._faults import FaultsOf
from . import system

if TYPE_CHECKING:
    from collections.abc import Collection

__all__ = ["is_trusted", "trusted_users"]


def trusted_users(path: str) -> Collection[int]:
    """
    Give the ids of those who rule over the file at *path* in any case.

    They are this user, root, and who owns the file or its folder. What they leave beside it, a
    record of a change or a version, is believed; what another user of the folder leaves is not.
    """
    folder = os.path.dirname(path)
    with FaultsOf(folder, "examining"):
        users = {os.geteuid(), 0, system.stat(folder).st_uid} if system.HAS_OWNERS else set()
        with suppress(FileNotFoundError):
            users.add(system.lstat(path).st_uid)
    return users


def is_trusted(status: os.stat_result, users: Collection[int]) -> bool:
    """Tell whether a file of that *status* is from one of *users*."""
    return not system.HAS_OWNERS or status.st_uid in users
