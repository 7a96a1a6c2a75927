"""
Following the files: how long it takes until a change is known, and what waiting costs.

The change is awaited in this process, and in a process of the command, until its line has arrived.
The clock starts right before the call that makes the change visible.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from queue import SimpleQueue
from threading import Thread
from typing import TYPE_CHECKING, TypeAlias

import esfilerealm
from esfilerealm import FileRealm

from .measure import Options, Row, percentile
from .realms import HASH, make_realm, sized_realm

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator
    from contextlib import AbstractContextManager

    #: Receives the time of each reload and the users it added.
    Seen: TypeAlias = SimpleQueue[tuple[float, Collection[str]]]
    #: Writes the content of a file; returns the moment right before it became visible.
    Change: TypeAlias = Callable[[str, bytes], float]

_USERS = 1_000
_SEED = 20240607

#: Seconds between two changes: random, so that they do not align with the watcher.
_REST = (0.1, 0.2)
#: Seconds after which a change counts as lost.
_PATIENCE = 30.0

_EVENTS_AIM = 0.2
_INTERVAL = 5.0
#: Seconds that the check itself may take.
_PASS = 0.1
_IDLE_AIM = 0.1
_IDLE_SECONDS, _QUICK_IDLE_SECONDS = 60.0, 8.0


def rows(options: Options) -> Iterator[Row]:
    """Measure with events, then by polling, and meanwhile a process that has nothing to do."""
    samples = options.rounds(50)
    for name, watched in (("realm", _realm), ("process of watch", _process)):
        for what, change in (("renamed", _rename), ("rewritten", _rewrite)):
            latencies = _latencies(options, watched, change, samples)
            yield _with_events(f"change to be known, file {what}, {name}", latencies)
    seconds = _QUICK_IDLE_SECONDS if options.quick else _IDLE_SECONDS
    context = multiprocessing.get_context("spawn")
    with (
        tempfile.TemporaryDirectory(dir=options.folder) as folder,
        ProcessPoolExecutor(1, context) as executor,
    ):
        make_realm(folder, sized_realm(_USERS))
        idle = executor.submit(_idle, folder, seconds)
        yield _by_polling(_latencies(options, _polling, _rename, 1 if options.quick else 5))
        yield _idle_row(idle.result(), seconds)


def _with_events(name: str, latencies: list[float]) -> Row:
    median = statistics.median(latencies)
    return Row(
        name=name,
        median=median * 1000,
        p95=percentile(latencies, 95) * 1000,
        aim=f"< {_EVENTS_AIM * 1000:g} ms",
        met=median < _EVENTS_AIM,
        note=f"longest {max(latencies) * 1000:.0f} ms of {len(latencies)}",
    )


def _by_polling(latencies: list[float]) -> Row:
    return Row(
        name="change to be known, file renamed, realm without events",
        median=statistics.median(latencies) * 1000,
        aim=f"≤ {(_INTERVAL + _PASS) * 1000:g} ms",
        met=max(latencies) <= _INTERVAL + _PASS,
        note=f"soon after a pass; longest {max(latencies) * 1000:.0f} ms of {len(latencies)}",
    )


def _idle_row(cpu: float, seconds: float) -> Row:
    percent = cpu / seconds * 100
    return Row(
        name="open realm, nothing happens: processor time",
        median=percent,
        unit="%",
        reference=f"of {seconds:g} s",
        aim=f"< {_IDLE_AIM:g} %",
        met=percent < _IDLE_AIM,
        note=f"{cpu * 1000:.1f} ms of all threads",
    )


def _latencies(
    options: Options,
    watched: Callable[[str, Seen], AbstractContextManager[None]],
    change: Change,
    samples: int,
) -> list[float]:
    """Make changes one by one, each after the previous one was seen; return the seconds of each."""
    rng = random.Random(_SEED)
    seen: Seen = SimpleQueue()
    users, users_roles = sized_realm(_USERS)
    latencies = []
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        make_realm(folder, (users, users_roles))
        with watched(folder, seen):
            for i in range(samples):
                time.sleep(rng.uniform(*_REST))
                start = change(os.path.join(folder, "users"), users + f"new-{i}:{HASH}\n".encode())
                latencies.append(_moment(seen, f"new-{i}") - start)
    return latencies


def _moment(seen: Seen, name: str) -> float:
    """Wait for the reload that adds the user *name*: a file may be read half-written."""
    while True:
        moment, added = seen.get(timeout=_PATIENCE)
        if name in added:
            return moment


def _rename(path: str, data: bytes) -> float:
    """Replace the file by another one, as ``elasticsearch-users`` does."""
    with open(path + ".new", "wb") as file:
        file.write(data)
    start = time.perf_counter()
    os.replace(path + ".new", path)
    return start


def _rewrite(path: str, data: bytes) -> float:
    """Write into the file, as an editor may do."""
    start = time.perf_counter()
    with open(path, "wb") as file:
        file.write(data)
    return start


@contextmanager
def _realm(folder: str, seen: Seen, *, watch_events: bool = True) -> Iterator[None]:
    with FileRealm(folder, watch_events=watch_events) as realm:
        realm.on_change(lambda change: seen.put((time.perf_counter(), change.added)))
        yield


def _polling(folder: str, seen: Seen) -> AbstractContextManager[None]:
    return _realm(folder, seen, watch_events=False)


@contextmanager
def _process(folder: str, seen: Seen) -> Iterator[None]:
    checkout = os.path.dirname(os.path.dirname(os.path.abspath(esfilerealm.__file__)))
    words = [sys.executable, "-m", "esfilerealm", "watch", "--json", "-c", folder]
    with subprocess.Popen(words, cwd=checkout, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            process.stdout.readline()  # the event that it started
            Thread(target=_listen, args=(process.stdout, seen), daemon=True).start()
            yield
        finally:
            process.kill()


def _listen(lines: Iterator[bytes], seen: Seen) -> None:
    for line in lines:
        moment = time.perf_counter()
        seen.put((moment, json.loads(line).get("added", ())))


def _idle(folder: str, seconds: float) -> float:
    """Return the processor seconds of all threads of a process that only has a realm open."""
    with FileRealm(folder):
        start = time.process_time()
        time.sleep(seconds)
        return time.process_time() - start
