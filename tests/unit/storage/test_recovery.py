"""Whoever comes next ends what a writer left unfinished, or leaves it to a person."""

from __future__ import annotations

import errno
import os
import re
import stat

import pytest
from crash.kit import FailFrom, intercepted
from support.hashes import CHEAP_HASH
from support.storing import (
    OTHER_HASH,
    STRANGER,
    Trace,
    broken_off,
    contents,
    identities,
    place,
    posix,
    refusing,
    root,
    write_journal,
)

from esfilerealm import UsersTool
from esfilerealm._storage import system
from esfilerealm._storage.attributes import Attributes
from esfilerealm._storage.journal import Journal, JournalStep
from esfilerealm._storage.paths import RealmPaths
from esfilerealm._storage.read import digest_of
from esfilerealm._storage.recovery import quarantined_journals, recover
from esfilerealm.errors import FileAccessError, JournalVersionError

LEFTOVER = ".0123456789abcdef.tmp"


@pytest.fixture
def change(realm, tool):
    """A change with three renames: of the journal, of `users_roles` and of `users`."""
    return lambda: tool.useradd("al", password_hash=CHEAP_HASH, roles=["admin"])


def told(caplog):
    return [(record.levelname, record.getMessage()) for record in caplog.records]


class TestNothingToDo:
    def test_says_so_and_no_more(self, realm, paths, caplog):
        before = identities(realm)
        recovery = recover(paths)
        assert (bool(recovery), recovery.outcome, recovery.path) == (False, "none", None)
        assert str(recovery) == "there was no interrupted write"
        assert identities(realm) == before
        assert told(caplog) == []

    def test_what_killed_writers_left_is_removed(self, realm, paths):
        """Of both files, of their versions, and of the journal."""
        before = contents(realm)
        for name in ("users", "users_roles", "users.1~", "users_roles.12~", "users.journal"):
            (realm / f"{name}{LEFTOVER}").touch()
        others = [f"jvm.options{LEFTOVER}", "users.1~", "users.tmp", f"users.01~{LEFTOVER}"]
        for name in others:
            (realm / name).touch()
        recover(paths)
        assert contents(realm) == {**before, **dict.fromkeys(others, b"")}

    @posix
    def test_where_the_files_are_by_links(self, realm, paths):
        for folder, name in (("data", "users"), ("more", "users_roles")):
            (realm / folder).mkdir()
            (realm / name).rename(realm / folder / name)
            (realm / name).symlink_to(f"{folder}/{name}")
            (realm / folder / f"{name}{LEFTOVER}").touch()
        recover(paths)
        assert [path.name for path in realm.rglob("*.tmp")] == []


