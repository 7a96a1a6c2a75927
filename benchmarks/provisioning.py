"""
Desired state: what many hashes cost on all cores, and what it costs to find no difference.

The first is a whole ``apply`` with its write, against hashing the same passwords one after another.
The second is compared with reading and parsing both files, which every plan must do. The others are
twenty nodes against one of them, where hashes cost far more than files.
"""

from __future__ import annotations

import os
import shutil
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from esfilerealm.formats import parse_users, parse_users_roles
from esfilerealm.hashing import resolve
from esfilerealm.provisioning import DesiredState, apply, apply_all, plan, plan_all

from .growth import Case, Curve, rows_of
from .measure import Options, Row, Sides, compare, spaced, timed
from .realms import make_realm, sized_realm, temporary_realm

if TYPE_CHECKING:
    from collections.abc import Iterator

_NEW_USERS, _QUICK_NEW_USERS = 1_000, 200
_ALGORITHM = "bcrypt6"
_NODES, _USERS = 20, 10


def rows(options: Options) -> Iterator[Row]:
    """Measure all."""
    yield _hashing(options)
    yield from _many_nodes(options)
    yield from rows_of(options, _nothing_to_do(options))


def _hashing(options: Options) -> Row:
    count = _QUICK_NEW_USERS if options.quick else _NEW_USERS
    passwords = [f"password-{i}" for i in range(count)]
    users = [{"name": f"new-{i}", "password": text} for i, text in enumerate(passwords)]
    desired = DesiredState.from_dict({"users": users, "hash_policy": {"algorithm": _ALGORITHM}})
    hasher = resolve(_ALGORITHM)
    with temporary_realm(options.folder, (b"", b"")) as folder:
        sides = Sides(
            f"apply {spaced(count)} new users, bcrypt 6",
            timed(lambda: apply(plan(folder, desired)), lambda: make_realm(folder, (b"", b""))),
            "hash one after another",
            timed(lambda: [hasher.hash(password) for password in passwords]),
        )
        # Starting the processes takes as long as hashing in a quick run.
        return compare(sides, rounds=options.rounds(5), aim=None if options.quick else 0.6)


def _many_nodes(options: Options) -> Iterator[Row]:
    """Measure twenty nodes, ten users with passwords: the first run, and one without a change."""
    users = [{"name": f"user-{i}", "password": f"password-{i}"} for i in range(_USERS)]
    desired = DesiredState.from_dict({"users": users})
    with temporary_realm(options.folder, (b"", b"")) as folder:
        nodes = [os.path.join(folder, f"node{i}") for i in range(_NODES)]

        def emptied() -> None:
            for node in nodes:
                shutil.rmtree(node, ignore_errors=True)
                os.mkdir(node)
                make_realm(node, (b"", b""))

        def applied(some: list[str]) -> None:
            apply_all(plan_all(some, desired))

        first = Sides(
            f"apply_all to {_NODES} new nodes, {_USERS} users",
            timed(lambda: applied(nodes), emptied),
            "1 new node",
            timed(lambda: applied(nodes[:1]), emptied),
        )
        yield compare(first, rounds=options.rounds(10), aim=2)
        emptied()
        applied(nodes)
        again = Sides(
            f"apply_all to {_NODES} nodes, {_USERS} users, nothing to do",
            timed(lambda: applied(nodes)),
            "1 node",
            timed(lambda: applied(nodes[:1])),
        )
        yield compare(again, rounds=options.rounds(10), aim=1.5)


@dataclass(frozen=True, slots=True)
class _Stored:
    """A realm, and the desired state that describes it as it is."""

    folder: str
    desired: DesiredState


def _nothing_to_do(options: Options) -> Curve[_Stored]:
    @contextmanager
    def prepared(size: int) -> Iterator[_Stored]:
        contents = sized_realm(size)
        with temporary_realm(options.folder, contents) as folder:
            yield _Stored(folder, _as_stored(*contents))

    return Curve(
        name="plan, nothing to do",
        prepared=prepared,
        case=Case(
            lambda stored: plan(stored.folder, stored.desired),
            "read and parse both",
            lambda stored: _parsed(stored.folder),
        ),
        aims={100_000: 3},
    )


def _as_stored(users: bytes, users_roles: bytes) -> DesiredState:
    """Return a desired state that is met already."""
    roles = parse_users_roles(users_roles).roles_by_user
    wanted = [
        {"name": name, "password_hash": text, "roles": list(roles.get(name, ()))}
        for name, text in parse_users(users).users.items()
    ]
    return DesiredState.from_dict({"users": wanted})


def _parsed(folder: str) -> None:
    for name, parse in (("users", parse_users), ("users_roles", parse_users_roles)):
        with open(os.path.join(folder, name), "rb") as file:
            parse(file.read())
