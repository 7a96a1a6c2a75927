"""
The rules by their codes.

A rule is one function below ``rules/``, decorated with ``rule``. Its docstring holds the
explanation and the advice that the command, the guide and the SARIF output show. Nothing else
lists it: to add a rule is to write that function, its paragraph and its tests.

A code is never used for another rule. Its first digit is that of its group: see ``GROUPS``. A code
that ends in ``00`` is that of what could not be examined in its group.
"""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from ..findings import Finding

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from ..findings import Fix, Severity
    from .node import Node
    from .parts import Unreadable

    #: Yields findings, and what of several things it could not examine.
    RuleFunction = Callable[[Node], Iterator[Finding | Unreadable]]

__all__ = ["GROUPS", "Rule", "all_rules", "is_not_examined", "not_examined", "rule"]

GROUPS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "EFR1": "users and roles",
        "EFR2": "hashes",
        "EFR3": "files",
        "EFR4": "settings",
        "EFR5": "keystore",
        "EFR6": "certificates",
        "EFR7": "automatic configuration",
    }
)
"""From the beginning of a code to what its rules are about."""

_ADVICE: Final = "Advice:"
_EXPLANATION: Final = "Explanation:"


@dataclass(frozen=True, slots=True)
class Rule:
    """
    A rule: calling it examines a node, and yields what breaks it.

    Attributes:
        code: Three digits after ``EFR``.
        title: What is wrong where it is broken, in a few words.
        severity: See ``Finding``.
        source: Where the rule comes from: a class of Elasticsearch, its documentation, or nothing.
        explanation: Why it matters.
        advice: What helps: a sentence.
        examine: The function.
    """

    code: str
    title: str
    severity: Severity
    source: str
    explanation: str
    advice: str
    examine: RuleFunction

    def __call__(self, node: Node) -> Iterator[Finding | Unreadable]:
        """Examine a node."""
        return self.examine(node)

    @property
    def group(self) -> str:
        """The beginning of its code that it shares with similar rules; see ``GROUPS``."""
        return self.code[:4]

    def finding(
        self,
        message: str,
        *,
        path: str | None = None,
        line: int | None = None,
        subject: str | None = None,
        fix: Fix | None = None,
        advice: str | None = None,
        severity: Severity | None = None,
    ) -> Finding:
        """
        Return the finding that this rule is broken.

        Args:
            message: What is wrong, in one line, with the value in brackets.

            path: See ``Finding``, and so for the next three.

            line: See there.

            subject: See there.

            fix: See there.

            advice: In place of that of the rule, if more is known here.

            severity: Likewise, such as ``info`` for what a node in development mode only warns of.
        """
        return Finding(
            code=self.code,
            severity=severity or self.severity,
            message=message,
            path=path,
            line=line,
            subject=subject,
            advice=self.advice if advice is None else advice,
            fix=fix,
        )


#: Filled by the decorator, when a module of rules is imported.
_RULES: Final[dict[str, Rule]] = {}


def rule(
    code: str, title: str, *, severity: Severity, source: str = ""
) -> Callable[[RuleFunction], Rule]:
    """
    Make a rule of a function that takes a ``Node``::

        @rule("EFR403", "security is switched off", severity="error", source="NS-02")
        def security_off(node: Node) -> Iterator[Finding | Unreadable]:
            \"\"\"
            Without security, everybody who reaches the node may do everything.

            Advice: Remove the setting, or set it to true.
            \"\"\"
            if node.settings.is_false("xpack.security.enabled"):
                yield security_off.finding("...", **node.settings.place("xpack.security.enabled"))

    The function is pure: it asks the node, opens nothing and executes nothing. A part of the node
    that cannot be read raises ``Unreadable``, which the function does not catch: it ends the rule,
    and ``run`` reports that the rule was not examined. A rule about several things, of which one
    cannot be read, yields the ``Unreadable`` instead and goes on.

    Args:
        code: A code that no other rule has, or has ever had.

        title: See ``Rule``.

        severity: See ``Finding``.

        source: See ``Rule``.
    """

    def registered(function: RuleFunction) -> Rule:
        if code in _RULES:
            raise ValueError(f"two rules have the code [{code}]")
        explanation, advice = _texts(function)
        made = Rule(code, title, severity, source, explanation, advice, function)
        _RULES[code] = made
        return made

    return registered


def _texts(function: RuleFunction) -> tuple[str, str]:
    """Return explanation and advice, each in one line, from a docstring."""
    explanation, _, advice = (inspect.getdoc(function) or "").partition(_ADVICE)
    lines = explanation.removeprefix(_EXPLANATION), advice
    return " ".join(lines[0].split()), " ".join(lines[1].split())


@cache
def all_rules() -> Mapping[str, Rule]:
    """Return every rule by its code, in the order of the codes."""
    from importlib import import_module
    from pkgutil import iter_modules

    from . import rules

    for module in iter_modules(rules.__path__):
        import_module(f".rules.{module.name}", __package__)
    for group in GROUPS:
        not_examined(group)
    return MappingProxyType(dict(sorted(_RULES.items())))


def is_not_examined(code: str) -> bool:
    """Check whether a code is that of what was not examined; see ``not_examined``."""
    return code.endswith("00")


@cache
def not_examined(group: str) -> Rule:
    """Return the rule of a group by which is said what of it was not examined."""

    def nothing(_: Node) -> Iterator[Finding]:
        """
        Something that rules of this group have to look at could not be read, so nobody knows
        whether they are broken.

        Advice: Run this as the owner of the files or as root, and pass the password of the
        keystore if it has one.
        """
        return iter(())

    register = rule(f"{group}00", f"{GROUPS[group]}: not examined", severity="info")
    return register(nothing)
