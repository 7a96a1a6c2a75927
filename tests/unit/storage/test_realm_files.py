"""Both files are read as one state, whoever is writing them meanwhile, and without a lock."""

from __future__ import annotations

import os

import pytest
from crash.kit import intercepted
from support.hashes import CHEAP_HASH
from support.storing import OTHER_HASH, broken_off, place, posix
from support.watching import replace

from esfilerealm import UsersTool
from esfilerealm._storage import RealmFolder, Unit, WriteOptions, realm_files
from esfilerealm._storage.paths import managed_path
from esfilerealm._storage.read import read_file
from esfilerealm._storage.realm_files import read_consistently
from esfilerealm.errors import ConfigurationFileMissingError, FileAccessError, JournalVersionError


def seen(folder):
    files = folder.read()
    return files.users.data, files.users_roles.data


def seen_with_managed(folder):
    return tuple(f.data for f in read_consistently(folder.paths, read_file, records=[managed_path]))


class TestMissing:
    def test_a_realm_needs_users_only(self, tmp_path):
        folder = RealmFolder(tmp_path)
        with pytest.raises(ConfigurationFileMissingError, match="esfilerealm init"):
            folder.read()
        assert not folder.read_any().users.exists
        (tmp_path / "users").touch()
        assert folder.read().users_roles.data == b""

    def test_one_that_cannot_be_read_is_an_error(self, realm, folder):
        for name in ("users_roles", "users"):
            (realm / name).unlink()
            (realm / name).mkdir()
            with pytest.raises(FileAccessError, match=rf"{name}\]: it is not a regular file"):
                folder.read_any()

    @posix
    @pytest.mark.parametrize("link", [os.symlink, os.link])
    def test_one_file_is_not_taken_for_both(self, realm, folder, link):
        (realm / "users_roles").unlink()
        link(realm / "users", realm / "users_roles")
        with pytest.raises(
            FileAccessError, match=r"users_roles\]: it is the same file as \[.*users"
        ):
            folder.read()


class TestManaged:
    """The list of users whom provisioning has made, read with both files."""

    def read(self, folder):
        return read_consistently(folder.paths, read_file, records=[managed_path])[2]

    def test_a_missing_one_is_empty(self, realm, folder):
        managed = self.read(folder)
        assert (managed.exists, managed.path) == (False, str(realm / "users.managed"))

    def test_it_is_beside_the_real_file(self, realm, folder):
        (realm / "users").rename(realm / "real")
        (realm / "users").symlink_to("real")
        (realm / "real.managed").write_text("x")
        assert self.read(folder).data == b"x"

    def test_why_it_cannot_be_read_stands_in_its_place(self, realm, folder):
        (realm / "users.managed").mkdir()
        assert isinstance(self.read(folder), FileAccessError)
        assert b"bob:" in folder.read_with_managed(is_needed=False)[0].users.data
        with pytest.raises(FileAccessError):
            folder.read_with_managed(is_needed=True)

    def test_both_files_are_needed_as_ever(self, realm, folder):
        (realm / "users_roles").unlink()
        (realm / "users_roles").mkdir()
        with pytest.raises(FileAccessError, match=r"users_roles\]"):
            folder.read_with_managed(is_needed=False)
        (realm / "users_roles").rmdir()
        (realm / "users").unlink()
        with pytest.raises(ConfigurationFileMissingError):
            folder.read_with_managed(is_needed=False)


class TestLikeness:
    """Whether a write would start from the same state; only then is it not prepared again."""

    @pytest.fixture
    def before(self, folder):
        return folder.read()

    def test_nothing_happened(self, folder, before):
        assert folder.read().are_like(before)

    @pytest.mark.parametrize("name", ["users", "users_roles"])
    def test_other_content(self, realm, folder, before, name):
        with (realm / name).open("a") as file:
            file.write("#\n")
        assert not folder.read().are_like(before)

    @posix
    @pytest.mark.parametrize("name", ["users", "users_roles"])
    def test_another_mode(self, realm, folder, before, name):
        (realm / name).chmod(0o604)
        assert not folder.read().are_like(before)

    @posix
    def test_another_place(self, realm, folder, before):
        (realm / "users").rename(realm / "real")
        (realm / "users").symlink_to("real")
        assert not folder.read().are_like(before)

    def test_gone(self, realm, folder, before):
        (realm / "users_roles").write_text("")
        empty = folder.read()
        (realm / "users_roles").unlink()
        assert not folder.read().are_like(empty)


