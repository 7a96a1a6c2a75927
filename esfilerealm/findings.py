"""What a person should look at, as values that programs can filter."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Literal

from ._ground.showing import in_one_line

__all__ = ["Finding", "Fix", "Severity"]

Severity = Literal["error", "warning", "info"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fix:
    """
    A change that ends a finding without harm to anybody; ``Transaction.fix`` makes it.

    Attributes:
        kind: ``remove_orphan``: remove a name that is not a user from ``users_roles``.
            ``set_mode``: give a file of the realm another mode.
        name: The name to remove.
        path: The file whose mode changes.
        mode: Its new permission bits.
    """

    kind: Literal["remove_orphan", "set_mode"] = "remove_orphan"
    name: str = ""
    path: str | None = None
    mode: int | None = None

    def to_dict(self) -> dict[str, object]:
        """Return what the kind of the fix needs as a dictionary fit for JSON."""
        if self.kind == "remove_orphan":
            return {"kind": self.kind, "name": self.name}
        return {"kind": self.kind, "path": self.path, "mode": f"{self.mode or 0:04o}"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """
    One thing that a person should look at. No password and no hash is in it.

    Attributes:
        code: The stable name of the rule, such as ``EFR101``; see ``esfilerealm.checks.TITLES``.
        severity: ``error``: somebody gets in who should not, somebody cannot log in, or a node does
            not start. ``warning``: probably not intended. ``info``: worth knowing.
        message: What is wrong, in one line.
        path: The file, or None if the finding is not about a file.
        line: The line of the file, counted from 1, or None.
        subject: The user, role or setting that the finding is about, or None.
        advice: What helps: a sentence; may be empty.
        fix: The change that ends it, or None if a person must decide.
    """

    code: str
    severity: Severity
    message: str
    path: str | None = None
    line: int | None = None
    subject: str | None = None
    advice: str = ""
    fix: Fix | None = None

    @in_one_line
    def __str__(self) -> str:
        line = "" if self.line is None else f", line [{self.line}]"
        place = "" if self.path is None else f"[{self.path}]{line}: "
        advice = f"; {self.advice[0].lower()}{self.advice[1:]}" if self.advice else ""
        return f"{place}{self.severity} {self.code}: {self.message}{advice}"

    def to_dict(self) -> dict[str, object]:
        """Return the attributes as a dictionary fit for JSON."""
        return {**asdict(self), "fix": self.fix and self.fix.to_dict()}
