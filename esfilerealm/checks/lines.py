"""What both files say more than once, by line: a node keeps the last, and tools differ."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ..formats.lines import COMMENT, each_line, trim
from ..formats.role_line import line_problem, split_line, split_names

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

__all__ = ["lines_of_roles", "repeated_users"]

_LF: Final = b"\n"


def repeated_users(
    data: bytes, hashes: Collection[str], issue_count: int
) -> Mapping[str, list[int]]:
    """
    Return the numbers of the lines of each user that has several.

    Args:
        data: The whole ``users`` file, UTF-8.

        hashes: The names of all users in it.

        issue_count: How many lines a node skips.
    """
    if _line_count(data) - issue_count == len(hashes):
        return {}  # nearly always, and much faster
    lines: dict[str, list[int]] = {}
    for number, line in each_line(data, "users"):
        name, _, password_hash = trim(line).partition(":")
        if password_hash and not line.startswith(COMMENT) and name in hashes:
            lines.setdefault(name, []).append(number)
    return {name: numbers for name, numbers in lines.items() if len(numbers) > 1}


def _line_count(data: bytes) -> int:
    """Return the number of lines that are no comments, or -1 where that takes a closer look."""
    if b"\r" in data or not data:
        return -1
    comments = data.count(b"\n#") + data.startswith(b"#")
    return data.count(_LF) + (not data.endswith(_LF)) - comments


def lines_of_roles(data: bytes) -> Mapping[str, list[int]]:
    """Return the numbers of the lines of each role in a ``users_roles`` file."""
    lines: dict[str, list[int]] = {}
    for number, line in each_line(data, "users_roles"):
        if line.startswith(COMMENT):
            continue
        role, users_text = split_line(line)
        # The names are split only if they could be none: some lines name every user.
        names = [role] if users_text.strip(", ") else split_names(users_text)
        if line_problem(line, role, names) is None:
            lines.setdefault(role, []).append(number)
    return lines
