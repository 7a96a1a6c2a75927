"""Owner, group and mode of a file: keep, inherit or set them, or refuse before anything changes."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from typing import Final

from ..errors import FilePermissionError, InvalidAttributeError

__all__ = ["Attributes", "RequestedAttributes"]

_HAS_OWNERS: Final = hasattr(os, "fchown")
_HAS_MODES: Final = hasattr(os, "fchmod")
_NEW_FILE_MODE: Final = 0o660
_ALL_MODE_BITS: Final = 0o7777


@dataclass(frozen=True, slots=True)
class RequestedAttributes:
    """What is asked for new files: owner and group as names or numbers, None for the default."""

    owner: str | int | None = None
    group: str | int | None = None
    mode: int | None = None


@dataclass(frozen=True, slots=True)
class Attributes:
    """
    What a file is to have.

    Attributes:
        mode: The permission bits.
        owner: A user id, or None for that of the process.
        group: A group id, or None for what the system gives.
    """

    mode: int
    owner: int | None = None
    group: int | None = None

    @classmethod
    def of(cls, status: os.stat_result) -> Attributes:
        """Keep those of an existing file."""
        return cls(stat.S_IMODE(status.st_mode), status.st_uid, status.st_gid)

    @classmethod
    def inherited(cls, folder: str) -> Attributes:
        """Give a new file the group of its folder, so that a node can read what root creates."""
        return cls(_NEW_FILE_MODE & ~_umask(), None, os.stat(folder).st_gid)

    def requested(self, requested: RequestedAttributes) -> Attributes:
        """
        Change what is asked for.

        Raises:
            InvalidAttributeError: If a name is not known, or the mode is none.
        """
        return Attributes(
            self.mode if requested.mode is None else _checked_mode(requested.mode),
            self.owner if requested.owner is None else _user_id(requested.owner),
            self.group if requested.group is None else _group_id(requested.group),
        )

    def give_owner(self, descriptor: int, target: str) -> None:
        """
        Give an open file its owner and group, before it holds anything.

        Raises:
            FilePermissionError: If the system does not let us; *target* is named.
        """
        if not _HAS_OWNERS:
            return
        status = os.fstat(descriptor)
        owner = -1 if self.owner in (None, status.st_uid) else self.owner
        group = -1 if self.group in (None, status.st_gid) else self.group
        if owner == group == -1:
            return
        try:
            os.fchown(descriptor, owner, group)
        except PermissionError as error:
            reason = (
                f"cannot give it owner [{self.owner}] and group [{self.group}], "
                "so that it was left as it is; run this as that owner or as root"
            )
            raise FilePermissionError(target, reason) from error

    def give_mode(self, descriptor: int) -> None:
        """Give an open file its mode; last, since a change of owner may take bits away."""
        if _HAS_MODES:
            os.fchmod(descriptor, self.mode)


def _umask() -> int:
    # It can only be read by setting it. For that moment no file of another thread is too open.
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def _user_id(owner: str | int) -> int:
    if isinstance(owner, int) or owner.isdecimal():
        return int(owner)
    try:
        import pwd

        return pwd.getpwnam(owner).pw_uid
    except (ImportError, KeyError):
        raise InvalidAttributeError("owner", owner, "no such user on this system") from None


def _group_id(group: str | int) -> int:
    if isinstance(group, int) or group.isdecimal():
        return int(group)
    try:
        import grp

        return grp.getgrnam(group).gr_gid
    except (ImportError, KeyError):
        raise InvalidAttributeError("group", group, "no such group on this system") from None


def _checked_mode(mode: int) -> int:
    if not 0 <= mode <= _ALL_MODE_BITS:
        raise InvalidAttributeError("mode", oct(mode), "must be between 0 and 7777, octal")
    return mode
