"""
The file realm: authenticates users from memory, and follows both files.

A login: ``realm`` asks ``login``, which asks ``cache``. For a password that is not remembered,
``login`` verifies the hash of the snapshot, within the limits of ``concurrency``, and may have
``upgrade`` replace a weak hash.

A reload: the watcher notices a change, ``store`` reads both files as one state and replaces the
``snapshot``, and the cache drops the users that changed.
"""

from __future__ import annotations

from .realm import CacheStats, FileRealm, UsageStats
from .snapshot import FileStamp, HealthStatus, RealmChange, RealmHealth, RealmSnapshot

__all__ = [
    "CacheStats",
    "FileRealm",
    "FileStamp",
    "HealthStatus",
    "RealmChange",
    "RealmHealth",
    "RealmSnapshot",
    "UsageStats",
]
