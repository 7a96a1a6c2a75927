"""Guards: they object to plans that are probably a mistake, unless forced."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from .._ground.locked import is_locked
from .._ground.showing import shown
from ..hashing import hash_problem

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from .comparison import Comparison

__all__ = ["objections"]

_SUPERUSER: Final = "superuser"
_SHOWN: Final = 5


def objections(comparison: Comparison) -> Iterator[str]:
    """
    Object to locking out every superuser, and to a purge by a document without users.

    Such a document may come from a template that rendered nothing.
    """
    desired, purged = comparison.desired, comparison.purged
    if purged and all(user.is_absent for user in desired.users):
        yield f"the document keeps no user and would purge [{_some(purged)}]"
    before = _superusers(comparison)
    if before and not _superusers_after(comparison, before):
        yield f"no [{_SUPERUSER}] could log in any more (now: [{_some(before)}])"


def _superusers(comparison: Comparison) -> set[str]:
    """Find the superusers who can log in now, and not for an emergency only."""
    realm = comparison.realm
    return {
        name
        for name, roles in realm.roles_by_user.items()
        if _SUPERUSER in roles
        and _can_log_in(realm.hashes.get(name))
        and not comparison.accounts.is_known_emergency(name)
    }


def _superusers_after(comparison: Comparison, before: set[str]) -> set[str]:
    """Find the superusers who could log in after the changes."""
    realm = comparison.realm
    affected = before.union(
        comparison.roles, comparison.passwords, comparison.hashes, comparison.locks
    )
    return {
        name
        for name in affected
        if _SUPERUSER in (comparison.roles.get(name, realm.roles_by_user.get(name)) or ())
        and not comparison.is_locked_after(name)
        and not comparison.accounts.is_known_emergency(name)
        and (comparison.has_new_hash(name) or _has_password(comparison, name))
    }


def _has_password(comparison: Comparison, name: str) -> bool:
    """Check whether a user who is not new could log in once it is not locked."""
    if comparison.accounts.is_locked(name):
        return comparison.accounts.hash_of(name) is not None
    return _can_log_in(comparison.realm.hashes.get(name))


def _can_log_in(password_hash: str | None) -> bool:
    if password_hash is None or is_locked(password_hash):
        return False
    return hash_problem(password_hash) is None


def _some(names: Collection[str]) -> str:
    listed = sorted(names)
    more = f" and {len(listed) - _SHOWN} more" if len(listed) > _SHOWN else ""
    return ", ".join(map(shown, listed[:_SHOWN])) + more
