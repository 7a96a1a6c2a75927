"""
A fault at every system call of every write: before or after, both files, and nothing else.

Each scenario is run once to count its calls. Then each call fails with each ``errno``, is cut
short, and is the last one of its process: the process is killed before or after it. Before and
after a call that only looks are the same point, which is tried once. Once more, all calls fail from
each changing call on. The numbers are printed at the end of the run.
"""

from __future__ import annotations

import errno
import os
import signal
import tempfile
from contextlib import suppress
from pathlib import Path

import pytest
from crash.fixture_realm import MEMORY, FixtureRealm
from crash.killer import Killer
from crash.kit import CHANGING, ERRNOS, Fail, FailFrom, Shorten, intercepted
from crash.scenarios import SCENARIOS, TYPICAL

from esfilerealm._storage import realm_files
from esfilerealm.errors import FileRealmError

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(600),
    pytest.mark.skipif(os.name == "nt", reason="processes and modes of POSIX"),
]


@pytest.fixture
def folder(tmp_path):
    """A place for a realm and what it is set back to."""
    if not os.access(MEMORY, os.W_OK):
        yield tmp_path
        return
    with tempfile.TemporaryDirectory(dir=MEMORY) as name:
        yield Path(name)


def numbers_of(calls, names):
    return [number for number, name in enumerate(calls, 1) if name in names]


@pytest.fixture(params=SCENARIOS)
def case(request, folder, monkeypatch):
    monkeypatch.setattr(realm_files, "_STILL", 0.0)  # see `killer`
    return FixtureRealm(request.param, folder)


def test_a_call_that_fails(case, record_property):
    """An error means: as before. No error means: done, whatever it was that failed."""
    points = 0
    numbers = ERRNOS if case.name in TYPICAL else ERRNOS[:1]
    for at in range(1, len(case.calls) + 1):
        for number in numbers:
            case.reset()
            try:
                with intercepted(Fail(at, number)):
                    case.scenario.act(case.folder)
            except FileRealmError:
                case.check(at, case.before)
            else:
                case.check(
                    at,
                    case.after,
                    *[case.before] * case.scenario.is_quiet,
                )
            points += 1
    record_property("crash points", points)


def test_a_disk_that_goes_away(case, record_property):
    """All calls fail from one on; nothing can be put back until the disk is there again."""
    points = 0
    for at in numbers_of(case.calls, CHANGING):
        case.reset()
        with suppress(FileRealmError), intercepted(FailFrom(at, errno.EIO)):
            case.scenario.act(case.folder)
        case.check(at, case.before, case.after)
        points += 1
    record_property("crash points", points)


def test_a_write_that_is_cut_short(case, record_property):
    points = 0
    for at in numbers_of(case.calls, {"write"}):
        case.reset()
        with intercepted(Shorten(at)):
            case.scenario.act(case.folder)
        case.check(at, case.after)
        points += 1
    record_property("crash points", points)


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_process_that_is_killed(case, when, record_property, request):
    points = 0
    name = request.node.callspec.params["case"]
    with Killer() as killer:
        for at in numbers_of(case.calls, CHANGING if when == "after" else set(case.calls)):
            case.reset()
            assert killer.kill(name, case.folder, at, when) == -signal.SIGKILL
            case.check(at, case.before, case.after)
            points += 1
        case.reset()
        assert killer.kill(name, case.folder, len(case.calls) + 1, when) == 0
        case.check(0, case.after)
    record_property("crash points", points)
