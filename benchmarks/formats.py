"""
The formats alone, in memory: what a load, a reload and an edit of a large realm cost.

The references read the same bytes by the shortest Python that gives the same result for a clean
file. They check nothing; the ratio is the price of deciding every line as a node does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from esfilerealm.formats import edit_users, parse_users, parse_users_roles

from .measure import Options, Row, Sides, compare, timed
from .realms import HASH, users_content, users_roles_content

if TYPE_CHECKING:
    from collections.abc import Iterator

_USERS = 100_000


def rows(options: Options) -> Iterator[Row]:
    """Measure parsing both files, and edits of few and of many users."""
    users = users_content(_USERS)
    rounds = options.rounds(20)
    sides = Sides(
        "parse_users, 100 000 users",
        timed(lambda: parse_users(users)),
        "splitlines and partition",
        timed(lambda: naive_users(users)),
    )
    yield compare(sides, rounds=rounds, aim=2)
    roles = users_roles_content(_USERS)
    sides = Sides(
        "parse_users_roles, 1000 roles, 100 000 pairs",
        timed(lambda: parse_users_roles(roles)),
        "split into pairs",
        timed(lambda: naive_pairs(roles)),
    )
    yield compare(sides, rounds=rounds, aim=3)
    yield _edit_one(users, rounds)
    yield _edit_many(users, rounds)


def naive_users(data: bytes) -> dict[str, str]:
    """Read ``users`` without checking anything."""
    users = {}
    for line in data.decode().splitlines():
        name, _, password_hash = line.partition(":")
        users[name] = password_hash
    return users


def naive_pairs(data: bytes) -> list[tuple[str, str]]:
    """Read ``users_roles`` without checking anything."""
    pairs = []
    for line in data.decode().splitlines():
        role, _, users = line.partition(":")
        pairs += [(user, role) for user in users.split(",")]
    return pairs


def _edit_one(users: bytes, rounds: int) -> Row:
    """Measure one change against a search and a copy: the speed of memory is the limit."""
    name = f"user-{_USERS // 2:07}"
    old = next(line for line in users.splitlines() if line.startswith(name.encode()))
    new = f"{name}:{HASH}".encode()
    sides = Sides(
        "edit_users, 1 of 100 000",
        timed(lambda: edit_users(users, {name: HASH})),
        "bytes.replace of the line",
        timed(lambda: users.replace(old, new)),
    )
    return compare(sides, rounds=rounds)


def _edit_many(users: bytes, rounds: int) -> Row:
    """Measure 1 % changed in one pass against a pass that only looks names up."""
    changes: dict[str, str | None] = {f"user-{i:07}": HASH for i in range(0, _USERS, 100)}
    sides = Sides(
        "edit_users, 1 % of 100 000",
        timed(lambda: edit_users(users, changes)),
        "splitlines, look up, join",
        timed(lambda: _naive_edit(users, changes)),
    )
    return compare(sides, rounds=rounds)


def _naive_edit(data: bytes, changes: dict[str, str | None]) -> bytes:
    lines = []
    for line in data.decode().splitlines():
        name = line.partition(":")[0]
        lines.append(f"{name}:{changes[name]}" if name in changes else line)
    return ("\n".join(lines) + "\n").encode()
