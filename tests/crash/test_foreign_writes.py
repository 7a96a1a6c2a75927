"""Programs that take no lock: what they write until the first file is replaced, is never lost."""

from __future__ import annotations

import itertools
import os

import pytest
from crash.kit import intercepted
from crash.scenarios import (
    apply_desired_state,
    realm,
    realm_with_managed_users,
    unfinished,
    useradd,
)
from support.hashes import CHEAP_HASH, SHA_HASH

from esfilerealm import UsersTool
from esfilerealm.errors import FileRealmError

pytestmark = pytest.mark.skipif(os.name == "nt", reason="an open file cannot be replaced there")

LINES = {"users": f"foreign:{CHEAP_HASH}\n".encode(), "users_roles": b"foreign:jim\n"}

WRITES = {
    "two files": (realm, useradd),
    "one file": (realm, lambda folder: UsersTool(folder).passwd("al", password_hash=SHA_HASH)),
    "in place": (realm, lambda folder: useradd(folder, strategy="in_place")),
    "versions": (realm, lambda folder: useradd(folder, keep=2)),
    "desired state": (realm_with_managed_users, apply_desired_state),
}


def append(path, line):
    with path.open("ab") as file:
        file.write(line)


def replace(path, line):
    new = path.with_name("new")
    new.write_bytes(path.read_bytes() + line)
    os.replace(new, path)


class Meddling:
    """Does something before the system call with a number, and notes what was called before."""

    def __init__(self, at, meddle):
        self.at = at
        self.meddle = meddle
        self.has_meddled = False
        self.before = []

    def __call__(self, call):
        if call.number == self.at:
            self.meddle()
            self.has_meddled = True
        if not self.has_meddled:
            self.before.append(call)
        return call.make()

    @property
    def came_in_time(self):
        """Whether it came before the calls that look at both files, and then replace the first."""
        replaced = [call.name for call in self.before if _replaces(call)]
        return not replaced and [call.name for call in self.before[-2:]] != ["lstat", "lstat"]


def _replaces(call):
    if call.name == "rename":
        return not call.args[1].endswith("users.journal")
    is_overwriting = call.name == "open" and call.args[1] & (os.O_WRONLY | os.O_CREAT)
    return is_overwriting == os.O_WRONLY and os.path.basename(call.args[0]) in LINES


@pytest.mark.parametrize("each", [7, pytest.param(1, marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", LINES)
@pytest.mark.parametrize("meddle", [append, replace])
@pytest.mark.parametrize("write", WRITES)
def test_what_is_written_before_the_replacement_is_kept(tmp_path, write, meddle, name, each):
    prepare, act = WRITES[write]
    done = refused = 0
    for at in itertools.count(1, each):
        folder = tmp_path / str(at)
        prepare(folder)
        meddling = Meddling(at, lambda folder=folder: meddle(folder / name, LINES[name]))
        is_done = True
        with intercepted(meddling):
            try:
                act(folder)
            except FileRealmError:
                is_done = False
        if not meddling.has_meddled:
            break
        done, refused = done + is_done, refused + (not is_done)
        UsersTool(folder).recover()
        is_kept = LINES[name] in (folder / name).read_bytes()
        assert is_kept or not meddling.came_in_time, f"before call {at}"
    assert done
    assert refused or (write, name) == ("one file", "users_roles")  # which is not replaced


MEDDLED = {
    "replaced": lambda path: replace(path, LINES["users"]),
    "removed": lambda path: path.unlink(),
    "given a second name": lambda path: os.link(path, path.with_name("second")),
}


@pytest.mark.parametrize("how", MEDDLED)
def test_a_file_that_was_being_overwritten_blocks_no_later_write(tmp_path, how):
    """Nobody knows any more what to put back: the journal is kept for a person to look at."""
    folder = tmp_path / "realm"
    unfinished(lambda folder: useradd(folder, strategy="in_place"), 1)(folder)
    MEDDLED[how](folder / "users")
    found = (folder / "users").read_bytes() if how != "removed" else None
    recovery = UsersTool(folder).recover()
    assert recovery.outcome == "quarantined"
    assert "by another program since" in recovery.reason
    assert found is None or (folder / "users").read_bytes() == found
    UsersTool(folder).init()
    useradd(folder)
    assert "new" in UsersTool(folder).list_users()
