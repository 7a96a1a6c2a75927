"""For people: grouped by file, in colours if a terminal shows them, with a count at the end."""

from __future__ import annotations

from collections import Counter
from itertools import groupby
from typing import TYPE_CHECKING, Final

from ..._ground.showing import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ...findings import Finding, Severity
    from ..registry import Rule

    #: Takes a text and the role that it has: a severity, ``path`` or ``advice``.
    Paint = Callable[[str, str], str]

__all__ = ["count_of", "render"]

_SEVERITIES: Final[tuple[Severity, ...]] = ("error", "warning", "info")
#: What findings are grouped under that are about no file.
_NO_FILE: Final = "the node"


def render(findings: Sequence[Finding], rules: Sequence[Rule], paint: Paint | None = None) -> str:
    """
    Render findings for people.

    Args:
        findings: What to show.

        rules: Not shown.

        paint: Colours a text; None for no colours.
    """
    del rules
    painted = paint or (lambda text, _: text)
    parts = []
    for path, group in groupby(findings, lambda finding: finding.path):
        parts.append(painted(printable(path or _NO_FILE), "path"))
        parts += [*(_line(finding, painted) for finding in group), ""]
    return "\n".join([*parts, f"Found {count_of(findings)}", ""])


def _line(finding: Finding, paint: Paint) -> str:
    """Return one line, as ``str(finding)`` without the path, so that programs can search it."""
    line = "" if finding.line is None else f"line [{finding.line}]: "
    kind = paint(f"{finding.severity} {finding.code}", finding.severity)
    advice = printable(finding.advice)
    advice = paint(f"; {advice[0].lower()}{advice[1:]}", "advice") if advice else ""
    return f"  {line}{kind}: {printable(finding.message)}{advice}"


def count_of(findings: Sequence[Finding]) -> str:
    """Return how many findings there are of each severity, such as ``1 error and 2 warnings``."""
    counts = Counter(finding.severity for finding in findings)
    parts = [
        f"{counts[severity]} {severity if counts[severity] == 1 else severity + 's'}"
        for severity in _SEVERITIES
        if counts[severity]
    ]
    *first, last = parts or ["nothing"]
    return f"{', '.join(first)} and {last}" if first else last
