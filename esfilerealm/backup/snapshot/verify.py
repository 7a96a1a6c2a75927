"""Look at a snapshot, and judge whether it could be restored."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .run import FORBIDDEN, SnapshotResult, StepRun, known_release, obstacles_to, there, way_for
from .steps import verify_repository
from .versions import compare_releases

if TYPE_CHECKING:
    from collections.abc import Callable

    from .cluster import Cluster
    from .order import SnapshotOrder
    from .run import StepOutcome
    from .step import Step
    from .versions import Release

__all__ = ["verify_snapshot"]


def verify_snapshot(
    cluster: Cluster,
    order: SnapshotOrder,
    *,
    expected: Release | None = None,
    created: Release | None = None,
    tell: Callable[[StepOutcome], None] | None = None,
) -> SnapshotResult:
    """
    Look at a snapshot, and judge whether this cluster could restore it; change nothing.

    Nothing here, and nothing in Elasticsearch, shows whether somebody has changed a snapshot.

    Args:
        cluster: Where.

        order: What.

        expected: The release that the cluster should have; another major release is refused.

        created: The release in which the index was created; None for what the snapshot says.

        tell: Is called with what came of each step.

    Raises:
        ClusterError: If a request fails.
        InvalidSnapshotValueError: If the cluster is not as expected.
    """
    run = StepRun(cluster, tell)
    release = known_release(cluster, expected)
    found = there(run, order)
    _try_repository(run, verify_repository(order))
    compatibility = compare_releases(found.release, release, created=created or found.created)
    obstacles = obstacles_to(release, way_for(release, order, found), found)
    return SnapshotResult(release, found, tuple(run.outcomes), compatibility, obstacles)


def _try_repository(run: StepRun, step: Step) -> None:
    answer = run.ask(step, (FORBIDDEN,))
    nodes = None if answer is None else answer.get("nodes")
    if isinstance(nodes, dict):
        run.told(step, "found", f"it works on [{len(nodes)}] nodes")
    else:
        run.told(step, "unknown", "this user may not ask for it")
