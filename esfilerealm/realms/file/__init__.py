"""
The file realm: authenticates users from memory, and follows both files.

A login: ``realm`` asks ``login``, which asks ``cache`` and, for a password that is not remembered,
verifies the hash of the snapshot. A reload: the watcher sees a change, ``store`` reads both files
as one state and replaces the snapshot, and the cache forgets the users that changed.
"""

from __future__ import annotations

from .realm import FileRealm
from .snapshot import FileStamp, RealmChange, RealmHealth, RealmSnapshot

__all__ = [
    "FileRealm",
    "FileStamp",
    "RealmChange",
    "RealmHealth",
    "RealmSnapshot",
]
