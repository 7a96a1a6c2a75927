"""
One figure at every size, and whether its growth is linear.

At each size the figure is measured against its reference; these rows are the points of
``growth.svg``. Then the largest size is measured against a tenth of it, in turns: 10 is linear, and
a quadratic cost shows as 100, however slow or noisy the machine is.
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from statistics import median
from typing import TYPE_CHECKING, Generic, TypeVar

from .measure import Options, Row, Sides, compare, repeated, spaced

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from contextlib import AbstractContextManager

__all__ = ["Case", "Curve", "rows_of", "times_of"]

#: How often a short figure is repeated for one value, by size; otherwise once.
_TIMES = {10: 500, 1_000: 10}
#: Pairs to measure, by size.
_ROUNDS = {10: 40, 1_000: 40, 100_000: 20, 1_000_000: 5}
_GROWTH_ROUNDS = 5
_GROWTH_AIM = 12.0

Input = TypeVar("Input")


@dataclass(frozen=True, slots=True)
class Case(Generic[Input]):
    """A figure and its reference as functions of the input for one size."""

    figure: Callable[[Input], object]
    reference_name: str
    reference: Callable[[Input], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve(Generic[Input]):
    """
    What to measure at every size.

    Attributes:
        name: The name of the row, before the size, and of the panel in the picture.
        unit: What is counted: ``users`` or ``pairs``.
        prepared: Creates the input for a size, and removes it.
        case: What is measured.
        aims: The highest acceptable ratio, by size.
        repeats: Whether the figure may run many times for one value if it is short.
        is_drawn: Whether it is in the picture.
    """

    name: str
    unit: str = "users"
    prepared: Callable[[int], AbstractContextManager[Input]]
    case: Case[Input]
    aims: Mapping[int, float] = field(default_factory=dict)
    repeats: bool = True
    is_drawn: bool = True


def rows_of(options: Options, curve: Curve[Input]) -> Iterator[Row]:
    """Measure each size against the reference, then the largest against a tenth of it."""
    for size in options.sizes:
        with curve.prepared(size) as made:
            sides = Sides(
                f"{curve.name}, {spaced(size)} {curve.unit}",
                _timed(curve, curve.case.figure, made, size),
                curve.case.reference_name,
                _timed(curve, curve.case.reference, made, size),
            )
            row = compare(sides, rounds=options.rounds(_ROUNDS[size]), aim=curve.aims.get(size))
        yield replace(row, curve=curve.name, size=size) if curve.is_drawn else row
    yield _growth(options, curve)


def _growth(options: Options, curve: Curve[Input]) -> Row:
    large = options.sizes[-1]
    small = large // 10
    rounds = options.rounds(_GROWTH_ROUNDS)
    with ExitStack() as stack:
        larger, smaller = (stack.enter_context(curve.prepared(size)) for size in (large, small))
        sides = Sides(
            f"{curve.name}, growth to {spaced(large)}",
            _timed(curve, curve.case.figure, larger, large),
            f"the same, {spaced(small)} {curve.unit}",
            _timed(curve, curve.case.figure, smaller, small),
        )
        references = [
            _timed(curve, curve.case.reference, made, size)
            for made, size in ((larger, large), (smaller, small))
        ]
        # A tenth of the largest size of a quick run fits into the caches of a processor.
        row = compare(sides, rounds=rounds, aim=None if options.quick else _GROWTH_AIM)
        least = median(references[0]() / references[1]() for _ in range(rounds))
    return replace(row, note=f"the reference ({curve.case.reference_name}) grows by {least:.3g}")


def _timed(
    curve: Curve[Input], call: Callable[[Input], object], made: Input, size: int
) -> Callable[[], float]:
    return repeated(lambda: call(made), times_of(size) if curve.repeats else 1)


def times_of(size: int) -> int:
    """Return how often a figure of that size is repeated for one value."""
    return _TIMES.get(size, 1)