class TestUnfinished:
    @pytest.mark.parametrize(
        "renames", [1, 2, 3], ids=["before the first file", "between the two", "after the last"]
    )
    def test_is_rolled_back(self, realm, paths, change, renames, caplog):
        before = contents(realm)
        broken_off(change, renames)
        recovery = recover(paths)
        assert recovery
        assert (recovery.outcome, recovery.path) == ("rolled_back", str(realm / "users.journal"))
        assert contents(realm) == before
        record = realm / "users.journal"
        assert told(caplog) == [("WARNING", f"an interrupted write was rolled back [{record}]")]

    def test_is_done_if_only_the_journal_was_left(self, realm, paths, tool, change, caplog):
        """A writer removes the backups after the journal, so the journal has come back."""
        broken_off(change, 3)
        for path in realm.glob("*.tmp"):
            path.unlink()
        recovery = recover(paths)
        assert (recovery.outcome, recovery.path) == ("completed", str(realm / "users.journal"))
        assert tool.list_users() == {"bob": ("viewer",), "al": ("admin",)}
        assert sorted(contents(realm)) == ["elasticsearch.yml", "users", "users_roles"]
        assert [level for level, _ in told(caplog)] == ["WARNING"]

    @posix
    def test_what_is_done_is_durable_before_the_journal_goes(self, realm, paths, change):
        """Its writer may have been killed before that."""
        broken_off(change, 3)
        for path in realm.glob("*.tmp"):
            path.unlink()
        trace = Trace()
        with intercepted(trace):
            recover(paths)
        assert trace.calls[:2] == ["fsync config", "rename users.journal"]

    def test_is_ended_once(self, realm, paths, change):
        broken_off(change, 2)
        recover(paths)
        assert not recover(paths)

    @pytest.mark.parametrize("renames", range(1, 6))
    def test_the_versions_of_it_are_rolled_back_too(self, realm, paths, renames):
        """First the journal, then two versions of each file, then `users`."""
        tool = UsersTool(realm, keep=2)
        tool.roles("bob", add=["one"])
        tool.roles("bob", add=["two"])
        before = contents(realm)
        broken_off(lambda: tool.passwd("bob", password_hash=OTHER_HASH), renames)
        assert recover(paths).outcome == "rolled_back"
        assert contents(realm) == before

    @pytest.mark.parametrize("renames", [1, 2, 3])
    def test_where_one_file_is_written_twice(self, realm, paths, tool, renames):
        """Roles that are common to both states, then the other password, then its roles."""

        def change():
            with tool.transaction() as transaction:
                transaction.passwd("bob", password_hash=OTHER_HASH)
                transaction.roles("bob", add=["admin"], remove=["viewer"])

        before = contents(realm)
        broken_off(change, renames)
        assert recover(paths).outcome == "rolled_back"
        assert contents(realm) == before

    @posix
    @pytest.mark.parametrize("renames", [1, 2], ids=["before the first file", "between the two"])
    def test_of_attributes_alone_too(self, realm, paths, renames):
        """No digest tells how far it had come."""
        for name in ("users", "users_roles"):
            (realm / name).chmod(0o640)
        broken_off(lambda: UsersTool(realm, mode=0o604).roles("bob", add=["viewer"]), renames)
        outcome = recover(paths).outcome
        modes = {(realm / n).stat().st_mode & 0o777 for n in ("users", "users_roles")}
        assert (outcome, modes) == ("rolled_back", {0o640})

    def test_in_a_folder_that_was_moved_since(self, realm, change, tmp_path):
        before = contents(realm)
        broken_off(change, 2)
        realm.rename(tmp_path / "moved")
        assert recover(RealmPaths(tmp_path / "moved")).outcome == "rolled_back"
        assert contents(tmp_path / "moved") == before

    def test_what_cannot_be_done_now_is_done_later(self, realm, paths, change):
        before = contents(realm)
        broken_off(change, 2)
        with pytest.raises(FileAccessError), intercepted(FailFrom(1, errno.EIO)):
            recover(paths)
        assert (realm / "users.journal").exists()
        with pytest.raises(FileAccessError, match="while restoring"):
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(system, "rename", refusing(errno.EIO))
                recover(paths)
        assert recover(paths).outcome == "rolled_back"
        assert contents(realm) == before

    def test_of_a_later_version_is_left_alone(self, realm, paths):
        (realm / "users.journal").write_bytes(b"esfilerealm journal 9\n")
        (realm / f"users{LEFTOVER}").touch()
        before = identities(realm)
        with pytest.raises(JournalVersionError, match=r"version \[9\]"):
            recover(paths)
        assert identities(realm) == before


