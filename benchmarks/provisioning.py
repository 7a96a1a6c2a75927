"""
Desired state: what many hashes cost on all cores, and what it costs to find no difference.

The first is a whole ``apply`` with its write, against hashing the same passwords one after another.
The second is compared with reading and parsing both files, which every plan must do.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from esfilerealm.formats import parse_users, parse_users_roles
from esfilerealm.hashing import resolve
from esfilerealm.provisioning import DesiredState, apply, plan

from .growth import Case, Curve, rows_of
from .measure import Options, Row, Sides, compare, spaced, timed
from .realms import make_realm, sized_realm, temporary_realm

if TYPE_CHECKING:
    from collections.abc import Iterator

_NEW_USERS, _QUICK_NEW_USERS = 1_000, 200
_ALGORITHM = "bcrypt6"


def rows(options: Options) -> Iterator[Row]:
    """Measure both."""
    yield _hashing(options)
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
