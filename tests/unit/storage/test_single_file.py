"""A file that changes alone: its own lock and journal, and the changes of the realm around it."""

from __future__ import annotations

import os
import stat
import threading

import pytest
from support.storing import STRANGER, broken_off, place, posix, root, write_journal

from esfilerealm._storage import RealmFolder, SingleFile, Unit, WriteOptions, single_file
from esfilerealm._storage.attributes import Attributes
from esfilerealm._storage.journal import Journal, JournalStep
from esfilerealm._storage.lock import write_lock
from esfilerealm._storage.read import digest_of
from esfilerealm.errors import (
    FileAccessError,
    FilePermissionError,
    LockTimeoutError,
)

NAME = "elasticsearch.keystore"
LEFTOVER = ".0123456789abcdef.tmp"


@pytest.fixture
def path(realm):
    return realm / NAME


def single(path, **limits):
    return SingleFile(str(path), **{"largest": 1000, "new_mode": 0o660, **limits})


def write(path, data, **how):
    options = WriteOptions(**how)
    file = single(path)
    with file.locked(options) as recovery:
        return recovery, file.commit(file.read(), data, options)


def write_with_realm(realm, data, **how):
    """Change the file together with ``users``, as a desired state does."""
    folder, options = RealmFolder(realm), WriteOptions(**how)
    with folder.locked(options, NAME):
        files = folder.read(NAME)
        contents = [(files.others[NAME], data), (files.users, files.users.data + b"new:x\n")]
        folder.commit(Unit(files, contents), options)


class TestReading:
    def test_a_missing_file_is_empty(self, path):
        assert (single(path).read().exists, single(path).read().data) == (False, b"")

    def test_a_large_file_is_refused(self, path):
        path.write_bytes(bytes(1001))
        with pytest.raises(FileAccessError, match=r"has \[1001\] bytes, and at most \[1000\]"):
            single(path).read()

    @posix
    @pytest.mark.parametrize("renames", [1, 2, 3])
    def test_half_a_change_is_not_seen(self, path, renames):
        path.write_bytes(b"before")
        broken_off(lambda: write(path, b"after", strategy="in_place"), renames)
        assert single(path).read().data == (b"before" if renames == 1 else b"after")

    @posix
    @pytest.mark.parametrize("renames", [1, 2, 3])
    @pytest.mark.parametrize("how", ["rename", "in_place"])
    def test_half_a_change_of_the_realm_is_not_seen(self, realm, path, renames, how):
        path.write_bytes(b"before")
        broken_off(lambda: write_with_realm(realm, b"after", strategy=how), renames)
        left = {"rename": 3, "in_place": 1}[how]
        assert single(path).read().data == (b"before" if renames <= left else b"after")

    def test_an_unusable_journal_hides_nothing(self, realm, path):
        path.write_bytes(b"now")
        for journal in (f"{NAME}.journal", "users.journal"):
            (realm / journal).write_text("nonsense")
            assert single(path).read().data == b"now"


