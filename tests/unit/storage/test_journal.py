"""A journal says what it said when it was written, or is not acted on."""

from __future__ import annotations

import errno
import json
import os
import re
import stat

import pytest
from crash.kit import intercepted
from support.storing import STRANGER, Trace, place, posix, refusing, root, write_journal

from esfilerealm._storage import system
from esfilerealm._storage.attributes import Attributes
from esfilerealm._storage.journal import Journal, JournalStep, UnusableJournalError
from esfilerealm._storage.read import digest_of
from esfilerealm._storage.staging import temporary_name
from esfilerealm.errors import (
    FileAccessError,
    FileChangedError,
    FilePermissionError,
    JournalVersionError,
)

OURS = {os.geteuid()} if hasattr(os, "geteuid") else set()
OLD, NEW = digest_of(b"old"), digest_of(b"new")

#: As it stands in a journal: one that makes a file.
STEP = {
    "target": "users",
    "before": None,
    "after": NEW,
    "old": None,
    "inode": 4711,
    "had": None,
}


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "config"
    folder.mkdir()
    return folder


def steps_in(folder):
    users, roles = str(folder / "users"), str(folder / "users_roles")
    return (
        JournalStep(roles, None, NEW, None, 4711, None),
        JournalStep(users, OLD, NEW, f"{users}.0123456789abcdef.tmp", None, (0o640, 1000, 0)),
        JournalStep(roles, NEW, None, f"{roles}.0123456789abcdef.tmp", None, None),
    )


@pytest.fixture
def journal(folder):
    """One that is written."""
    journal = Journal(str(folder / "users.journal"), steps_in(folder))
    write_journal(journal)
    return journal


def allowed_in(folder):
    return [re.escape(str(folder / name)) for name in ("users", "users_roles")]


def read(folder, trusted=OURS):
    return Journal.read(str(folder / "users.journal"), allowed_in(folder), trusted)


def forge(folder, steps):
    """Write a journal that is whole, and says what this program would not say."""
    inode = folder.stat().st_ino
    write_whole(folder, {"folder": str(folder), "inode": inode, "steps": steps})


def write_whole(folder, content):
    lines = b"esfilerealm journal 1\n" + json.dumps(content).encode() + b"\n"
    (folder / "users.journal").write_bytes(lines + digest_of(lines).encode() + b"\n")


class TestWriting:
    def test_round_trip(self, folder, journal):
        assert read(folder) == journal

    def test_a_file_in_another_folder(self, folder, tmp_path):
        """As where `users_roles` is a link."""
        target = str(tmp_path / "elsewhere" / "roles")
        (tmp_path / "elsewhere").mkdir()
        step = JournalStep(target, OLD, NEW, f"{target}.0123456789abcdef.tmp", 4712, None)
        journal = Journal(str(folder / "users.journal"), (*steps_in(folder), step))
        write_journal(journal)
        allowed = [*allowed_in(folder), re.escape(target)]
        assert Journal.read(journal.path, allowed, OURS) == journal

    def test_the_form_is_that_of_version_1(self, folder, journal):
        """A later version of this package has to read it, and a person can."""
        first, second, third, end = (folder / "users.journal").read_bytes().split(b"\n")
        assert first == b"esfilerealm journal 1"
        content = json.loads(second)
        assert (content["folder"], content["inode"]) == (str(folder), folder.stat().st_ino)
        assert content["steps"][1] == {
            "target": "users",
            "before": OLD,
            "after": NEW,
            "old": "users.0123456789abcdef.tmp",
            "inode": None,
            "had": [0o640, 1000, 0],
        }
        assert third.decode() == digest_of(first + b"\n" + second + b"\n")
        assert end == b""

    @posix
    def test_it_is_whole_and_durable_before_it_has_its_name(self, folder):
        trace = Trace()
        with intercepted(trace):
            journal = Journal(str(folder / "users.journal"), steps_in(folder))
            write_journal(journal, Attributes(0o640))
        assert trace.calls == [
            "write users.journal.tmp",
            "fchmod users.journal.tmp",
            "fsync users.journal.tmp",
            "rename users.journal.tmp",
            "fsync config",
        ]

    @posix
    def test_its_mode_is_what_it_was_given(self, folder, journal):
        assert stat.S_IMODE((folder / "users.journal").stat().st_mode) == 0o640

    def test_a_fault_leaves_none(self, folder, monkeypatch):
        monkeypatch.setattr(system, "rename", refusing(errno.EACCES))
        with pytest.raises(FilePermissionError, match=r"users.journal\]: .* while writing"):
            write_journal(Journal(str(folder / "users.journal"), steps_in(folder)))
        assert read(folder) is None

    def test_what_is_left_of_one_that_is_removed(self, folder, journal):
        """A temporary file, by which the next writer knows that this may not be durable."""
        spent, another = temporary_name(journal.path), temporary_name(journal.path)
        journal.retire(spent)
        assert read(folder) is None
        assert [str(path) for path in folder.iterdir()] == [spent]
        journal.retire(another, may_be_missing=True)
        assert not os.path.exists(another)
        with pytest.raises(FileChangedError):  # whoever commits a change has to remove it
            journal.retire(another)

    def test_one_that_was_removed_can_be_brought_back(self, folder, journal):
        """As long as its removal may not be durable, the change is not committed."""
        spent = temporary_name(journal.path)
        journal.retire(spent)
        journal.reinstate(spent)
        assert read(folder) == journal


