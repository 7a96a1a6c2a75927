"""The finding that is about one key of the settings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from ...findings import Finding, Severity
    from ..node import Node
    from ..registry import Rule

__all__ = ["LONGEST", "finding_at"]

LONGEST: Final = 200
"""How much of a key a message shows."""


def finding_at(
    rule: Rule, node: Node, key: str, message: str, severity: Severity | None = None
) -> Finding:
    """Return the finding that a rule is broken by a key, with the file and line of the key."""
    return rule.finding(message, subject=key, severity=severity, **node.settings.place(key))
