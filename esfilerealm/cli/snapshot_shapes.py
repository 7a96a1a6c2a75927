"""The shapes of what ``--json`` prints for ``snapshot``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from .shapes import FLAG, NAMES, TEXT, TEXT_OR_NULL, by_name, list_of, object_of

if TYPE_CHECKING:
    from .shapes import Schema

__all__ = ["SNAPSHOT_RESULTS"]

_STEP: Final = object_of(
    {"step": TEXT, "title": TEXT, "why": TEXT, "privilege": TEXT_OR_NULL},
    {
        "method": {"enum": ["GET", "PUT", "POST", "DELETE"]},
        "request_path": TEXT,
        "query": by_name(TEXT),
        "body": {"type": ["object", "null"]},
        "secret": TEXT_OR_NULL,
        "words": NAMES,
        "file": TEXT,
        "lines": NAMES,
    },
)
_COMPATIBILITY: Final = object_of(
    {
        "allowed": FLAG,
        "made_by": TEXT,
        "index_created": TEXT,
        "is_assumed": FLAG,
        "objections": NAMES,
        "notes": NAMES,
    }
)
_SNAPSHOT: Final = object_of(
    {
        "name": TEXT,
        "state": TEXT,
        "release": TEXT,
        "index_names": NAMES,
        "features": NAMES,
        "has_global_state": {"type": ["boolean", "null"]},
        "index_created": TEXT_OR_NULL,
    }
)
_OUTCOME: Final = object_of(
    {
        "step": TEXT,
        "title": TEXT,
        "status": {"enum": ["done", "unchanged", "found", "unknown"]},
        "detail": TEXT,
    }
)
_RUN: Final[dict[str, Schema]] = {
    "release": TEXT,
    "snapshot": _SNAPSHOT,
    "outcomes": list_of(_OUTCOME),
    "compatibility": _COMPATIBILITY,
    "obstacles": NAMES,
    "restorable": FLAG,
}
_PLAN: Final[dict[str, Schema]] = {
    "release": TEXT,
    "plans": list_of(object_of({"plan": TEXT, "steps": list_of(_STEP)})),
    "compatibility": {**_COMPATIBILITY, "type": ["object", "null"]},
}

SNAPSHOT_RESULTS: Final[dict[str, tuple[dict[str, Schema], dict[str, Schema]]]] = {
    "snapshot plan": (_PLAN, {}),
    "snapshot create": (_RUN, {}),
    "snapshot restore": (_RUN, {}),
    "snapshot verify": (_RUN, {}),
}
"""By command: the keys that are always there, and others."""
