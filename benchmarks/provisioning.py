"""
Desired state: what many hashes cost on all cores, and what it costs to find that nothing differs.

The first is measured as a whole ``apply``, with its write, against hashing the same passwords one
after another; the second against reading and parsing both files, which no plan can do without.
"""

from __future__ import annotations

import os
import tempfile
from typing import TYPE_CHECKING

from esfilerealm.formats import parse_users, parse_users_roles
from esfilerealm.hashing import resolve
from esfilerealm.provisioning import DesiredState, apply, plan

from .measure import Options, Row, Sides, compare, timed
from .realms import make_realm, sized_realm

if TYPE_CHECKING:
    from collections.abc import Iterator

_NEW_USERS = 1_000
_ALGORITHM = "bcrypt6"
_STORED_USERS = 100_000


def rows(options: Options) -> Iterator[Row]:
    """Measure both."""
    yield _hashing(options)
    yield _nothing_to_do(options)


def _hashing(options: Options) -> Row:
    passwords = [f"password-{i}" for i in range(_NEW_USERS)]
    users = [{"name": f"new-{i}", "password": text} for i, text in enumerate(passwords)]
    desired = DesiredState.from_dict({"users": users, "hash_policy": {"algorithm": _ALGORITHM}})
    hasher = resolve(_ALGORITHM)
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        sides = Sides(
            f"apply {_NEW_USERS} new users, bcrypt 6",
            timed(lambda: apply(plan(folder, desired)), lambda: make_realm(folder, (b"", b""))),
            "hash one after another",
            timed(lambda: [hasher.hash(password) for password in passwords]),
        )
        return compare(sides, rounds=options.rounds(5), aim=0.6)


def _nothing_to_do(options: Options) -> Row:
    contents = sized_realm(_STORED_USERS)
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        make_realm(folder, contents)
        desired = _as_stored(*contents)
        sides = Sides(
            f"plan with nothing to do, {_STORED_USERS} users",
            timed(lambda: plan(folder, desired)),
            "read and parse both",
            timed(lambda: _parsed(folder)),
        )
        return compare(sides, rounds=options.rounds(12), aim=3.0)


def _as_stored(users: bytes, users_roles: bytes) -> DesiredState:
    """Want what is there."""
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
