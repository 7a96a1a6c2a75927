"""File events of folders, by watchdog. Importing this module loads it."""

from __future__ import annotations

import logging
import os
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from watchdog import events
from watchdog.observers import Observer
from watchdog.observers.polling import PollingObserver

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from watchdog.observers.api import ObservedWatch

__all__ = ["FolderEvents"]

#: Seconds to wait for watchdog's threads; they are daemons, so one that hangs does no harm.
_PATIENCE: Final = 5.0

#: All that can mean a write. Not opening and closing: our own reading would wake us for ever.
#: ``FileAttribEvent`` came with watchdog 7; before it was a ``FileModifiedEvent``.
_WRITES: Final = [
    getattr(events, f"{kind}{what}Event")
    for kind in ("File", "Dir")
    for what in ("Created", "Modified", "Moved", "Deleted", "Closed", "Attrib")
    if hasattr(events, f"{kind}{what}Event")
]


class FolderEvents(events.FileSystemEventHandler):
    """
    Calls *wake* at every write to one of some names in some folders.

    Attributes:
        names: Full paths, their folders by their real paths. What happens to others is nothing,
            such as the lock that is taken to read the files.

    Args:
        wake: Called in a thread of watchdog's; must not block.

    Raises:
        OSError: If the operating system has no more of what this takes.
        NotImplementedError: If this system has no file events.
    """

    def __init__(self, wake: Callable[[], None]) -> None:
        self.names: set[str] = set()
        self._wake = wake
        self._watches: dict[str, ObservedWatch] = {}
        self._lost: set[str] = set()
        self._observer = Observer()
        if isinstance(self._observer, PollingObserver):
            raise NotImplementedError("this system has no file events")
        self._observer.start()

    def add(self, folder: str) -> None:
        """
        Watch one folder more.

        Args:
            folder: Its real path: watchdog would watch a link, not what it names.

        Raises:
            OSError: If it is not there, or there are no more watches to be had.
        """
        self._lost.discard(folder)
        self._watches[folder] = self._observer.schedule(self, folder, event_filter=_WRITES)

    def remove(self, folder: str) -> None:
        """Watch a folder no more, be it there or not."""
        with _quietly():
            self._observer.unschedule(self._watches.pop(folder))

    def is_lost(self, folder: str) -> bool:
        """Tell whether the folder was deleted, so that another of its name is not watched."""
        return folder in self._lost

    def dispatch(self, event: events.FileSystemEvent) -> None:
        """Take an event from watchdog."""
        path = os.fsdecode(event.src_path)
        is_lost = path in self._watches and event.event_type == events.EVENT_TYPE_DELETED
        if is_lost:
            self._lost.add(path)
        if is_lost or path in self.names or os.fsdecode(event.dest_path) in self.names:
            self._wake()

    def close(self) -> None:
        """End watchdog's threads."""
        with _quietly():
            self._observer.stop()
            self._observer.join(_PATIENCE)


@contextmanager
def _quietly() -> Iterator[None]:
    """Keep watchdog from calling it an error that an event comes while its watch is removed."""
    module = sys.modules.get("watchdog.observers.inotify")
    if module is None:
        yield
        return
    logger = logging.getLogger(module.__name__)

    def is_worth_a_line(record: logging.LogRecord) -> bool:
        return "called when the thread is inactive" not in record.getMessage()

    # One of its own for each use, so that none ends the silence of another.
    logger.addFilter(is_worth_a_line)
    try:
        yield
    finally:
        logger.removeFilter(is_worth_a_line)
