"""
An audit log under faults: no change without a line, and ``verify`` finds a line without its change.

The writer is killed before and after each of its calls that change anything, or each of them fails.
Then the log is verified, before anybody recovers and after a later write has.
"""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
from contextlib import suppress
from pathlib import Path

import pytest
from crash.fixture_realm import MEMORY
from crash.killer import Killer
from crash.kit import CHANGING, ERRNOS, Count, Fail, intercepted
from crash.scenarios import AUDITED, log_of

from esfilerealm import UsersTool
from esfilerealm._storage import RealmFolder
from esfilerealm.audit import read, verify
from esfilerealm.errors import FileRealmError

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(300),
    pytest.mark.skipif(os.name == "nt", reason="processes of POSIX"),
]


class Case:
    """A scenario whose realm and log can be set back."""

    def __init__(self, name, place):
        self.name = name
        self.scenario = AUDITED[name]
        self.place, self.template = place / "place", place / "template"
        self.place.mkdir()
        self.folder = self.place / "config"
        self.scenario.prepare(self.folder)
        shutil.copytree(self.place, self.template)
        count = Count()
        with intercepted(count):
            self.scenario.act(self.folder)
        self.calls = [at for at, call in enumerate(count.names, 1) if call in CHANGING]
        self.last = len(count.names) + 1
        self.after = self.state
        self.line_count = len(list(read(log_of(self.folder))))
        self.reset()
        self.before = self.state

    def reset(self):
        shutil.rmtree(self.place)
        shutil.copytree(self.template, self.place)

    @property
    def state(self):
        """Both files as a reader sees them."""
        files = RealmFolder(self.folder).read()
        return files.users.data, files.users_roles.data

    def problems(self):
        result = verify(log_of(self.folder), folders=[self.folder])
        return [problem.kind for problem in result.problems]

    def check(self):
        """Assert that the log tells the truth, or that it is found where it does not."""
        is_made = self.state == self.after
        has_line = len(list(read(log_of(self.folder)))) == self.line_count
        found = self.problems()
        if self.before != self.after:
            assert is_made or self.state == self.before
            assert has_line or not is_made
            assert set(found) <= {"torn", "unmade"}
            assert ("unmade" in found) == (has_line and not is_made)
        UsersTool(self.folder, audit=log_of(self.folder)).roles("jim", add=["later"])
        entries = list(read(log_of(self.folder)))
        is_told = any(entry.recovered for entry in entries)
        assert self.problems() == (["unmade"] if "unmade" in found and not is_told else [])


@pytest.fixture(params=AUDITED)
def case(request, tmp_path):
    if not os.access(MEMORY, os.W_OK):
        yield Case(request.param, tmp_path)
        return
    with tempfile.TemporaryDirectory(dir=MEMORY) as name:
        yield Case(request.param, Path(name))


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_writer_that_is_killed(case, when, record_property):
    with Killer() as killer:
        for at in case.calls:
            case.reset()
            assert killer.kill(case.name, case.folder, at, when) == -signal.SIGKILL
            case.check()
        case.reset()
        assert killer.kill(case.name, case.folder, case.last, when) == 0
        assert case.state == case.after
        case.check()
    record_property("crash points", len(case.calls))


def test_a_call_that_fails(case, record_property):
    """An error leaves no line, and success leaves one."""
    for at in case.calls:
        case.reset()
        with suppress(FileRealmError), intercepted(Fail(at, ERRNOS[at % len(ERRNOS)])):
            case.scenario.act(case.folder)
        case.check()
    record_property("crash points", len(case.calls))