class TestOthers:
    """Files that a unit may change besides both."""

    def test_they_are_read_by_name(self, realm, folder):
        (realm / "roles.yml").write_bytes(b"r: {}")
        files = folder.read("roles.yml", "elasticsearch.keystore")
        assert {name: file.data for name, file in files.others.items()} == {
            "roles.yml": b"r: {}",
            "elasticsearch.keystore": b"",
        }
        assert files.all == (*files.both, *files.others.values())

    def test_other_names_are_refused(self, folder):
        with pytest.raises(ValueError, match="is not the path of a file below"):
            folder.read("../passwd")

    @posix
    def test_one_file_is_not_taken_for_two(self, realm, folder):
        (realm / "roles.yml").symlink_to("users_roles")
        with pytest.raises(FileAccessError, match=r"roles.yml\]: it is the same file as \[.*roles"):
            folder.read("roles.yml")

    def test_they_are_found_where_old_versions_kept_them(self, realm, folder):
        (realm / "x-pack").mkdir()
        (realm / "x-pack" / "role_mapping.yml").write_bytes(b"old")
        assert folder.read("role_mapping.yml").others["role_mapping.yml"].data == b"old"
        assert folder.paths.legacy == []

    @pytest.mark.parametrize("renames", [1, 2, 3, 4, 5, 6])
    def test_all_are_of_one_state(self, realm, folder, renames):
        """Until the journal goes, a reader sees what was before the change."""
        names = ("roles.yml", "elasticsearch.keystore")

        def seen():
            return [(file.exists, file.data) for file in folder.read(*names).all]

        (realm / "roles.yml").write_bytes(b"before")
        before = seen()

        def write():
            with folder.locked(WriteOptions()):
                files = folder.read(*names)
                contents = [(file, b"new:x\n") for file in files.all]
                folder.commit(Unit(files, contents), WriteOptions())

        broken_off(write, renames)
        assert (seen() == before) == (renames < 6)
        folder.recover(WriteOptions())
        assert (seen() == before) == (renames < 6)


