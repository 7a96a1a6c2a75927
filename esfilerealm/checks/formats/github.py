"""
Commands of a GitHub workflow, which shows each finding beside its line.

A name or path with a line end or a comma could give commands of its own, so all of them are
escaped.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ..._ground.showing import printable
from .places import shown_path

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ...findings import Finding
    from ..registry import Rule

__all__ = ["render"]

_COMMANDS: Final = {"error": "error", "warning": "warning", "info": "notice"}
_DATA: Final = {"%": "%25", "\r": "%0D", "\n": "%0A"}
_PROPERTY: Final = {**_DATA, ":": "%3A", ",": "%2C"}


def render(findings: Sequence[Finding], rules: Sequence[Rule]) -> str:
    """Render a command for each finding."""
    titles = {rule.code: rule.title for rule in rules}
    return "".join(f"{_command(finding, titles.get(finding.code, ''))}\n" for finding in findings)


def _command(finding: Finding, title: str) -> str:
    properties = {
        "file": None if finding.path is None else shown_path(finding.path),
        "line": None if finding.line is None else str(finding.line),
        "title": f"{finding.code} {title}".strip(),
    }
    given = ",".join(
        f"{key}={_escaped(value, _PROPERTY)}" for key, value in properties.items() if value
    )
    text = printable(f"{finding.message}. {finding.advice}" if finding.advice else finding.message)
    return f"::{_COMMANDS[finding.severity]} {given}::{_escaped(text, _DATA)}"


def _escaped(text: str, table: dict[str, str]) -> str:
    return "".join(table.get(character, character) for character in text)
