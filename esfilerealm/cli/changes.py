"""What became of users, for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ..results import UserChanges

__all__ = ["change_lines"]


def change_lines(changes: UserChanges) -> Iterator[str]:
    """Give a line for each user that was added, removed or changed; never a hash."""
    for name, roles in changes.added.items():
        yield f"  + {name}: {_roles(roles)}"
    for name in changes.removed:
        yield f"  - {name}"
    for name in changes.passwords:
        yield f"  ~ {name}: password"
    for name, (before, after) in changes.roles.items():
        yield f"  ~ {name}: roles {_roles(before)} -> {_roles(after)}"


def _roles(roles: Iterable[str]) -> str:
    return ",".join(roles) or "-"
