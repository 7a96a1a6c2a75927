"""
The steps of one call, carried out one by one and told; and what all calls ask first.

Whatever fails, the same call may be made again: what is there already is left as it is.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Literal

from ..._ground.showing import in_one_line, shown
from ...errors import ClusterError, InvalidSnapshotValueError
from .found import FoundSnapshot
from .step import Request
from .steps import FEATURE, look_at_repository, look_at_snapshot, uses_features

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from .cluster import Cluster
    from .order import SnapshotOrder
    from .step import Step
    from .versions import Compatibility, Release

    Came = Literal["done", "unchanged", "found", "unknown"]

__all__ = [
    "FORBIDDEN",
    "MISSING",
    "SnapshotResult",
    "StepOutcome",
    "StepRun",
    "described",
    "find_snapshot",
    "known_release",
    "obstacles_to",
    "request_of",
    "require_whole",
    "there",
    "way_for",
]

FORBIDDEN: Final = 403
MISSING: Final = 404
_WITH_BOTH_WAYS: Final = 7


@dataclass(frozen=True, slots=True)
class StepOutcome:
    """
    What came of a step.

    Attributes:
        name: The name of the step.
        title: What the step does.
        outcome: ``done`` if something was changed, ``unchanged`` if it was so already, ``found`` if
            the step only looks, ``unknown`` if the cluster does not say.
        detail: More about it.
    """

    name: str
    title: str
    outcome: Came
    detail: str

    @in_one_line
    def __str__(self) -> str:
        return f"{self.title}: {self.detail}"


@dataclass(frozen=True, slots=True)
class SnapshotResult:
    """
    What was done, and what is there now.

    Attributes:
        release: That of the cluster.
        snapshot: The snapshot as the cluster shows it.
        outcomes: What came of each step.
        compatibility: Whether this cluster can restore the snapshot.
        obstacles: What else stands against restoring it here, one sentence each.
    """

    release: Release
    snapshot: FoundSnapshot
    outcomes: tuple[StepOutcome, ...]
    compatibility: Compatibility
    obstacles: tuple[str, ...] = ()

    @property
    def is_restorable(self) -> bool:
        """Whether this cluster can restore it; that nobody has changed it, nothing shows."""
        return self.compatibility.is_allowed and not self.obstacles


class StepRun:
    """The steps of one call, told one by one."""

    def __init__(
        self,
        cluster: Cluster,
        tell: Callable[[StepOutcome], None] | None,
        outcomes: tuple[StepOutcome, ...] = (),
    ) -> None:
        self.cluster = cluster
        self.outcomes = list(outcomes)
        self._tell = tell

    def told(self, step: Step, outcome: Came, detail: str) -> None:
        """Note, and tell, what came of a step."""
        self.outcomes.append(StepOutcome(step.name, step.title, outcome, detail))
        if self._tell is not None:
            self._tell(self.outcomes[-1])

    def ask(self, step: Step, accept: tuple[int, ...] = ()) -> Mapping[str, Any] | None:
        """Send the request of a step; return None if it gets one of the statuses of *accept*."""
        answer = self.cluster.send(request_of(step), accept=accept)
        return None if answer.status in accept else answer.body


def request_of(step: Step) -> Request:
    """Return the request of a step that has one."""
    if not isinstance(step.action, Request):
        raise TypeError(f"the step {step.name} is no request")
    return step.action


def known_release(cluster: Cluster, expected: Release | None) -> Release:
    """
    Return the release of a cluster.

    Raises:
        ClusterError: If it does not say, and none is expected.
        InvalidSnapshotValueError: If it has another major release than expected, or one whose steps
            are not known.
    """
    try:
        release = cluster.release()
    except ClusterError as error:
        if error.status != FORBIDDEN or expected is None:
            raise
        release = expected  # whoever may only make snapshots may not ask for it
    release.require_known()
    if expected is not None and expected.major != release.major:
        rule = f"the cluster has [{release}]: check the address, or give that release"
        raise InvalidSnapshotValueError("release", str(expected), rule)
    return release


def find_snapshot(run: StepRun, order: SnapshotOrder) -> FoundSnapshot | None:
    """Return a snapshot, or None if there is none of that name."""
    step = look_at_snapshot(order)
    body = run.ask(step, (MISSING,))
    return None if body is None else FoundSnapshot.of(body, str(step.action))


def there(run: StepRun, order: SnapshotOrder) -> FoundSnapshot:
    """Look at a repository and a snapshot in it, and tell it."""
    repository, step = look_at_repository(order), look_at_snapshot(order)
    run.ask(repository)
    run.told(repository, "found", "it is there")
    found = FoundSnapshot.of(run.ask(step) or {}, str(step.action))
    run.told(step, "found", described(found))
    return found


def described(found: FoundSnapshot) -> str:
    """Return what a snapshot is, in a few words."""
    what = "the feature" if found.has_feature else "the index" if found.has_index else "nothing"
    return shown(f"{found.state}, made by {found.release}, with {what} of security")


def require_whole(step: Step, found: FoundSnapshot) -> None:
    """
    Check that a snapshot is complete and has security data.

    Raises:
        ClusterError: If not.
    """
    for problem in _problems(found):
        raise ClusterError(str(request_of(step)), problem)


def _problems(found: FoundSnapshot) -> tuple[str, ...]:
    """Return why a snapshot has not what is needed."""
    if found.state == "IN_PROGRESS":
        return ("the snapshot is still being made: try again when it has ended",)
    if not found.is_complete:
        state = shown(found.state)
        return (f"the snapshot is not complete, its state is [{state}]: make another",)
    if not (found.has_feature or found.has_index):
        return ("no security index is in the snapshot: make another, under another name",)
    return ()


def way_for(release: Release, order: SnapshotOrder, found: FoundSnapshot) -> SnapshotOrder:
    """Return the order, by the name of the index if the snapshot and 7 can do it so only."""
    is_old = found.has_index and not found.has_feature
    return replace(order, by_index=True) if is_old and release.major == _WITH_BOTH_WAYS else order


def obstacles_to(release: Release, order: SnapshotOrder, found: FoundSnapshot) -> tuple[str, ...]:
    """Return what stands against restoring a snapshot besides the releases."""
    problems = list(_problems(found))
    if not problems and uses_features(release, order) and not found.has_feature:
        problems.append(
            f"the snapshot has no feature [{FEATURE}], and from 8 on security data can only be "
            "restored as part of a feature state: restore it in 7.17, and make a new snapshot there"
        )
    if order.global_state and found.has_global_state is False:
        problems.append("the snapshot has no state of the cluster: restore without --global-state")
    return tuple(problems)
