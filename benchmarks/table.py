"""Rows as a Markdown table that is readable as it is, with notes below it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .measure import Row

__all__ = ["laid_out", "number", "table"]

_HEADINGS = ("name", "median", "p95", "unit", "reference", "ref. median", "ratio", "aim", "met")
_LEFT = ("name", "unit", "reference", "aim", "met")
_MET = {True: "yes", False: "NO", None: ""}


def table(rows: Sequence[Row]) -> list[str]:
    """Return the lines of the table, and the notes below it."""
    lines = laid_out(_HEADINGS, list(map(_cells, rows)), left=_LEFT)
    notes = [f"- {row.name}: {row.note}" for row in rows if row.note]
    return [*lines, "", *notes] if notes else lines


def laid_out(
    headings: Sequence[str], cells: Sequence[Sequence[str]], *, left: Sequence[str]
) -> list[str]:
    """Align the cells, those under the headings *left* to the left and numbers to the right."""
    widths = [max(map(len, column)) for column in zip(headings, *cells, strict=True)]
    is_left = [heading in left for heading in headings]
    rule = [
        "-" * width if at_left else "-" * (width - 1) + ":"
        for at_left, width in zip(is_left, widths, strict=True)
    ]
    return [_line(line, widths, is_left) for line in (headings, rule, *cells)]


def _line(cells: Sequence[str], widths: Sequence[int], is_left: Sequence[bool]) -> str:
    padded = [
        cell.ljust(width) if at_left else cell.rjust(width)
        for cell, width, at_left in zip(cells, widths, is_left, strict=True)
    ]
    return f"| {' | '.join(padded)} |"


def _cells(row: Row) -> tuple[str, ...]:
    return (
        row.name,
        number(row.median),
        number(row.p95),
        row.unit,
        row.reference,
        number(row.reference_median),
        number(row.ratio),
        row.aim,
        _MET[row.met],
    )


def number(value: float | None) -> str:
    """Show three digits, all digits of a count, and nothing for None."""
    if value is None:
        return ""
    if isinstance(value, int):
        return str(value)
    if value >= 100:
        return f"{value:.0f}"
    if value >= 10:
        return f"{value:.1f}"
    return f"{value:.2f}" if value >= 0.1 else f"{value:.2g}"
