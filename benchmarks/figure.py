"""
The growth curves as a picture: size against time, ours and the references, both logarithmic.

``python -m benchmarks.figure RESULTS.json OUT.svg`` renders what a full run wrote. The same results
always produce the same bytes, so that the picture can be committed. Text stays text, and the
background is white, so that the picture is readable on any page.
"""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from .results import Results, load

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

    from .measure import Row

__all__ = ["is_possible", "render"]

_OURS = "#0b62a4"
_REFERENCES = ("#6b6b6b", "#c2570c")
_STYLE = {
    "svg.hashsalt": "esfilerealm",  # otherwise the ids are random
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": "#6b6b6b",
    "grid.color": "#e3e3e3",
}
#: Without the date and the version of the library, which are not results.
_METADATA = {"Date": None, "Creator": None}
_COLUMNS = 3
_PANEL_INCHES = (3.3, 2.7)


def is_possible() -> bool:
    """Check whether matplotlib is installed; the dependency group ``benchmarks`` has it."""
    try:
        import matplotlib  # noqa: F401, ICN001 - only to find out
    except ImportError:
        return False
    return True


def render(results: Results, path: str) -> None:
    """
    Write the picture of all rows that are points of a curve.

    Raises:
        ValueError: If there are none.
    """
    import matplotlib as mpl

    mpl.use("svg")
    from matplotlib import pyplot as plt

    panels = _panels(results.rows)
    if not panels:
        raise ValueError("no curve was measured")
    lines = -(-len(panels) // _COLUMNS)
    width, height = _PANEL_INCHES
    with mpl.rc_context(_STYLE):
        figure, axes = plt.subplots(
            lines,
            _COLUMNS,
            figsize=(width * _COLUMNS, height * lines),
            sharex=True,
            sharey=True,
            squeeze=False,
            layout="constrained",
        )
        for axis, (name, rows) in zip(axes.flat, panels.items(), strict=False):
            _draw(axis, name, rows)
            axis.tick_params(labelbottom=True, labelleft=axis in axes[:, 0])
        for axis in axes.flat[len(panels) :]:
            axis.set_axis_off()
        _label(
            axes[0][0], sorted({point.size or 0 for points in panels.values() for point in points})
        )
        figure.supxlabel("users, or pairs of user and role")
        figure.supylabel("median, milliseconds")
        figure.savefig(path, format="svg", facecolor="white", metadata=_METADATA)
        plt.close(figure)


def _panels(rows: Sequence[Row]) -> dict[str, list[Row]]:
    """Return the points of each curve, in the order in which the curves were measured."""
    panels: dict[str, list[Row]] = {}
    for row in rows:
        if row.curve and row.size is not None and row.median is not None:
            panels.setdefault(row.curve, []).append(row)
    return panels


def _draw(axis: Axes, name: str, rows: Sequence[Row]) -> None:
    by_reference: dict[str, list[Row]] = {}
    for row in rows:
        by_reference.setdefault(row.reference, []).append(row)
    ours = next(iter(by_reference.values()))
    axis.plot(_sizes(ours), [p.median for p in ours], "o-", color=_OURS, label="esfilerealm", ms=3)
    for (reference, points), color in zip(by_reference.items(), _REFERENCES, strict=False):
        medians = [point.reference_median for point in points]
        axis.plot(_sizes(points), medians, "o--", color=color, label=reference, ms=3)
    axis.set(xscale="log", yscale="log")
    axis.set_title(name, loc="left", fontweight="bold")
    axis.grid(visible=True)
    axis.legend(frameon=False, loc="lower right", fontsize=8)


def _label(axis: Axes, sizes: Sequence[int]) -> None:
    """Label the measured sizes, and milliseconds with numbers rather than powers."""
    from matplotlib.ticker import FuncFormatter, NullLocator

    axis.set_xticks(sizes, [_short(size) for size in sizes])
    axis.xaxis.set_minor_locator(NullLocator())
    axis.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.yaxis.set_minor_locator(NullLocator())


def _short(size: int) -> str:
    for unit, letter in ((1_000_000, " M"), (1_000, " k")):
        if size >= unit:
            return f"{size // unit}{letter}"
    return str(size)


def _sizes(rows: Sequence[Row]) -> list[int]:
    return [row.size for row in rows if row.size is not None]


def _main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.figure", description="Draw the growth curves."
    )
    parser.add_argument("results", metavar="RESULTS.json")
    parser.add_argument("picture", metavar="OUT.svg")
    arguments = parser.parse_args()
    render(load(arguments.results), arguments.picture)
    return 0


if __name__ == "__main__":
    sys.exit(_main())
