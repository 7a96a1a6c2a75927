"""
What every subject shares: interleaved timing, and one row of the table for each figure.

A time by itself says more about the machine than about the library. So every figure has a
reference that does the least work possible for the same result, both are measured in the same run
and take turns, and what counts is the ratio. It is the median of the ratios of neighbouring runs,
which a machine that is slow for some seconds slows on both sides.
"""

from __future__ import annotations

import gc
import math
import os
import platform
import statistics
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import esfilerealm

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["Options", "Row", "Sides", "compare", "machine", "percentile_95", "timed"]

_QUICK_DIVISOR = 4
_MIN_ROUNDS = 3


@dataclass(frozen=True, slots=True)
class Options:
    """
    How to run.

    Attributes:
        folder: Where realms are made. Its file system decides what an fsync costs.
        quick: Fewer rounds, and nothing with a million users.
    """

    folder: str
    quick: bool

    def rounds(self, full: int) -> int:
        """Give the number of pairs to measure, *full* unless this is a quick run."""
        return max(_MIN_ROUNDS, full // _QUICK_DIVISOR) if self.quick else full


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """
    One figure.

    Attributes:
        name: What was measured.
        median: In *unit*; None if nothing could be measured, then *note* says why.
        p95: The 95th percentile (nearest rank), or None where there is just one value.
        unit: ``ms``, ``µs`` or what is counted.
        reference: What it is measured against.
        reference_median: In *unit*, or None without a reference.
        ratio: The median of the ratios pair by pair.
        aim: What is hoped for, or "" where the figure is only watched.
        met: Whether it came true; None without an aim or a value.
        note: What a reader of the table has to know.
    """

    name: str
    median: float | None = None
    p95: float | None = None
    unit: str = "ms"
    reference: str = ""
    reference_median: float | None = None
    ratio: float | None = None
    aim: str = ""
    met: bool | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Sides:
    """Two things to compare, each with its name in the table; both tell the seconds they took."""

    name: str
    figure: Callable[[], float]
    reference_name: str
    reference: Callable[[], float]


def timed(
    call: Callable[[], object], prepare: Callable[[], object] | None = None
) -> Callable[[], float]:
    """Make a function that tells the seconds of *call*; *prepare* runs before, off the clock."""

    def sample() -> float:
        if prepare is not None:
            prepare()
        gc.collect()
        start = time.perf_counter()
        call()
        return time.perf_counter() - start

    return sample


def compare(sides: Sides, *, rounds: int, aim: float | None = None, note: str = "") -> Row:
    """
    Measure figure and reference in turns, after one run of each that does not count.

    Args:
        sides: What to measure.

        rounds: How many pairs. Every second pair runs the reference first, so that neither side
            always finds the caches that the other one filled.

        aim: The highest ratio that is fine.

        note: For the row.
    """
    sides.figure()
    sides.reference()
    pairs = [_pair(sides, reference_first=bool(i % 2)) for i in range(rounds)]
    figures, references = zip(*pairs, strict=True)
    ratio = statistics.median(figure / reference for figure, reference in pairs)
    return Row(
        name=sides.name,
        median=statistics.median(figures) * 1000,
        p95=percentile_95(figures) * 1000,
        reference=sides.reference_name,
        reference_median=statistics.median(references) * 1000,
        ratio=ratio,
        aim="" if aim is None else f"≤ {aim:g}",
        met=None if aim is None else ratio <= aim,
        note=note,
    )


def _pair(sides: Sides, *, reference_first: bool) -> tuple[float, float]:
    if reference_first:
        reference = sides.reference()
        return sides.figure(), reference
    return sides.figure(), sides.reference()


def percentile_95(values: Sequence[float]) -> float:
    """Give the smallest value that 95 % of *values* do not exceed."""
    return sorted(values)[math.ceil(0.95 * len(values)) - 1]


def machine() -> dict[str, object]:
    """Describe what the figures depend on, without a name or path of the machine."""
    return {
        "esfilerealm": esfilerealm.__version__,
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "system": f"{platform.system()} {platform.machine()}",
        "cores": os.cpu_count(),
    }
