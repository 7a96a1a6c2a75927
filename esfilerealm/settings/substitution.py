"""
Environment variables in the text of ``elasticsearch.yml``, before it is parsed.

So a variable may hold a whole list, a key, or several lines. What is left, such as
``${NAME:default}``, is replaced after parsing: see ``placeholders``.
"""

from __future__ import annotations

import re

__all__ = ["substituted"]

TYPE_CHECKING = False  # see `_ground`
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Final

_LINE_END: Final = re.compile(r"\r\n|\r|\n")


def substituted(text: str, environ: Mapping[str, str]) -> tuple[str, list[int]]:
    """
    Replace each ``${NAME}`` of a variable that is set.

    Args:
        text: Of the file.

        environ: The variables. Their values are not searched for further names.

    Returns:
        The new text, whose lines all end with a line feed, and for each of its lines the line of
        the old text that it comes from.

    Source:
        ``InternalSettingsPreparer.loadConfigWithSubstitutions``.
    """
    old_lines = _LINE_END.split(text)
    if not old_lines[-1]:
        old_lines.pop()
    new_lines: list[str] = []
    origins: list[int] = []
    for number, line in enumerate(old_lines, 1):
        pieces = _LINE_END.split(_replaced(line, environ))
        new_lines += pieces
        origins += [number] * len(pieces)
    return "".join(f"{line}\n" for line in new_lines), origins


def _replaced(line: str, environ: Mapping[str, str]) -> str:
    """Replace the names in a line; each ends at the next brace, whatever is inside."""
    pieces: list[str] = []
    done = 0
    while (start := line.find("${", done)) >= 0 and (end := line.find("}", start)) >= 0:
        name = line[start + 2 : end]
        pieces += line[done:start], environ.get(name, f"${{{name}}}")
        done = end + 1
    return "".join([*pieces, line[done:]])
