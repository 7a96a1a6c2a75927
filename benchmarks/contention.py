"""
Many processes that write to one realm: what the lock costs, and that no update is lost.

Half of the edits add a user with a role that all of them share, so that all writers change the same
line of ``users_roles``. The other half give that user a second role.
"""

from __future__ import annotations

import multiprocessing
import statistics
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from esfilerealm import UsersTool

from .measure import Options, Row, percentile
from .realms import HASH, make_realm, sized_realm

if TYPE_CHECKING:
    from collections.abc import Iterator
    from threading import Barrier

_WRITERS = 8
_EDITS = 50
_USERS = 1_000
_LOCK_TIMEOUT = 120.0
_SHARED, _SECOND = "shared", "second"


@dataclass(frozen=True, slots=True)
class _Work:
    """What one process did: its first and last moment, and the seconds of each edit."""

    start: float
    end: float
    latencies: list[float]


@dataclass(frozen=True, slots=True)
class _Run:
    """One realm and the figures of all writes to it."""

    per_write: float
    latencies: list[float]
    lost: int


def rows(options: Options) -> Iterator[Row]:
    """Measure eight writers against one that makes as many edits."""
    _run(options, 1, 2)
    pairs = [_pair(options, reference_first=bool(i % 2)) for i in range(1 if options.quick else 5)]
    many, one = zip(*pairs, strict=True)
    edits = _WRITERS * _EDITS
    yield Row(
        name=f"{_WRITERS} processes, {_EDITS} edits each: per write",
        median=statistics.median(run.per_write for run in many) * 1000,
        p95=percentile([run.per_write for run in many], 95) * 1000,
        reference=f"{edits} edits by one process",
        reference_median=statistics.median(run.per_write for run in one) * 1000,
        ratio=statistics.median(m.per_write / o.per_write for m, o in pairs),
        note="wall time / edits",
    )
    waits = [latency for run in many for latency in run.latencies]
    alone = [latency for run in one for latency in run.latencies]
    yield Row(
        name=f"{_WRITERS} processes, {_EDITS} edits each: wait of a caller",
        median=statistics.median(waits) * 1000,
        p95=percentile(waits, 95) * 1000,
        reference="an edit by one process",
        reference_median=statistics.median(alone) * 1000,
        ratio=statistics.median(waits) / statistics.median(alone),
        note=f"longest {max(waits):.2f} s; fair would be a ratio of {_WRITERS}",
    )
    lost = sum(run.lost for run in many)
    yield Row(
        name=f"{_WRITERS} processes, {_EDITS} edits each: lost updates",
        median=lost,
        unit="edits",
        reference=f"of {edits * len(many)} edits",
        aim="= 0",
        met=lost == 0,
    )


def _pair(options: Options, *, reference_first: bool) -> tuple[_Run, _Run]:
    edits = _WRITERS * _EDITS
    if reference_first:
        one = _run(options, 1, edits)
        return _run(options, _WRITERS, _EDITS), one
    return _run(options, _WRITERS, _EDITS), _run(options, 1, edits)


def _run(options: Options, writers: int, edits: int) -> _Run:
    context = multiprocessing.get_context("spawn")
    with (
        tempfile.TemporaryDirectory(dir=options.folder) as folder,
        context.Manager() as manager,
        ProcessPoolExecutor(writers, context) as executor,
    ):
        make_realm(folder, sized_realm(_USERS))
        barrier = manager.Barrier(writers, timeout=60)
        futures = [executor.submit(_write, folder, i, edits, barrier) for i in range(writers)]
        works = [future.result() for future in futures]
        # `monotonic` counts from the same moment in all processes.
        seconds = max(work.end for work in works) - min(work.start for work in works)
        latencies = [latency for work in works for latency in work.latencies]
        return _Run(seconds / len(latencies), latencies, _lost(folder, writers, edits))


def _write(folder: str, writer: int, edits: int, barrier: Barrier) -> _Work:
    """Make *edits* edits as soon as all writers are ready, that is, have written once."""
    tool = UsersTool(folder, lock_timeout=_LOCK_TIMEOUT)
    tool.useradd(f"warm-{writer}", password_hash=HASH)
    barrier.wait()
    moments = [time.monotonic()]
    for i in range(edits):
        name = _name(writer, i // 2)
        if i % 2:
            tool.roles(name, add=(_SECOND,))
        else:
            tool.useradd(name, password_hash=HASH, roles=(_SHARED,))
        moments.append(time.monotonic())
    latencies = [later - earlier for earlier, later in pairwise(moments)]
    return _Work(moments[0], moments[-1], latencies)


def _name(writer: int, number: int) -> str:
    return f"writer-{writer}-{number:04}"


def _lost(folder: str, writers: int, edits: int) -> int:
    """Count the edits whose effect is not in the files."""
    users = UsersTool(folder).list_users()
    lost = 0
    for writer in range(writers):
        for i in range(edits):
            roles = users.get(_name(writer, i // 2), ())
            lost += (_SECOND if i % 2 else _SHARED) not in roles
    return lost
