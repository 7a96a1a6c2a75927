"""Restore the security index: first every question, then what cannot be taken back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ..._ground.showing import shown
from ...errors import ClusterError
from .run import SnapshotResult, StepRun, known_release, obstacles_to, request_of, there, way_for
from .steps import authenticate, delete_indices, look_at_snapshot, restore, uses_features
from .versions import compare_releases

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from .cluster import Cluster
    from .found import FoundSnapshot
    from .order import SnapshotOrder
    from .run import StepOutcome
    from .step import Step
    from .versions import Compatibility, Release

__all__ = ["PreparedRestore", "prepare_restore", "restore_snapshot"]

_FILE_REALM: Final = "file"


@dataclass(frozen=True, slots=True)
class PreparedRestore:
    """
    A restore that may be carried out: every question was asked, and nothing was changed.

    Attributes:
        order: What is restored, and whether by the name of the index.
        release: That of the cluster.
        snapshot: The snapshot.
        compatibility: Why it can be restored.
        outcomes: What came of the steps so far.
    """

    order: SnapshotOrder
    release: Release
    snapshot: FoundSnapshot
    compatibility: Compatibility
    outcomes: tuple[StepOutcome, ...]


def prepare_restore(
    cluster: Cluster,
    order: SnapshotOrder,
    *,
    expected: Release | None = None,
    created: Release | None = None,
    any_user: bool = False,
    tell: Callable[[StepOutcome], None] | None = None,
) -> PreparedRestore:
    """
    Find out whether a snapshot can be restored here; change nothing.

    Args:
        cluster: Where.

        order: What. An old snapshot, without features, is restored by the name of the index in 7.

        expected: The release that the cluster should have; another major release is refused.

        created: The release in which the index was created; None for what the snapshot says.

        any_user: Whether somebody who is not of the file realm may restore, who may be locked out
            halfway.

        tell: Is called with what came of each step.

    Raises:
        ClusterError: If a request fails, or the snapshot or the user is not fit for it.
        SnapshotNotCompatibleError: If this release cannot restore it.
        InvalidSnapshotValueError: If the cluster is not as expected.
    """
    run = StepRun(cluster, tell)
    release = known_release(cluster, expected)
    if not any_user:
        _require_file_user(run, release)
    found = there(run, order)
    compatibility = compare_releases(found.release, release, created=created or found.created)
    compatibility.require()
    order = way_for(release, order, found)
    for obstacle in obstacles_to(release, order, found):
        raise ClusterError(str(request_of(look_at_snapshot(order))), obstacle)
    return PreparedRestore(order, release, found, compatibility, tuple(run.outcomes))


def restore_snapshot(
    cluster: Cluster,
    prepared: PreparedRestore,
    *,
    tell: Callable[[StepOutcome], None] | None = None,
) -> SnapshotResult:
    """
    Restore the security index; it replaces what is there.

    Args:
        cluster: Where: the cluster that was asked, by any user who may restore.

        prepared: What.

        tell: Is called with what came of each step.

    Raises:
        ClusterError: If a request fails, or a part of the index could not be restored. If the index
            was deleted before, only users of the file realm can log in until it is restored.
    """
    run = StepRun(cluster, tell, prepared.outcomes)
    order, release = prepared.order, prepared.release
    if not uses_features(release, order):
        run.ask(delete_indices())
        run.told(delete_indices(), "done", "deleted; only the file realm lets users in now")
    step = restore(release, order)
    _require_shards(step, run.ask(step) or {})
    run.told(step, "done", "restored")
    return SnapshotResult(release, prepared.snapshot, tuple(run.outcomes), prepared.compatibility)


def _require_file_user(run: StepRun, release: Release) -> None:
    request = authenticate(release)
    body = run.cluster.send(request).body
    realm = body.get("authentication_realm")
    kind = realm.get("type") if isinstance(realm, dict) else None
    if kind != _FILE_REALM:
        reason = (
            f"user [{shown(run.cluster.username)}] is of a realm of type [{shown(kind or '?')}], "
            "and may be locked out while the index is restored: add a user on that node by "
            "`esfilerealm rescue`, or go on by --any-user"
        )
        raise ClusterError(str(request), reason)


def _require_shards(step: Step, body: Mapping[str, Any]) -> None:
    found = body.get("snapshot")
    shards = found.get("shards") if isinstance(found, dict) else None
    failed = shards.get("failed") if isinstance(shards, dict) else None
    if failed != 0:
        reason = (
            f"not all parts were restored ([{shown(failed)}] failed): keep a user of the file "
            "realm, look at the log of the nodes, and restore again"
        )
        raise ClusterError(str(request_of(step)), reason)
