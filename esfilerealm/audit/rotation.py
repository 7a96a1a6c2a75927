"""Logs that were moved aside: a new one goes on where the last of them ends."""

from __future__ import annotations

import os
from contextlib import suppress

from .._storage import last_line_of
from ..errors import FileRealmError
from .lines import Line

__all__ = ["last_line_before"]

#: Ends of names of files that are no logs, or whose end cannot be read without all the rest.
_OTHERS = (".lock", ".gz", ".bz2", ".xz", ".zst", ".tmp")


def last_line_before(path: str) -> Line | None:
    """
    Return the last line of the log that a new one at *path* follows; None if there is none.

    That is the latest file beside it that is named as ``logrotate`` names it, ``audit.log.1`` or
    ``audit-20261231.log``, and that ends with a line of ours.
    """
    for other in _latest_first(path):
        with suppress(FileRealmError):
            found = Line.parse(last_line_of(other))
            if found is not None:
                return found
    return None


def _latest_first(path: str) -> list[str]:
    folder, name = os.path.split(path)
    stem, end = os.path.splitext(name)
    found = []
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            is_like = entry.name.startswith((f"{name}.", f"{name}-")) or (
                entry.name.startswith((f"{stem}-", f"{stem}.")) and entry.name.endswith(end)
            )
            is_log = is_like and entry.name != name and not entry.name.endswith(_OTHERS)
            if is_log and entry.is_file(follow_symlinks=False):
                found.append((entry.stat().st_mtime_ns, entry.path))
    return [path for _, path in sorted(found, reverse=True)]
