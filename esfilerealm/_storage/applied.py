"""What became of the attributes of one file, or would become of them."""

from __future__ import annotations

import errno
import os
import stat
from typing import TYPE_CHECKING, Final, NamedTuple

from .._ground.rights import may_change_owner
from . import system

if TYPE_CHECKING:
    from os import stat_result
    from typing import Self

__all__ = ["PRIVATE_MODE", "Applied", "Owned"]

PRIVATE_MODE: Final = 0o600
"""The mode of a file until it is complete."""


class Owned(NamedTuple):
    """Owner and group of a file."""

    user: int
    group: int

    @classmethod
    def of(cls, status: stat_result) -> Self:
        """Return those of a file with that *status*."""
        return cls(status.st_uid, status.st_gid)

    @classmethod
    def new_in(cls, folder: stat_result) -> Self:
        """Return those of a file that this process would create in a *folder* with that status."""
        has_group_of_folder = folder.st_mode & stat.S_ISGID
        return cls(os.geteuid(), folder.st_gid if has_group_of_folder else os.getegid())

    def check_change(self, owner: int, group: int) -> None:
        """
        Check whether this process may change them; -1 stands for what stays.

        Raises:
            PermissionError: If it may not.
        """
        if not may_change_owner(self.user, owner, group):
            raise PermissionError(errno.EPERM, "not this process")


class Applied:
    """
    What was, or would be, set on a file.

    Attributes:
        mode: What it is to have when it is complete.
        lost: What could not be set, as text.
        is_foreseen: Whether nothing was set: this is what would happen.
        owner: What it would have; None if it was set.
        group: Likewise.
    """

    def __init__(self, mode: int | None, *, is_foreseen: bool = False) -> None:
        self.mode = mode
        self.is_foreseen = is_foreseen
        self.owner: int | None = None
        self.group: int | None = None
        self.lost: list[str] = []

    def make_private(self, descriptor: int) -> None:
        """Keep the file private; an access control list has brought its own mode."""
        if system.HAS_MODES:
            system.fchmod(descriptor, PRIVATE_MODE)

    def set_mode(self, descriptor: int) -> None:
        """Set the mode, after the owner, since changing the owner may clear bits."""
        if not system.HAS_MODES or self.mode is None:
            return
        # Only its owner may even set the mode that it has.
        if stat.S_IMODE(system.fstat(descriptor).st_mode) != self.mode:
            system.fchmod(descriptor, self.mode)
