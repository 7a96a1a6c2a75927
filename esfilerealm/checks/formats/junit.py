"""
JUnit's XML, which most servers for continuous integration show.

Each finding is a test that fails; one of the severity ``info`` is a test that was skipped. Each
rule without a finding is a test that passes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from xml.sax.saxutils import escape, quoteattr

from ..._ground.showing import printable
from ..registry import is_not_examined
from .places import shown_path

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ...findings import Finding
    from ..registry import Rule

__all__ = ["render"]

_SUITE: Final = "esfilerealm check"


def render(findings: Sequence[Finding], rules: Sequence[Rule]) -> str:
    """Render one suite of tests."""
    passed = _passed(findings, rules)
    skipped = sum(finding.severity == "info" for finding in findings)
    counts = (
        f'tests="{len(findings) + len(passed)}" failures="{len(findings) - skipped}" '
        f'errors="0" skipped="{skipped}"'
    )
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f"<testsuites name={quoteattr(_SUITE)} {counts}>",
        f"  <testsuite name={quoteattr(_SUITE)} {counts}>",
        *(line for finding in findings for line in _broken(finding)),
        *(_test(rule.code, f"{rule.code} {rule.title}") + "/>" for rule in passed),
        "  </testsuite>",
        "</testsuites>",
        "",
    ]
    return "\n".join(lines)


def _passed(findings: Sequence[Finding], rules: Sequence[Rule]) -> list[Rule]:
    """Return the rules that are kept; one that was not examined is none of them."""
    broken = {finding.code for finding in findings}
    for finding in findings:
        if is_not_examined(finding.code) and finding.subject is not None:
            broken.update(finding.subject.split(","))
    return [each for each in rules if each.code not in broken and not is_not_examined(each.code)]


def _broken(finding: Finding) -> Iterator[str]:
    place = _place(finding)
    message = quoteattr(printable(finding.message))
    yield _test(finding.code, f"{finding.code} {place}".strip()) + ">"
    if finding.severity == "info":
        yield f"      <skipped message={message}/>"
    else:
        text = escape(printable(f"{place}: {finding.message}. {finding.advice}"))
        kind = quoteattr(finding.severity)
        yield f"      <failure type={kind} message={message}>{text}</failure>"
    yield "    </testcase>"


def _test(code: str, name: str) -> str:
    return f"    <testcase classname={quoteattr(f'esfilerealm.{code[:4]}')} name={quoteattr(name)}"


def _place(finding: Finding) -> str:
    path = "" if finding.path is None else shown_path(finding.path)
    line = "" if finding.line is None else f":{finding.line}"
    subject = "" if finding.subject is None else f" [{printable(finding.subject)}]"
    return f"{path}{line}{subject}".strip()
