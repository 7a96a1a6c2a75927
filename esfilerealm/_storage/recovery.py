"""Ending what a writer began who was killed, lost power, or could not take it back itself."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Final

from .._ground.faults import FaultsOf
from .._ground.logs import get_logger
from ..results import Recovery
from . import system
from .journal import UnusableJournalError
from .paths import VERSION_PATTERN, journal_path, managed_path
from .staging import SET_ASIDE, remove_leftovers, set_leftovers_aside, sync_folder
from .target import real_target
from .unfinished import Progress, find_journal, make_durable, put_back

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .journal import Journal
    from .paths import RealmPaths

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
        deal_with = remove_leftovers
    except UnusableJournalError as error:
        recovery = _set_aside(journal, str(error))
        deal_with = set_leftovers_aside
    if recovery:
        _LOG.warning("%s", recovery)
    paths_written = [users, users_roles, journal, managed_path(users)]
    for folder, names in _folders(paths_written).items():
        deal_with(folder, f"({'|'.join(names)})({VERSION_PATTERN})?")
    return recovery


def set_aside_journals(journal: str) -> list[str]:
    """Give the records that were set aside and not yet removed by anybody."""
    folder, name = os.path.split(journal)
    with FaultsOf(folder, "reading"):
        entries = system.listdir(folder)
    ours = re.compile(rf"{re.escape(name)}\.[0-9a-f]{{8,16}}{re.escape(SET_ASIDE)}")
    return sorted(os.path.join(folder, entry) for entry in entries if ours.fullmatch(entry))


def _folders(paths: Iterable[str]) -> dict[str, list[str]]:
    """Give for each folder the names in it, as regular expressions."""
    folders: dict[str, list[str]] = {}
    for path in paths:
        folder, name = os.path.split(path)
        folders.setdefault(folder, []).append(re.escape(name))
    return folders


def _ended(journal: Journal | None) -> Recovery:
    if journal is None:
        return Recovery()
    progress = Progress(journal.steps)
    if not progress.is_complete:
        put_back(journal.steps)
    else:
        make_durable(journal.steps)
    journal.retire()
    sync_folder(os.path.dirname(journal.path))
    return Recovery("completed" if progress.is_complete else "rolled_back", journal.path)


def _set_aside(path: str, reason: str) -> Recovery:
    aside = f"{path}.{os.urandom(_RANDOM_BYTES).hex()}{SET_ASIDE}"
    with FaultsOf(path, "setting aside"):
        system.rename(path, aside)
    sync_folder(os.path.dirname(path))
    return Recovery("set_aside", aside, reason)
