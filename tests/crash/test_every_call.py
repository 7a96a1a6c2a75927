"""
A fault at every system call of every write: before or after, both files, and nothing else.

Each scenario is run once to count its calls. Then each call is failed with each ``errno``, alone
and with all that follow, cut short, and made the last one of its process, before and after it. The
numbers are printed at the end of the run.
"""

from __future__ import annotations

import errno
import os
import shutil
import signal
import tempfile
from contextlib import suppress
from pathlib import Path

import pytest
from crash.kit import (
    ERRNOS,
    Count,
    Fail,
    FailFrom,
    Shorten,
    Snapshot,
    intercepted,
    nobody_has_more,
    seen_by_a_node,
    snapshot,
)
from crash.scenarios import SCENARIOS, realm
from crash.victim import Victims

from esfilerealm import UsersTool
from esfilerealm._storage import pair
from esfilerealm._storage.realm_files import RealmFiles
from esfilerealm.errors import FileRealmError

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(600),
    pytest.mark.skipif(os.name == "nt", reason="processes and modes of POSIX"),
]

#: A folder in memory, where an fsync costs nothing; what is tested is what becomes of the calls.
MEMORY = Path("/dev/shm")


@pytest.fixture
def folder(tmp_path):
    """A place for a realm and what it is set back to."""
    if not os.access(MEMORY, os.W_OK):
        yield tmp_path
        return
    with tempfile.TemporaryDirectory(dir=MEMORY) as name:
        yield Path(name)


class Stage:
    """A scenario in a folder that can be set back, with what it is before and after."""

    def __init__(self, name: str, place: Path) -> None:
        self.scenario = SCENARIOS[name]
        self.folder = place / "config"
        self._template = place / "template"
        self.scenario.prepare(self.folder)
        if self.folder.exists():
            shutil.copytree(self.folder, self._template, symlinks=True)
        count = Count()
        with intercepted(count):
            self.scenario.act(self.folder)
        self.calls = count.names
        self.after = snapshot(self.folder)
        self.pairs = [self._pair()]
        self.grants = [seen_by_a_node(self.folder)]
        self.reset()
        self.recover(0)
        self.before = snapshot(self.folder)
        self.pairs.append(self._pair())
        self.grants.append(seen_by_a_node(self.folder))
        if self.scenario.ends is not None:
            shutil.rmtree(self.folder)
            realm(self.folder)
            for make in (lambda _folder: None, self.scenario.ends):
                make(self.folder)
                self.grants.append(seen_by_a_node(self.folder))

    def reset(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)
        if self._template.exists():
            shutil.copytree(self._template, self.folder, symlinks=True)

    def recover(self, number: int) -> None:
        """Use the folder in one of the ways that end what was broken off."""
        tool = UsersTool(self.folder)
        has_users, has_roles = ((self._template / n).exists() for n in ("users", "users_roles"))
        if number % 4 == 1 and has_users:
            tool.check()
        elif number % 4 == 2 and has_users:
            tool.roles("jim", remove=["no role of anybody"])
        elif number % 4 == 3 and has_roles:
            tool.init()
        elif self.folder.exists():
            tool.recover()

    def check(self, number: int, *allowed: Snapshot) -> None:
        """Look at what is left; then recover, and look again."""
        assert nobody_has_more(seen_by_a_node(self.folder), self.grants)
        assert self._pair() in self.pairs
        self.recover(number)
        assert snapshot(self.folder) in allowed

    def _pair(self) -> tuple[bytes, bytes]:
        """Give both files as a reader of ours sees them."""
        files = RealmFiles.read_any(UsersTool(self.folder).paths)
        return files.users.data, files.users_roles.data


@pytest.fixture(params=SCENARIOS)
def stage(request, folder, monkeypatch):
    monkeypatch.setattr(pair, "_STILL", 0.0)  # see `victim`
    return Stage(request.param, folder)


def test_a_call_that_fails(stage, record_property):
    """An error means: as before. No error means: done, whatever it was that failed."""
    points = 0
    for at in range(1, len(stage.calls) + 1):
        for number in ERRNOS:
            stage.reset()
            try:
                with intercepted(Fail(at, number)):
                    stage.scenario.act(stage.folder)
            except FileRealmError:
                stage.check(at, stage.before)
            else:
                stage.check(at, stage.after, *[stage.before] * stage.scenario.is_quiet)
            points += 1
    record_property("crash points", points)


def test_a_disk_that_goes_away(stage, record_property):
    """All calls fail from one on; nothing can be put back until the disk is there again."""
    points = 0
    for at in range(1, len(stage.calls) + 1):
        for number in (errno.EIO, errno.EROFS):
            stage.reset()
            with suppress(FileRealmError), intercepted(FailFrom(at, number)):
                stage.scenario.act(stage.folder)
            stage.check(at, stage.before, stage.after)
            points += 1
    record_property("crash points", points)


def test_a_write_that_is_cut_short(stage, record_property):
    points = 0
    for at in (n for n, name in enumerate(stage.calls, 1) if name == "write"):
        stage.reset()
        with intercepted(Shorten(at)):
            stage.scenario.act(stage.folder)
        stage.check(at, stage.after)
        points += 1
    record_property("crash points", points)


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_process_that_is_killed(stage, when, record_property, request):
    points = 0
    name = request.node.callspec.params["stage"]
    with Victims() as victims:
        for at in range(1, len(stage.calls) + 1):
            stage.reset()
            assert victims.kill(name, stage.folder, at, when) == -signal.SIGKILL
            stage.check(at, stage.before, stage.after)
            points += 1
        stage.reset()
        assert victims.kill(name, stage.folder, len(stage.calls) + 1, when) == 0
        stage.check(0, stage.after)
    record_property("crash points", points)
