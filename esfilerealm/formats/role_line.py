"""One line of ``users_roles``: a role, a colon, and users separated by commas."""

from __future__ import annotations

from ..names import broken_rule
from .lines import trim

__all__ = ["BLANKS", "line_problem", "split_line", "split_names"]

TYPE_CHECKING = False  # see `_ground`
if TYPE_CHECKING:
    from typing import Final

    from .lines import LineKind

#: The whitespace that may surround a comma: that of ``\\s`` in a Java pattern, and no other.
BLANKS: Final = " \t\n\v\f\r"


def split_line(line: str) -> tuple[str, str]:
    """Return the role and the users of a line, both trimmed; the line may include its end."""
    role, _, users_text = line.partition(":")
    return trim(role), trim(users_text)


def split_names(users_text: str) -> list[str]:
    """Split at commas, and drop empty names at the end only, as Java does."""
    names = users_text.split(",")
    if any(blank in users_text for blank in BLANKS):
        names = [name.strip(BLANKS) for name in names]
    while names and not names[-1]:
        names.pop()
    return names


def line_problem(line: str, role: str, names: list[str]) -> tuple[LineKind, str] | None:
    """Return why a node skips a line, as kind and reason, or None."""
    if not trim(line):
        return "blank", "the line is blank"
    before, _, behind = line.rstrip("\r\n").partition(":")
    if not before or not behind:
        return "malformed", "expected [role:user,user]"
    if rule := broken_rule(role):
        return "invalid-role-name", f"the role name {rule}"
    if not names:
        return "no-users", "the role has no users"
    return None
