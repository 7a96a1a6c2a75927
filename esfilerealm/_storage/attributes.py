"""Owner, group and mode of a file: keep, inherit or set them, or refuse before anything changes."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from threading import Lock
from typing import Final

from .._faults import FaultsOf
from ..errors import FilePermissionError, InvalidAttributeError

__all__ = ["Attributes"]

_HAS_OWNERS: Final = hasattr(os, "fchown")
_HAS_MODES: Final = hasattr(os, "fchmod")
_NEW_FILE_MODE: Final = 0o660
_ALL_MODE_BITS: Final = 0o7777
_NO_ID: Final = 2**32 - 1  # what the system takes for "leave it"
_UMASK_LOCK: Final = Lock()


@dataclass(frozen=True, slots=True)
class Attributes:
    """
    What a file is to have.

    Attributes:
        mode: The permission bits, or None for those of a temporary file.
        owner: A user id, or None for that of the process.
        group: A group id, or None for what the system gives.
    """

    mode: int | None
    owner: int | None = None
    group: int | None = None

    @classmethod
    def asked_for(
        cls, owner: str | int | None, group: str | int | None, mode: int | None
    ) -> Attributes:
        """
        Make those that a user names, owner and group by name or number, or None for no wish.

        Raises:
            InvalidAttributeError: If there is no such owner, group or mode.
        """
        return cls(
            None if mode is None else _checked_mode(mode),
            None if owner is None else _user_id(owner),
            None if group is None else _group_id(group),
        )

    @classmethod
    def of(cls, status: os.stat_result) -> Attributes:
        """Keep those of an existing file."""
        return cls(stat.S_IMODE(status.st_mode), status.st_uid, status.st_gid)

    @classmethod
    def inherited(cls, folder: str) -> Attributes:
        """Give a new file the group of its folder, so that a node can read what root creates."""
        with FaultsOf(folder, "reading"):
            return cls(_NEW_FILE_MODE & ~_umask(), None, os.stat(folder).st_gid)

    def changed_by(self, other: Attributes) -> Attributes:
        """Give what *other* has, and these where it has None."""
        return Attributes(
            self.mode if other.mode is None else other.mode,
            self.owner if other.owner is None else other.owner,
            self.group if other.group is None else other.group,
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
        except OSError as error:  # EINVAL is for ids that a user namespace does not know
            what = " and ".join(
                f"{name} [{number}]"
                for name, number in (("owner", owner), ("group", group))
                if number != -1
            )
            reason = f"cannot give it {what}; run this as its owner or as root"
            raise FilePermissionError(target, reason) from error

    def give_mode(self, descriptor: int) -> None:
        """Give an open file its mode; last, since a change of owner may take bits away."""
        if _HAS_MODES and self.mode is not None:
            os.fchmod(descriptor, self.mode)


def _umask() -> int:
    # It can only be read by setting it; for that moment no file of another thread is too open.
    with _UMASK_LOCK:
        mask = os.umask(0o077)
        os.umask(mask)
    return mask


def _user_id(owner: str | int) -> int:
    if isinstance(owner, int) or owner.isdecimal():
        return _checked_id("owner", int(owner))
    try:
        import pwd

        return pwd.getpwnam(owner).pw_uid
    except (ImportError, KeyError):
        raise InvalidAttributeError("owner", owner, "no such user on this system") from None


def _group_id(group: str | int) -> int:
    if isinstance(group, int) or group.isdecimal():
        return _checked_id("group", int(group))
    try:
        import grp

        return grp.getgrnam(group).gr_gid
    except (ImportError, KeyError):
        raise InvalidAttributeError("group", group, "no such group on this system") from None


def _checked_id(attribute: str, number: int) -> int:
    if not 0 <= number < _NO_ID:
        raise InvalidAttributeError(attribute, number, f"must be between 0 and {_NO_ID - 1}")
    return number


def _checked_mode(mode: int) -> int:
    if not 0 <= mode <= _ALL_MODE_BITS:
        raise InvalidAttributeError("mode", oct(mode), "must be between 0 and 7777, octal")
    return mode
