"""File events of directories, from watchdog. Importing this module loads watchdog."""

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

#: Seconds to wait for watchdog's threads to end; they are daemons, so one that hangs does no harm.
_STOP_TIMEOUT: Final = 5.0

#: The events that may mean a write. Not opening and closing, which our own reading causes.
#: ``FileAttribEvent`` came with watchdog 7; before, it was a ``FileModifiedEvent``.
_WRITES: Final = [
    getattr(events, f"{kind}{what}Event")
    for kind in ("File", "Dir")
    for what in ("Created", "Modified", "Moved", "Deleted", "Closed", "Attrib")
    if hasattr(events, f"{kind}{what}Event")
]


class FolderEvents(events.FileSystemEventHandler):
    """
    Calls *wake* at every write to certain files in certain directories.

    Args:
        wake: Called in a thread of watchdog; must not block.

    Attributes:
        names: The full paths of the files, with the real paths of their directories. Events of
            other files are ignored, such as those of the lock file that readers open.

    Raises:
        OSError: If the operating system lacks the resources.
        NotImplementedError: If the operating system has no file events.
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
        Watch another directory.

        Args:
            folder: Its real path: watchdog would watch a link itself, not its target.

        Raises:
            OSError: If the directory is missing, or the system allows no more watches.
        """
        self._lost.discard(folder)
        self._watches[folder] = self._observer.schedule(self, folder, event_filter=_WRITES)

    def remove(self, folder: str) -> None:
        """Stop watching a directory, even if it no longer exists."""
        with _quietly():
            self._observer.unschedule(self._watches.pop(folder))

    def is_lost(self, folder: str) -> bool:
        """Check whether a directory was deleted: a new one at its path is not watched."""
        return folder in self._lost

    def dispatch(self, event: events.FileSystemEvent) -> None:
        """Handle an event of watchdog."""
        path = os.fsdecode(event.src_path)
        is_lost = path in self._watches and event.event_type == events.EVENT_TYPE_DELETED
        if is_lost:
            self._lost.add(path)
        if is_lost or path in self.names or os.fsdecode(event.dest_path) in self.names:
            self._wake()

    def close(self) -> None:
        """End the threads of watchdog."""
        with _quietly():
            self._observer.stop()
            self._observer.join(_STOP_TIMEOUT)


@contextmanager
def _quietly() -> Iterator[None]:
    """Keep watchdog from logging an error if an event arrives while its watch is being removed."""
    module = sys.modules.get("watchdog.observers.inotify")
    if module is None:
        yield
        return
    logger = logging.getLogger(module.__name__)

    def is_relevant(record: logging.LogRecord) -> bool:
        return "called when the thread is inactive" not in record.getMessage()

    # A filter for each use, so that the end of one does not end another.
    logger.addFilter(is_relevant)
    try:
        yield
    finally:
        logger.removeFilter(is_relevant)
