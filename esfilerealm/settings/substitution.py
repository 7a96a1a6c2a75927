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
#: Up to the first closing brace, whatever is inside.
_VARIABLE: Final = re.compile(r"\$\{([^}]*)\}")


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
        pieces = _LINE_END.split(_VARIABLE.sub(lambda match: _value(match, environ), line))
        new_lines += pieces
        origins += [number] * len(pieces)
    return "".join(f"{line}\n" for line in new_lines), origins


def _value(match: re.Match[str], environ: Mapping[str, str]) -> str:
    return environ.get(match[1], match[0])
