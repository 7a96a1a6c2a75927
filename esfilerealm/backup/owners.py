"""Whom restored files belong to: a name in the backup counts more than its number."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from .._storage import Attributes

if TYPE_CHECKING:
    from .manifest import Entry

__all__ = ["attributes_of"]


def attributes_of(entry: Entry) -> Attributes:
    """Return what a restored file or directory is to have."""
    return Attributes.restored(
        entry.mode,
        _user(entry.user, entry.uid),
        _group(entry.group, entry.gid),
        dict(entry.xattrs),
        is_folder=entry.form == "directory",
    )


@cache
def _user(name: str, number: int) -> int:
    """Return the number of a user of this system, or that of the backup if there is none."""
    try:
        import pwd

        return pwd.getpwnam(name).pw_uid
    except (ImportError, KeyError, ValueError):
        return number


@cache
def _group(name: str, number: int) -> int:
    try:
        import grp

        return grp.getgrnam(name).gr_gid
    except (ImportError, KeyError, ValueError):
        return number