class TestDamage:
    """Nothing but a whole journal is acted on."""

    def test_torn_at_every_byte(self, folder, journal):
        path = folder / "users.journal"
        whole = path.read_bytes()
        for length in range(len(whole)):
            path.write_bytes(whole[:length])
            with pytest.raises(UnusableJournalError):
                read(folder)

    def test_any_byte_another(self, folder, journal):
        path = folder / "users.journal"
        whole = path.read_bytes()
        for at in range(len(whole)):
            path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
            with pytest.raises((UnusableJournalError, JournalVersionError)):
                read(folder)

    @pytest.mark.parametrize("more", [b"\n", b"x", b"x\n", bytes(9)], ids=repr)
    def test_more_than_a_journal(self, folder, journal, more):
        with (folder / "users.journal").open("ab") as file:
            file.write(more)
        with pytest.raises(UnusableJournalError, match="damaged"):
            read(folder)

    @pytest.mark.parametrize(
        "line",
        [b"", b"bob:x", b"esfilerealm journal", b"esfilerealm journal 0", b"\xffELF", b"\0"],
        ids=repr,
    )
    def test_another_first_line(self, folder, line):
        (folder / "users.journal").write_bytes(line + b"\n{}\n")
        with pytest.raises(UnusableJournalError, match="not a journal of esfilerealm"):
            read(folder)

    @pytest.mark.parametrize("version", [3, 17, 999_999_999])
    def test_a_later_version_is_an_error_whatever_follows(self, folder, version):
        (folder / "users.journal").write_bytes(b"esfilerealm journal %d\n\xff" % version)
        with pytest.raises(JournalVersionError, match=rf"version \[{version}\].* up to \[2\]"):
            read(folder)

    def test_zeros_where_the_disk_lost_it(self, folder, journal):
        path = folder / "users.journal"
        path.write_bytes(bytes(path.stat().st_size))
        with pytest.raises(UnusableJournalError):
            read(folder)


class TestFolder:
    """By path or by inode: a journal in a copy of the directory is about other files."""

    def test_a_folder_that_was_moved(self, folder, journal, tmp_path):
        moved = tmp_path / "moved"
        folder.rename(moved)
        assert read(moved).steps == steps_in(moved)

    def test_a_folder_that_was_restored_in_its_place(self, folder, journal, tmp_path):
        record = (folder / "users.journal").read_bytes()
        folder.rename(tmp_path / "old")
        folder.mkdir()
        assert folder.stat().st_ino != (tmp_path / "old").stat().st_ino
        (folder / "users.journal").write_bytes(record)
        assert read(folder).steps == steps_in(folder)

    def test_a_copy_of_the_folder(self, folder, journal, tmp_path):
        copy = tmp_path / "copy"
        copy.mkdir()
        (copy / "users.journal").write_bytes((folder / "users.journal").read_bytes())
        with pytest.raises(UnusableJournalError, match=r"it is about the directory \["):
            read(copy)


