"""
A plan beside a change that was broken off: all three files are of one state, that before it.

Whoever broke off is as good as killed after each of its renames. What a plan then says is exactly
what comes of it, and after that there is nothing left to do.
"""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from pathlib import Path

import pytest
from crash.fixture_realm import MEMORY
from crash.kit import Count, Dead, DieAfterRenames, intercepted, snapshot
from crash.scenarios import apply_desired_state, realm_with_managed_users
from support.hashes import CHEAP_HASH, SHA_HASH
from unit.provisioning.kit import State, assert_predicted

from esfilerealm import UsersTool
from esfilerealm._storage import RealmFolder
from esfilerealm.provisioning import DesiredState, apply, plan

pytestmark = pytest.mark.slow


def add_and_list(folder):
    """Make a user who is listed, in the realm where ``al`` is."""
    users = [{"name": n} for n in ("bob", "al", "jim")]
    users.append({"name": "new", "password_hash": CHEAP_HASH, "roles": ["fresh"]})
    apply(plan(folder, DesiredState.from_dict({"users": users, "purge": "managed"})))


BROKEN_OFF = {
    "userdel": lambda folder: UsersTool(folder).userdel("al"),
    "userdel, versions": lambda folder: UsersTool(folder, keep=2).userdel("al"),
    "apply": apply_desired_state,
    "apply, somebody new": add_and_list,
}

WANTED = {
    "the same": {
        "users": [{"name": "bob"}, {"name": "al", "password_hash": CHEAP_HASH}, {"name": "jim"}],
        "purge": "managed",
    },
    "fewer": {"users": [{"name": "bob"}], "purge": "managed"},
    "more": {
        "users": [
            {"name": "bob", "password_hash": SHA_HASH, "roles_add": ["x"]},
            {"name": "new", "password_hash": CHEAP_HASH, "roles": ["y"]},
        ],
        "purge": "managed",
    },
    "another purge": {"users": [{"name": "bob"}, {"name": "al", "state": "absent"}]},
}


@pytest.fixture
def folder():
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.exists() else None) as name:
        yield Path(name) / "config"


def renames_of(act, folder):
    count = Count()
    realm_with_managed_users(folder)
    with intercepted(count):
        act(folder)
    shutil.rmtree(folder)
    return count.names.count("rename")


def break_off(act, folder, renames):
    """Make the realm, and begin a change; with no rename at all, do not even begin."""
    shutil.rmtree(folder, ignore_errors=True)
    realm_with_managed_users(folder)
    if renames:
        with contextlib.suppress(Dead), intercepted(DieAfterRenames(renames)):
            act(folder)


def state_when_ended(act, folder, renames):
    """Return the state that a reader must see: the one after recovery."""
    break_off(act, folder, renames)
    UsersTool(folder).recover()
    return State.of(folder)


@pytest.mark.parametrize("wanted", WANTED)
@pytest.mark.parametrize("act", BROKEN_OFF)
def test_a_plan_is_exact_after_each_rename(folder, act, wanted, record_property):
    desired, act = DesiredState.from_dict(WANTED[wanted]), BROKEN_OFF[act]
    renames = renames_of(act, folder)
    assert renames >= 4  # of the record, of the files, and of the record again
    for number in range(1, renames + 1):
        before = state_when_ended(act, folder, number)
        break_off(act, folder, number)
        files = snapshot(folder)
        planned = plan(folder, desired)
        assert snapshot(folder) == files
        applied = apply(planned)
        assert applied.to_dict() | {"result": None} == planned.to_dict()
        assert_predicted(before, planned, State.of(folder))
        assert plan(folder, desired).changes == ()
    record_property("crash points", renames)


@pytest.mark.parametrize("act", BROKEN_OFF)
def test_the_three_files_are_of_one_state(folder, act):
    """That is before the change until all of it is there, and never a mixture."""
    act, states = BROKEN_OFF[act], []
    for number in range(renames_of(act, folder) + 1):
        break_off(act, folder, number)
        files, managed = RealmFolder(folder).read_with_managed(is_needed=True)
        state = (*(file.data for file in files.both), tuple(sorted(managed.names)))
        if state not in states:
            states.append(state)
    assert len(states) == 2
