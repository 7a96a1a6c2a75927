"""What the index part of the security configuration is, by release, and what to do after harm."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .versions import Release

    Incident = Literal["read", "tampered"]

__all__ = [
    "BACKUP_ROLE",
    "HOLDS",
    "INCIDENTS",
    "NOT_IN_SNAPSHOTS",
    "IncidentAdvice",
    "security_indices",
]

BACKUP_ROLE: Final = "snapshot_user"
"""The only role of the user that makes snapshots. It cannot restore."""

HOLDS: Final = ("native users", "roles", "role mappings", "application privileges", "API keys")
"""What the security index holds."""

NOT_IN_SNAPSHOTS: Final = ("files of the configuration directory", "repositories")
"""What no snapshot holds, whatever it includes: so it never replaces a backup of the files."""

_FIRST_WITH_TOKENS: Final = (7, 2)
_FIRST_WITH_PROFILES: Final = (8, 0)


def security_indices(release: Release) -> Mapping[str, str]:
    """Return the security indices of a release: from the alias to the name that it stands for."""
    is_old = not release.is_at_least(7, 0)
    indices = {".security": ".security-6" if is_old else ".security-7"}
    if not is_old and not _is_before(release, _FIRST_WITH_TOKENS):
        indices[".security-tokens"] = ".security-tokens-7"
    if release.is_at_least(*_FIRST_WITH_PROFILES):
        indices[".security-profile"] = ".security-profile-8"
    return MappingProxyType(indices)


def _is_before(release: Release, other: tuple[int, int]) -> bool:
    """Check whether a release is surely before another."""
    return release.minor is not None and (release.major, release.minor) < other


@dataclass(frozen=True, slots=True)
class IncidentAdvice:
    """
    What to do after a snapshot came into other hands.

    Attributes:
        actions: What to do.
        is_found_by_restore: Whether restoring finds out that it has happened.
    """

    actions: tuple[str, ...]
    is_found_by_restore: bool


INCIDENTS: Final[Mapping[Incident, IncidentAdvice]] = MappingProxyType(
    {
        "read": IncidentAdvice(
            ("change native passwords", "revoke API keys"), is_found_by_restore=False
        ),
        "tampered": IncidentAdvice(("do not restore",), is_found_by_restore=False),
    }
)
"""By what has happened: somebody has read a snapshot, or may have changed it."""
