"""
A write through the library, without the cost of a hash: lock, read, check, edit, fsync, rename.

The reference reads both files and durably replaces the same files as the library, with the same
bytes. That is the least that any writer without a journal must do. The ratio is the price of the
lock, the checks and the edit.

The cost of the journal itself is measured against the same write without the journal.
"""

from __future__ import annotations

import itertools
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from esfilerealm import UsersTool
from esfilerealm._storage import commit as unit

from . import naive
from .growth import Case, Curve, rows_of
from .measure import Options, Row, Sides, compare, spaced, timed
from .realms import HASH, ROLES, make_realm, sized_realm, temporary_realm

if TYPE_CHECKING:
    from collections.abc import Iterator

_BATCH = 10_000
_AIMS = {100_000: 4, 1_000_000: 4}


def rows(options: Options) -> Iterator[Row]:
    """Measure one ``useradd`` per size, without and with a role, and a large transaction."""
    yield from rows_of(options, _useradd(options, ()))
    yield from rows_of(options, _useradd(options, ("role-0007",)))
    yield _transaction(options)
    yield _journal(options, 1, options.rounds(200), 2.0)
    yield _journal(options, _BATCH, options.rounds(8), 1.2)


@dataclass(frozen=True, slots=True)
class _Growing:
    """A realm that grows by one user in each run, also for the reference."""

    folder: str
    tool: UsersTool
    numbers: Iterator[int]


def _useradd(options: Options, roles: tuple[str, ...]) -> Curve[_Growing]:
    @contextmanager
    def prepared(size: int) -> Iterator[_Growing]:
        with temporary_realm(options.folder, sized_realm(size)) as folder:
            yield _Growing(folder, UsersTool(folder), itertools.count())

    written = ("users_roles", "users") if roles else ("users",)
    return Curve(
        name=f"useradd{' with a role' if roles else ''}",
        prepared=prepared,
        case=Case(
            lambda realm: realm.tool.useradd(
                f"new-{next(realm.numbers)}", password_hash=HASH, roles=roles
            ),
            f"read both, rewrite {'both' if roles else 'users'}",
            lambda realm: naive.read_and_rewrite(realm.folder, written),
        ),
        aims=_AIMS,
        repeats=False,
        is_drawn=not roles,
    )


def _transaction(options: Options) -> Row:
    """Measure a bulk load: one lock, one read and one write of each file for 10 000 users."""
    contents = sized_realm(100_000)
    with temporary_realm(options.folder, contents) as folder:
        tool = UsersTool(folder)

        def add_all() -> None:
            with tool.transaction() as transaction:
                for i in range(_BATCH):
                    role = f"role-{i % ROLES:04}"
                    transaction.useradd(f"new-{i:07}", password_hash=HASH, roles=(role,))

        def restore() -> None:
            make_realm(folder, contents)

        sides = Sides(
            f"transaction of {spaced(_BATCH)} useradds, 100 000 users",
            timed(add_all, restore),
            "read both, rewrite both",
            timed(lambda: naive.read_and_rewrite(folder, ("users_roles", "users")), restore),
        )
        return compare(sides, rounds=options.rounds(8))


def _journal(options: Options, count: int, rounds: int, aim: float) -> Row:
    """
    Measure *count* users with a role, which change both files, against the same without a
    journal.
    """
    contents = sized_realm(1_000)
    with temporary_realm(options.folder, contents) as folder:
        tool = UsersTool(folder)

        def add() -> None:
            with tool.transaction() as transaction:
                for i in range(count):
                    transaction.useradd(f"new-{i:07}", password_hash=HASH, roles=("role-0007",))

        def restore() -> None:
            make_realm(folder, contents)

        def add_without() -> None:
            with _no_journal():
                add()

        what = "one useradd" if count == 1 else f"a batch of {spaced(count)} users"
        sides = Sides(
            f"{what} of two files, journaled",
            timed(add, restore),
            "the same without a journal",
            timed(add_without, restore),
        )
        return compare(sides, rounds=rounds, aim=aim)


@contextmanager
def _no_journal() -> Iterator[None]:
    """Make writes go without a journal, as if no crash could happen in between."""
    needs_journal = unit.needs_journal  # for this measurement only
    unit.needs_journal = lambda _: False
    try:
        yield
    finally:
        unit.needs_journal = needs_journal
