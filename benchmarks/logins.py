"""
Logins: a remembered one, one that is not, one that fails, and many at once.

A remembered login should cost no more than one cheap hash, and any other login no more than bcrypt.
Both references do exactly that. They are written where they are measured, so that they pay for no
function call that the figure does not need.
"""

from __future__ import annotations

import dataclasses
import hashlib
import hmac
import itertools
import os
import time
from typing import TYPE_CHECKING

import bcrypt

from esfilerealm import FileRealm, RealmChain
from esfilerealm.realms.chain.reserved import ReservedRealm

from .measure import Options, Row, Sides, compare, timed, together
from .realms import HASH, PASSWORD, sized_realm, temporary_realm, with_logins

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_USERS = 1_000
_THREADS = 8
_NAMES = [f"login-{i}" for i in range(_THREADS)]
_NAME = _NAMES[0]

#: Logins in a row, for one value.
_IN_A_ROW = 10_000
_IN_THREADS = 160_000
_THREADS_AIM = 1.3


def rows(options: Options) -> Iterator[Row]:
    """Measure logins of an open realm, whose watcher has nothing to do."""
    contents = with_logins(sized_realm(_USERS), _NAMES)
    with temporary_realm(options.folder, contents) as folder, FileRealm(folder) as realm:
        yield _cached(realm, options.rounds(100))
        yield _chained(realm, options.rounds(100))
        yield _remembered(realm, options.rounds(20))
        yield _cold(realm, options.rounds(40))
        yield _wrong_or_unknown(realm, options.rounds(200))
        yield _threads(realm, options.rounds(20))
        yield _cold_threads(realm, options.rounds(10))


def _cached(realm: FileRealm, rounds: int) -> Row:
    sides = Sides(
        "login, cached",
        timed(lambda: _log_in(realm), times=_IN_A_ROW),
        "sha256 and compare_digest",
        timed(_compare_digests, times=_IN_A_ROW),
    )
    return compare(sides, rounds=rounds, aim=3, unit="µs")


def _chained(realm: FileRealm, rounds: int) -> Row:
    """Measure what a chain adds, in which another realm is asked first."""
    chain = RealmChain([ReservedRealm("_anonymous"), realm])
    for _ in range(3):
        chain.authenticate(_NAME, PASSWORD)
    sides = Sides(
        "login through a chain, cached",
        timed(lambda: _log_in(chain), times=_IN_A_ROW),
        "login, cached",
        timed(lambda: _log_in(realm), times=_IN_A_ROW),
    )
    return compare(sides, rounds=rounds, aim=1.5, unit="µs")


def _remembered(realm: FileRealm, rounds: int) -> Row:
    """Measure what the cache saves."""
    sides = Sides(
        "login, cached",
        timed(lambda: _log_in(realm), times=_IN_A_ROW),
        "bcrypt.checkpw, cost 10",
        timed(_check),
    )
    return compare(sides, rounds=rounds, aim=0.0001, unit="µs")


def _cold(realm: FileRealm, rounds: int) -> Row:
    sides = Sides(
        "login, not cached, bcrypt cost 10",
        timed(lambda: realm.authenticate(_NAME, PASSWORD), realm.expire_all),
        "bcrypt.checkpw",
        timed(_check),
    )
    return compare(sides, rounds=rounds)


def _wrong_or_unknown(realm: FileRealm, rounds: int) -> Row:
    """Measure whether timing reveals which names exist."""
    numbers = itertools.count()
    sides = Sides(
        "login, wrong password, bcrypt cost 10",
        timed(lambda: realm.authenticate(_NAME, "wrong")),
        "login, unknown name",
        timed(lambda: realm.authenticate(f"unknown-{next(numbers)}", PASSWORD)),
    )
    row = compare(sides, rounds=rounds, least=0.9, aim=1.1)
    apart = abs((row.median or 0) / (row.reference_median or 1) - 1)
    return dataclasses.replace(row, note=f"medians {apart:.1%} apart, {rounds} logins each")


def _threads(realm: FileRealm, rounds: int) -> Row:
    """Measure the same logins by many threads and by one; without a common lock, the ratio is 1."""
    for name in _NAMES:
        realm.authenticate(name, PASSWORD)
    sides = Sides(
        f"login, cached, {_THREADS} threads",
        _in_threads(realm, _THREADS),
        "1 thread",
        _in_threads(realm, 1),
    )
    note = "wall time / logins of all threads"
    return compare(sides, rounds=rounds, aim=_THREADS_AIM, unit="µs", note=note)


def _cold_threads(realm: FileRealm, rounds: int) -> Row:
    """Measure one login by each of many threads that compete for cores, and so does bcrypt."""

    def log_in(number: int) -> None:
        realm.authenticate(_NAMES[number], PASSWORD)

    sides = Sides(
        f"login, not cached, {_THREADS} threads",
        timed(lambda: together(_THREADS, log_in), realm.expire_all, times=_THREADS),
        f"bcrypt.checkpw, {_THREADS} threads",
        timed(lambda: together(_THREADS, lambda _: _check()), times=_THREADS),
    )
    return compare(sides, rounds=rounds, note="wall time / logins of all threads")


def _in_threads(realm: FileRealm, threads: int) -> Callable[[], float]:
    """Make a function that returns the seconds of a login, without the start of the threads."""

    def work(number: int) -> tuple[float, float]:
        name = _NAMES[number]
        start = time.perf_counter()
        for _ in range(_IN_THREADS // threads):
            realm.authenticate(name, PASSWORD)
        return start, time.perf_counter()

    def sample() -> float:
        spans = together(threads, work)
        seconds = max(end for _, end in spans) - min(start for start, _ in spans)
        return seconds / _IN_THREADS

    return sample


def _log_in(realm: FileRealm | RealmChain) -> None:
    name, password = _NAME, PASSWORD
    for _ in range(_IN_A_ROW):
        realm.authenticate(name, password)


def _compare_digests() -> None:
    password, salt = PASSWORD, os.urandom(16)
    digest = hashlib.sha256(password.encode() + salt).digest()
    for _ in range(_IN_A_ROW):
        hmac.compare_digest(hashlib.sha256(password.encode() + salt).digest(), digest)


def _check() -> None:
    bcrypt.checkpw(PASSWORD.encode(), HASH.encode())
