"""
Desired state in, minimal change out, the same every time.

``plan`` compares a ``DesiredState`` with the files of a realm and says what has to change;
``apply`` does that in one transaction, and ``rehearse`` makes sure that it could. ``ensure_user``
and ``ensure_absent`` are plan and apply in one line.

A document goes through ``documents`` (bytes), ``fields`` and ``reading`` (values with their faults)
and ``merging`` to ``desired``; from there through ``planning`` to ``plans`` and ``applying``.
"""

from __future__ import annotations

from .._ground.secret import Secret
from .applier import apply, rehearse
from .changes import (
    AddRoles,
    AddUser,
    Change,
    RehashPassword,
    RemoveRoles,
    RemoveUser,
    SetAttributes,
    SetManaged,
    SetPassword,
)
from .desired import DesiredState, Purge
from .ensure import ensure_absent, ensure_user
from .plan_result import Plan
from .planner import plan
from .users import DesiredUser, FileAttributes, HashPolicy, State, UpdatePassword

__all__ = [
    "AddRoles",
    "AddUser",
    "Change",
    "DesiredState",
    "DesiredUser",
    "FileAttributes",
    "HashPolicy",
    "Plan",
    "Purge",
    "RehashPassword",
    "RemoveRoles",
    "RemoveUser",
    "Secret",
    "SetAttributes",
    "SetManaged",
    "SetPassword",
    "State",
    "UpdatePassword",
    "apply",
    "ensure_absent",
    "ensure_user",
    "plan",
    "rehearse",
]