class TestSetAside:
    """Both files stay as they are, and a person can see why."""

    def spoil(self, realm, kind):
        record = realm / "users.journal"
        if kind == "torn":
            record.write_bytes(record.read_bytes()[:-9])
        elif kind == "a file that somebody wrote since":
            (realm / "users_roles").write_text("viewer:bob\nother:bob\n")
        elif kind == "what was kept is gone":
            for path in realm.glob("users_roles.*.tmp"):
                path.unlink()
        elif kind == "no record":
            record.write_bytes(b"notes\n")
        elif kind == "a link":
            record.rename(realm / "notes")
            record.symlink_to("notes")
        elif kind == "of somebody else":
            os.chown(record, STRANGER, STRANGER)

    @pytest.mark.parametrize(
        ("kind", "reason"),
        [
            ("torn", "it is incomplete or damaged"),
            ("a file that somebody wrote since", "was changed by another program since"),
            ("what was kept is gone", "is missing"),
            ("no record", "it is not a journal of esfilerealm"),
            pytest.param("a link", "it is a link or not a regular file", marks=posix),
            pytest.param("of somebody else", rf"user \[{STRANGER}\] wrote it", marks=root),
        ],
    )
    def test_an_unusable_journal_is_quarantined(self, realm, paths, change, kind, reason, caplog):
        broken_off(change, 2)
        self.spoil(realm, kind)
        before = {name: (realm / name).read_bytes() for name in ("users", "users_roles")}
        recovery = recover(paths)
        assert recovery.outcome == "quarantined"
        assert re.search(reason, recovery.reason)
        assert {name: (realm / name).read_bytes() for name in before} == before
        assert not (realm / "users.journal").exists()
        assert os.path.lexists(recovery.path)
        assert [(level, recovery.path in text) for level, text in told(caplog)] == [
            ("WARNING", True)
        ]

    def test_is_reported_until_somebody_removes_it(self, realm, paths, tool):
        (realm / "users.journal").write_bytes(b"notes\n")
        first = recover(paths).path
        (realm / "users.journal").write_bytes(b"more notes\n")
        second = recover(paths).path
        assert quarantined_journals(paths.journal) == sorted([first, second])
        assert not recover(paths)
        assert [finding.path for finding in tool.check()] == sorted([first, second])
        os.unlink(first)
        assert quarantined_journals(paths.journal) == [second]

    def test_other_names_are_none(self, realm, paths):
        for name in ("users.journal.rejected", "users.journal.0.rejected", "x.0a0a0a0a.rejected"):
            (realm / name).touch()
        assert quarantined_journals(paths.journal) == []


