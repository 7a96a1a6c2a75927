"""
The part of the guide to checks that is made from the rules: everything behind ``## Rules``.

``python tests/support/check_guide.py`` writes it again; a test compares.
"""

from __future__ import annotations

from itertools import groupby
from pathlib import Path
from textwrap import fill

import esfilerealm
from esfilerealm.checks import all_rules
from esfilerealm.checks.registry import GROUPS

__all__ = ["GUIDE", "HEADING", "rules_section"]

GUIDE = Path(esfilerealm.__file__).parent / "checks" / "README.md"
HEADING = "## Rules\n"
_WIDTH = 120


def rules_section() -> str:
    """Return a paragraph for each rule, by groups."""
    parts = []
    for group, rules in groupby(all_rules().values(), lambda rule: rule.group):
        parts.append(f"### {group}xx: {GROUPS[group]}")
        parts += map(_paragraph, rules)
    return "\n\n".join(parts) + "\n"


def _paragraph(rule) -> str:
    source = f" Source: {rule.source}." if rule.source else ""
    text = f"**`{rule.code}` {rule.title}** ({rule.severity}). {rule.explanation} {rule.advice}"
    return fill(text + source, _WIDTH, break_long_words=False, break_on_hyphens=False)


if __name__ == "__main__":
    before, heading, _ = GUIDE.read_text("utf-8").partition(HEADING)
    GUIDE.write_text(f"{before}{heading}\n{rules_section()}", "utf-8")
