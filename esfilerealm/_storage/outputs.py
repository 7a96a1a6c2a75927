"""
Which files an export must not replace.

A file is known by its device and inode, and a directory by its own or by what lies in it. So links,
second names, mounts and names in other letter case are no way around.
"""

from __future__ import annotations

import errno
import os
import re
from typing import TYPE_CHECKING, Final

from . import system
from .paths import OTHER_FILES, VERSION_PATTERN, RealmPaths

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

__all__ = ["is_reserved", "is_transient", "output_refusal"]

_REALM: Final = ("users", "users_roles")
_LOCK: Final = "users.lock"
_SETTINGS: Final = "elasticsearch.yml"

#: The files of a node at the top of its configuration directory.
_NODE: Final = (*_REALM, *OTHER_FILES, "jvm.options", "log4j2.properties")

#: What follows the name of a file in the names of its lock, journal, versions, temporary files …
_PASSING: Final = r"\.lock|\.journal|\.[0-9a-f]{8,16}\.(tmp|rejected)"
_ENDS: Final = rf"(\.accounts|\.managed|\.modes|{VERSION_PATTERN}|{_PASSING})"
_RESERVED: Final = re.compile(rf"({'|'.join(map(re.escape, _NODE))}){_ENDS}*")
_TRANSIENT: Final = re.compile(
    rf"({'|'.join(map(re.escape, _NODE))})({_PASSING})+|.+\.[0-9a-f]{{16}}\.tmp"
)
_BESIDE: Final = re.compile(rf"(.+?){_ENDS}+")

#: The errors of the system for a path that leads to no file that this user may see.
_UNSEEN: Final = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.EACCES, errno.EPERM)

_OF_THE_REALM: Final = "names a file of the realm itself or of its node: choose another name"
_EXISTS: Final = (
    "names a file that exists in the configuration directory of a node: choose another name, or "
    "pass force=True (for a command, --force) to replace it"
)


def is_reserved(name: str) -> bool:
    """Check whether a file of a realm or node, or one that is kept beside it, may have a name."""
    return _RESERVED.fullmatch(name.casefold()) is not None


def output_refusal(
    target: str, config_dir: str | None = None, *, force: bool = False
) -> str | None:
    """
    Return why an export must not be written to *target*, as a predicate; None if it may be.

    In a configuration directory, nothing that exists is replaced unless *force* is given, and
    nothing gets the name of a file of the realm or node. Any directory that holds files of a realm
    or node is one.

    Args:
        target: A real path.

        config_dir: The directory of the realm that is exported.

        force: Whether to replace a file of somebody else in such a directory.

    Raises:
        OSError: If it cannot be examined.
    """
    folder, name = os.path.split(target)
    homes = [folder] if _is_configuration(folder) else []
    if homes and _RESERVED.fullmatch(name.casefold()):
        return _OF_THE_REALM
    if config_dir is not None:
        homes += [config_dir, os.path.join(config_dir, "x-pack")]
    if _is_beside_its_file(folder, name) or _is_awaited(target, homes):
        return _OF_THE_REALM
    file = _status(target, system.lstat)
    if file is None:
        return None
    names = {entry for home in homes for entry in _names_of(file, home)}
    if any(_RESERVED.fullmatch(entry.casefold()) for entry in names):
        return _OF_THE_REALM
    is_inside = names or (config_dir is not None and _is_below(folder, config_dir))
    return _EXISTS if is_inside and not force else None


def is_transient(name: str) -> bool:
    """Check whether a name is that of a lock, a journal or a temporary file."""
    return _TRANSIENT.fullmatch(name) is not None


def _is_configuration(folder: str) -> bool:
    """Check whether the files of a realm or of a node lie in *folder*."""
    names = {name.casefold() for name in _entries(folder)}
    node = names.intersection(_NODE) - {_SETTINGS}
    return _LOCK in names or names.issuperset(_REALM) or (_SETTINGS in names and bool(node))


def _is_beside_its_file(folder: str, name: str) -> bool:
    """Check whether *name* is that of the lock or journal of a file that lies beside it."""
    beside = _BESIDE.fullmatch(name)
    return beside is not None and _status(os.path.join(folder, beside[1])) is not None


def _is_awaited(target: str, homes: Sequence[str]) -> bool:
    """Check whether a link in the place of a file of the realm leads to *target*, if only later."""
    own = (path for home in homes for path in RealmPaths(home).all)
    return target in map(system.realpath, own)


def _names_of(file: os.stat_result, home: str) -> Iterator[str]:
    """Return the names in *home* that lead to a file, by themselves or by a link."""
    for name in _entries(home):
        status = _status(os.path.join(home, name))
        if status is not None and os.path.samestat(status, file):
            yield name


def _is_below(folder: str, above: str) -> bool:
    """Check whether *folder* is *above* or below it."""
    wanted = _status(above)
    while wanted is not None:
        status = _status(folder)
        if status is not None and os.path.samestat(status, wanted):
            return True
        folder, before = os.path.dirname(folder), folder
        if folder == before:
            break
    return False


def _entries(folder: str) -> list[str]:
    """Return the names in a directory; without the right to list it, those that a node knows."""
    try:
        return system.listdir(folder)
    except (FileNotFoundError, NotADirectoryError):
        return []
    except PermissionError:
        known = (*_NODE, _LOCK)
        return [name for name in known if _status(os.path.join(folder, name)) is not None]


def _status(
    path: str, examine: Callable[[str], os.stat_result] | None = None
) -> os.stat_result | None:
    """Return the status of a file; None if there is none, or none that this user may see."""
    try:
        return (examine or system.stat)(path)
    except OSError as error:
        if error.errno not in _UNSEEN:
            raise
        return None
