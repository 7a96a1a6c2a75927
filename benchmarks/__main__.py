"""
``python -m benchmarks``: run all subjects, print one table.

It informs and does not gate: the exit code is 0 whether or not the aims are met.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
import traceback
from typing import TYPE_CHECKING

from . import contention, formats, logins, provisioning, reloading, startup, watching, write
from .measure import Options, Row, machine

if TYPE_CHECKING:
    from collections.abc import Iterator

_SUBJECTS = {
    "startup": startup.rows,
    "formats": formats.rows,
    "write": write.rows,
    "contention": contention.rows,
    "provisioning": provisioning.rows,
    "logins": logins.rows,
    "reloading": reloading.rows,
    "watching": watching.rows,
}
_HEADINGS = ("name", "median", "p95", "unit", "reference", "ref. median", "ratio", "aim", "met")
_LEFT = ("name", "unit", "reference", "aim", "met")


def main() -> int:
    """Run what is asked for."""
    arguments = _arguments()
    options = Options(arguments.dir, arguments.quick)
    rows = [row for subject in arguments.only or _SUBJECTS for row in _rows(subject, options)]
    about = machine()
    print(", ".join(f"{key} {value}" for key, value in about.items()))
    print()
    print("\n".join(_table(rows)))
    if arguments.json:
        with open(arguments.json, "w", encoding="utf-8") as file:
            json.dump(
                {"machine": about, "rows": list(map(dataclasses.asdict, rows))}, file, indent=1
            )
    return 0


def _rows(subject: str, options: Options) -> Iterator[Row]:
    """Yield the rows of a subject as they come; one that breaks must not hide the others."""
    try:
        for row in _SUBJECTS[subject](options):
            print(f"{subject}: {row.name}", file=sys.stderr)
            yield row
    except Exception as error:  # noqa: BLE001 - the other subjects go on
        traceback.print_exc()
        yield Row(name=subject, note=f"broke off with {type(error).__name__}")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=main.__doc__)
    parser.add_argument(
        "--only", action="append", choices=_SUBJECTS, help="this subject; may be repeated"
    )
    parser.add_argument("--quick", action="store_true", help="fewer rounds, no million users")
    parser.add_argument("--json", metavar="FILE", help="write the machine and the rows there too")
    parser.add_argument(
        "--dir", default=".", help="make realms there (default: here); a memory disk hides fsync"
    )
    return parser.parse_args()


def _table(rows: list[Row]) -> list[str]:
    """Lay the rows out as a Markdown table that can be read as it is."""
    cells = [_HEADINGS, *map(_cells, rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    rule = [
        "-" * width if heading in _LEFT else "-" * (width - 1) + ":"
        for heading, width in zip(_HEADINGS, widths, strict=True)
    ]
    lines = [_line(_HEADINGS, widths), _line(rule, widths)]
    lines += [_line(line, widths) for line in cells[1:]]
    notes = [f"{row.name}: {row.note}" for row in rows if row.note]
    return [*lines, "", *notes] if notes else lines


def _line(cells: tuple[str, ...] | list[str], widths: list[int]) -> str:
    padded = [
        cell.ljust(width) if heading in _LEFT else cell.rjust(width)
        for heading, cell, width in zip(_HEADINGS, cells, widths, strict=True)
    ]
    return f"| {' | '.join(padded)} |"


def _cells(row: Row) -> tuple[str, ...]:
    met = {True: "yes", False: "NO", None: ""}[row.met]
    return (
        row.name,
        _number(row.median),
        _number(row.p95),
        row.unit,
        row.reference,
        _number(row.reference_median),
        _number(row.ratio),
        row.aim,
        met,
    )


def _number(value: float | None) -> str:
    """Show three digits, more for what is counted; nothing for what was not measured."""
    if value is None:
        return ""
    if isinstance(value, int):
        return str(value)
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


if __name__ == "__main__":
    sys.exit(main())
