"""What a cluster says of a snapshot and of the security index; releases say it differently."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from ...errors import ClusterError, InvalidSnapshotValueError
from .steps import FEATURE
from .versions import Release

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["METADATA", "FoundSnapshot", "major_of_index", "note_of"]

METADATA: Final = "esfilerealm"
"""The key of the metadata of a snapshot under which this package keeps what it knows."""

_CREATED: Final = "security_index_created_in"
#: A release as one number has the major release before its last six digits.
_OF_MAJOR: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class FoundSnapshot:
    """
    A snapshot that is there.

    Attributes:
        name: Its name.
        state: ``SUCCESS``, ``IN_PROGRESS``, ``PARTIAL``, ``FAILED`` or ``INCOMPATIBLE``.
        release: The release that made it.
        indices: The indices in it.
        features: The features whose state is in it.
        has_global_state: Whether the state of the cluster is in it; None if that is not said.
        created: The major release in which the security index was created, as this package has
            noted it; None if another program made the snapshot, or nobody knew.
    """

    name: str
    state: str
    release: Release
    indices: tuple[str, ...]
    features: tuple[str, ...]
    has_global_state: bool | None
    created: Release | None

    @classmethod
    def of(cls, body: Mapping[str, Any], doing: str) -> FoundSnapshot:
        """
        Read an answer.

        Args:
            body: The answer.

            doing: The request, for the error.

        Raises:
            ClusterError: If the answer is not about one snapshot.
        """
        snapshots = body.get("snapshots")
        if not isinstance(snapshots, list) or len(snapshots) != 1:
            raise ClusterError(doing, "the answer is not about one snapshot")
        found = snapshots[0] if isinstance(snapshots[0], dict) else {}
        state = found.get("include_global_state")
        return cls(
            str(found.get("snapshot", "")),
            str(found.get("state", "")),
            _release(found, doing),
            _names(found.get("indices"), None),
            _names(found.get("feature_states"), "feature_name"),
            state if isinstance(state, bool) else None,
            _noted(found.get("metadata")),
        )

    @property
    def has_feature(self) -> bool:
        """Whether the security feature is in it."""
        return FEATURE in self.features

    @property
    def has_index(self) -> bool:
        """Whether an index of security data is in it, under its own name."""
        return any(index.startswith(".security") for index in self.indices)

    @property
    def is_complete(self) -> bool:
        """Whether it has ended, and nothing is missing."""
        return self.state == "SUCCESS"


def _names(value: Any, key: str | None) -> tuple[str, ...]:  # noqa: ANN401 - any JSON
    """Return the texts of a list, or those under a *key* of its objects."""
    if not isinstance(value, list):
        return ()
    if key is not None:
        value = [each.get(key) for each in value if isinstance(each, dict)]
    return tuple(each for each in value if isinstance(each, str))


def _release(found: Mapping[str, Any], doing: str) -> Release:
    """Return the release that made a snapshot; newer releases say it in several ways."""
    try:
        return Release.parse(str(found.get("version")))
    except InvalidSnapshotValueError:
        number = found.get("version_id")
    if isinstance(number, int) and number >= _OF_MAJOR:
        return Release(number // _OF_MAJOR)
    raise ClusterError(doing, "the answer does not say which release made the snapshot")


def _noted(metadata: Any) -> Release | None:  # noqa: ANN401 - any JSON
    noted = metadata.get(METADATA) if isinstance(metadata, dict) else None
    major = noted.get(_CREATED) if isinstance(noted, dict) else None
    return Release(major) if isinstance(major, int) and 0 < major < _OF_MAJOR else None


def note_of(major: int) -> dict[str, object]:
    """Return the metadata that notes in which major release the index was created."""
    return {METADATA: {_CREATED: major}}


def major_of_index(body: Mapping[str, Any]) -> int | None:
    """Return the oldest major release in which an index of an answer was created, or None."""
    majors = [
        int(number) // _OF_MAJOR
        for settings in body.values()
        if (number := _dig(settings, "settings", "index", "version", "created")).isdecimal()
    ]
    return min(majors, default=None)


def _dig(value: Any, *keys: str) -> str:  # noqa: ANN401 - any JSON
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value if isinstance(value, str) and value.isascii() else ""
