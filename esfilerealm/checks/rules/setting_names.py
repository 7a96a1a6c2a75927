"""Settings that a version does not know, and values that none does: EFR470 to EFR479."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from ..._ground.hints import boolean_hint, did_you_mean
from ..._ground.java import read_int
from ..._ground.showing import shown
from ...settings.time_value import TimeValueError, nanoseconds
from ..facts.known_settings import BOOLEANS, INTEGERS, KNOWN, REMOVED, TIMES
from ..facts.places import LONGEST, finding_at
from ..facts.security import major
from ..registry import rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ...findings import Finding, Severity
    from ..node import Node

_INDEX: Final = "index."
_FIRST_STRICT: Final = 6
#: A key is mistyped only if nearly all of it is right.
_ALIKE: Final = 0.93


@rule("EFR470", "removed setting", severity="error", source="migrate_8_0")
def removed_setting(node: Node) -> Iterator[Finding]:
    """
    A node does not start with a setting that its version does not know any more.

    Advice: Remove the setting, and set what has taken its place; state the version by --es-version
    if the node is older.
    """
    for key in node.settings:
        for pattern, since, instead in REMOVED:
            if major(node) >= since and re.fullmatch(pattern, key):
                advice = f"; use [{instead}]" if instead else ""
                message = f"version [{since}] has removed [{shown(key, LONGEST)}]{advice}"
                yield finding_at(removed_setting, node, key, message)
                break


@rule("EFR471", "setting of an index", severity="error", source="SettingsModule")
def index_setting(node: Node) -> Iterator[Finding]:
    """
    Since version 5, what is for an index cannot be set for a node, which does not start.

    Advice: Set it for the index, or in an index template.
    """
    for key in node.settings.keys_below(_INDEX):
        message = f"[{shown(key, LONGEST)}] is a setting of an index; the node does not start"
        yield finding_at(index_setting, node, key, message)


@rule("EFR472", "unknown setting", severity="error", source="NSY-6")
def unknown_setting(node: Node) -> Iterator[Finding]:
    """
    A node does not start with a setting that it does not know, such as a mistyped one.

    Advice: Correct the name.
    """
    for key in node.settings:
        if key not in KNOWN and (meant := did_you_mean(key, _similar(key), _ALIKE)):
            message = f"unknown setting [{shown(key, LONGEST)}]; {meant}"
            yield finding_at(unknown_setting, node, key, message)


def _similar(key: str) -> list[str]:
    """Return the known settings that *key* can be a slip of; a list or a realm has more levels."""
    return [known for known in KNOWN if known.count(".") == key.count(".")]


@rule("EFR473", "neither true nor false", severity="error", source="Booleans")
def no_boolean(node: Node) -> Iterator[Finding]:
    """
    Since version 6, a boolean is exactly true or false; a node does not start with yes, on or 1.

    Advice: Write true or false.
    """
    for key in node.settings:
        value = node.settings.get(key) or ""
        if not BOOLEANS.fullmatch(key) or value in ("true", "false") or "${" in value:
            continue
        severity: Severity | None = None if major(node) >= _FIRST_STRICT else "warning"
        demand = f"must be exactly [true] or [false]; {boolean_hint(value)}".removesuffix("; ")
        message = f"[{shown(key, LONGEST)}] is [{shown(value)}], and {demand}"
        yield finding_at(no_boolean, node, key, message, severity)


@rule("EFR474", "neither a number nor a time", severity="error", source="Settings.getAsInt")
def wrong_kind(node: Node) -> Iterator[Finding]:
    """
    A node does not start if a number is no whole number of 32 bits, or a time has no unit.

    Advice: Write a number such as 10, or a time such as 20m.
    """
    for key in node.settings:
        value = node.settings.get(key) or ""
        if "${" in value:
            continue
        if INTEGERS.fullmatch(key) and read_int(value) is None:
            message = f"[{shown(key, LONGEST)}] is [{shown(value)}], and must be a whole number"
            yield finding_at(wrong_kind, node, key, message)
        elif TIMES.fullmatch(key) and (broken := _broken_rule_of_time(value)):
            message = f"[{shown(key, LONGEST)}] is [{shown(value)}], and {broken}"
            yield finding_at(wrong_kind, node, key, message)


def _broken_rule_of_time(value: str) -> str:
    try:
        nanoseconds(value)
    except TimeValueError as error:
        return f"{error.rule}; {error.hint}".removesuffix("; ")
    return ""
