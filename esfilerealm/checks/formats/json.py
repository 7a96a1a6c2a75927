"""For programs: one object, whose shape is a promise."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ...findings import Finding
    from ..registry import Rule

__all__ = ["VERSION", "object_of", "render"]

VERSION: Final = 1
"""Of the shape; it changes when a key goes or changes its meaning."""


def render(findings: Sequence[Finding], rules: Sequence[Rule]) -> str:
    """Render findings as ``{"version": 1, "findings": […]}``."""
    del rules
    document = {"version": VERSION, "findings": [object_of(finding) for finding in findings]}
    return json.dumps(document, indent=2) + "\n"


def object_of(finding: Finding) -> dict[str, object]:
    """Return the object of one finding."""
    facts = finding.to_dict()
    order = ("code", "severity", "path", "line", "subject", "message", "advice", "fix")
    return {key: facts[key] for key in order}
