"""What a line says of a change: names, roles and digests; never a password, hash or value."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from .._ground.showing import is_shown_whole, shown_name
from ..formats import ParsedRealm
from ..results import UserChanges

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .._storage import NotedChange, NotedFile

__all__ = ["described"]


def described(change: NotedChange) -> dict[str, object]:
    """Return the fields of a line that tell of a change."""
    users, former_roles = change.users, change.former_roles
    if users is None:
        users, former_roles = _compared(change)
    changes = {key: value for key, value in users.to_dict().items() if value}
    roles = dict(users.roles) | {name: (had, ()) for name, had in former_roles.items() if had}
    if roles:
        changes["role_changes"] = {
            name: {"roles_before": before, "roles_after": after}
            for name, (before, after) in roles.items()
        }
    if change.modes:
        changes["modes"] = [mode.to_dict() for mode in change.modes]
    if change.settings:
        changes |= {what: list(names) for what, names in change.settings.items()}
    safe = {key: _safe(value) for key, value in changes.items()}
    times = changes.get("expiries")
    if isinstance(times, dict):  # no part of a time is a secret to be left out
        safe["expiries"] = {_safe(name): each for name, each in times.items()}
    told: dict[str, object] = {
        "folder": change.folder,
        "changes": safe,
        "files": {file.path: _file(file, is_end=bool(change.recovery)) for file in change.files},
    }
    if change.recovery:
        told["recovered"] = change.recovery.outcome
    return told


def _file(file: NotedFile, *, is_end: bool) -> dict[str, object]:
    told: dict[str, object] = {} if is_end else {"before": file.before}
    told["after"] = file.after
    for name, value in file.attributes.items():
        told[name] = f"{value:04o}" if name == "mode" else value
    return told


def _safe(value: object) -> object:
    """Return a value of JSON in which no name is a hash that stands in the wrong place."""
    if isinstance(value, str):
        return value if is_shown_whole(value) or os.path.isabs(value) else shown_name(value)
    if isinstance(value, dict):
        return {_safe(key): _safe(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_safe(item) for item in value]
    return value


def _compared(change: NotedChange) -> tuple[UserChanges, dict[str, tuple[str, ...]]]:
    """Find the users that change, and the roles of those that go, by the contents of both files."""
    assert change.contents is not None  # noqa: S101 - if nobody tells the users, contents do
    old, new = (ParsedRealm.parse(*contents) for contents in change.contents)
    removed = tuple(name for name in old.hashes if name not in new.hashes)
    changes = UserChanges(
        {name: new.roles_of(name) for name in new.hashes if name not in old.hashes},
        removed,
        _with_other(old.hashes, new.hashes),
        {
            name: (old.roles_of(name), new.roles_of(name))
            for name in new.hashes
            if name in old.hashes and set(old.roles_of(name)) != set(new.roles_of(name))
        },
    )
    return changes, {name: old.roles_of(name) for name in removed}


def _with_other(old: Mapping[str, str], new: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(name for name in new if name in old and old[name] != new[name])
