"""Whether a file that this package keeps for itself is also something else, by a second name."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from typing import TYPE_CHECKING

from .._ground.faults import FaultsOf
from . import system
from .staging import REJECTED, TEMPORARY, temporary_pattern

if TYPE_CHECKING:
    from .read import FileContent

__all__ = ["reason_for_another_name"]

_REASON = "it has a second name, so it may be any file: check what it is"


def reason_for_another_name(file: FileContent, names: str) -> str | None:
    """
    Return why a file may be any file of its owner, which another user gave this name, or None.

    Args:
        file: As it was read under the lock.

        names: A regular expression for the names, in its directory, that a writer gives such a
            file; the names that it gives it for a moment count too.
    """
    if file.stat is None:
        return None
    with FaultsOf(file.path, "examining"):
        # By its name again: the open file may have had another name until a moment ago.
        named = system.lstat(file.path)
    if not os.path.samestat(named, file.stat):
        return _REASON
    is_foreign = named.st_nlink > 1 and _has_foreign_name(file.path, named, names)
    return _REASON if is_foreign else None


def _has_foreign_name(path: str, status: os.stat_result, names: str) -> bool:
    """Check whether a file has names besides those that a writer gives it for a moment."""
    folder = os.path.dirname(path)
    kept = "|".join(temporary_pattern(names, end) for end in (TEMPORARY, REJECTED))
    ours = re.compile(f"{names}|{kept}")
    known = 0
    with FaultsOf(folder, "examining"):
        for entry in filter(ours.fullmatch, system.listdir(folder)):
            with suppress(FileNotFoundError):
                other = system.lstat(os.path.join(folder, entry))
                known += os.path.samestat(other, status)
    return status.st_nlink > known