class Watching:
    """Reads both files at every system call of a writer, whose writes come in two halves."""

    def __init__(self, folder, see=seen):
        self.folder = folder
        self.see = see
        self.seen = []
        self._is_reading = False

    def __call__(self, call):
        if self._is_reading:
            return call.make()
        self.look()
        if call.name == "write":
            descriptor, data = call.args
            return os.write(descriptor, bytes(data)[: max(1, len(data) // 2)])
        return call.make()

    def look(self):
        self._is_reading = True
        self.seen.append(self.see(self.folder))
        self._is_reading = False


class TestWriterAtWork:
    @pytest.mark.parametrize("strategy", ["rename", "in_place"])
    @pytest.mark.parametrize(
        "verbs",
        [
            lambda t: t.useradd("al", password_hash=CHEAP_HASH, roles=["admin"]),
            lambda t: t.userdel("bob"),
            lambda t: (
                t.passwd("bob", password_hash=OTHER_HASH),
                t.roles("bob", add=["x"], remove=["viewer"]),
            ),
        ],
        ids=["grant", "removal", "three writes"],
    )
    def test_a_reader_sees_before_or_after_at_every_call(self, realm, folder, strategy, verbs):
        watching = Watching(folder)
        before = seen(folder)
        with (
            intercepted(watching),
            UsersTool(realm, strategy=strategy).transaction() as transaction,
        ):
            verbs(transaction)
        after = seen(folder)
        assert before != after
        assert set(watching.seen) == {before, after}
        assert watching.seen == sorted(watching.seen, key=[before, after].index)

    @pytest.mark.parametrize("strategy", ["rename", "in_place"])
    def test_nor_does_who_reads_the_list_of_managed_users_too(self, realm, folder, strategy):
        """The list changes before the others do, and all three are of one state."""
        (realm / "users.managed").write_text('{"version": 1, "users": ["bob"]}')
        watching = Watching(folder, seen_with_managed)
        before = seen_with_managed(folder)
        with intercepted(watching):
            UsersTool(realm, strategy=strategy).userdel("bob")
        after = seen_with_managed(folder)
        assert all(one != other for one, other in zip(before, after, strict=True))
        assert set(watching.seen) == {before, after}
        assert watching.seen == sorted(watching.seen, key=[before, after].index)

    @pytest.mark.parametrize("renames", [1, 2, 3, 4, 5])
    def test_nor_who_does_so_after_one_that_was_killed(self, realm, folder, tool, renames):
        (realm / "users.managed").write_text('{"version": 1, "users": ["bob"]}')
        before = seen_with_managed(folder)
        broken_off(lambda: tool.userdel("bob"), renames)
        assert (seen_with_managed(folder) == before) == (renames < 5)
        tool.recover()
        assert (seen_with_managed(folder) == before) == (renames < 5)

    @pytest.mark.parametrize("renames", [1, 2, 3])
    def test_one_that_was_killed(self, realm, folder, tool, renames):
        """Until somebody ends it, a reader goes by the journal."""
        before = seen(folder)
        broken_off(lambda: tool.useradd("al", password_hash=CHEAP_HASH, roles=["admin"]), renames)
        assert (realm / "users.journal").exists()
        assert seen(folder) == before
        tool.recover()
        assert seen(folder) == before

    def test_one_that_comes_in_between(self, realm, folder, tool):
        """Then the reader begins anew."""
        reads = []

        def read(path):
            if len(reads) == 1:
                tool.useradd("al", password_hash=CHEAP_HASH, roles=["admin"])
            reads.append(path)
            return read_file(path)

        users, users_roles = read_consistently(folder.paths, read)
        assert (b"al:" in users.data, b"al" in users_roles.data) == (True, True)
        assert len(reads) == 4

    def test_one_who_never_rests_does_not_hold_a_reader_up_for_ever(self, realm, folder):
        reads = []

        def read(path):
            reads.append(path)
            replace(realm / "users", b"%d" % len(reads))
            return read_file(path)

        read_consistently(folder.paths, read)
        assert len(reads) == 2 * realm_files._ATTEMPTS


class TestRecord:
    @pytest.mark.parametrize("record", [b"", b"notes\n", b"\xff" * 9, b"esfilerealm journal 1\n"])
    def test_an_unusable_journal_changes_nothing(self, realm, folder, record):
        before = seen(folder)
        (realm / "users.journal").write_bytes(record)
        assert seen(folder) == before

    @posix
    @pytest.mark.parametrize("kind", ["link", "loop", "pipe", "folder"])
    def test_nor_a_file_that_is_not_a_journal(self, realm, folder, kind):
        before = seen(folder)
        place(realm / "users.journal", kind, realm / "users")
        assert seen(folder) == before

    def test_of_a_later_version(self, realm, folder):
        """It is not known what it says, so neither is what the files would be without it."""
        (realm / "users.journal").write_bytes(b"esfilerealm journal 9\n")
        with pytest.raises(JournalVersionError, match=r"version \[9\]"):
            folder.read()

    def test_what_it_keeps_was_taken_away(self, realm, folder, tool):
        """The files as they are, then; nobody can tell anything better."""
        broken_off(lambda: tool.useradd("al", password_hash=CHEAP_HASH, roles=["admin"]), 2)
        for path in realm.glob("*.tmp"):
            path.unlink()
        assert b"admin:al" in seen(folder)[1]

    def test_a_file_that_cannot_be_read_stays_an_error(self, realm, folder, tool):
        broken_off(lambda: tool.useradd("al", password_hash=CHEAP_HASH, roles=["admin"]), 2)
        (realm / "users_roles").unlink()
        (realm / "users_roles").mkdir()
        with pytest.raises(FileAccessError, match="not a regular file"):
            folder.read()
