"""Snapshots of a realm that no file holds."""

from __future__ import annotations

from esfilerealm.formats.realm import ParsedRealm
from esfilerealm.realms.file.snapshot import RealmSnapshot


def snapshot(generation=1, kind=RealmSnapshot, **users):
    """A state in which each user has a hash, or a hash and roles."""
    pairs = {name: v if isinstance(v, tuple) else (v, ()) for name, v in users.items()}
    parsed = ParsedRealm(
        {name: stored_hash for name, (stored_hash, _) in pairs.items()},
        {name: roles for name, (_, roles) in pairs.items()},
        issues={},
        find_hash_issues=dict,
    )
    return kind(parsed, generation=generation)
