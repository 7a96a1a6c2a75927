"""
Comparing nodes: five hundred with ten thousand users, of which each differs in a few.

The reference is to read one node and make its fingerprint. Of the memory, both sides count what
comes on top of the modules; the nodes are read one after another, as the command does.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from esfilerealm.drift import Fingerprint
from esfilerealm.drift import compare as compare_nodes
from esfilerealm.formats import ParsedRealm
from esfilerealm.provisioning import take_fingerprint

from .measure import Options, Row, Sides, compare, spaced, timed
from .memory import peak_of
from .realms import settled_realm, sized_realm

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["KEY", "nodes", "rows"]

KEY = b"benchmark" * 4
_USERS, _NODES = 10_000, 500
#: So many different nodes; the others are like one of them.
_DIFFERENT = 20
_TIME_AIM, _MEMORY_AIM = 20.0, 3.0


def rows(options: Options) -> Iterator[Row]:
    """Measure time and memory."""
    contents = sized_realm(_USERS)
    name = f"compare {_NODES} nodes of {spaced(_USERS)} users"
    different = list(nodes(*contents, count=_DIFFERENT))
    with settled_realm(options.folder, contents) as folder:
        sides = Sides(
            name,
            timed(lambda: compare_nodes(_named(different))),
            "read one, make its fingerprint",
            timed(lambda: take_fingerprint(folder, key=KEY)),
        )
        yield compare(sides, rounds=options.rounds(10), aim=_TIME_AIM)
        if not options.quick and os.path.exists("/proc/self/status"):
            memory = Sides(
                f"peak of reading and comparing {_NODES} nodes of {spaced(_USERS)} users",
                peak_of("compare_nodes", folder),
                "read one, make its fingerprint",
                peak_of("one_node", folder),
            )
            yield compare(memory, rounds=options.rounds(3), aim=_MEMORY_AIM, unit="MB")


def _named(different: list[Fingerprint]) -> Iterator[Fingerprint]:
    for number in range(_NODES):
        yield different[number % len(different)].named(f"node-{number}")


def nodes(users: bytes, users_roles: bytes, *, count: int = _NODES) -> Iterator[Fingerprint]:
    """Yield the fingerprints of nodes: each lacks a user, and has another password of one."""
    width = users.index(b"\n") + 1  # of every line
    for number in range(count):
        start, end = number * width, len(users) - number * width
        other = users[start : start + width].partition(b":")[0] + b":other\n"
        own = users[:start] + other + users[start + width : end - width] + users[end:]
        realm = ParsedRealm.parse(own, users_roles)
        yield Fingerprint.of(realm, key=KEY, node=f"node-{number}")
