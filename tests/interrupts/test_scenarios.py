"""Each scenario of the crash kit is struck: it is before or after, or the next use makes it so."""

from __future__ import annotations

import os
import shutil
import sys

import pytest
from crash.kit import snapshot
from crash.scenarios import SCENARIOS, TYPICAL
from interrupts.kit import Interrupt, Resources, Strike, interrupt, points_of

from esfilerealm import UsersTool
from esfilerealm.errors import FileRealmError

pytestmark = [
    pytest.mark.timeout(900),
    pytest.mark.skipif(os.name == "nt", reason="modes of POSIX"),
    pytest.mark.filterwarnings("ignore"),
]

#: At so many points each is struck, from its first instruction to its last.
QUICK, SLOW = 2, 60


@pytest.fixture
def streams():
    """Bring back the streams, which a command that is struck may leave redirected."""
    before = sys.stdout, sys.stderr
    yield
    sys.stdout, sys.stderr = before


def ended(scenario, folder):
    """End what may be unfinished, and return everything that is there."""
    if scenario.ends is not None or (folder / "users").exists():
        UsersTool(folder).recover()
    return snapshot(folder) if folder.exists() else {}


def results(scenario, folder):
    """Return what a directory holds before and after."""
    found = []
    for act in (lambda _: None, scenario.act):
        scenario.prepare(folder)
        act(folder)
        found.append(ended(scenario, folder))
        shutil.rmtree(folder, ignore_errors=True)
    return found


@pytest.mark.parametrize("most", [QUICK, pytest.param(SLOW, marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", TYPICAL)
def test_a_scenario(tmp_path, streams, name, most, record_property):
    scenario, folder = SCENARIOS[name], tmp_path / "config"
    before, after = results(scenario, folder)
    creates = before.keys() < after.keys()  # one directory or file after the other, as for `init`
    scenario.prepare(folder)
    points = points_of(lambda: scenario.act(folder))
    struck = 0
    for point in points[:: len(points) // most]:
        shutil.rmtree(folder, ignore_errors=True)
        scenario.prepare(folder)
        resources = Resources()  # a writer that is as good as killed has left its own
        strike = Strike(point, interrupt).run(lambda: scenario.act(folder))
        struck += strike.was_hit
        resources.check(point)
        if strike.was_hit and not scenario.is_quiet:
            assert isinstance(strike.outcome, (Interrupt, FileRealmError)), point
        now = ended(scenario, folder)
        assert now in (before, after) or (creates and now.items() <= after.items()), point
    record_property("interrupts of a scenario", struck)
    assert struck
