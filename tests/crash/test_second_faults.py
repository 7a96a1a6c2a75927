"""
A second fault on the way back from the first one: what was reported still holds.

An error means that the change does not count: the next use of the directory brings both files back.
No error means that it is made. Where a change can neither be made durable nor be taken back, since
the disk is gone, the message says so.
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
from crash.kit import CHANGING, CountAfter, FailFrom, FailTwice, intercepted
from crash.scenarios import TYPICAL

from esfilerealm._storage import realm_files
from esfilerealm._storage.change import Move
from esfilerealm.errors import FileRealmError

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(600),
    pytest.mark.skipif(os.name == "nt", reason="processes and modes of POSIX"),
]

#: One file, two files, files that are new, three steps, overwritten files, and a recovery.
SHORT = (
    "passwd command",
    "useradd",
    "init command, users_roles missing",
    "several changes",
    "useradd, in place",
    "recover, between two files",
)

#: What the message says where nobody could keep another promise.
STAYS = "keeps it then"


def numbers_of(calls, names):
    return [number for number, name in enumerate(calls, 1) if name in names]


@pytest.fixture
def case(request, monkeypatch):
    monkeypatch.setattr(realm_files, "_STILL", 0.0)  # see `killer`
    with tempfile.TemporaryDirectory(dir=MEMORY if os.access(MEMORY, os.W_OK) else None) as name:
        yield FixtureRealm(request.param, Path(name))


def hold(case, at, disturbance):
    """Act, and check that both files are as the outcome says, once the directory is used again."""
    case.reset()
    try:
        with intercepted(disturbance):
            case.scenario.act(case.folder)
    except FileRealmError as error:
        case.check(at, case.after if STAYS in str(error) else case.before)
        return str(error)
    case.check(at, case.after)
    return ""


def pairs(case):
    """
    Yield each call that may have changed something visible, with each one that follows if it fails.

    Before the first rename there is nothing to take back.
    """
    first = case.calls.index("rename") + 1
    for at in (at for at in numbers_of(case.calls, CHANGING) if at >= first):
        case.reset()
        count = CountAfter(at, errno.EIO)
        with suppress(FileRealmError), intercepted(count):
            case.scenario.act(case.folder)
        for again in range(at + 1, count.last + 1):
            yield at, again


@pytest.mark.parametrize("case", SHORT, indirect=True)
def test_a_fault_on_the_way_back(case, record_property):
    points = 0
    for at, again in pairs(case):
        assert STAYS not in hold(case, at, FailTwice(at, again, errno.EIO)), (at, again)
        points += 1
    record_property("crash points", points)


@pytest.mark.parametrize("number", [errno.EIO, errno.EROFS])
@pytest.mark.parametrize("case", TYPICAL, indirect=True)
def test_a_disk_that_goes_away(case, number, record_property):
    """A single file stays replaced if nothing can be done any more; the message says so."""
    stays = points = 0
    for at in numbers_of(case.calls, CHANGING):
        if not case.scenario.is_quiet:
            stays += STAYS in hold(case, at, FailFrom(at, number))
        points += 1
    assert stays <= 1
    record_property("crash points", points)


@pytest.mark.parametrize("case", SHORT, indirect=True)
def test_a_kill_on_the_way_back(case, record_property, request):
    name, points = request.node.callspec.params["case"], 0
    with Killer() as killer:
        for at, again in pairs(case):
            case.reset()
            if killer.kill(name, case.folder, again, "after", at) == -signal.SIGKILL:
                case.check(at, case.before, case.after)
                points += 1
    record_property("crash points", points)


@pytest.mark.parametrize("case", ["passwd command"], indirect=True)
def test_a_change_that_is_not_taken_back_is_found_out(case, monkeypatch):
    """Otherwise the tests above would prove nothing."""
    monkeypatch.setattr(Move, "put_back", lambda _: None)
    with pytest.raises(AssertionError):
        for at, again in pairs(case):
            hold(case, at, FailTwice(at, again, errno.EIO))
