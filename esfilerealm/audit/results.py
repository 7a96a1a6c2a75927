"""What reading and verifying an audit log gives."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal

from .._ground.showing import in_one_line
from .._ground.values import ReadOnlyDict

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

__all__ = ["AuditEntry", "AuditProblem", "ProblemKind", "Verification"]

ProblemKind = Literal[
    "malformed",
    "torn",
    "edited",
    "forged",
    "removed",
    "reordered",
    "duplicated",
    "beginning",
    "unmade",
    "unexplained",
    "unknown_folder",
    "head",
]
"""What may be wrong with a line, or with the files that it tells of."""


#: Changes that are about other names than those of users.
_NOT_USERS: Final = (
    *("modes", "settings_added", "settings_changed", "settings_removed"),
    "keystore_password",
)


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """
    One change, as a line of an audit log tells it; whether the line is true says ``verify``.

    Attributes:
        seq: The number of the line.
        time: When it was written; None if that cannot be read.
        who: ``uid``, ``user``, ``login_uid``, ``sudo_user``, ``sudo_uid``, ``pid`` and ``program``,
            as far as they were known.
        host: The machine.
        command: The command, or the function that was called.
        options: Of the command, without secrets.
        folder: The configuration directory.
        changes: As ``UserChanges.to_dict``, without what is empty; besides, ``modes``, and the
            names of secure settings: ``settings_added``, ``settings_changed``, …
        files: From path to the digests ``before`` and ``after``, and new attributes.
        recovered: How an interrupted change ended, if the line is about that.
        taken_back: The number of a line whose change was not made, if the line is about that.
        hash: The digest of the line.
    """

    seq: int
    time: datetime | None
    who: Mapping[str, Any]
    host: str
    command: str
    options: tuple[str, ...]
    folder: str
    changes: Mapping[str, Any]
    files: Mapping[str, Mapping[str, Any]]
    recovered: str | None
    taken_back: int | None
    hash: str

    @property
    def usernames(self) -> frozenset[str]:
        """All users that the change is about."""
        lists = [value for key, value in self.changes.items() if key not in _NOT_USERS]
        return frozenset(name for each in lists for name in each if isinstance(name, str))

    def to_dict(self) -> dict[str, object]:
        """Return the attributes as a dictionary fit for JSON."""
        told = {name: getattr(self, name) for name in self.__slots__ if name != "changes"}
        return {
            **told,
            "time": self.time and self.time.isoformat(),
            "who": dict(self.who),
            "options": list(self.options),
            "user_changes": dict(self.changes),
            "files": [{"path": path, **file} for path, file in self.files.items()],
        }


@dataclass(frozen=True, slots=True)
class AuditProblem:
    """
    Something that is wrong with a log, or with the files of which it tells.

    Attributes:
        kind: What it is.
        path: The log, or the file of a realm.
        line: The number of the line in its log, from 1; None if it is about no line.
        text: One sentence.
    """

    kind: ProblemKind
    path: str
    line: int | None
    text: str

    @in_one_line
    def __str__(self) -> str:
        place = f"[{self.path}]" if self.line is None else f"[{self.path}], line {self.line}"
        return f"{place}: {self.text}"

    def to_dict(self) -> dict[str, object]:
        """Return the attributes as a dictionary fit for JSON."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Verification:
    """
    What was found; true if nothing is wrong.

    Attributes:
        problems: What is wrong, in the order of the lines; the first thousand of it.
        notes: What is odd, one sentence each.
        line_count: How many lines were read.
        head: The digest of the last line: keep it elsewhere, and give it to a later ``verify``;
            None if there is no line.
        folders: The directories of which the lines tell, with the number of lines of each.
    """

    problems: tuple[AuditProblem, ...]
    notes: tuple[str, ...]
    line_count: int
    head: str | None
    folders: Mapping[str, int] = field(default_factory=ReadOnlyDict)

    def __bool__(self) -> bool:
        return not self.problems

    def to_dict(self) -> dict[str, object]:
        """Return the attributes as a dictionary fit for JSON."""
        return {
            "problems": [problem.to_dict() for problem in self.problems],
            "notes": list(self.notes),
            "line_count": self.line_count,
            "head": self.head,
            "folders": dict(self.folders),
        }
