"""
Reloads of a large realm: what one takes, and how it delays logins.

The reference of a reload reads, decodes and splits the same bytes and checks nothing. The reference
of the logins is the same threads while nothing is written, because Python threads wait for each
other anyway.
"""

from __future__ import annotations

import itertools
import multiprocessing
import threading
import time
from bisect import bisect_left
from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING

import bcrypt

from esfilerealm import FileRealm, UsersTool

from . import naive
from .growth import Case, Curve, rows_of
from .measure import Options, Row, Sides, compare, timed, together
from .realms import (
    HASH,
    PASSWORD,
    settled_realm,
    sized_realm,
    temporary_realm,
    update_realm,
    with_logins,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from multiprocessing.synchronize import Event

    from esfilerealm.realms.file.snapshot import RealmChange

_USERS, _QUICK_USERS = 100_000, 20_000
_THREADS = 8
_NAMES = [f"login-{i}" for i in range(_THREADS)]

#: Seconds for which the threads log in, with reloads and without.
_SECONDS, _QUICK_SECONDS = 10.0, 2.0
#: Seconds for which a thread rests between two logins.
_REST = 0.005
_PATIENCE = 30.0

_TICKS = 10_000_000  # a second
_P99_AIM = 0.05 * _TICKS


def rows(options: Options) -> Iterator[Row]:
    """Measure loading alone, then logins beside it."""
    yield from rows_of(options, _load(options))
    yield _reload(options)
    for rest in (_REST, 0.0):
        yield _logins(options, rest)
    yield from _verified(options)


def _load(options: Options) -> Curve[str]:
    return Curve(
        name="load a realm, ready to log in",
        prepared=lambda size: settled_realm(options.folder, sized_realm(size)),
        case=Case(
            lambda folder: FileRealm(folder).lookup_user("user-0000000"),
            "read, decode, split both",
            naive.read_and_split,
        ),
    )


def _reload(options: Options) -> Row:
    """Measure the work of a reload, without the time for which files must not change."""
    users, users_roles = sized_realm(_USERS)
    states = itertools.cycle([f"{name}:{HASH}\n".encode() for name in ("one", "other")])
    with settled_realm(options.folder, (users, users_roles)) as folder:
        realm = FileRealm(folder)
        realm.reload()

        def change() -> None:
            update_realm(folder, (users + next(states), users_roles))

        sides = Sides(
            "reload, 1 of 100 000 users changed",
            timed(realm.reload, change),
            "read, decode, split both",
            timed(lambda: naive.read_and_split(folder), change),
        )
        return compare(sides, rounds=options.rounds(12))


def _verified(options: Options) -> Iterator[Row]:
    """Measure logins that need bcrypt, against bcrypt alone, both while a realm is reloaded."""
    count = _QUICK_USERS if options.quick else _USERS
    numbers = itertools.count()
    contents = with_logins(sized_realm(count), _NAMES)
    with (
        temporary_realm(options.folder, contents) as folder,
        FileRealm(folder) as realm,
        _reloads(realm),
    ):
        for what, log_in, prepare in (
            ("not cached", lambda: realm.authenticate(_NAMES[0], PASSWORD), realm.expire_all),
            ("wrong password", lambda: realm.authenticate(_NAMES[0], "wrong"), None),
            (
                "unknown name",
                lambda: realm.authenticate(f"unknown-{next(numbers)}", PASSWORD),
                None,
            ),
        ):
            sides = Sides(
                f"login, {what}, reloads",
                timed(log_in, prepare),
                "bcrypt.checkpw, reloads",
                timed(lambda: bcrypt.checkpw(PASSWORD.encode(), HASH.encode())),
            )
            yield compare(sides, rounds=options.rounds(20))


def _logins(options: Options, rest: float) -> Row:
    """
    Measure logins in threads that rest after each of them, or never.

    If a thread does nothing but log in, one login in thousands waits for the interpreter. A
    thread that rests, as the threads of a server do, waits each time.
    """
    count = _QUICK_USERS if options.quick else _USERS
    seconds = _QUICK_SECONDS if options.quick else _SECONDS
    contents = with_logins(sized_realm(count), _NAMES)
    with temporary_realm(options.folder, contents) as folder, FileRealm(folder) as realm:
        for name in _NAMES:
            realm.authenticate(name, PASSWORD)
        quiet = _ticks(realm, seconds, rest)
        with _reloads(realm) as reloads:
            ticks = _ticks(realm, seconds, rest)
            loaded = len(reloads)
    p99 = _percentile(ticks, 99)
    return Row(
        name=f"login, cached, {_THREADS} threads {'resting' if rest else 'flat out'}, reloads",
        median=_percentile(ticks, 50) / _TICKS * 1e6,
        p95=_percentile(ticks, 95) / _TICKS * 1e6,
        unit="µs",
        reference=f"no reloads, {count // 1000} 000 users",
        reference_median=_percentile(quiet, 50) / _TICKS * 1e6,
        ratio=_percentile(ticks, 50) / _percentile(quiet, 50),
        aim="p99 ≤ 50 ms",
        met=p99 <= _P99_AIM if loaded else None,  # without reloads there is no aim
        note=f"{_tail(ticks)}, {loaded} reloads; without reloads {_tail(quiet)}",
    )


def _tail(ticks: Counter[int]) -> str:
    p99, longest = _percentile(ticks, 99) / _TICKS, max(ticks) / _TICKS
    return f"p99 {p99 * 1000:.3g} ms, longest {longest * 1000:.3g} ms of {ticks.total()}"


def _ticks(realm: FileRealm, seconds: float, rest: float) -> Counter[int]:
    """Count the logins of all threads by how long they took."""
    counts = together(_THREADS, lambda number: _log_in(realm, _NAMES[number], seconds, rest))
    return sum(counts, Counter())


def _log_in(realm: FileRealm, name: str, seconds: float, rest: float) -> Counter[int]:
    """
    Log in for some *seconds*; time each login from the moment when it was due.

    So the wait of a thread for its turn counts wherever it happens. Values are counted rather
    than kept, because there are millions.
    """
    counts: Counter[int] = Counter()
    now = time.perf_counter()
    end = now + seconds
    while now < end:
        due = now + rest
        if rest:
            time.sleep(rest)
        if not realm.authenticate(name, PASSWORD):
            raise RuntimeError("a login failed")
        now = time.perf_counter()
        counts[int((now - due) * _TICKS)] += 1
    return counts


def _percentile(counts: Counter[int], percent: int) -> int:
    """Return the smallest value that *percent* of a hundred do not exceed."""
    values = sorted(counts)
    ranks = list(itertools.accumulate(counts[value] for value in values))
    return values[bisect_left(ranks, percent * ranks[-1] / 100)]


@contextmanager
def _reloads(realm: FileRealm) -> Iterator[list[int]]:
    """Let another process write to the files of *realm*, and yield each new generation."""
    context = multiprocessing.get_context("spawn")
    stop, known = context.Event(), context.Event()
    writer = context.Process(target=_write, args=(realm.config_dir, stop, known), daemon=True)
    generations: list[int] = []
    first = threading.Event()

    def note(change: RealmChange) -> None:
        generations.append(change.generation)
        first.set()
        known.set()

    realm.on_change(note)
    writer.start()
    try:
        if not first.wait(_PATIENCE):
            raise TimeoutError("no reload")
        generations.clear()
        yield generations
    finally:
        stop.set()
        known.set()
        writer.join()


def _write(folder: str, stop: Event, known: Event) -> None:
    """Add one user after the other to both files, each after the previous one is known."""
    tool = UsersTool(folder, lock_timeout=_PATIENCE)
    for i in itertools.count():
        known.clear()
        if stop.is_set():
            return
        tool.useradd(f"new-{i}", password_hash=HASH, roles=("login",))
        known.wait(_PATIENCE)
