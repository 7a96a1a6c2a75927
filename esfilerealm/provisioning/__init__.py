"""
Desired state in, minimal change out, the same every time.

``plan`` compares a ``DesiredState`` with the files of a realm and returns the changes. ``apply``
makes them in one transaction, and ``rehearse`` checks that it could. ``ensure_user`` and
``ensure_absent`` plan and apply in one call. ``plan_all`` and ``apply_all`` do the same for many
nodes.

A document is read by ``documents``, checked by ``parsing`` and merged by ``merging`` into a
``DesiredState``. ``planner`` makes the plan: ``comparison`` finds the differences, with
``credentials`` and ``node_accounts``, and ``guards`` objects to what is probably a mistake.
``applier`` applies the plan.
``many`` does both for many nodes, which have ``shared_work`` in common. ``sources`` makes the
``Fingerprint`` of a folder or file, ``source_users`` a ``DesiredState``.
"""

from __future__ import annotations

from .._ground.values import Secret
from ..documents.document import DocumentFormat
from .applier import apply, rehearse
from .desired import DesiredState, Purge
from .document_schema import desired_state_schema
from .ensure import ensure_absent, ensure_user
from .hashed_document import HashedDocument, hash_document
from .many import apply_all, plan_all
from .node_plans import NodePlan, Plans
from .plan_result import (
    AddRoles,
    AddUser,
    Change,
    ChangeKind,
    CreateFile,
    CreateKeystore,
    LockUser,
    Plan,
    RehashPassword,
    RemovalReason,
    RemoveOrphan,
    RemoveRoles,
    RemoveSecureSetting,
    RemoveUser,
    SetAttributes,
    SetExpiry,
    SetManaged,
    SetPassword,
    SetSecureSetting,
    UnlockUser,
)
from .planner import plan
from .source_users import take_users
from .sources import read_key, take_fingerprint, take_fingerprints
from .values import (
    DesiredSetting,
    DesiredUser,
    Expiry,
    FileAttributes,
    HashPolicy,
    KeystorePassword,
    State,
    UpdatePassword,
)

__all__ = [
    "AddRoles",
    "AddUser",
    "Change",
    "ChangeKind",
    "CreateFile",
    "CreateKeystore",
    "DesiredSetting",
    "DesiredState",
    "DesiredUser",
    "DocumentFormat",
    "Expiry",
    "FileAttributes",
    "HashPolicy",
    "HashedDocument",
    "KeystorePassword",
    "LockUser",
    "NodePlan",
    "Plan",
    "Plans",
    "Purge",
    "RehashPassword",
    "RemovalReason",
    "RemoveOrphan",
    "RemoveRoles",
    "RemoveSecureSetting",
    "RemoveUser",
    "Secret",
    "SetAttributes",
    "SetExpiry",
    "SetManaged",
    "SetPassword",
    "SetSecureSetting",
    "State",
    "UnlockUser",
    "UpdatePassword",
    "apply",
    "apply_all",
    "desired_state_schema",
    "ensure_absent",
    "ensure_user",
    "hash_document",
    "plan",
    "plan_all",
    "read_key",
    "rehearse",
    "take_fingerprint",
    "take_fingerprints",
    "take_users",
]
