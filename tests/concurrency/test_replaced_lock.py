"""The lock file is replaced under its writers: no update that was reported as done is lost."""

from __future__ import annotations

import itertools
import os
import threading
import warnings
from contextlib import suppress
from pathlib import Path

import pytest
from crash.kit import intercepted
from crash.scenarios import realm
from support.hashes import CHEAP_HASH, SHA_HASH

from esfilerealm import UsersTool
from esfilerealm._storage.lock import write_lock
from esfilerealm._storage.private_file import write_private_file
from esfilerealm.errors import FileChangedError, FileRealmError
from esfilerealm.keystore import Keystore

WRITERS, EDITS = 4, 15


def exported(folder):
    """As a program does that has taken the lock file for a place of its own."""
    with pytest.raises(FileRealmError, match="names a file of the realm itself"):
        write_private_file(str(folder / "users.lock"), b"{}\n")


def renamed(folder):
    """As another program may do, which asks nobody."""
    (folder / "new").write_bytes(b"{}\n")
    os.replace(folder / "new", folder / "users.lock")


@pytest.mark.slow
@pytest.mark.timeout(120)
@pytest.mark.skipif(os.name == "nt", reason="a locked file cannot be replaced there")
def test_no_update_is_lost(config):
    """An export that was told to write there replaces nothing."""
    done, over = [], threading.Event()

    def write(number):
        for edit in range(EDITS):
            name = f"w{number}x{edit}"
            UsersTool(config).useradd(name, password_hash=CHEAP_HASH, roles=["viewer"])
            done.append(name)

    def disturb():
        while not over.wait(0):
            exported(Path(config))

    writers = [threading.Thread(target=write, args=(number,)) for number in range(WRITERS)]
    other = threading.Thread(target=disturb)
    other.start()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for thread in writers:
            thread.start()
        for thread in writers:
            thread.join()
    over.set()
    other.join()
    users = UsersTool(config).list_users()
    assert {name: users.get(name) for name in done} == dict.fromkeys(done, ("viewer",))
    assert len(done) == WRITERS * EDITS


@pytest.mark.skipif(os.name == "nt", reason="a locked file cannot be replaced there")
def test_a_second_writer_waits_for_the_first(config):
    """Whatever an export is asked to write where."""
    lock = str(Path(config) / "users.lock")
    with write_lock(lambda: lock, 5), suppress(FileRealmError):
        write_private_file(lock, b"{}\n")
        with write_lock(lambda: lock, 0.05):
            pytest.fail("both hold the lock")


@pytest.mark.skipif(os.name == "nt", reason="a locked file cannot be replaced there")
def test_the_first_of_two_with_different_locks_changes_nothing(config, monkeypatch):
    """Its lock is the old file, and the second writer has written what it would have replaced."""
    from esfilerealm._storage import write

    commit = write.commit

    def overtaken(*arguments, **others):
        monkeypatch.undo()
        renamed(Path(config))
        UsersTool(config).useradd("second", password_hash=CHEAP_HASH)
        return commit(*arguments, **others)

    monkeypatch.setattr(write, "commit", overtaken)
    with pytest.raises(FileChangedError):
        UsersTool(config).useradd("first", password_hash=CHEAP_HASH)
    assert list(UsersTool(config).list_users()) == ["second"]


class Overtaken:
    """Replaces the lock before the system call with a number, and has another writer use it."""

    def __init__(self, folder, at, overtake):
        self.folder = folder
        self.at = at
        self.overtake = overtake
        self.is_done = False
        self._is_busy = False

    def __call__(self, call):
        if call.number >= self.at and not self.is_done and not self._is_busy:
            self._is_busy = True
            renamed(self.folder)
            self.overtake()
            self.is_done = True
        return call.make()


def add_first(folder, **options):
    UsersTool(folder, **options).useradd("first", password_hash=CHEAP_HASH, roles=["viewer"])


FIRST = {
    "two files": add_first,
    "in place": lambda folder: add_first(folder, strategy="in_place"),
    "one file": lambda folder: UsersTool(folder).passwd("al", password_hash=SHA_HASH),
}
SECOND = {
    "writes": lambda folder: UsersTool(folder).useradd("second", password_hash=CHEAP_HASH),
    "recovers": lambda folder: UsersTool(folder).recover(),
}


@pytest.mark.skipif(os.name == "nt", reason="a locked file cannot be replaced there")
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("each", [5, pytest.param(1, marks=pytest.mark.slow)])
@pytest.mark.parametrize("second", SECOND)
@pytest.mark.parametrize("first", FIRST)
def test_at_any_call_nothing_is_lost_that_was_reported(tmp_path, first, second, each):
    """The second writer takes the new lock while the first makes its change, and ends that."""
    for at in itertools.count(1, each):
        folder = tmp_path / str(at)
        realm(folder)
        UsersTool(folder).recover()  # now there is a lock
        overtaken = Overtaken(folder, at, lambda folder=folder: SECOND[second](folder))
        report = "done"
        with intercepted(overtaken):
            try:
                FIRST[first](folder)
            except FileRealmError as error:
                report = str(error)
        if not overtaken.is_done:
            break
        UsersTool(folder).recover()
        users = UsersTool(folder).list_users()
        is_there = SHA_HASH.encode() in (folder / "users").read_bytes() or "first" in users
        if "the change may still be in" not in report:
            assert is_there == (report == "done"), f"before call {at}"
            assert not is_there or first == "one file" or users["first"] == ("viewer",)
        assert second == "recovers" or "second" in users, f"before call {at}"
    assert at > 100


@pytest.mark.skipif(os.name == "nt", reason="a locked file cannot be replaced there")
def test_the_lock_of_a_keystore(tmp_path, monkeypatch):
    """A file that changes alone has a lock of its own, which another program may replace too."""
    from esfilerealm._storage import single_file

    path = tmp_path / "elasticsearch.keystore"
    Keystore.create().save(path)
    first, second, commit = Keystore.read(path), Keystore.read(path), single_file.commit
    first.set("a.b", "first")
    second.set("a.b", "second")

    def overtaken(*arguments, **others):
        monkeypatch.undo()
        (tmp_path / "new").touch()
        os.replace(tmp_path / "new", f"{path}.lock")
        return commit(*arguments, **others)

    monkeypatch.setattr(single_file, "commit", overtaken)
    before = path.read_bytes()
    with pytest.raises(FileChangedError, match=r"keystore\.lock"):
        first.save(path)
    assert path.read_bytes() == before
    second.save(path)
    assert Keystore.read(path).string("a.b") == "second"
