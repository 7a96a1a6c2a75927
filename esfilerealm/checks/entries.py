"""What lies in a configuration directory: kind, owner, group and mode of each thing."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from .._ground.faults import FaultsOf

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Entry", "entries_of"]

#: A directory with more things is none of a node; what is beyond is not looked at.
_MOST: Final = 10_000

Kind = Literal["file", "directory", "link", "other"]


@dataclass(frozen=True, slots=True)
class Entry:
    """
    One thing as ``lstat`` shows it: a link is not followed.

    Attributes:
        path: Its absolute path.
        kind: ``file``, ``directory``, ``link`` or ``other``.
        owner: The id of its owner.
        group: The id of its group.
        mode: Its permission bits, with those for set-id and sticky.
        size: In bytes.
        modified: When its content was changed last, in seconds since 1970.
        target: What a link holds, or None.
    """

    path: str
    kind: Kind
    owner: int
    group: int
    mode: int
    size: int
    modified: float
    target: str | None = None

    @property
    def name(self) -> str:
        """The last part of its path."""
        return os.path.basename(self.path)

    @classmethod
    def of(cls, path: str) -> Entry | None:
        """
        Examine a path; return None if nothing is there.

        Raises:
            FilePermissionError, FileAccessError: If the system refuses.
        """
        with FaultsOf(path, "examining"):
            try:
                status = os.lstat(path)
                is_link = stat.S_ISLNK(status.st_mode)
                target = os.readlink(path) if is_link else None
            except (FileNotFoundError, NotADirectoryError):
                return None
        return cls(
            path,
            _kind(status.st_mode),
            status.st_uid,
            status.st_gid,
            stat.S_IMODE(status.st_mode),
            status.st_size,
            status.st_mtime,
            target,
        )


def entries_of(folder: str) -> dict[str, Entry]:
    """
    Examine a directory and what is directly in it, by path, sorted; the directory comes first.

    Raises:
        FilePermissionError, FileAccessError: If the system refuses.
    """
    with FaultsOf(folder, "reading"):
        names = sorted(os.listdir(folder))[:_MOST]
    found = (Entry.of(path) for path in _paths(folder, names))
    return {entry.path: entry for entry in found if entry is not None}


def _paths(folder: str, names: list[str]) -> Iterator[str]:
    yield folder
    yield from (os.path.join(folder, name) for name in names)


def _kind(mode: int) -> Kind:
    if stat.S_ISLNK(mode):
        return "link"
    if stat.S_ISDIR(mode):
        return "directory"
    return "file" if stat.S_ISREG(mode) else "other"
