"""
The formats alone, in memory: what loading, reloading and editing a large realm costs.

There are two references. One is the shortest Python with the same result for a clean file; it
checks nothing. The other is ``libpass``, which reads ``users`` as a file of Apache. The ratio is
the price of treating every line as a node does.
"""

from __future__ import annotations

import os
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from esfilerealm.formats import edit_users, parse_users, parse_users_roles

from . import naive
from .growth import Case, Curve, rows_of, times_of
from .libpass import Htpasswd, NotMeasuredError
from .measure import Options, Row, Sides, compare, repeated, spaced, timed
from .realms import HASH, malformed_users_content, users_content, users_roles_content

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_EDITED = 100_000
_LIBPASS = "libpass HtpasswdFile.from_string"
_LIBPASS_AIM, _LARGE = 0.5, 100_000
_LIBPASS_ROUNDS = {10: 20, 1_000: 20, 100_000: 5, 1_000_000: 3}


def rows(options: Options) -> Iterator[Row]:
    """Measure parsing both files, and edits of one, some and all users."""
    yield from rows_of(options, _PARSE_USERS)
    yield _dictionary_growth(options)
    yield from _against_libpass(options)
    yield _malformed(options)
    yield from rows_of(options, _PARSE_USERS_ROLES)
    yield _two_roles_each(options)
    yield from rows_of(options, _EDIT_ONE)
    rounds = options.rounds(20)
    yield _edit("1 %", {f"user-{i:07}": HASH for i in range(0, _EDITED, 100)}, rounds)
    yield _edit("all", {f"user-{i:07}": HASH for i in range(_EDITED)}, rounds)


@contextmanager
def _users(count: int) -> Iterator[bytes]:
    yield users_content(count)


@contextmanager
def _users_roles(count: int) -> Iterator[bytes]:
    yield users_roles_content(count)


_PARSE_USERS = Curve(
    name="parse_users",
    prepared=_users,
    case=Case(parse_users, "splitlines and partition", naive.split_users),
    aims={100_000: 2, 1_000_000: 2},
)
_PARSE_USERS_ROLES = Curve(
    name="parse_users_roles",
    unit="pairs",
    prepared=_users_roles,
    case=Case(parse_users_roles, "split into pairs", naive.pairs),
    aims={100_000: 3, 1_000_000: 3},
)


def _against_libpass(options: Options) -> Iterator[Row]:
    """Measure the same parse, in turns, against a process in another environment."""
    try:
        with Htpasswd(options) as htpasswd:
            for size in options.sizes:
                aim = _LIBPASS_AIM if size >= _LARGE else None
                row = _against(options, htpasswd, _PARSE_USERS.name, parse_users, size, aim)
                yield replace(row, curve=_PARSE_USERS.name, size=size)
            least, size = naive.split_users_at_once, options.sizes[-1]
            yield _against(options, htpasswd, "least that makes the dictionary", least, size)
    except NotMeasuredError as error:
        yield Row(name=_PARSE_USERS.name, reference=_LIBPASS, note=f"not measured: {error}")


def _against(
    options: Options,
    htpasswd: Htpasswd,
    name: str,
    parse: Callable[[bytes], object],
    size: int,
    aim: float | None = None,
) -> Row:
    data, times = users_content(size), times_of(size)
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        path = os.path.join(folder, "users")
        with open(path, "wb") as file:
            file.write(data)
        sides = Sides(
            f"{name}, {spaced(size)} users",
            repeated(lambda: parse(data), times),
            _LIBPASS,
            lambda: htpasswd.parse(path, times),
        )
        return compare(sides, rounds=options.rounds(_LIBPASS_ROUNDS[size]), aim=aim)


def _dictionary_growth(options: Options) -> Row:
    """Measure how a dictionary alone grows with ten times as many names."""
    large = options.sizes[-1]
    names = list(parse_users(users_content(large)).users)
    fewer = names[: large // 10]
    sides = Sides(
        f"dictionary of names, growth to {spaced(large)}",
        timed(lambda: dict.fromkeys(names)),
        f"the same, {spaced(len(fewer))} users",
        timed(lambda: dict.fromkeys(fewer)),
    )
    return compare(sides, rounds=options.rounds(8))


def _malformed(options: Options) -> Row:
    """Measure what lines cost that a node skips and that are reported."""
    size = options.sizes[-1]
    clean, malformed = users_content(size), malformed_users_content(size)
    sides = Sides(
        f"parse_users, {spaced(size)} users, 10 % malformed",
        timed(lambda: parse_users(malformed)),
        "parse_users, none malformed",
        timed(lambda: parse_users(clean)),
    )
    return compare(sides, rounds=options.rounds(8), aim=2)


def _two_roles_each(options: Options) -> Row:
    """Measure as many pairs with fewer users, few of whom have the same roles."""
    size = options.sizes[-1]
    data = users_roles_content(size // 2, each=2, drawn=True)
    sides = Sides(
        f"parse_users_roles, {spaced(size)} pairs, two drawn roles each",
        timed(lambda: parse_users_roles(data)),
        "split into pairs",
        timed(lambda: naive.pairs(data)),
    )
    return compare(sides, rounds=options.rounds(8), aim=3)


@dataclass(frozen=True, slots=True)
class _Change:
    """A file, and one user's line before and after the edit."""

    data: bytes
    name: str
    old: bytes
    new: bytes


@contextmanager
def _one_change(count: int) -> Iterator[_Change]:
    data, name = users_content(count), f"user-{count // 2:07}"
    start = data.index(name.encode())
    old = data[start : data.index(b"\n", start)]
    yield _Change(data, name, old, f"{name}:{HASH}".encode())


#: One change is limited by the speed of memory: it is a search and a copy.
_EDIT_ONE = Curve(
    name="edit_users, one",
    prepared=_one_change,
    case=Case(
        lambda change: edit_users(change.data, {change.name: HASH}),
        "bytes.replace of the line",
        lambda change: change.data.replace(change.old, change.new),
    ),
)


def _edit(share: str, changes: dict[str, str | None], rounds: int) -> Row:
    """Measure many changes in one pass, against a pass that only looks names up."""
    data = users_content(_EDITED)

    sides = Sides(
        f"edit_users, {share} of {spaced(_EDITED)}",
        timed(lambda: edit_users(data, changes)),
        "splitlines, look up, join",
        timed(lambda: naive.edited(data, changes)),
    )
    return compare(sides, rounds=rounds)