class TestWriting:
    def test_a_new_file_gets_its_mode_whatever_the_umask(self, path):
        before = os.umask(0o077)
        try:
            _, result = write(path, b"new")
        finally:
            os.umask(before)
        assert (path.read_bytes(), result.before, result.mode) == (b"new", None, 0o660)
        assert stat.S_IMODE(path.stat().st_mode) == 0o660

    @posix
    def test_an_existing_file_keeps_its_attributes(self, path):
        path.write_bytes(b"old")
        path.chmod(0o604)
        write(path, b"new")
        assert (path.read_bytes(), stat.S_IMODE(path.stat().st_mode)) == (b"new", 0o604)

    @root
    def test_it_keeps_its_owner(self, path):
        path.write_bytes(b"old")
        os.chown(path, STRANGER, STRANGER)
        write(path, b"new")
        assert (path.stat().st_uid, path.stat().st_gid) == (STRANGER, STRANGER)

    @posix
    def test_links_of_ours_are_followed(self, realm, path, tmp_path):
        (tmp_path / "there").mkdir()
        path.symlink_to(tmp_path / "there" / "real")
        write(path, b"new")
        assert path.is_symlink()
        assert (tmp_path / "there" / "real").read_bytes() == b"new"
        assert {p.name for p in (tmp_path / "there").iterdir()} == {"real", "real.lock"}

    @root
    def test_links_of_others_are_not(self, path, tmp_path):
        path.symlink_to(tmp_path / "real")
        os.lchown(path, STRANGER, STRANGER)
        with pytest.raises(FilePermissionError, match="who might lead us to any file"):
            write(path, b"new")

    @posix
    @pytest.mark.parametrize("kind", ["volume", "loop", "pipe", "folder"])
    def test_it_is_written_where_the_realm_cannot_be(self, realm, path, kind, tmp_path):
        """A node in Kubernetes has users from a Secret, and a keystore of its own."""
        (realm / "users").unlink()
        if kind == "volume":
            (tmp_path / "volume").mkdir()
            (tmp_path / "volume" / "..data").symlink_to("version")
            (realm / "users").symlink_to(tmp_path / "volume" / "..data" / "users")
        else:
            place(realm / "users", kind, path)
        write(path, b"new")
        assert single(path).read().data == b"new"

    def test_no_realm_is_needed(self, tmp_path):
        for name in (NAME, "copy"):
            (tmp_path / name).with_suffix("").mkdir(exist_ok=True)
            write(tmp_path / name.partition(".")[0] / name, b"new")
            assert (tmp_path / name.partition(".")[0] / name).read_bytes() == b"new"

    def test_a_dry_run_needs_no_lock(self, path):
        with write_lock(lambda: f"{path}.lock", 1):
            file = single(path)
            result = file.commit(file.read(), b"new", WriteOptions(dry_run=True))
        assert (result.changed, path.exists()) == (True, False)

    @posix
    @pytest.mark.parametrize("kind", ["new", "in_place", "rename"])
    def test_what_nobody_else_would_roll_back_is_refused(self, path, kind, monkeypatch):
        """The journal of somebody without rights to the directory proves nothing to others."""
        monkeypatch.setattr(single_file, "owners_of", lambda *_, **__: {STRANGER})
        monkeypatch.setattr(single_file, "could_replace", lambda *_: False)
        if kind == "rename":
            path.write_bytes(b"old")
            write(path, b"needs no journal")
            return
        if kind == "in_place":
            path.write_bytes(b"old")
        with pytest.raises(FilePermissionError, match="could roll back your change"):
            write(path, b"new", strategy="in_place")


class TestLocking:
    def test_one_writer_at_a_time(self, path):
        with write_lock(lambda: f"{path}.lock", 1):
            with pytest.raises(LockTimeoutError):
                write(path, b"new", lock_timeout=0.05)

    def test_users_can_change_meanwhile(self, realm, path):
        with single(path).locked(WriteOptions()), RealmFolder(realm).locked(WriteOptions()):
            pass

    def test_a_change_of_both_waits_for_it(self, realm, path):
        with single(path).locked(WriteOptions()):
            with pytest.raises(LockTimeoutError, match=NAME):
                write_with_realm(realm, b"new", lock_timeout=0.05)

    def test_it_waits_for_a_change_of_both(self, realm, path):
        with RealmFolder(realm).locked(WriteOptions(), NAME):
            with pytest.raises(LockTimeoutError, match=NAME):
                write(path, b"new", lock_timeout=0.05)

    def test_neither_gets_in_the_way_of_the_other(self, realm, path):
        """Both take their locks in the same order, so no two writers wait for each other."""
        failed = []

        def run(work):
            try:
                for number in range(10):
                    work(b"%d" % number)
            except Exception as error:  # noqa: BLE001 - shown by the test
                failed.append(error)

        works = (lambda data: write(path, data), lambda data: write_with_realm(realm, data))
        threads = [threading.Thread(target=run, args=(work,)) for work in works * 2]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert failed == []
        assert (realm / "users").read_text().count("new:x\n") == 20


