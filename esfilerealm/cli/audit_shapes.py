"""The shapes of what ``audit --json`` prints."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, get_args

from ..audit.results import ProblemKind
from .shapes import (
    COUNT,
    COUNT_OR_NULL,
    DIGEST,
    NAMES,
    TEXT,
    TEXT_OR_NULL,
    by_name,
    list_of,
    object_of,
)

if TYPE_CHECKING:
    from .shapes import Schema

__all__ = ["AUDIT_ENTRY", "AUDIT_VERIFICATION"]

AUDIT_ENTRY: Final = object_of(
    {
        "seq": COUNT,
        "time": TEXT_OR_NULL,
        "who": {"type": "object"},
        "host": TEXT,
        "command": TEXT,
        "options": NAMES,
        "folder": TEXT,
        "user_changes": {"type": "object"},
        "files": list_of({"type": "object"}),
        "recovered": TEXT_OR_NULL,
        "taken_back": COUNT_OR_NULL,
        "hash": DIGEST,
    }
)
AUDIT_VERIFICATION: Final[dict[str, Schema]] = {
    "problems": list_of(
        object_of(
            {
                "kind": {"enum": list(get_args(ProblemKind))},
                "path": TEXT,
                "line": COUNT_OR_NULL,
                "text": TEXT,
            }
        )
    ),
    "notes": NAMES,
    "line_count": COUNT,
    "head": TEXT_OR_NULL,
    "folders": by_name(COUNT),
}
