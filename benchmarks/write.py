"""
A write through the library, without the cost of a hash: lock, read, check, edit, fsync, rename.

The reference reads both files and durably replaces, with the same bytes, those that the library
replaces: the least that any writer without a journal has to do. The ratio is the price of the
lock, of checking and of editing.

What the journal itself costs is measured against the same write with the journal left out.
"""

from __future__ import annotations

import itertools
import os
import tempfile
from contextlib import contextmanager
from typing import TYPE_CHECKING

from esfilerealm import UsersTool
from esfilerealm._storage import unit

from .measure import Options, Row, Sides, compare, timed
from .realms import HASH, ROLES, make_realm, sized_realm

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Users in the realm, pairs to measure, highest ratio that is fine.
_SIZES = ((10, 40, None), (1_000, 40, None), (100_000, 20, 4.0), (1_000_000, 5, None))
_QUICK_MAX = 100_000
_BATCH = 10_000


def rows(options: Options) -> Iterator[Row]:
    """Measure one ``useradd`` per size, without and with a role, and a large transaction."""
    for count, rounds, aim in _SIZES:
        if options.quick and count > _QUICK_MAX:
            continue
        for roles in ((), ("role-0007",)):
            yield _useradd(options, count, roles, options.rounds(rounds), aim)
    yield _transaction(options)
    yield _journal(options, 1, options.rounds(200), 2.0)
    yield _journal(options, _BATCH, options.rounds(8), 1.2)


def _useradd(
    options: Options, count: int, roles: tuple[str, ...], rounds: int, aim: float | None
) -> Row:
    """Measure ``useradd``; the realm grows by one user a run, for the reference as well."""
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        make_realm(folder, sized_realm(count))
        tool = UsersTool(folder)
        numbers = itertools.count()
        sides = Sides(
            f"useradd{' with a role' if roles else ''}, {_spaced(count)} users",
            timed(lambda: tool.useradd(f"new-{next(numbers)}", password_hash=HASH, roles=roles)),
            f"read both, rewrite {'both' if roles else 'users'}",
            timed(lambda: _rewrite(folder, ["users_roles", "users"] if roles else ["users"])),
        )
        return compare(sides, rounds=rounds, aim=aim)


def _transaction(options: Options) -> Row:
    """Measure a bulk load: one lock, one read and one write of each file for 10 000 users."""
    contents = sized_realm(100_000)
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        tool = UsersTool(folder)

        def add_all() -> None:
            with tool.transaction() as transaction:
                for i in range(_BATCH):
                    role = f"role-{i % ROLES:04}"
                    transaction.useradd(f"new-{i:07}", password_hash=HASH, roles=(role,))

        def restore() -> None:
            make_realm(folder, contents)

        sides = Sides(
            f"transaction of {_spaced(_BATCH)} useradds, 100 000 users",
            timed(add_all, restore),
            "read both, rewrite both",
            timed(lambda: _rewrite(folder, ["users_roles", "users"]), restore),
        )
        return compare(sides, rounds=options.rounds(8))


def _journal(options: Options, count: int, rounds: int, aim: float) -> Row:
    """Measure *count* users with a role, which changes both files, against the same unprotected."""
    contents = sized_realm(1_000)
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
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

        what = "one useradd" if count == 1 else f"a batch of {_spaced(count)} users"
        sides = Sides(
            f"{what} of two files, journaled",
            timed(add, restore),
            "the same without a journal",
            timed(add_without, restore),
        )
        return compare(sides, rounds=rounds, aim=aim)


@contextmanager
def _no_journal() -> Iterator[None]:
    """Let writes do without a record, as if a crash could not come in between."""
    needs_journal = unit._needs_journal  # noqa: SLF001 - nobody else is to turn it off
    unit._needs_journal = lambda _: False  # noqa: SLF001
    try:
        yield
    finally:
        unit._needs_journal = needs_journal  # noqa: SLF001


def _rewrite(folder: str, written: list[str]) -> None:
    """Read both files and replace those *written* durably, by the bytes they hold already."""
    contents = {name: _read(os.path.join(folder, name)) for name in ("users", "users_roles")}
    for name in written:
        _write_synced(os.path.join(folder, name + ".new"), contents[name])
    for name in written:
        os.replace(os.path.join(folder, name + ".new"), os.path.join(folder, name))
        _sync_folder(folder)


def _read(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read()


def _write_synced(path: str, data: bytes) -> None:
    with open(path, "wb", buffering=0) as file:
        rest = memoryview(data)
        while rest:
            rest = rest[file.write(rest) :]
        os.fsync(file.fileno())


def _sync_folder(folder: str) -> None:
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _spaced(count: int) -> str:
    return f"{count:,}".replace(",", " ")
