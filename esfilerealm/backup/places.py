"""Where backups are kept: their names, their counters, and how many of them."""

from __future__ import annotations

import json
import os
import re
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final
from urllib.parse import quote, unquote

from .._ground.faults import FaultsOf
from .._ground.holding import inside
from .._storage import SingleFile, WriteOptions, remove_leftovers, write_private_file
from ..errors import BackupError
from .compression import ENDINGS

if TYPE_CHECKING:
    from collections.abc import Callable

    from .._storage import FileContent
    from .compression import Compression

__all__ = ["Kept", "StoredBackup", "keep_backup", "list_backups"]

_COUNTERS: Final = "esfilerealm-backups.json"
_VERSION: Final = 1
_LARGEST: Final = 2**22
_PRIVATE: Final = 0o600
_TIME: Final = "%Y%m%dT%H%M%SZ"
_NAME: Final = (
    r"(?P<node>[A-Za-z0-9_.~%-]+)-(?P<time>[0-9]{8}T[0-9]{6}Z)-(?P<counter>[0-9]{6,12})"
    rf"(?:{'|'.join(map(re.escape, ENDINGS.values()))})(?P<age>\.age)?"
)


@dataclass(frozen=True, slots=True)
class StoredBackup:
    """
    A backup in a directory of backups, as its name says; nothing of it is proven.

    Attributes:
        path: Where it is.
        node: The node that it is of.
        time: When it was made, UTC.
        counter: Counts the backups of the node from 1.
        is_encrypted: Whether its name ends with ``.age``.
        size: In bytes.
    """

    path: str
    node: str
    time: datetime
    counter: int
    is_encrypted: bool
    size: int


@dataclass(frozen=True, slots=True)
class Kept:
    """
    Where a backup was put.

    Attributes:
        path: Where it is.
        removed: The paths of earlier ones that were removed.
        remaining: Those that could not be removed, with the reason.
    """

    path: str
    removed: tuple[str, ...] = ()
    remaining: tuple[tuple[str, str], ...] = ()


def list_backups(directory: str | os.PathLike[str]) -> tuple[StoredBackup, ...]:
    """
    Return the backups in a directory by their names, sorted by node and counter.

    Raises:
        FilePermissionError, FileAccessError: If it cannot be listed.
    """
    folder = os.fspath(directory)
    with FaultsOf(folder, "listing"):
        names = os.listdir(folder)
    found = (_stored(folder, name) for name in names)
    backups = [backup for backup in found if backup is not None]
    return tuple(sorted(backups, key=lambda backup: (backup.node, backup.counter, backup.path)))


def keep_backup(
    destination: str,
    node: str,
    ending: Compression,
    *,
    is_encrypted: bool,
    keep_last: int | None,
    make: Callable[[int, datetime], bytes],
) -> Kept:
    """
    Put a backup into a directory under a name of its own, or into a file.

    Args:
        destination: The directory or file.

        node: The name of the node.

        ending: How it is compressed.

        is_encrypted: Whether it is encrypted.

        keep_last: How many backups of the node are kept in the directory; None for all.

        make: Makes it for a counter, which is 0 if nobody counts, and a time.

    Raises:
        LockTimeoutError: If another backup into the directory takes too long.
        BackupError: If the counters of the directory cannot be read.
        FilePermissionError, FileAccessError: If it cannot be written.
    """
    now = datetime.now(UTC).replace(microsecond=0)
    if not os.path.isdir(destination):
        write_private_file(destination, make(0, now))
        return Kept(destination)
    name = f"{{}}{ENDINGS[ending]}{'.age' if is_encrypted else ''}"
    store = SingleFile(os.path.join(destination, _COUNTERS), largest=_LARGEST, new_mode=_PRIVATE)
    options = WriteOptions(lock_timeout=60.0)

    def keep(_recovery: object) -> Kept:
        remove_leftovers(destination, _NAME)
        counter = _count(store, destination, node, options)
        whole = name.format(f"{quote(node, safe='')}-{now:{_TIME}}-{counter:06}")
        path = os.path.join(destination, whole)
        write_private_file(path, make(counter, now))
        return _rotate(path, node, counter, keep_last)

    return inside(store.locked(options), keep)


def _count(store: SingleFile, folder: str, node: str, options: WriteOptions) -> int:
    """Return the next counter of a node, and note it first: it is never used twice."""
    file = store.read()
    counters = _counters(file)
    known = [backup.counter for backup in list_backups(folder) if backup.node == node]
    counter = counters[node] = max(counters.get(node, 0), *known, 0) + 1
    content = {"version": _VERSION, "counters": dict(sorted(counters.items()))}
    store.commit(file, json.dumps(content, indent=1).encode() + b"\n", options)
    return counter


def _counters(file: FileContent) -> dict[str, int]:
    if not file.exists:
        return {}
    try:
        content = json.loads(file.data)
        if content["version"] == _VERSION:
            return {str(node): int(counter) for node, counter in content["counters"].items()}
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        pass
    reason = "it does not have the counters that esfilerealm writes: remove it to count by names"
    raise BackupError(file.path, reason)


def _rotate(path: str, node: str, counter: int, keep_last: int | None) -> Kept:
    """Remove all but the latest backups of a node, and the new one never."""
    if keep_last is None:
        return Kept(path)
    found = list_backups(os.path.dirname(path))
    earlier = [each for each in found if each.node == node and each.counter < counter]
    removed, remaining = [], []
    for each in earlier[: max(0, len(earlier) - keep_last + 1)]:
        try:
            os.unlink(each.path)
        except OSError as error:
            remaining.append((each.path, error.strerror or str(error)))
        else:
            removed.append(each.path)
    return Kept(path, tuple(removed), tuple(remaining))


def _stored(folder: str, name: str) -> StoredBackup | None:
    found = re.fullmatch(_NAME, name)
    path = os.path.join(folder, name)
    if found is None or os.path.islink(path) or not os.path.isfile(path):
        return None
    with suppress(OSError, ValueError):  # it has gone, or there is no such day
        return StoredBackup(
            path=path,
            node=unquote(found["node"]),
            time=datetime.strptime(found["time"], _TIME).replace(tzinfo=UTC),
            counter=int(found["counter"]),
            is_encrypted=found["age"] is not None,
            size=os.path.getsize(path),
        )
    return None
