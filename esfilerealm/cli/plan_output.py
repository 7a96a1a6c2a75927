"""A plan for people: its changes line by line, and how many there are of each kind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ..errors import FileRealmError

if TYPE_CHECKING:
    from ..provisioning import ChangeKind, Plan
    from .target import Target
    from .terminal import Terminal

__all__ = ["print_diff", "summary_of", "superusers_of"]

#: How to count changes of a kind: one of them, and more.
_COUNTED: Final[dict[ChangeKind, tuple[str, str]]] = {
    "create_file": ("file or directory created", "files and directories created"),
    "add_user": ("user added", "users added"),
    "remove_user": ("user removed", "users removed"),
    "remove_orphan": ("name without a user removed", "names without a user removed"),
    "set_password": ("password changed", "passwords changed"),
    "rehash_password": ("password rehashed", "passwords rehashed"),
    "add_roles": ("user with more roles", "users with more roles"),
    "remove_roles": ("user with fewer roles", "users with fewer roles"),
    "set_expiry": ("user with another time", "users with another time"),
    "lock_user": ("user locked", "users locked"),
    "unlock_user": ("user unlocked", "users unlocked"),
    "set_attributes": ("file with other attributes", "files with other attributes"),
    "create_keystore": ("keystore created", "keystores created"),
    "set_secure_setting": ("secure setting set", "secure settings set"),
    "remove_secure_setting": ("secure setting removed", "secure settings removed"),
    "set_managed": ("list of managed users updated", "lists of managed users updated"),
}

#: How many names a line shows, except those of users whose password changes.
_MOST_NAMES: Final = 20

_SUPERUSER: Final = "superuser"

#: The changes by which somebody can log in no longer, or again.
_ACCESS: Final[tuple[ChangeKind, ...]] = ("remove_user", "set_expiry", "lock_user", "unlock_user")


def superusers_of(target: Target, terminal: Terminal) -> set[str]:
    """
    Return the present superusers, who are emphasized among changes in colours.

    There are none if the files cannot be read, which is reported later.
    """
    if not terminal.is_coloured:
        return set()
    try:
        users = target.tool.listing().users
    except FileRealmError:
        return set()
    return {name for name, roles in users.items() if _SUPERUSER in roles}


def print_diff(terminal: Terminal, planned: Plan, superusers: set[str]) -> None:
    """Print a line for each change."""
    changes = [str(change) for change in planned.changes]
    important = {
        line
        for line, change in zip(changes, planned.changes, strict=True)
        if _SUPERUSER in getattr(change, "roles", ())
        or (change.kind in _ACCESS and getattr(change, "username", None) in superusers)
    }
    for line in planned.diff().splitlines():
        terminal.print_change(line, is_important=line in important)


def summary_of(planned: Plan, *, is_check: bool, has_names: bool) -> str:
    """Return how many changes of each kind there are, and of whom unless a diff names them."""
    if not planned.changed:
        return "Nothing to change"
    names: dict[ChangeKind, list[str]] = {}
    for change in planned.changes:
        name = getattr(change, "username", "") or getattr(change, "setting", "")
        names.setdefault(change.kind, []).append(name)
    summary = ", ".join(
        f"{len(names[kind])} {nouns[len(names[kind]) > 1]}"
        + (f" [{_some(kind, names[kind])}]" if has_names and all(names[kind]) else "")
        for kind, nouns in _COUNTED.items()
        if kind in names
    )
    return f"{'Dry run. Would change' if is_check else 'Changed'}: {summary}"


def _some(kind: ChangeKind, names: list[str]) -> str:
    if kind == "set_password" or len(names) <= _MOST_NAMES:
        return ", ".join(names)
    return f"{', '.join(names[:_MOST_NAMES])} and {len(names) - _MOST_NAMES} more"
