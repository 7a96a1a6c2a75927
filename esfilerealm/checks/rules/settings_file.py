"""``elasticsearch.yml`` as a file: EFR401 to EFR409."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from ..._ground.showing import shown
from ..facts.places import LONGEST, finding_at
from ..facts.security import is_security_on, major
from ..registry import rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ...findings import Finding
    from ..node import Node

_LAST_WITH_ONE_NAME: Final = 8
_LINE: Final = re.compile(r"line (\d+)$")
_PLACEHOLDER: Final = re.compile(r"\$\{([^${}:]+)\}")
#: What is for nothing where security is off.
_SECURITY: Final = "xpack.security."
_SWITCH: Final = "xpack.security.enabled"


@rule("EFR401", "unusable settings", severity="error", source="Settings.fromXContent")
def unusable_settings(node: Node) -> Iterator[Finding]:
    """
    A node starts only if elasticsearch.yml is UTF-8 and one mapping of YAML.

    Advice: Correct the line; esfilerealm settings shows what is read.
    """
    settings = node.settings_or_problems
    for problem in settings.problems:
        if problem.where.startswith(f"[{settings.path}]"):
            match = _LINE.search(problem.where)
            yield unusable_settings.finding(
                problem.rule, path=settings.path, line=int(match[1]) if match else None
            )


@rule("EFR402", "settings file of another name", severity="warning", source="NSY-4")
def other_name(node: Node) -> Iterator[Finding]:
    """
    A node reads no other file than elasticsearch.yml: versions up to 8 do not start with one
    beside it, and later ones ignore it.

    Advice: Move its settings to elasticsearch.yml.
    """
    for name in ("elasticsearch.yaml", "elasticsearch.json"):
        path = node.path(name)
        if path in node.entries:
            stops = major(node) <= _LAST_WITH_ONE_NAME
            effect = "a node does not start with it" if stops else "a node ignores it"
            yield other_name.finding(effect, path=path, severity="error" if stops else None)


@rule("EFR403", "setting without one value", severity="error", source="Settings.fromXContent")
def no_single_value(node: Node) -> Iterator[Finding]:
    """
    A node does not start with a setting that has no value, is given twice, or is an alias or a
    list of something else than plain values. Given once with dots and once nested, the later one
    counts.

    Advice: Give the setting once, with a value.
    """
    settings = node.settings_or_problems
    for key, issues in settings.issues.items():
        what = f"[{shown(key, LONGEST)}]: " if key else ""
        for issue in issues:
            yield no_single_value.finding(
                f"{what}{issue.rule}; {issue.effect}",
                path=settings.path,
                line=issue.line_number or None,
                subject=key or None,
                severity="warning" if issue.is_harmless else None,
            )


@rule("EFR404", "value from another environment", severity="info", source="PropertyPlaceholder")
def unresolved(node: Node) -> Iterator[Finding]:
    """
    The value is in the environment of the node, which is not known here, so nobody can tell
    whether it is safe. Without it, the node does not start.

    Advice: Run this where the node runs, with its environment.
    """
    for key in node.settings:
        if names := _PLACEHOLDER.findall(node.settings.get(key) or ""):
            text = ", ".join(dict.fromkeys(names))
            message = (
                f"[{shown(key, LONGEST)}] has [{shown(text)}], which is not in this environment, "
                "so its value is not examined"
            )
            yield finding_at(unresolved, node, key, message)


@rule("EFR405", "settings that count for nothing", severity="info", source="NS-02")
def without_effect(node: Node) -> Iterator[Finding]:
    """
    Somebody has set up security, and it is off: what looks protected is open.

    Advice: Switch security on, or remove the settings.
    """
    if is_security_on(node) is False:
        keys = [key for key in node.settings.keys_below(_SECURITY) if key != _SWITCH]
        if keys:
            more = f"and [{len(keys) - 1}] more"
            message = f"security is off, so [{shown(keys[0], LONGEST)}] {more} count for nothing"
            yield finding_at(without_effect, node, keys[0], message)
