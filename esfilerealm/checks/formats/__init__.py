"""
Findings as text, one module for each format; ``render(findings, rules)`` in each returns it.

*rules* are those that were asked, so that a report can also say what is in order. Texts of others,
such as names and paths, pass ``printable`` here, and then the escapes of the format.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, get_args

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ...findings import Finding
    from ..registry import Rule

__all__ = ["FORMATS", "Format", "render"]

Format = Literal["text", "json", "sarif", "github", "junit"]

FORMATS: Final[tuple[Format, ...]] = get_args(Format)
"""The names of the formats; the first is the default."""


def render(format: Format, findings: Sequence[Finding], rules: Sequence[Rule]) -> str:
    """
    Render findings in a format, with a line end at the end.

    Args:
        format: One of ``FORMATS``.

        findings: What to show, in this order.

        rules: Those that were asked.
    """
    from importlib import import_module

    text: str = import_module(f".{format}", __name__).render(findings, rules)
    return text
