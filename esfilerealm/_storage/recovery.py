"""Ending what a writer began who was killed, lost power, or could not take it back itself."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Final

from .._faults import FaultsOf
from .._log import get_logger
from ..results import Recovery
from . import system
from .journal import UnusableJournalError
from .locate import VERSION_PATTERN, journal_path
from .staging import remove_leftovers, sync_folder
from .target import real_target
from .unfinished import Progress, find_journal, make_durable, put_back

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .journal import Journal
    from .locate import RealmPaths

__all__ = ["recover", "set_aside_journals"]

_LOG: Final = get_logger(__name__)
_RANDOM_BYTES: Final = 4


def recover(paths: RealmPaths) -> Recovery:
    """
    Bring both files to the state before or after an unfinished change, and remove its traces.

    The caller holds the write lock, so that whoever began it is gone.

    Raises:
        JournalVersionError: If a later version of this package began it.
        FilePermissionError, FileAccessError: If the system does not let us; what it takes to do it
            later is still there.
    """
    users, users_roles = real_target(paths.users), real_target(paths.users_roles)
    journal = journal_path(users)
    try:
        recovery = _ended(find_journal(users, users_roles))
    except UnusableJournalError as error:
        recovery = _set_aside(journal, str(error))
    if recovery:
        _LOG.warning("%s", recovery)
    if not set_aside_journals(journal):  # else a person may need what is left
        _remove_leftovers([users, users_roles, journal])
    return recovery


def set_aside_journals(journal: str) -> list[str]:
    """Give the records that were set aside and not yet removed by anybody."""
    folder, name = os.path.split(journal)
    pattern = re.compile(rf"{re.escape(name)}\.[0-9a-f]{{{2 * _RANDOM_BYTES}}}\.rejected")
    with FaultsOf(folder, "reading"):
        return sorted(
            os.path.join(folder, e) for e in system.listdir(folder) if pattern.fullmatch(e)
        )


def _remove_leftovers(targets: Iterable[str]) -> None:
    names: dict[str, list[str]] = {}
    for target in targets:
        names.setdefault(os.path.dirname(target), []).append(re.escape(os.path.basename(target)))
    for folder, patterns in names.items():
        remove_leftovers(folder, f"({'|'.join(patterns)})({VERSION_PATTERN})?")


def _ended(journal: Journal | None) -> Recovery:
    if journal is None:
        return Recovery()
    progress = Progress(journal.steps)
    if not progress.is_complete:
        put_back(journal.steps)
    else:
        make_durable(journal.steps)
    journal.retire()
    return Recovery("completed" if progress.is_complete else "rolled_back", journal.path)


def _set_aside(path: str, reason: str) -> Recovery:
    aside = f"{path}.{os.urandom(_RANDOM_BYTES).hex()}.rejected"
    with FaultsOf(path, "setting aside"):
        system.rename(path, aside)
    sync_folder(os.path.dirname(path))
    return Recovery("set_aside", aside, reason)
