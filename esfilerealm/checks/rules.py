"""
The rules that findings are about, by their codes.

A code is never used for another rule. ``EFR1xx`` is about the files of the realm, ``EFR2xx`` about
hashes.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from ..findings import Finding, Severity

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..errors import HashProblemKind
    from ..findings import Fix
    from ..formats.lines import LineKind

__all__ = [
    "HASH_RULES",
    "INTERRUPTED_WRITE",
    "LINE_RULES",
    "REJECTED_JOURNAL",
    "ROLES_WITHOUT_USER",
    "TITLES",
    "Rule",
]


@dataclass(frozen=True, slots=True)
class Rule:
    """
    A rule, and how bad it is to break it.

    Attributes:
        code: See ``Finding``.
        severity: See ``Finding``.
        title: The rule in a few words, the same for every finding.
        advice: See ``Finding``.
    """

    code: str
    severity: Severity
    title: str
    advice: str

    def finding(
        self,
        message: str,
        *,
        path: str | None = None,
        line: int | None = None,
        subject: str | None = None,
        fix: Fix | None = None,
    ) -> Finding:
        """Return the finding that this rule is broken; for the arguments see ``Finding``."""
        return Finding(
            code=self.code,
            severity=self.severity,
            message=message,
            path=path,
            line=line,
            subject=subject,
            advice=self.advice,
            fix=fix,
        )


_FIX_LINE: Final = "correct or remove the line"
_RENEW: Final = "set a password with `esfilerealm passwd`"

#: A blank line breaks no rule.
LINE_RULES: Final[Mapping[LineKind, Rule]] = MappingProxyType(
    {
        "malformed": Rule("EFR101", "warning", "malformed line", _FIX_LINE),
        "invalid-username": Rule("EFR102", "warning", "invalid username", _FIX_LINE),
        "reserved-username": Rule("EFR103", "warning", "reserved username", _FIX_LINE),
        "invalid-role-name": Rule("EFR104", "warning", "invalid role name", _FIX_LINE),
        "no-users": Rule("EFR105", "warning", "role without users", _FIX_LINE),
    }
)
ROLES_WITHOUT_USER: Final = Rule(
    "EFR111",
    "warning",
    "roles of a name without a user",
    "add the user, or remove the name with --fix",
)
INTERRUPTED_WRITE: Final = Rule(
    "EFR121", "error", "interrupted write", "finish or undo it with `esfilerealm recover`"
)
REJECTED_JOURNAL: Final = Rule(
    "EFR122",
    "warning",
    "unusable journal of an interrupted write",
    "check that both files are as intended, then remove it and the other [.rejected] files",
)
HASH_RULES: Final[Mapping[HashProblemKind, Rule]] = MappingProxyType(
    {
        "clear-text": Rule("EFR201", "error", "clear text in place of a hash", _RENEW),
        "unsupported": Rule("EFR202", "error", "hash of an unknown algorithm", _RENEW),
        "malformed": Rule("EFR203", "error", "malformed hash", _RENEW),
    }
)

TITLES: Final[Mapping[str, str]] = MappingProxyType(
    {
        rule.code: rule.title
        for rule in (
            *LINE_RULES.values(),
            ROLES_WITHOUT_USER,
            INTERRUPTED_WRITE,
            REJECTED_JOURNAL,
            *HASH_RULES.values(),
        )
    }
)
"""From the code of every rule to its title."""
