"""The lock file is replaced under its writers: no update that was reported as done is lost."""

from __future__ import annotations

import os
import threading
import warnings
from contextlib import suppress
from pathlib import Path

import pytest
from support.hashes import CHEAP_HASH

from esfilerealm import UsersTool
from esfilerealm._storage.lock import write_lock
from esfilerealm._storage.private_file import write_private_file
from esfilerealm.errors import FileChangedError, FileRealmError

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

    def overtaken(*arguments):
        monkeypatch.undo()
        renamed(Path(config))
        UsersTool(config).useradd("second", password_hash=CHEAP_HASH)
        return commit(*arguments)

    monkeypatch.setattr(write, "commit", overtaken)
    with pytest.raises(FileChangedError):
        UsersTool(config).useradd("first", password_hash=CHEAP_HASH)
    assert list(UsersTool(config).list_users()) == ["second"]
