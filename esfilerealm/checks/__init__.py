"""
Checks: they read, and report what a person should look at. Nothing here writes or takes a lock.

``check`` asks every rule about a node. ``check_realm`` checks only the files of a realm on disk,
``check_parsed`` what the files say, and ``check_entries`` that line by line. ``all_rules`` has the
rules by their codes, with their explanations.

A rule is a function in ``rules/`` (see ``registry.rule``) that asks a ``Node`` for what it needs.
``Node`` reads each part when it is asked for it first; what cannot be read is ``Unreadable``, and
``run`` makes a finding of that. The rest is around: ``selection`` of rules by codes, ``limits``,
and ``formats`` that render findings.
"""

from __future__ import annotations

from .._ground.lazy import lazily
from ..findings import Finding

TYPE_CHECKING = False  # see `_ground`
if TYPE_CHECKING:
    from collections.abc import Mapping

    from .limits import Limits
    from .node import Node as Node
    from .parts import Unreadable as Unreadable
    from .realm import check_entries, check_parsed, check_realm
    from .registry import Rule, all_rules
    from .registry import RuleFunction as RuleFunction
    from .run import check

    TITLES: Mapping[str, str]
    """From the code of every rule to its title."""

__all__ = [
    "TITLES",
    "Finding",
    "Limits",
    "Rule",
    "all_rules",
    "check",
    "check_entries",
    "check_parsed",
    "check_realm",
]

#: Where the names are; loaded on first use (PEP 562), since a login needs none of the rules.
_LAZY = {
    "Limits": "limits",
    "Rule": "registry",
    "all_rules": "registry",
    "check": "run",
    "check_entries": "realm",
    "check_parsed": "realm",
    "check_realm": "realm",
}
_load = lazily(__name__, _LAZY)


def __getattr__(name: str) -> object:
    if name == "TITLES":
        from types import MappingProxyType

        from .registry import all_rules

        return MappingProxyType({code: each.title for code, each in all_rules().items()})
    return _load(name)
