"""A comparison as lines of text, at most as wide as the terminal."""

from __future__ import annotations

from textwrap import wrap
from typing import TYPE_CHECKING, Final
from unicodedata import east_asian_width

from ..._ground.showing import printable
from ..output import counted
from .matrix import SAME

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ...drift import Drift
    from ..terminal import Mark
    from .matrix import Column, Matrix

    Line = list[tuple[str, Mark]]

__all__ = ["lines_of", "some", "title_of"]

_GAP: Final = "  "
#: How many columns of a table say who and what is meant, not what differs.
_LEFT: Final = 2
#: Columns of the terminal for one cell, at least and at most.
_NARROWEST: Final = 8
_WIDEST: Final = 28
#: How many names of nodes stand above a column, or lines of one node below the table.
_MOST_NAMES: Final = 3


def title_of(drift: Drift) -> str:
    """Return in one line whether all users are equal."""
    nodes, users = f"{len(drift.nodes)} nodes", counted(drift.user_count)
    if drift.users:
        return f"{nodes}, {users}: {len(drift.users)} not the same everywhere"
    return f"Equal: {nodes}, {users}"


def lines_of(matrix: Matrix, columns: int) -> Iterator[Line]:
    """
    Yield a table of users and nodes; if it is too wide, more tables below one another.

    Args:
        matrix: What differs.

        columns: The width.

    Returns:
        Lines, as texts that stand beside one another, each with how it is marked.
    """
    left = [
        _Block(["user", *(printable(row.title) for row in matrix.rows)]),
        _Block(["most nodes", *(printable(row.majority) for row in matrix.rows)]),
    ]
    marks: list[Mark] = ["error" if row.is_grave else "warning" for row in matrix.rows]
    for number, blocks in enumerate(_fitting(left, list(map(_block, matrix.columns)), columns)):
        if number:
            yield []
        yield from _rows([*left, *blocks], marks)


def some(names: Sequence[str]) -> str:
    """Return names separated by commas, of many only the first."""
    if len(names) <= _MOST_NAMES:
        return ", ".join(names)
    return f"{', '.join(names[:_MOST_NAMES])} and {len(names) - _MOST_NAMES} more"


class _Block:
    """One column, as lines of cells, whose first is the heading."""

    def __init__(self, texts: list[str]) -> None:
        width = min(max(map(_width, texts)), _WIDEST)
        self.cells = [_wrapped(text, max(width, _NARROWEST)) for text in texts]
        self.width = max(_width(line) for cell in self.cells for line in cell)


def _block(column: Column) -> _Block:
    return _Block([printable(some(column.nodes)), *map(printable, column.cells)])


def _fitting(left: list[_Block], blocks: list[_Block], columns: int) -> Iterator[list[_Block]]:
    """Yield as many columns at a time as stand beside one another; at least one."""
    room = columns - sum(block.width + len(_GAP) for block in left) + len(_GAP)
    row: list[_Block] = []
    used = 0
    for block in blocks:
        width = block.width + len(_GAP)
        if row and used + width > room:
            yield row
            row, used = [], 0
        row.append(block)
        used += width
    yield row


def _rows(blocks: list[_Block], marks: list[Mark]) -> Iterator[Line]:
    for number, cells in enumerate(zip(*(block.cells for block in blocks), strict=True)):
        for row in range(max(map(len, cells))):
            line: Line = []
            for position, (cell, block) in enumerate(zip(cells, blocks, strict=True)):
                text = cell[row] if row < len(cell) else ""
                is_plain = number == 0 or position < _LEFT or text == SAME
                line.append((text, "" if is_plain else marks[number - 1]))
                line.append((" " * (block.width - _width(text)) + _GAP, ""))
            yield line


def _wrapped(text: str, width: int) -> list[str]:
    """Cut a text into lines; at commas and blanks, or anywhere if there are none."""
    if _width(text) <= width:
        return [text]
    narrow = width if text.isascii() else width // 2
    spaced = text.replace(", ", ",").replace(",", ", ")
    return wrap(spaced, narrow, break_on_hyphens=False) or [""]


def _width(text: str) -> int:
    """Return the number of columns that a text takes; letters of East Asia take two."""
    if text.isascii():
        return len(text)
    return sum(1 + (east_asian_width(character) in "WF") for character in text)
