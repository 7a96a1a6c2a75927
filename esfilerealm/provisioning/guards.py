"""Guards: plans that are probably a mistake are refused, unless forced."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from .._ground.showing import shown
from ..errors import UnsafePlanError
from ..hashing import hash_problem

if TYPE_CHECKING:
    from collections.abc import Collection

    from .comparison import Comparison

__all__ = ["check_guards"]

_SUPERUSER: Final = "superuser"
_ADVICE: Final = "pass --force (force=True) to do it anyway"
_SHOWN: Final = 5


def check_guards(comparison: Comparison) -> None:
    """
    Refuse to lock out every superuser, and to purge by a document without users.

    Such a document may come from a template that rendered nothing.

    Raises:
        UnsafePlanError: If a guard refuses.
    """
    desired, purged = comparison.desired, comparison.purged
    if purged and all(user.is_absent for user in desired.users):
        raise UnsafePlanError(
            f"the document keeps no user and would purge [{_some(purged)}]; {_ADVICE}"
        )
    before = _superusers(comparison)
    if before and not _superusers_after(comparison, before):
        raise UnsafePlanError(
            f"no [{_SUPERUSER}] could log in any more (now: [{_some(before)}]); {_ADVICE}"
        )


def _superusers(comparison: Comparison) -> set[str]:
    """Find the superusers who can log in now."""
    realm = comparison.realm
    return {
        name
        for name, roles in realm.roles_by_user.items()
        if _SUPERUSER in roles and _can_log_in(realm.hashes.get(name))
    }


def _superusers_after(comparison: Comparison, before: set[str]) -> set[str]:
    """Find the superusers who could log in after the changes."""
    realm = comparison.realm
    affected = before.union(comparison.roles, comparison.passwords, comparison.hashes)
    return {
        name
        for name in affected
        if _SUPERUSER in (comparison.roles.get(name, realm.roles_by_user.get(name)) or ())
        and (comparison.has_new_hash(name) or _can_log_in(realm.hashes.get(name)))
    }


def _can_log_in(password_hash: str | None) -> bool:
    return password_hash is not None and hash_problem(password_hash) is None


def _some(names: Collection[str]) -> str:
    listed = sorted(names)
    more = f" and {len(listed) - _SHOWN} more" if len(listed) > _SHOWN else ""
    return ", ".join(map(shown, listed[:_SHOWN])) + more
