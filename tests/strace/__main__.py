"""
Faults and kills at the system calls of the command.

``PYTHONPATH=tests python -m strace`` runs it.

Each command is run once to list its calls. Then it is run again for each fault: an error that fits
the call, the same error from there on, a signal, or two faults. After each, the promises are
checked (``judging``). Every run of this program makes the same faults in the same order.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
import tempfile
import time
import warnings
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from crash.fixture_realm import MEMORY
from strace.commands import COMMANDS, USUAL
from strace.faults import SECOND, Regions, firsts, second_faults, seconds, single_faults, spread
from strace.judging import Outcome, Stage
from strace.tracing import why_not

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from strace.faults import Fault

#: Faults for each command, unless all are asked for; of these, one in so many is a pair.
BUDGET = 250
_PAIRS = 5

_stages: dict[str, Stage] = {}
_place: Path


def main() -> int:
    """Run as the options say; return 1 if a promise was broken."""
    options = _options()
    reason = why_not()
    if reason is not None:
        print(f"skipped: {reason}")
        return 0
    began = time.monotonic()
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as place:
        outcomes = run(
            options.commands or USUAL,
            None if options.all else options.budget,
            options.jobs,
            Path(place),
            options.calls,
        )
    print(table(outcomes))
    broken = [outcome for outcome in outcomes if outcome.broken]
    for outcome in broken[: options.show]:
        print(report(outcome))
    seconds_taken = time.monotonic() - began
    print(f"\n{len(outcomes)} faults, {len(broken)} broken promises, {seconds_taken:.0f} s")
    return 1 if broken else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m strace", description=__doc__)
    parser.add_argument("commands", nargs="*", choices=[*COMMANDS, []], help=f"default: {USUAL}")
    parser.add_argument("--all", action="store_true", help="every fault at every call; hours")
    parser.add_argument("--budget", type=int, default=BUDGET, help="faults for each command")
    parser.add_argument("--calls", help="only faults of this system call")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="at the same time")
    parser.add_argument("--show", type=int, default=50, help="broken promises to print")
    return parser.parse_args()


def run(
    commands: Sequence[str],
    budget: int | None,
    jobs: int,
    place: Path,
    only: str | None = None,
) -> list[Outcome]:
    """Run all faults of all *commands* in *jobs* processes; return what came of them, in order."""
    context = multiprocessing.get_context("fork")
    with ProcessPoolExecutor(jobs, context, _begin, (place,)) as pool:
        found = [
            [fault for fault in faults if only in (None, fault.calls)]
            for faults in pool.map(_plan, commands, [budget] * len(commands))
        ]
        names = [name for name, faults in zip(commands, found, strict=True) for _ in faults]
        numbers = [number for faults in found for number in range(len(faults))]
        everything = [fault for faults in found for fault in faults]
        return list(pool.map(_try_out, names, numbers, everything, chunksize=4))


def _begin(place: Path) -> None:
    global _place  # noqa: PLW0603 - of this process of the pool
    _place = place / str(os.getpid())
    warnings.simplefilter("ignore")


def _stage(name: str) -> Stage:
    if name not in _stages:
        place = _place / str(len(_stages))
        place.mkdir(parents=True)
        _stages[name] = Stage(name, place)
    return _stages[name]


def _plan(name: str, budget: int | None) -> list[Fault]:
    """Return the faults of a command."""
    stage = _stage(name)
    regions = Regions.of(stage.calls, str(stage.place))
    pairs: list[Fault] = []
    begins = firsts(regions)
    for first in begins if budget is None else spread(begins, budget // 20):
        later = seconds(stage.with_fault(first, SECOND), first)
        pairs += second_faults(first, later)
    if budget is None:
        return [*single_faults(regions, None), *pairs]
    return [*single_faults(regions, budget), *spread(pairs, budget // _PAIRS)]


def _try_out(name: str, number: int, fault: Fault) -> Outcome:
    return _stage(name).try_out(number, fault)


def table(outcomes: Iterable[Outcome]) -> str:
    """Return how many faults at each system call had which result."""
    counts: dict[str, Counter[str]] = {}
    for outcome in outcomes:
        row = counts.setdefault(outcome.fault.calls, Counter())
        row[outcome.result] += 1
        row["broken"] += outcome.broken is not None
        row["faults"] += 1
    total: Counter[str] = sum(counts.values(), Counter())
    results = sorted({*total} - {"faults", "broken", "done"})
    columns = ["faults", "done", *results, "broken"]
    lines = [f"{'call':<20}" + "".join(f"{column:>9}" for column in columns)]
    for name, row in [*sorted(counts.items()), ("all", total)]:
        lines.append(f"{name:<20}" + "".join(f"{row[column] or '-':>9}" for column in columns))
    return "\n".join(lines)


def report(outcome: Outcome) -> str:
    """Return what to know of a broken promise."""
    return (
        f"\nBROKEN [{outcome.command}] {outcome.broken}\n  {outcome.fault.kind} at "
        f"{outcome.fault.about}\n  {outcome.line}\n  -> {outcome.result}: {outcome.shown[-400:]}"
    )


if __name__ == "__main__":
    sys.exit(main())
