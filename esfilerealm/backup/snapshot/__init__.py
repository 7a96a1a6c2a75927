"""
The index part of the security configuration: save it in a snapshot, restore it, look at it.

``steps_to_create``, ``steps_to_restore`` and ``steps_to_verify`` give the documented steps as data,
and ``render_steps`` makes texts of them. ``create_snapshot``, ``restore_snapshot`` and
``verify_snapshot`` carry them out. ``compare_releases`` decides which cluster can restore what.
"""

from __future__ import annotations

from .cluster import Answer, Cluster
from .contents import (
    BACKUP_ROLE,
    HOLDS,
    INCIDENTS,
    NOT_IN_SNAPSHOTS,
    IncidentAdvice,
    security_indices,
)
from .create import create_snapshot
from .emergency import restore_with_emergency_access
from .found import FoundSnapshot
from .order import SnapshotOrder
from .render import FORMS, Access, render_steps
from .restore import PreparedRestore, prepare_restore, restore_snapshot
from .run import SnapshotResult, StepOutcome
from .step import NodeCommand, NodeLines, Request, Step
from .steps import steps_to_create, steps_to_restore, steps_to_verify
from .verify import verify_snapshot
from .versions import Compatibility, Release, compare_releases

__all__ = [
    "BACKUP_ROLE",
    "FORMS",
    "HOLDS",
    "INCIDENTS",
    "NOT_IN_SNAPSHOTS",
    "Access",
    "Answer",
    "Cluster",
    "Compatibility",
    "FoundSnapshot",
    "IncidentAdvice",
    "NodeCommand",
    "NodeLines",
    "PreparedRestore",
    "Release",
    "Request",
    "SnapshotOrder",
    "SnapshotResult",
    "Step",
    "StepOutcome",
    "compare_releases",
    "create_snapshot",
    "prepare_restore",
    "render_steps",
    "restore_snapshot",
    "restore_with_emergency_access",
    "security_indices",
    "steps_to_create",
    "steps_to_restore",
    "steps_to_verify",
    "verify_snapshot",
]
