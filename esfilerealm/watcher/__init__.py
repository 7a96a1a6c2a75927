"""
Watching files for changes: by polling, as Elasticsearch does, with file events to shorten the wait.

``FileWatcher`` compares a group of files with what it saw last, in the calling thread.
``ResourceWatcherService`` asks all its watchers again and again, in its own thread.

Source:
    ``FileWatcher``, ``FileGroupWatcher``, ``ResourceWatcherService`` and ``WatcherHandle``.
"""

from __future__ import annotations

from .file_watcher import FileWatcher, Listener
from .observation import ChangeKind, FileChange
from .service import (
    Frequency,
    ReloadSettings,
    ResourceWatcher,
    ResourceWatcherService,
    WatcherHandle,
)

__all__ = [
    "ChangeKind",
    "FileChange",
    "FileWatcher",
    "Frequency",
    "Listener",
    "ReloadSettings",
    "ResourceWatcher",
    "ResourceWatcherService",
    "WatcherHandle",
]
