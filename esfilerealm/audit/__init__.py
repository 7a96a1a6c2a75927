"""
The audit log: one line for each change of a realm, chained by digests, so that nobody can change,
remove or move a line unseen.

``AuditLog`` writes it, from inside of every write: give ``UsersTool`` the argument *audit*, or set
``ESFILEREALM_AUDIT``. ``read`` and ``verify`` read it. ``chosen_log`` is for other writers of
files, which hand it to storage as ``WriteOptions(audit=chosen_log())``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._ground.lazy import lazily
from .environment import chosen_log
from .log import AuditLog

if TYPE_CHECKING:
    from .._storage import ChangeLog as ChangeLog
    from .._storage import NotedChange as NotedChange
    from .._storage import NotedLine as NotedLine
    from .reading import read
    from .results import AuditEntry, AuditProblem, Verification
    from .results import ProblemKind as ProblemKind
    from .verifying import verify

__all__ = [
    "AuditEntry",
    "AuditLog",
    "AuditProblem",
    "Verification",
    "chosen_log",
    "read",
    "verify",
]

#: Where the names are that a writer does not need; loaded on first use (PEP 562).
_LAZY = {
    "AuditEntry": "results",
    "AuditProblem": "results",
    "Verification": "results",
    "read": "reading",
    "verify": "verifying",
}

__getattr__ = lazily(__name__, _LAZY)
