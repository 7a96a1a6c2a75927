"""Which user a node runs as, as far as its files show it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from .._ground.system_faults import require_missing
from .access import Account
from .opening import follow
from .parts import Unreadable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .entries import Entry
    from .view import View

__all__ = ["account_of_node"]

#: What its group needs to replace the files of a directory, as in an image.
_FOR_GROUP: Final = 0o030


def account_of_node(node: View) -> Account | None:
    """
    Return the user that a node runs as, or None if nobody can tell. It is never root.

    It is the owner of the data folder, which the node writes. Without a data folder it is the user
    of this process, or if that is root, the owner or a member of the group of the configuration.
    """
    if not hasattr(os, "geteuid"):
        return None
    for path in _data_folders(node):
        entry = node.entry(follow(path))
        if entry is not None and entry.kind == "directory":
            return _owner_of(entry)
    if os.geteuid() != 0:
        return Account(os.geteuid(), frozenset((os.getegid(), *os.getgroups())))
    folder = node.entry(follow(node.config_dir))
    is_for_group = folder is not None and folder.mode & _FOR_GROUP == _FOR_GROUP
    if folder is None or (folder.owner == folder.group == 0 and not is_for_group):
        return None
    return _owner_of(folder)


def _data_folders(node: View) -> Iterator[str]:
    try:
        paths = node.settings.values("path.data")
    except Unreadable:
        paths = []
    yield from filter(os.path.isabs, paths)
    if not paths:
        yield os.path.join(os.path.dirname(node.config_dir), "data")


def _owner_of(entry: Entry) -> Account:
    if entry.owner == 0:
        return Account(None, frozenset({entry.group}))
    return Account(entry.owner, frozenset({entry.group, *_groups_of(entry.owner)}))


def _groups_of(user: int) -> list[int]:
    try:
        import pwd

        known = pwd.getpwuid(user)
        return os.getgrouplist(known.pw_name, known.pw_gid)
    except (ImportError, KeyError) as error:
        if isinstance(error, ImportError):
            require_missing(error)
        return []
