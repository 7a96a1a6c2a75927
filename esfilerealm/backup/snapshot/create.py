"""Save the security index in a snapshot; each step looks first whether it is needed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from ..._ground.showing import shown
from ...errors import ClusterError, InvalidSnapshotValueError
from .contents import BACKUP_ROLE
from .found import major_of_index, note_of
from .run import (
    FORBIDDEN,
    MISSING,
    SnapshotResult,
    StepRun,
    find_snapshot,
    known_release,
    request_of,
    require_whole,
    there,
)
from .steps import (
    FEATURE,
    LIST_FEATURES,
    LOOK_AT_INDEX,
    look_at_repository,
    look_at_snapshot,
    look_at_user,
    make_backup_user,
    register_repository,
    save,
    uses_features,
)
from .versions import compare_releases

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from .cluster import Cluster
    from .order import SnapshotOrder
    from .run import StepOutcome
    from .step import Request, Step
    from .versions import Release

__all__ = ["create_snapshot"]

_FIRST_WITH_METADATA: Final = (7, 3)


def create_snapshot(
    cluster: Cluster,
    order: SnapshotOrder,
    *,
    expected: Release | None = None,
    backup_password: str | Callable[[], str] | None = None,
    tell: Callable[[StepOutcome], None] | None = None,
) -> SnapshotResult:
    """
    Save the security index in a snapshot.

    Args:
        cluster: Where.

        order: What, and by which names.

        expected: The release that the cluster should have; another major release is refused.

        backup_password: That of the user whom *order* wants to be made, or what asks for it.

        tell: Is called with what came of each step.

    Returns:
        What was done. A snapshot of that name that is there and complete is left as it is.

    Raises:
        ClusterError: If a request fails, or a snapshot of that name is not complete.
        InvalidSnapshotValueError: If a repository of that name is elsewhere, or there is none and
            *order* has no location, or the cluster is not as expected.
    """
    run = StepRun(cluster, tell)
    release = known_release(cluster, expected)
    by_feature = uses_features(release, order)
    _register(run, order)
    _make_user(run, release, order, backup_password)
    if by_feature:
        _require_feature(run)
    major = _major_of_index(run)
    found = find_snapshot(run, order)
    step = save(release, order)
    if found is None:
        run.cluster.send(_noting(step, release, major))
        run.told(step, "done", "made")
    else:
        require_whole(step, found)
        run.told(step, "unchanged", "it is there already, and is left as it is")
    found = there(run, order)
    require_whole(look_at_snapshot(order), found)
    compatibility = compare_releases(found.release, release, created=found.created)
    return SnapshotResult(release, found, tuple(run.outcomes), compatibility)


def _register(run: StepRun, order: SnapshotOrder) -> None:
    """Register the repository, unless it is there; never move one."""
    look = look_at_repository(order)
    found = run.ask(look, (MISSING,))
    if order.location is None:
        if found is None:
            rule = "there is none of this name: give a --location to register it"
            raise InvalidSnapshotValueError("repository", order.repository, rule)
        run.told(look, "found", "it is there")
        return
    step = register_repository(order)
    if found is None:
        run.ask(step)
        run.told(step, "done", "registered")
        return
    there = found.get(order.repository)
    if not isinstance(there, dict) or _place(there) != ("fs", order.location):
        place = " ".join(map(str, _place(there))) if isinstance(there, dict) else ""
        rule = f"one of this name is elsewhere ([{shown(place)}]): take another name"
        raise InvalidSnapshotValueError("repository", order.repository, rule)
    run.told(step, "unchanged", "it is registered already")


def _place(repository: Mapping[str, Any]) -> tuple[object, object]:
    settings = repository.get("settings")
    return repository.get("type"), settings.get("location") if isinstance(settings, dict) else None


def _make_user(
    run: StepRun,
    release: Release,
    order: SnapshotOrder,
    password: str | Callable[[], str] | None,
) -> None:
    """Make the user for snapshots, unless it is there with that role alone."""
    if order.backup_user is None:
        return
    step = make_backup_user(release, order.backup_user)
    look = look_at_user(release, order.backup_user)
    answer = run.cluster.send(look, accept=(MISSING,))
    found = answer.body.get(order.backup_user)
    if not isinstance(found, dict):
        if password is None:
            raise InvalidSnapshotValueError("user", order.backup_user, "it needs a password")
        secret = password() if callable(password) else password
        run.cluster.send(request_of(step), secret=secret)
        run.told(step, "done", f"made, with the role {BACKUP_ROLE}")
    elif found.get("roles") == [BACKUP_ROLE]:
        run.told(step, "unchanged", "it is there already, and keeps its password")
    else:
        rule = f"it is there with other roles than {BACKUP_ROLE}: take another name"
        raise InvalidSnapshotValueError("user", order.backup_user, rule)


def _require_feature(run: StepRun) -> None:
    found = run.ask(LIST_FEATURES, (FORBIDDEN,))
    if found is None:
        run.told(LIST_FEATURES, "unknown", "this user may not list them; the snapshot will show it")
        return
    features = found.get("features")
    names = [each.get("name") for each in features] if isinstance(features, list) else []
    if FEATURE not in names:
        reason = f"there is no feature [{FEATURE}]: is security switched on in this cluster?"
        raise ClusterError(str(request_of(LIST_FEATURES)), reason)
    run.told(LIST_FEATURES, "found", f"[{FEATURE}] is among them")


def _major_of_index(run: StepRun) -> int | None:
    found = run.ask(LOOK_AT_INDEX, (FORBIDDEN, MISSING))
    major = None if found is None else major_of_index(found)
    if major is None:
        run.told(LOOK_AT_INDEX, "unknown", "the cluster does not say, so the snapshot will not")
    else:
        run.told(LOOK_AT_INDEX, "found", f"in {major}")
    return major


def _noting(step: Step, release: Release, major: int | None) -> Request:
    """Return the request of a step with a note about the index, where snapshots have notes."""
    request = request_of(step)
    if major is None or not release.is_at_least(*_FIRST_WITH_METADATA):
        return request
    return replace(request, body={**(request.body or {}), "metadata": note_of(major)})
