"""
A rescue that is killed at every system call: no user is left, or one that the next sweep removes.

The child is killed while it makes or removes the user. Afterwards the clock goes on past the end of
the time, and somebody else sweeps: both files are as before, and nothing else is left.
"""

from __future__ import annotations

import errno
import os
import signal
import tempfile
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from crash.kit import CHANGING, Call, Fail, Kill, intercepted
from crash.processes import MEMORY, fork
from crash.scenarios import realm

from esfilerealm import UsersTool
from esfilerealm._ground import moments
from esfilerealm._storage import realm_files
from esfilerealm.errors import FileRealmError
from esfilerealm.formats import parse_users

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(300),
    pytest.mark.skipif(os.name == "nt", reason="processes of POSIX"),
]

SHORT = timedelta(seconds=30)


@pytest.fixture
def folder(monkeypatch):
    monkeypatch.setattr(realm_files, "_STILL", 0.0)
    place = MEMORY if os.access(MEMORY, os.W_OK) else None
    with tempfile.TemporaryDirectory(dir=place) as name:
        folder = Path(name) / "config"
        realm(folder)
        setting = "xpack.security.authc.password_hashing.algorithm: bcrypt4\n"
        (folder / "elasticsearch.yml").write_text(setting)
        yield folder


def content(folder):
    files = (path for path in folder.iterdir() if not path.name.endswith(".lock"))
    return {path.name: path.read_bytes() for path in files}


def act(folder):
    with UsersTool(folder).rescue(SHORT, ["viewer"]):
        pass


def points_of(folder) -> list[int]:
    """Return the numbers of the calls that may leave anything behind."""
    act(folder)  # makes the lock file, which stays
    points = []

    def note(call: Call) -> object:
        is_reading = call.name == "open" and not call.args[1] & (os.O_WRONLY | os.O_RDWR)
        if call.name in CHANGING and not is_reading:
            points.append(call.number)
        return call.make()

    with intercepted(note):
        act(folder)
    return points


def in_a_child(function: Callable[[], object]) -> int:
    child = fork()
    if child == 0:
        try:
            function()
        finally:
            os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def sweep_later(folder, monkeypatch):
    """Sweep when the time is over, which it is in a minute."""
    now = moments.now()
    uptime = None if now.uptime is None else now.uptime + 60
    later = moments.Moment(now.time + timedelta(minutes=1), now.boot, uptime)
    with monkeypatch.context() as patch:
        patch.setattr(moments, "now", lambda: later)
        UsersTool(folder).recover()
        UsersTool(folder).sweep()


def rescue_users(folder):
    users = parse_users((folder / "users").read_bytes()).users
    return [name for name in users if name.startswith("rescue-")]


def test_killed_after_every_call(folder, monkeypatch, record_property):
    before, points = content(folder), points_of(folder)
    assert content(folder) == before
    left = 0
    for at in points:

        def killed(at=at):
            with intercepted(Kill(at, "after")):
                act(folder)

        assert in_a_child(killed) == -signal.SIGKILL
        names = rescue_users(folder)
        left += bool(names)
        is_half = (folder / "users.journal").exists()  # then the user does not count yet
        assert is_half or set(names) <= UsersTool(folder).accounts().keys()
        sweep_later(folder, monkeypatch)
        assert content(folder) == before, at
    assert left > 0, "no kill has left a user, so this test shows nothing"
    record_property("crash points", len(points))


def test_a_call_that_fails(folder, monkeypatch, record_property):
    before, points = content(folder), points_of(folder)
    for at in points:
        with suppress(FileRealmError), intercepted(Fail(at, errno.ENOSPC)):
            act(folder)
        sweep_later(folder, monkeypatch)
        assert content(folder) == before, at
    record_property("crash points", len(points))


def test_an_interrupt_at_every_call(folder, record_property):
    """In a child, since an exception there may spoil what the lock knows of its process."""
    before, points = content(folder), points_of(folder)
    for at in points:

        def interrupted(at=at):
            def handle(call):
                if call.number == at:
                    raise KeyboardInterrupt
                return call.make()

            with suppress(KeyboardInterrupt), intercepted(handle):
                act(folder)

        assert in_a_child(interrupted) == 0
        UsersTool(folder).recover()
        assert content(folder) == before, at
    record_property("crash points", len(points))
