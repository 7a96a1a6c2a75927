"""
Compare two runs: what got slower, by the ratio to the reference rather than by time.

So the runs may come from different machines, as far as ratios are comparable. A large change is
marked. It is noise, unless the middle half of the new ratios lies entirely above or below that of
the old ones. ``python -m benchmarks.comparing OLD.json NEW.json`` compares two saved runs.
"""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from .results import Results, load
from .table import laid_out, number

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .measure import Row

__all__ = ["comparison"]

#: The relative change from which a row is marked.
THRESHOLD = 0.2

_HEADINGS = ("name", "reference", "old", "new", "change", "")
_LEFT = ("name", "reference", "")


def comparison(old: Results, new: Results) -> list[str]:
    """Return a table of the rows in both runs, the rows in only one of them, and a summary."""
    before, after = _by_key(old), _by_key(new)
    shared = [(before[key], row) for key, row in after.items() if key in before]
    marks = [_mark(earlier, later) for earlier, later in shared]
    cells = [
        (later.name, later.reference, *_values(earlier, later), mark)
        for (earlier, later), mark in zip(shared, marks, strict=True)
    ]
    return [
        f"old: {old.heading}",
        f"new: {new.heading}",
        "",
        *(laid_out(_HEADINGS, cells, left=_LEFT) if cells else ["no figure is in both"]),
        "",
        *(f"only in the old run: {_shown(before[key])}" for key in before if key not in after),
        *(f"only in the new run: {_shown(after[key])}" for key in after if key not in before),
        f"{marks.count('slower')} of {len(shared)} got slower by more than {THRESHOLD:.0%}",
    ]


def _by_key(results: Results) -> dict[tuple[str, str], Row]:
    """Return the measured rows by name and reference."""
    return {(row.name, row.reference): row for row in results.rows if _value(row) is not None}


def _shown(row: Row) -> str:
    return f"{row.name} ({row.reference})" if row.reference else row.name


def _value(row: Row) -> float | None:
    """Return the compared value: the ratio, or the figure itself if it has no reference."""
    return row.median if row.ratio is None else row.ratio


def _values(old: Row, new: Row) -> Iterator[str]:
    unit = f" {new.unit}" if new.ratio is None else ""
    yield number(_value(old)) + unit
    yield number(_value(new)) + unit
    change = _change(old, new)
    yield "" if change is None else f"{change:+.0%}"


def _change(old: Row, new: Row) -> float | None:
    earlier, later = _value(old), _value(new)
    return later / earlier - 1 if earlier and later is not None else None


def _mark(old: Row, new: Row) -> str:
    change = _change(old, new)
    if change is None:  # nothing before, such as lost updates
        return "slower" if (_value(new) or 0) > (_value(old) or 0) else ""
    if change > THRESHOLD:
        return "slower" if _range(new)[0] > _range(old)[1] else "noise"
    if 1 / (1 + change) - 1 > THRESHOLD:
        return "faster" if _range(new)[1] < _range(old)[0] else "noise"
    return ""


def _range(row: Row) -> tuple[float, float]:
    """Return the range in which the figure lies if nothing changes, as far as is known."""
    value = _value(row) or 0
    if row.ratio is not None:
        return row.quartiles or (value, value)
    return value, row.p95 if row.p95 is not None else value


def _main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.comparing", description="Show what got slower."
    )
    parser.add_argument("old", metavar="OLD.json")
    parser.add_argument("new", metavar="NEW.json")
    arguments = parser.parse_args()
    print("\n".join(comparison(load(arguments.old), load(arguments.new))))
    return 0


if __name__ == "__main__":
    sys.exit(_main())
