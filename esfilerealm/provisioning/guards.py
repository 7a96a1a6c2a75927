"""What is hardly meant: refused unless it is forced."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from .._ground.showing import shown
from ..errors import UnsafePlanError
from ..hashing import hash_problem

if TYPE_CHECKING:
    from collections.abc import Collection

__all__ = ["SUPERUSER", "can_log_in", "check_purge", "check_superusers"]

SUPERUSER: Final = "superuser"
_SHOWN: Final = 5


def check_purge(victims: Collection[str], *, wants_somebody: bool) -> None:
    """
    Refuse to purge users by a desired state that wants nobody: a template may have come out empty.

    Args:
        victims: Whom the purge removes.

        wants_somebody: Whether the desired state wants any user to be present.

    Raises:
        UnsafePlanError: If it does not, and there are victims.
    """
    if victims and not wants_somebody:
        raise UnsafePlanError(
            f"the desired state wants no user, and would purge [{_some(victims)}]: "
            "use force (for a command, --force) if that is meant"
        )


def check_superusers(before: Collection[str], after: Collection[str]) -> None:
    """
    Refuse to leave nobody who holds ``superuser`` and can log in, if there is somebody now.

    Args:
        before: Who holds it now, and has a usable hash.

        after: Who would.

    Raises:
        UnsafePlanError: If it would be nobody.
    """
    if before and not after:
        raise UnsafePlanError(
            f"nobody would hold [{SUPERUSER}] any more, who could log in; now [{_some(before)}] "
            "can: use force (for a command, --force) if that is meant"
        )


def can_log_in(password_hash: str | None) -> bool:
    """Check whether any password can match a stored hash; None is the hash of nobody."""
    return password_hash is not None and hash_problem(password_hash) is None


def _some(names: Collection[str]) -> str:
    listed = sorted(names)
    more = f" and {len(listed) - _SHOWN} more" if len(listed) > _SHOWN else ""
    return ", ".join(map(shown, listed[:_SHOWN])) + more
