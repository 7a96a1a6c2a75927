"""
A writer is killed where files and directory belong to others; whoever comes next ends its write.

The next one is the same user, another who can write there, or root. The content of every file is
then as before or as after, and its group and mode too; only the owner may be any of the writers.
"""

from __future__ import annotations

import os
import shutil
import signal

import pytest
from crash.kit import (
    CHANGING,
    Count,
    Kill,
    grants,
    intercepted,
    nobody_has_more,
    seen_by_a_node,
    snapshot,
)
from crash.layouts import LAYOUTS, acting, copy, lay_out, need
from crash.processes import become, fork, load_all, open_place
from crash.scenarios import SCENARIOS, realm
from support.storing import posix, root

from esfilerealm import UsersTool
from esfilerealm._storage import RealmFolder, realm_files

pytestmark = [posix, root, pytest.mark.slow, pytest.mark.timeout(600)]

#: What is done, and in which set-ups: an overwritten file must be writable.
WRITES = {
    "useradd": [*LAYOUTS],
    "several changes": ["image", "OpenShift", "OpenShift, closed to others", "open to all"],
    "useradd, first version": ["image", "OpenShift", "open to all", "of somebody else"],
    "useradd, in place": ["image", "OpenShift", "open to all", "open to all, of root"],
    "desired state": ["image", "OpenShift", "open to all"],
}


@pytest.fixture
def place():
    with open_place() as place:
        yield place


def state(folder):
    """Return type, mode, group and content of each file, whoever owns it."""
    return {name: (mode, group, data) for name, (mode, _, group, data) in snapshot(folder).items()}


def is_one_of(now, before, after):
    """
    Check whether all files hold what they held before, or all what they hold after.

    A file that may not be linked comes back as a copy, with the group and mode of a file that its
    writer has made.
    """
    marks = {name: [known[name][:2] for known in (before, after) if name in known] for name in now}
    return any(
        {name: data for name, (*_, data) in now.items()}
        == {name: data for name, (*_, data) in known.items()}
        for known in (before, after)
    ) and all(found[:2] in marks[name] for name, found in now.items())


def killed(writer, act, at, when):
    """Let a user do something, and be killed at a system call."""
    load_all()
    child = fork()
    if child == 0:
        try:
            become(*writer)
            with intercepted(Kill(at, when)):
                act()
        finally:
            os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status)


def counted(act):
    count = Count()
    with intercepted(count):
        act()
    return count.names


def read_pair(folder):
    files = RealmFolder(folder).read_any()
    return files.users.data, files.users_roles.data


@pytest.mark.parametrize(
    ("write", "name"), [(write, name) for write, names in WRITES.items() for name in names]
)
def test_a_writer_that_is_killed(place, write, name, monkeypatch, record_property):
    monkeypatch.setattr(realm_files, "_STILL", 0.0)
    layout, act = LAYOUTS[name], SCENARIOS[write].act
    for writer in layout.writers:
        need(*writer)
    template, folder = place / "template", place / "config"
    realm(template)
    lay_out(template, layout)
    copy(template, folder)
    before, pair_before = state(folder), read_pair(folder)
    calls = acting(*layout.writers[0], lambda: counted(lambda: act(folder)))
    after, pair_after = state(folder), read_pair(folder)
    states = [grants(*pair_before), grants(*pair_after)]
    points = 0
    for at, call in enumerate(calls, 1):
        if call not in CHANGING:
            continue
        for when in ("before", "after"):
            copy(template, folder)
            assert killed(layout.writers[0], lambda: act(folder), at, when) == -signal.SIGKILL
            assert nobody_has_more(seen_by_a_node(folder), states)
            reader, recoverer = (
                layout.writers[(points + more) % len(layout.writers)] for more in (0, 1)
            )
            assert acting(*reader, lambda: read_pair(folder)) in (pair_before, pair_after)
            recovery = acting(*recoverer, lambda: UsersTool(folder).recover())
            assert recovery.outcome != "quarantined", recovery
            assert is_one_of(state(folder), before, after)
            points += 1
    record_property("crash points", points)
    shutil.rmtree(folder)
