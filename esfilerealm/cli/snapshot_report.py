"""What ``snapshot`` prints of steps, what came of them, and verdicts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..backup.snapshot.step import NodeCommand, NodeLines, Request

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ..backup.snapshot.run import SnapshotResult, StepOutcome
    from ..backup.snapshot.step import Step
    from ..backup.snapshot.versions import Compatibility, Release

__all__ = ["for_programs", "outcome_line", "plan_for_programs"]

_WIDTH = 11
"""Of what came of a step, and the blanks behind it."""


def outcome_line(outcome: StepOutcome) -> str:
    """Return what came of a step as a line."""
    return f"{outcome.outcome:<{_WIDTH}}{outcome}"


def plan_for_programs(
    release: Release, plans: Mapping[str, Sequence[Step]], verdict: Compatibility | None
) -> dict[str, object]:
    """Return what ``--json`` prints of plans."""
    return {
        "release": str(release),
        "plans": [
            {"plan": what, "steps": [_step(step) for step in steps]}
            for what, steps in plans.items()
        ],
        "compatibility": None if verdict is None else _verdict(verdict),
    }


def for_programs(result: SnapshotResult) -> dict[str, object]:
    """Return what ``--json`` prints of a run."""
    found = result.snapshot
    return {
        "release": str(result.release),
        "snapshot": {
            "name": found.name,
            "state": found.state,
            "release": str(found.release),
            "index_names": list(found.indices),
            "features": list(found.features),
            "has_global_state": found.has_global_state,
            "index_created": None if found.created is None else str(found.created),
        },
        "outcomes": [
            {"step": each.name, "title": each.title, "status": each.outcome, "detail": each.detail}
            for each in result.outcomes
        ],
        "compatibility": _verdict(result.compatibility),
        "obstacles": list(result.obstacles),
        "restorable": result.is_restorable,
    }


def _verdict(verdict: Compatibility) -> dict[str, object]:
    return {
        "allowed": verdict.is_allowed,
        "made_by": str(verdict.source),
        "index_created": str(verdict.created),
        "is_assumed": verdict.is_assumed,
        "objections": list(verdict.reasons),
        "notes": list(verdict.remarks),
    }


def _step(step: Step) -> dict[str, object]:
    action = step.action
    shown: dict[str, object] = {}
    if isinstance(action, Request):
        shown = {
            "method": action.method,
            "request_path": action.path,
            "query": dict(action.query),
            "body": None if action.body is None else dict(action.body),
            "secret": action.secret or None,
        }
    elif isinstance(action, NodeCommand):
        shown = {"words": list(action.words)}
    elif isinstance(action, NodeLines):
        shown = {"file": action.file, "lines": list(action.lines)}
    return {
        "step": step.name,
        "title": step.title,
        "why": step.why,
        "privilege": step.privilege or None,
        **shown,
    }
