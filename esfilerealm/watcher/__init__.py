"""
Notice that files changed: a poll, as Elasticsearch has it, which file events only make quicker.

``FileWatcher`` compares a group of files with what it saw last, in the thread that asks it to.
``ResourceWatcherService`` asks all its watchers again and again, in a thread of its own.

Source:
    ``FileWatcher``, ``FileGroupWatcher``, ``ResourceWatcherService`` and ``WatcherHandle``.
"""

from __future__ import annotations

from .changes import FileChange
from .file_watcher import FileWatcher
from .service import (
    Frequency,
    ReloadSettings,
    ResourceWatcher,
    ResourceWatcherService,
    WatcherHandle,
)

__all__ = [
    "FileChange",
    "FileWatcher",
    "Frequency",
    "ReloadSettings",
    "ResourceWatcher",
    "ResourceWatcherService",
    "WatcherHandle",
]
