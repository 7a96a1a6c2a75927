"""What a number of changes means for each user, by names and roles."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._ground.locked import is_locked
from .._ground.showing import shown_name
from .._ground.values import ReadOnlyDict
from ..results import UserChanges

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from .edit import RealmEdit

__all__ = ["user_changes"]


def user_changes(edit: RealmEdit) -> UserChanges:
    """Return which users are added, removed or changed."""
    added, removed, passwords, roles, orphans = {}, [], [], {}, []
    for name in edit.touched:
        old, new = edit.hashes_of(name)
        before, after = edit.roles_before(name), edit.roles_of(name)
        if old is None and new is not None:
            added[name] = after
        elif old is not None and new is None:
            removed.append(name)
        elif old is not None:
            if _has_new_password(edit, name):
                passwords.append(name)
            if set(before) != set(after):
                roles[name] = (before, after)
        elif before and not after:
            orphans.append(shown_name(name))
    return UserChanges(
        ReadOnlyDict(added),
        tuple(removed),
        tuple(passwords),
        ReadOnlyDict(roles),
        tuple(orphans),
        locked=tuple(name for name, was, now in _locks(edit) if now and not was),
        unlocked=tuple(name for name, was, now in _locks(edit) if was and now is False),
        expiries=ReadOnlyDict(_expiries(edit)),
        expired=edit.expired,
    )


def _has_new_password(edit: RealmEdit, name: str) -> bool:
    """Check whether another password opens an account, once it is unlocked."""
    old, new = edit.hashes_of(name)
    if old is not None and is_locked(old):
        old = edit.accounts.before(name).kept_hash
    if new is not None and is_locked(new):
        new = edit.accounts.after(name).kept_hash
    return new is not None and old != new


def _locks(edit: RealmEdit) -> Iterator[tuple[str, bool | None, bool | None]]:
    """Yield each user, and whether it is locked before and after; None where there is none."""
    for name in edit.touched:
        was, now = (None if text is None else is_locked(text) for text in edit.hashes_of(name))
        yield name, was, now


def _expiries(edit: RealmEdit) -> Iterator[tuple[str, tuple[datetime | None, datetime | None]]]:
    """Yield the users whose time is another, with the times before and after."""
    for name in edit.accounts.changed:
        old, new = edit.hashes_of(name)
        is_another = old is None or name in edit.over
        before = None if is_another else edit.accounts.before(name).expires
        after = None if new is None else edit.accounts.after(name).expires
        if new is not None and before != after:
            yield name, (before, after)
