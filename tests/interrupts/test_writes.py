"""
A write is struck between any two instructions: it is before or after, or the next use makes it so.
"""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from pathlib import Path

import pytest
from crash.fixture_realm import MEMORY
from crash.kit import grants, nobody_has_more, seen_by_a_node
from interrupts.kit import (
    Interrupt,
    Resources,
    Strike,
    fail,
    interrupt,
    points_of,
)
from support.hashes import CHEAP_HASH, SHA_HASH

from esfilerealm import UsersTool
from esfilerealm.errors import FileRealmError

pytestmark = [
    pytest.mark.timeout(1800),
    pytest.mark.skipif(os.name == "nt", reason="modes of POSIX"),
]

#: One of so many points is struck: in the quick suite, and in the slow tests, where that is some
#: 4 000 points. All of them, with 1, take hours.
QUICK, SLOW = 911, 131

USERS = f"# people\nbob:{CHEAP_HASH}\nal:{CHEAP_HASH}\n".encode()
USERS_ROLES = b"# roles\nviewer: bob, al\nadmin:bob\n"

WRITES = {
    "useradd": lambda tool: tool.useradd("new", password_hash=CHEAP_HASH, roles=["viewer"]),
    "useradd without roles": lambda tool: tool.useradd("new", password_hash=CHEAP_HASH),
    "userdel": lambda tool: tool.userdel("bob"),
    "passwd": lambda tool: tool.passwd("al", password_hash=SHA_HASH),
    "roles": lambda tool: tool.roles("al", add=["superuser"], remove=["viewer"]),
    "init": lambda tool: tool.init(),
}


@pytest.fixture
def folder(tmp_path):
    if not os.access(MEMORY, os.W_OK):
        yield tmp_path
        return
    with tempfile.TemporaryDirectory(dir=MEMORY) as name:
        yield Path(name)


def reset(folder, write):
    """Make the directory what it was, except the lock file, which stays."""
    for path in folder.iterdir():
        if path.name != "users.lock":
            path.unlink()
    contents = {"users": USERS} if write == "init" else {"users": USERS, "users_roles": USERS_ROLES}
    for name, content in contents.items():
        (folder / name).write_bytes(content)
        (folder / name).chmod(0o640)


def state(folder):
    """Return what is in both files."""
    found = []
    for name in ("users", "users_roles"):
        with suppress(FileNotFoundError):
            found.append((folder / name).read_bytes())
    return tuple(found)


def left_over(folder):
    return {path.name for path in folder.iterdir()} - {"users", "users_roles", "users.lock"}


def tool_of(folder, **options):
    return UsersTool(folder, lock_timeout=0.0, **options)


@pytest.mark.parametrize(
    "is_whole",
    [pytest.param(False, id="quick"), pytest.param(True, id="whole", marks=pytest.mark.slow)],
)
@pytest.mark.parametrize("strategy", ["rename", "in_place"])
@pytest.mark.parametrize("what", ["interrupted", "failed", "reads", "writes"])
@pytest.mark.parametrize("write", WRITES)
def test_a_write(folder, write, what, strategy, is_whole, record_property):
    def operation():
        return WRITES[write](tool_of(folder, strategy=strategy))

    def write_again():
        """Write as a handler may: while the same thread holds the lock, that is refused at once."""
        with suppress(FileRealmError):
            tool_of(folder).roles("bob", add=["superuser"], remove=["superuser"])

    acts = {
        "interrupted": interrupt,
        "failed": fail,
        "reads": lambda: tool_of(folder).list_users(),
        "writes": write_again,
    }
    reset(folder, write)
    before = state(folder)
    operation()
    after = state(folder)
    rights = [grants(*files, *[b""] * (2 - len(files))) for files in (before, after)]
    reset(folder, write)
    points = points_of(operation)
    resources, struck = Resources(), 0
    for number, point in enumerate(points[:: SLOW if is_whole else QUICK]):
        reset(folder, write)
        strike = Strike(point, acts[what]).run(operation)
        struck += strike.was_hit
        resources.check(point)
        assert nobody_has_more(seen_by_a_node(folder), rights), point
        is_undone = isinstance(strike.outcome, BaseException)
        if what == "interrupted" and strike.was_hit:
            assert is_undone, f"the interrupt was lost: {point}"
            assert isinstance(strike.outcome, (Interrupt, FileRealmError)), point
        if not is_undone and what != "writes":
            assert state(folder) == after, point
        tool_of(folder).recover()  # the lock is free
        assert state(folder) in (before, after), point
        assert left_over(folder) == set(), point
        resources.check(point)
        if number % 10 == 0:
            tool_of(folder).roles("al", add=["checked"])
    record_property("interrupts of a write", struck)
