"""What to save or restore: names that go into paths, checked, and choices."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from ...errors import InvalidSnapshotValueError
from ...names import validate_username

__all__ = ["SnapshotOrder"]

#: What Elasticsearch takes for a snapshot, less the characters that a path would need escaped.
_SNAPSHOT: Final = re.compile(r"[a-z0-9][a-z0-9._+-]{0,200}", re.ASCII)
_REPOSITORY: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,200}", re.ASCII)


@dataclass(frozen=True, slots=True)
class SnapshotOrder:
    """
    What to save or restore.

    Args:
        repository: The name of the repository.

        snapshot: The name of the snapshot.

        location: The place of a repository of the file system, below a ``path.repo`` of every node;
            None if the repository is there already.

        backup_user: A user to make, who can do nothing but make snapshots; None for none.

        global_state: Whether the settings, templates and policies of the cluster are included;
            None for what the documentation does: yes when 6 and 7 name the index on saving,
            otherwise no.

        by_index: Whether 7 is to name the index where it knows features: an old snapshot has
            no features, so restoring it needs this.

    Raises:
        InvalidSnapshotValueError, InvalidUsernameError: If a name breaks a rule.
    """

    repository: str
    snapshot: str
    location: str | None = None
    backup_user: str | None = None
    global_state: bool | None = None
    by_index: bool = False

    def __post_init__(self) -> None:
        _check("repository", self.repository, _REPOSITORY, "letters")
        _check("snapshot", self.snapshot, _SNAPSHOT, "small letters")
        if self.location is not None and not (self.location and self.location.isprintable()):
            raise InvalidSnapshotValueError("location", self.location, "must be a path")
        if self.backup_user is not None:
            validate_username(self.backup_user)
            _check("user", self.backup_user, _REPOSITORY, "letters")


def _check(what: str, name: str, pattern: re.Pattern[str], letters: str) -> None:
    if not pattern.fullmatch(name):
        rule = f"at most 200 {letters}, digits and [._+-], the first a letter or a digit"
        raise InvalidSnapshotValueError(what, name, rule)