class TestTrust:
    @root
    @pytest.mark.parametrize("owned", ["folder", "users"])
    def test_a_journal_of_who_owns_the_files_is_believed(self, realm, paths, change, owned):
        before = contents(realm)
        broken_off(change, 2)
        os.chown({"folder": realm, "users": realm / "users"}[owned], STRANGER, STRANGER)
        os.chown(realm / "users.journal", STRANGER, STRANGER)
        assert recover(paths).outcome == "rolled_back"
        assert contents(realm) == before

    @root
    def test_nobody_can_make_root_make_a_program_of_root(self, realm, paths):
        """Who owns the files is believed, but not so far."""
        program, users = b"#! anything", realm / "users"
        old = realm / f"users{LEFTOVER}"
        old.write_bytes(program)
        for path in (users, old):
            os.chown(path, STRANGER, STRANGER)
        inode = users.stat().st_ino
        step = JournalStep(
            str(users), digest_of(program), digest_of(b"x"), str(old), inode, (0o6755, 0, 0)
        )
        write_journal(Journal(paths.journal, (step,)), Attributes(0o600, STRANGER, STRANGER))
        assert recover(paths).outcome == "rolled_back"
        assert users.read_bytes() == program
        assert stat.S_IMODE(users.stat().st_mode) == 0o755

    @root
    @pytest.mark.parametrize("mode", [0o640, 0o660, 0o642])
    def test_a_journal_that_others_could_have_written_is_not_believed(
        self, realm, paths, change, mode
    ):
        """Its owner proves nothing then."""
        broken_off(change, 2)
        os.chmod(realm / "users.journal", mode)
        recovery = recover(paths)
        assert recovery.outcome == ("rolled_back" if mode == 0o640 else "quarantined")
        if mode != 0o640:
            assert recovery.reason == "user [0] wrote it, or anybody who can write it"

    @posix
    def test_nobody_but_its_owner_can_write_a_journal(self, realm, paths, change):
        """Whatever the mode of the files; whoever may read them reads it, too."""
        for name in ("users", "users_roles"):
            (realm / name).chmod(0o666)
        broken_off(change, 2)
        assert stat.S_IMODE((realm / "users.journal").stat().st_mode) == 0o644
        assert recover(paths).outcome == "rolled_back"

    @root
    @pytest.mark.parametrize("owner", ["root", "stranger"])
    def test_a_journal_about_another_file_needs_a_writer_who_may_replace_it(
        self, realm, paths, owner
    ):
        """The owner of ``users`` has no right to the keystore of root in a directory of root."""
        keystore, old = (
            realm / "elasticsearch.keystore",
            realm / f"elasticsearch.keystore{LEFTOVER}",
        )
        keystore.write_bytes(b"new")
        old.write_bytes(b"old")
        step = JournalStep(
            str(keystore),
            digest_of(b"old"),
            digest_of(b"new"),
            str(old),
            keystore.stat().st_ino,
            None,
        )
        write_journal(Journal(paths.journal, (step,)), Attributes(0o600))
        user = {"root": 0, "stranger": STRANGER}[owner]
        os.chown(realm / "users", STRANGER, STRANGER)
        os.chown(realm / "users.journal", user, user)
        recovery = recover(paths)
        if owner == "root":
            assert recovery.outcome == "rolled_back"
        else:
            assert recovery.outcome == "quarantined"
            assert "must not replace" in recovery.reason
        assert keystore.read_bytes() == {"root": b"old", "stranger": b"new"}[owner]

    @pytest.mark.parametrize("name", ["passwd", "elasticsearch.keystore.1~", "roles.yml.managed"])
    def test_a_journal_about_any_other_name_is_not_believed(self, realm, paths, name):
        (realm / name).write_bytes(b"new")
        step = JournalStep(str(realm / name), None, digest_of(b"new"), None, 1, None)
        write_journal(Journal(paths.journal, (step,)), Attributes(0o600))
        assert "it is about another file" in recover(paths).reason
        assert (realm / name).read_bytes() == b"new"

    @posix
    @pytest.mark.parametrize("kind", ["loop", "pipe", "folder"])
    def test_other_files_that_cannot_be_written_do_not_stop_it(self, realm, paths, change, kind):
        before = contents(realm)
        broken_off(change, 2)
        place(realm / "roles.yml", kind, realm / "users")
        assert recover(paths).outcome == "rolled_back"
        (realm / "roles.yml").rmdir() if kind == "folder" else (realm / "roles.yml").unlink()
        assert contents(realm) == before

    @posix
    def test_leftovers_of_another_file_go_where_it_is(self, realm, paths, tmp_path):
        (tmp_path / "elsewhere").mkdir()
        (tmp_path / "elsewhere" / "roles").touch()
        (realm / "roles.yml").symlink_to(tmp_path / "elsewhere" / "roles")
        left = [tmp_path / "elsewhere" / f"roles{LEFTOVER}", realm / f"elasticsearch.yml{LEFTOVER}"]
        for path in left:
            path.touch()
        recover(paths)
        assert not any(path.exists() for path in left)

    @posix
    def test_several_files_elsewhere_stay_while_their_leftovers_go(self, realm, paths, tmp_path):
        there = tmp_path / "elsewhere"
        there.mkdir()
        for name in ("roles.yml", "role_mapping.yml", "elasticsearch.yml"):
            (realm / name).unlink(missing_ok=True)
            (there / name).touch()
            (there / f"{name}{LEFTOVER}").touch()
            (realm / name).symlink_to(there / name)
        recover(paths)
        kept = {"roles.yml", "role_mapping.yml", "elasticsearch.yml"}
        assert {path.name for path in there.iterdir()} == kept

    @posix
    def test_nobody_can_lead_it_elsewhere_by_a_link(self, realm, paths, change, tmp_path):
        """The journal is about the files that it was about, wherever the names lead now."""
        broken_off(change, 2)
        victim = tmp_path / "victim"
        victim.write_text("precious")
        (realm / "users_roles").unlink()
        (realm / "users_roles").symlink_to(victim)
        assert recover(paths).outcome == "quarantined"
        assert victim.read_text() == "precious"


@root
class TestLinksOfStrangers:
    """A link of somebody else in the place of a file that may change together with both."""

    @pytest.fixture
    def link(self, realm, tmp_path):
        (tmp_path / "elsewhere").write_text("mine: {}\n")
        (realm / "roles.yml").symlink_to(tmp_path / "elsewhere")
        os.lchown(realm / "roles.yml", STRANGER, STRANGER)

    def test_keeps_nobody_from_writing(self, realm, link):
        UsersTool(realm).useradd("ann", password_hash=CHEAP_HASH)
        assert "ann" in UsersTool(realm).list_users()

    def test_stops_no_recovery_and_is_not_followed(self, realm, link, tmp_path):
        broken_off(lambda: UsersTool(realm).userdel("bob"), 1)
        assert UsersTool(realm).recover().outcome == "rolled_back"
        assert (tmp_path / "elsewhere").read_text() == "mine: {}\n"
