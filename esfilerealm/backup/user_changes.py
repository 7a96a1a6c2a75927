"""Which users and roles differ between two states, by name."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from .._ground.locked import is_locked
from .._ground.showing import shown_name
from .._ground.values import ReadOnlyDict
from ..results import UserChanges
from .order import definitions

if TYPE_CHECKING:
    from ..formats import ParsedRealm

__all__ = ["RoleChanges", "role_changes", "user_changes"]


@dataclass(frozen=True, slots=True)
class RoleChanges:
    """
    The roles of ``roles.yml`` that differ between two states, by name.

    Attributes:
        added: Roles that only the second one defines.
        removed: Roles that only the first one defines.
        changed: Roles that both define, in another way.
    """

    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.added or self.removed or self.changed)

    def to_dict(self) -> dict[str, object]:
        """Return the attributes as a dictionary fit for JSON."""
        return asdict(self)


def user_changes(before: ParsedRealm, after: ParsedRealm) -> UserChanges:
    """
    Return the users that differ between two states, without their times.

    Of a user who is locked in one of them, nobody knows here whether the password differs.
    """
    old, new = before.hashes, after.hashes
    both = [name for name in old if name in new]
    locked_before, locked_after = (
        {name for name in both if is_locked(hashes[name])} for hashes in (old, new)
    )
    unlocked = [name for name in both if name not in locked_before | locked_after]
    roles = {name: (before.roles_of(name), after.roles_of(name)) for name in both}
    orphans = [name for name in before.roles_by_user if name not in old and name not in new]
    return UserChanges(
        added=ReadOnlyDict({name: after.roles_of(name) for name in new if name not in old}),
        removed=tuple(name for name in old if name not in new),
        passwords=tuple(name for name in unlocked if old[name] != new[name]),
        roles=ReadOnlyDict({n: pair for n, pair in roles.items() if set(pair[0]) != set(pair[1])}),
        orphans=tuple(
            shown_name(n) for n in orphans if before.roles_of(n) and not after.roles_of(n)
        ),
        locked=tuple(name for name in both if name in locked_after - locked_before),
        unlocked=tuple(name for name in both if name in locked_before - locked_after),
    )


def role_changes(before: bytes, after: bytes) -> RoleChanges:
    """Return the roles that differ between two contents of ``roles.yml``."""
    old, new = definitions(before), definitions(after)
    return RoleChanges(
        added=tuple(shown_name(name) for name in new if name not in old),
        removed=tuple(shown_name(name) for name in old if name not in new),
        changed=tuple(shown_name(n) for n, text in old.items() if new.get(n, text) != text),
    )