class TestRecovery:
    @posix
    @pytest.mark.parametrize("renames", [1, 2])
    def test_the_next_save_ends_an_interrupted_one(self, path, renames):
        broken_off(lambda: write(path, b"first"), renames)
        recovery, result = write(path, b"second")
        assert recovery.outcome == "rolled_back"
        assert result.before is None
        assert path.read_bytes() == b"second"

    @posix
    def test_it_ends_one_of_the_realm_that_names_the_file(self, realm, path):
        path.write_bytes(b"old")
        users = (realm / "users").read_bytes()
        broken_off(lambda: write_with_realm(realm, b"both"), 2)
        assert path.read_bytes() == b"both"
        write(path, b"alone")
        assert (path.read_bytes(), (realm / "users").read_bytes()) == (b"alone", users)
        assert not (realm / "users.journal").exists()

    @posix
    def test_it_leaves_one_of_the_realm_that_does_not(self, realm, path):
        path.write_bytes(b"old")
        folder, options = RealmFolder(realm), WriteOptions()

        def write_both():
            files = folder.read()
            folder.commit(Unit(files, [(file, b"new:x\n") for file in files.both]), options)

        broken_off(write_both, 2)
        write(path, b"alone")
        assert (realm / "users.journal").exists()
        assert path.read_bytes() == b"alone"

    def test_an_unusable_journal_of_the_realm_is_put_aside_first(self, realm, path):
        """It may name the file, and its temporary files may be the only copies of something."""
        (realm / "users.journal").write_text("nonsense")
        (realm / f"{NAME}{LEFTOVER}").write_bytes(b"perhaps needed")
        write(path, b"new")
        assert not (realm / "users.journal").exists()
        kept = [p for p in realm.iterdir() if p.name.endswith(".rejected")]
        assert b"perhaps needed" in [p.read_bytes() for p in kept]

    def test_an_unusable_journal_of_its_own_is_put_aside(self, realm, path):
        (realm / f"{NAME}.journal").write_text("nonsense")
        recovery, _ = write(path, b"new")
        assert recovery.outcome == "quarantined"
        assert path.read_bytes() == b"new"

    def test_a_journal_about_another_file_is_not_believed(self, realm, path):
        (realm / "roles.yml").write_bytes(b"new")
        step = JournalStep(str(realm / "roles.yml"), None, digest_of(b"new"), None, 1, None)
        write_journal(Journal(f"{path}.journal", (step,)), Attributes(0o600))
        assert write(path, b"new")[0].outcome == "quarantined"
        assert (realm / "roles.yml").read_bytes() == b"new"

    @posix
    def test_a_write_of_the_realm_ends_it_too(self, realm, path):
        path.write_bytes(b"old")
        broken_off(lambda: write(path, b"new", strategy="in_place"), 1)
        RealmFolder(realm).recover(WriteOptions())
        assert path.read_bytes() == b"old"
        assert not [p for p in realm.iterdir() if p.suffix in (".tmp", ".journal")]

    @posix
    def test_a_write_of_the_realm_leaves_a_writer_at_work_alone(self, realm, path):
        """Its temporary files are no leftovers."""
        options = WriteOptions()
        with single(path).locked(options):
            (realm / f"{NAME}{LEFTOVER}").write_bytes(b"at work")
            RealmFolder(realm).recover(options)
            assert (realm / f"{NAME}{LEFTOVER}").read_bytes() == b"at work"
        RealmFolder(realm).recover(options)
        assert not (realm / f"{NAME}{LEFTOVER}").exists()

    def test_a_realm_without_traces_of_it_gets_no_lock_of_it(self, realm, path):
        path.write_bytes(b"old")
        RealmFolder(realm).recover(WriteOptions())
        assert not (realm / f"{NAME}.lock").exists()