class TestTrust:
    """Others may write in the directory too; what they put there moves no file of ours."""

    def test_nothing_there(self, folder):
        assert read(folder) is None

    @root
    def test_of_somebody_else(self, folder, journal):
        os.chown(folder / "users.journal", STRANGER, 0)
        with pytest.raises(UnusableJournalError, match=rf"user \[{STRANGER}\] wrote it"):
            read(folder)
        assert read(folder, trusted={STRANGER}) == journal

    @posix
    def test_a_second_name(self, folder, journal, tmp_path):
        """A whole journal of root's from elsewhere, which anybody may give another name."""
        os.link(folder / "users.journal", tmp_path / "second")
        with pytest.raises(UnusableJournalError):
            read(folder)

    @posix
    @pytest.mark.parametrize("kind", ["link", "loop", "pipe", "folder"])
    def test_no_file_of_its_own(self, folder, journal, tmp_path, kind):
        path = folder / "users.journal"
        path.rename(tmp_path / "record")
        place(path, kind, tmp_path / "record")
        with pytest.raises(UnusableJournalError, match="a link or not a regular file"):
            read(folder)

    def test_one_that_cannot_be_read_now_is_not_judged(self, folder, journal, monkeypatch):
        monkeypatch.setattr(system, "read", refusing(errno.EIO))
        with pytest.raises(FileAccessError, match="Input/output error"):
            read(folder)


class TestContent:
    """Whole, of somebody who is trusted, and still not what this program writes."""

    def test_what_this_program_would_write_is_read(self, folder):
        forge(folder, steps=[STEP])
        assert read(folder).steps == (JournalStep(**{**STEP, "target": str(folder / "users")}),)

    @pytest.mark.parametrize(
        "target", ["other", "../config/users", "/etc/passwd", "sub/users", "users.1~", "users\n"]
    )
    def test_a_file_that_is_not_one_of_the_two(self, folder, target):
        forge(folder, steps=[{**STEP, "target": target}])
        with pytest.raises(UnusableJournalError, match="about another file"):
            read(folder)

    @pytest.mark.parametrize(
        "old",
        [
            "users",
            "users_roles",
            "users.tmp",
            "users_roles.0123456789abcdef.tmp",
            "/etc/users.0123456789abcdef.tmp",
            "../config/users.0123456789abcdef.tmp",
            "users.0123456789abcdef.tmp\n",
        ],
    )
    def test_an_old_file_that_is_not_one_of_ours(self, folder, old):
        forge(folder, steps=[{**STEP, "before": OLD, "old": old}])
        with pytest.raises(UnusableJournalError, match="not ours"):
            read(folder)

    @pytest.mark.parametrize(
        "step",
        [
            pytest.param({}, id="empty"),
            pytest.param({"target": "users"}, id="too little"),
            pytest.param({**STEP, "extra": 1}, id="too much"),
            pytest.param({**STEP, "had": 1}, id="no attributes"),
            pytest.param({**STEP, "had": [1, 2]}, id="too few attributes"),
            pytest.param({**STEP, "had": [1, 2, -3]}, id="no number"),
            pytest.param({**STEP, "inode": True}, id="no inode"),
            pytest.param({**STEP, "target": 7}, id="no path"),
            pytest.param({**STEP, "inode": "7"}, id="no number"),
            pytest.param({**STEP, "after": "x"}, id="no digest"),
            pytest.param({**STEP, "after": f"{NEW}\n"}, id="more than a digest"),
            pytest.param({**STEP, "before": OLD}, id="nothing kept"),
            pytest.param({**STEP, "old": "x"}, id="nothing to keep"),
            pytest.param({**STEP, "before": OLD, "old": 7}, id="kept nowhere"),
            pytest.param("users", id="text"),
            pytest.param(None, id="nothing"),
        ],
    )
    def test_a_step_that_is_not_one(self, folder, step):
        forge(folder, steps=[step])
        with pytest.raises(UnusableJournalError, match="it is malformed"):
            read(folder)

    @pytest.mark.parametrize("steps", [[], {}, "users", None], ids=repr)
    def test_no_steps(self, folder, steps):
        forge(folder, steps=steps)
        with pytest.raises(UnusableJournalError, match="it is malformed"):
            read(folder)

    @pytest.mark.parametrize(
        "content", [[], None, "steps", {}, {"folder": "/"}, {"steps": []}, {"inode": 7}], ids=repr
    )
    def test_no_such_object(self, folder, content):
        write_whole(folder, content)
        with pytest.raises(UnusableJournalError, match="it is malformed"):
            read(folder)

    def test_what_it_names_is_shown_on_one_short_line(self, folder):
        forge(folder, steps=[{**STEP, "target": "a\nb" * 99}])
        with pytest.raises(UnusableJournalError) as caught:
            read(folder)
        assert str(caught.value).isprintable()
        assert len(str(caught.value)) < 200
