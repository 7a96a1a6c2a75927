"""Who may read and write a file: by its owner, group and mode, and by its access control list."""

from __future__ import annotations

import errno
import os
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from .._ground.faults import FaultsOf

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .entries import Entry

__all__ = [
    "EXECUTE",
    "READ",
    "WRITE",
    "Account",
    "Grant",
    "grants_of",
    "is_read_only",
    "may",
    "others_may",
]

READ: Final = 4
WRITE: Final = 2
EXECUTE: Final = 1

_LIST: Final = "system.posix_acl_access"
_VERSION: Final = struct.Struct("<I")
_GRANT: Final = struct.Struct("<HHI")
_USER: Final = 0x02
_OWNING_GROUP: Final = 0x04
_GROUP: Final = 0x08
_MASK: Final = 0x10
#: The errors of ``getxattr`` where a file has no such list.
_NONE_THERE: Final = (errno.ENODATA, errno.ENOTSUP, errno.ENOSYS, errno.ENOENT)


@dataclass(frozen=True, slots=True)
class Account:
    """
    A user of the system as far as it is known.

    Attributes:
        user: The id, or None if nobody can tell; it is not root then.
        groups: The ids of its groups that are known.
    """

    user: int | None
    groups: frozenset[int]


@dataclass(frozen=True, slots=True)
class Grant:
    """
    What an access control list grants to a user or a group.

    Attributes:
        kind: ``user`` or ``group``.
        number: The id.
        rights: The sum of ``READ``, ``WRITE`` and ``EXECUTE``.
    """

    kind: str
    number: int
    rights: int

    def is_to(self, group: int) -> bool:
        """Check whether it is to a group."""
        return self.kind == "group" and self.number == group


def grants_of(entry: Entry) -> tuple[Grant, ...]:
    """
    Return what the access control list of a file grants to its group and to others by name.

    Where there is such a list, the mode shows its mask in place of the rights of the group.

    Raises:
        FilePermissionError, FileAccessError: If the system refuses.

    Source:
        ``linux/posix_acl_xattr.h``.
    """
    if not hasattr(os, "getxattr"):
        return ()
    with FaultsOf(entry.path, "examining"):
        try:
            data = os.getxattr(entry.path, _LIST, follow_symlinks=False)
        except OSError as error:
            if error.errno in _NONE_THERE:
                return ()
            raise
    return tuple(_parsed(data, entry.group))


def _parsed(data: bytes, owning_group: int) -> Iterator[Grant]:
    whole = len(data) - (len(data) - _VERSION.size) % _GRANT.size
    rows = list(_GRANT.iter_unpack(data[_VERSION.size : whole]))
    mask = next((rights for tag, rights, _ in rows if tag == _MASK), READ | WRITE | EXECUTE)
    for tag, rights, number in rows:
        if tag == _OWNING_GROUP:
            yield Grant("group", owning_group, rights & mask)
        elif tag in (_USER, _GROUP):
            yield Grant("user" if tag == _USER else "group", number, rights & mask)


def others_may(entry: Entry, right: int) -> bool:
    """Check whether a file grants a right to everybody; Windows has no such rights."""
    return bool(entry.mode & right) and hasattr(os, "geteuid")


def may(account: Account, entry: Entry, grants: tuple[Grant, ...], right: int) -> bool:
    """
    Check whether a user has a right on a file; what is not known of the user counts in its favour.

    Source:
        ``acl(5)``, "access check algorithm".
    """
    if account.user == 0:
        return True
    if account.user == entry.owner:
        return bool(entry.mode >> 6 & right)
    if account.user is None and entry.owner != 0:
        return True  # nobody can tell
    for grant in grants:
        if grant.kind == "user" and grant.number == account.user:
            return bool(grant.rights & right)
    by_group = [grant for grant in grants if grant.kind == "group"]
    by_group = by_group or [Grant("group", entry.group, entry.mode >> 3 & 7)]
    own = [grant for grant in by_group if grant.number in account.groups]
    if own:
        return any(grant.rights & right for grant in own)
    return others_may(entry, right)


def is_read_only(path: str) -> bool:
    """Check whether nobody can write to the file system of a path."""
    if not hasattr(os, "statvfs"):
        return False
    try:
        return bool(os.statvfs(path).f_flag & os.ST_RDONLY)
    except OSError:
        return False
