"""What is found while a log is verified, in the order of its lines, and not without end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from .results import AuditProblem

if TYPE_CHECKING:
    from .reading import RawLine
    from .results import ProblemKind

__all__ = ["Findings"]

_MOST: Final = 1000
_MOST_NOTES: Final = 10


class Findings:
    """Collects problems and notes."""

    def __init__(self) -> None:
        self._problems: list[AuditProblem] = []
        self._notes: list[str] = []
        self._paths: dict[str, int] = {}

    @property
    def is_full(self) -> bool:
        """Whether so much is wrong that nobody needs to know more."""
        return len(self._problems) >= _MOST

    def enter(self, path: str) -> None:
        """Note that the lines of another log come now."""
        self._paths.setdefault(path, len(self._paths))

    def add(self, kind: ProblemKind, raw: RawLine, text: str) -> None:
        """Add a problem of a line."""
        self._problems.append(AuditProblem(kind, raw.path, raw.number, text))

    def add_about(self, path: str, kind: ProblemKind, text: str) -> None:
        """Add a problem of a file."""
        self._problems.append(AuditProblem(kind, path, None, text))

    def note(self, text: str) -> None:
        """Add what is odd, and not wrong."""
        if len(self._notes) < _MOST_NOTES:
            self._notes.append(text)

    @property
    def problems(self) -> tuple[AuditProblem, ...]:
        """All problems: those of lines in their order, then the others."""

        def place(problem: AuditProblem) -> tuple[bool, int, int]:
            number = self._paths.get(problem.path, 0)
            return problem.line is None, number, problem.line or 0

        return tuple(sorted(self._problems, key=place)[:_MOST])

    @property
    def notes(self) -> tuple[str, ...]:
        """All notes."""
        return tuple(self._notes)
