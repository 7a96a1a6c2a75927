"""
What every subject shares: interleaved timing, and one row of the table for each figure.

A time by itself says more about the machine than about the library. So each figure has a reference
that does the least possible work for the same result. Both are measured in turns in the same run,
and the ratio counts. It is the median of the ratios of neighbouring runs: a machine that is slow
for some seconds slows both sides. Only waiting times, such as until a change is known, have no
reference.
"""

from __future__ import annotations

import gc
import math
import os
import platform
import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import Barrier
from typing import TYPE_CHECKING, TypeVar

import esfilerealm

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = [
    "Options",
    "Row",
    "Sides",
    "compare",
    "machine",
    "percentile",
    "repeated",
    "spaced",
    "timed",
    "together",
]

_QUICK_DIVISOR = 6
_MIN_ROUNDS = 3
_SIZES = (10, 1_000, 100_000, 1_000_000)
#: What a second or a byte is in each unit.
_SCALES = {"ms": 1e3, "µs": 1e6, "MB": 1e-6, "B": 1.0}

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Options:
    """
    How to run.

    Attributes:
        folder: Where realms are made. Its file system decides what an fsync costs.
        quick: Fewer rounds, and nothing with a million users.
        libpass_python: An interpreter that has ``libpass``, if one was named.
    """

    folder: str
    quick: bool
    libpass_python: str | None = None

    @property
    def sizes(self) -> tuple[int, ...]:
        """The numbers of users at which a curve is measured."""
        return _SIZES[:-1] if self.quick else _SIZES

    def rounds(self, full: int) -> int:
        """Return the number of pairs to measure, *full* unless this is a quick run."""
        return max(_MIN_ROUNDS, full // _QUICK_DIVISOR) if self.quick else full


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """
    One figure.

    Attributes:
        name: What was measured.
        median: In *unit*; None if nothing could be measured. The reason is in *note* then.
        p95: The 95th percentile (nearest rank), or None if there is only one value.
        unit: ``ms``, ``µs``, ``MB``, ``B``, ``%`` or what is counted.
        reference: What it is measured against.
        reference_median: In *unit*, or None without a reference.
        ratio: The median of the ratios pair by pair.
        quartiles: The bounds of the middle half of these ratios, if there are pairs.
        aim: The target, or "" if there is none.
        met: Whether the aim is met; None without an aim or a value.
        note: What a reader of the table should know.
        curve: The panel of the picture in which this is a point, or "".
        size: Its place there: the number of users or pairs.
    """

    name: str
    median: float | None = None
    p95: float | None = None
    unit: str = "ms"
    reference: str = ""
    reference_median: float | None = None
    ratio: float | None = None
    quartiles: tuple[float, float] | None = None
    aim: str = ""
    met: bool | None = None
    note: str = ""
    curve: str = ""
    size: int | None = None


@dataclass(frozen=True, slots=True)
class Sides:
    """
    Two things to compare, each with its name in the table.

    Both functions return the seconds they took, or the bytes.
    """

    name: str
    figure: Callable[[], float]
    reference_name: str
    reference: Callable[[], float]


def timed(
    call: Callable[[], object], prepare: Callable[[], object] | None = None, *, times: int = 1
) -> Callable[[], float]:
    """
    Make a function that returns the seconds of *call*; *prepare* runs before and is not timed.

    If *call* repeats something *times* times, the seconds are those of one repetition.
    """

    def sample() -> float:
        if prepare is not None:
            prepare()
        gc.collect()
        start = time.perf_counter()
        call()
        return (time.perf_counter() - start) / times

    return sample


def repeated(call: Callable[[], object], times: int) -> Callable[[], float]:
    """Make a function that runs *call* many times and returns the seconds of one."""

    def calls() -> None:
        for _ in range(times):
            call()

    return timed(calls, times=times)


def compare(
    sides: Sides,
    *,
    rounds: int,
    aim: float | None = None,
    least: float | None = None,
    unit: str = "ms",
    note: str = "",
) -> Row:
    """
    Measure figure and reference in turns, after one run of each that is not counted.

    Args:
        sides: What to measure.

        rounds: How many pairs. Every second pair runs the reference first, so that neither side
            always finds the caches that the other one filled.

        aim: The highest acceptable ratio.

        least: The lowest one.

        unit: ``ms`` or ``µs``; ``MB`` or ``B`` if the sides return bytes.

        note: The note of the row.
    """
    sides.figure()
    sides.reference()
    pairs = [_pair(sides, reference_first=bool(i % 2)) for i in range(rounds)]
    figures, references = zip(*pairs, strict=True)
    ratios = [figure / reference for figure, reference in pairs]
    ratio = statistics.median(ratios)
    low, _, high = statistics.quantiles(ratios, n=4, method="inclusive")
    scale = _SCALES[unit]
    hope = _aim(least, aim)
    return Row(
        name=sides.name,
        median=statistics.median(figures) * scale,
        p95=percentile(figures, 95) * scale,
        unit=unit,
        reference=sides.reference_name,
        reference_median=statistics.median(references) * scale,
        ratio=ratio,
        quartiles=(low, high),
        aim=hope,
        met=(least or 0) <= ratio <= (aim or math.inf) if hope else None,
        note=note,
    )


def _aim(least: float | None, most: float | None) -> str:
    if least is None:
        return "" if most is None else f"≤ {most:g}"
    return f"≥ {least:g}" if most is None else f"{least:g} to {most:g}"


def _pair(sides: Sides, *, reference_first: bool) -> tuple[float, float]:
    if reference_first:
        reference = sides.reference()
        return sides.figure(), reference
    return sides.figure(), sides.reference()


def percentile(values: Sequence[float], percent: int) -> float:
    """Return the smallest value that *percent* of a hundred *values* do not exceed."""
    return sorted(values)[math.ceil(percent * len(values) / 100) - 1]


def spaced(count: int) -> str:
    """Show a number in groups of three digits."""
    return f"{count:,}".replace(",", " ")


def together(count: int, work: Callable[[int], _T]) -> list[_T]:
    """Return what *work* returns for 0, 1, … *count* - 1, in threads that start together."""
    barrier = Barrier(count)

    def wait_and_work(number: int) -> _T:
        barrier.wait()
        return work(number)

    with ThreadPoolExecutor(count) as executor:
        return list(executor.map(wait_and_work, range(count)))


def machine() -> dict[str, object]:
    """Describe what the figures depend on, without a name or path of the machine."""
    return {
        "esfilerealm": esfilerealm.__version__,
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "system": f"{platform.system()} {platform.machine()}",
        "cores": os.cpu_count(),
    }
