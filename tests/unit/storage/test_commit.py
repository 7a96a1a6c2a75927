"""Several files change as one: all of them or none, and in an order that survives anything."""

from __future__ import annotations

import errno
import os
import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from crash.kit import Fail, Shorten, intercepted
from support.storing import (
    PLAIN,
    STRANGER,
    Interrupt,
    Trace,
    change,
    contents,
    identities,
    posix,
    refusing,
    write,
)
from support.watching import replace

from esfilerealm._storage import system
from esfilerealm._storage.attributes import Attributes
from esfilerealm._storage.commit import commit
from esfilerealm._storage.journal import Journal
from esfilerealm._storage.recovery import restore
from esfilerealm._storage.staging import remove_leftovers
from esfilerealm.errors import FileAccessError, FilePermissionError

if TYPE_CHECKING:
    from pathlib import Path

    from crash.kit import Call

    from esfilerealm._storage.commit import Change

#: Ways in which the two files change; each gives the changes that `write` is to make.
UNITS = {
    "one file": lambda folder: [change(folder / "users", b"new")],
    "a new file": lambda folder: [change(folder / "fresh", b"new")],
    "two files": lambda folder: [
        change(folder / "users_roles", b"new roles"),
        change(folder / "users", b"new"),
    ],
    "a new file and one that goes": lambda folder: [
        change(folder / "fresh", b"new"),
        change(folder / "users", None),
    ],
    "a file twice": lambda folder: twice(folder / "users_roles", folder / "users"),
    "in place": lambda folder: [change(folder / "users", b"new", in_place=True)],
    "a file twice in place": lambda folder: twice(
        folder / "users_roles", folder / "users", in_place=True
    ),
}


def twice(roles, users, **more):
    """As if a user got a new password and other roles: the roles that are common come first."""
    first = change(roles, b"common roles", **more)
    last = change(roles, b"new roles", before=first.after, status=None, **more)
    return [first, change(users, b"new", **more), last]


def lay_out(folder):
    folder.mkdir()
    for name in ("users", "users_roles"):
        (folder / name).write_text(f"old {name}")
        (folder / name).chmod(0o604)
    return folder


@pytest.fixture
def folder(tmp_path):
    return lay_out(tmp_path / "config")


@pytest.fixture(params=UNITS)
def unit(request):
    return UNITS[request.param]


def failing_from(name, nth, number=errno.EROFS):
    """Fail a call from the *nth* of its name on."""
    count = 0

    def handle(call):
        nonlocal count
        if call.name == name:
            count += 1
            if count >= nth:
                raise OSError(number, os.strerror(number))
        return call.make()

    return handle


def failing_all_after(name, nth):
    """Fail every call after the *nth* of its name: the disk is gone."""
    count = 0

    def handle(call):
        nonlocal count
        if count >= nth:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        count += call.name == name
        return call.make()

    return handle


@dataclass
class Attempt:
    """
    One run of a unit in a folder of its own, of which one call is to be disturbed.

    Attributes:
        changes: To files of *folder*.
        call: The one to disturb, of a run that was not.
        is_before: Whether the change is taken back if the call fails.
        is_before_interrupt: Whether it is taken back if the process is interrupted after the call.
        made: What the folder holds at the end if it is made.
    """

    folder: Path
    changes: list[Change]
    call: Call
    is_before: bool
    is_before_interrupt: bool
    made: dict[str, bytes]

    def run(self, disturbance):
        with intercepted(disturbance):
            write(*self.changes)

    def assert_made(self):
        tidy(self.folder)
        assert contents(self.folder) == self.made


def attempts(unit, tmp_path):
    """Yield one for each call."""
    folder, calls = lay_out(tmp_path / "0"), []
    changes = unit(folder)
    with intercepted(lambda call: calls.append(call) or call.make()):
        write(*changes)
    retired, durable = ends_of(calls, str(folder / "users.journal"))
    made = contents(folder)
    for call in calls:
        folder, at = lay_out(tmp_path / f"{call.number}"), call.number
        yield Attempt(folder, unit(folder), call, at <= durable, at < retired, made)


def ends_of(calls, journal):
    """
    Return the call that removes the journal, and the one that makes the change durable.

    Without a journal, an interrupt takes the change back until it is known to be durable.
    """
    renames = [call for call in calls if call.name == "rename"]
    retired = [call.number for call in renames if call.args[0] == journal]
    last = retired[0] if retired else renames[0].number
    durable = next(c.number for c in calls if c.name == "fsync" and c.number > last)
    return retired[0] if retired else durable + 1, durable


def tidy(folder):
    remove_leftovers(str(folder), r"(users|users_roles|fresh|users\.journal)")


class TestOrder:
    def test_one_file(self, folder):
        """A rename is done or not: no journal."""
        trace = Trace()
        with intercepted(trace):
            write(change(folder / "users", b"new"))
        given = [call for call in trace.calls if "fchown" not in call]
        assert given == [
            "write users.tmp",
            "fchmod users.tmp",
            "fsync users.tmp",
            "link users",
            "rename users.tmp",
            f"fsync {folder.name}",
            "unlink users.tmp",
        ]

    def test_two_files(self, folder):
        """All is durable and has a second name, then recorded, then exchanged one by one."""
        trace = Trace()
        with intercepted(trace):
            write(*UNITS["two files"](folder))
        here = f"fsync {folder.name}"
        given = [call for call in trace.calls if "fchown" not in call]
        assert given == [
            "write users_roles.tmp",
            "fchmod users_roles.tmp",
            "fsync users_roles.tmp",
            "write users.tmp",
            "fchmod users.tmp",
            "fsync users.tmp",
            "link users_roles",
            "link users",
            "write users.journal.tmp",
            "fchmod users.journal.tmp",
            "fsync users.journal.tmp",
            "rename users.journal.tmp",
            here,
            "rename users_roles.tmp",
            here,
            "rename users.tmp",
            here,
            "rename users.journal",
            here,
            *("unlink users_roles.tmp", "unlink users.tmp", "unlink users.journal.tmp"),
        ]

    def test_backups_need_not_be_durable_one_by_one(self, folder):
        """No node reads them: they are before the next thing that one does."""
        trace = Trace()
        with intercepted(trace):
            write(
                change(folder / "users.1~", b"a", is_unread=True),
                change(folder / "users_roles.1~", b"b", is_unread=True),
                change(folder / "users", b"new"),
            )
        recorded = trace.calls.index("rename users.journal.tmp")
        retired = trace.calls.index("rename users.journal")
        assert trace.calls[recorded + 2 : retired] == [
            "rename users.1~.tmp",
            "rename users_roles.1~.tmp",
            "rename users.tmp",
            f"fsync {folder.name}",
        ]

    def test_in_place_the_old_content_is_journaled_before_the_first_byte(self, folder):
        trace = Trace()
        with intercepted(trace):
            write(change(folder / "users", b"new", in_place=True))
        copied = trace.calls.index("fsync users.tmp")
        recorded = trace.calls.index("rename users.journal.tmp")
        assert copied < recorded < trace.calls.index("write users")
        assert "link users" not in trace.calls

    def test_both_folders_are_made_durable(self, folder, tmp_path):
        """The journal is in one of them, and names files of both."""
        (tmp_path / "other").mkdir()
        (tmp_path / "other" / "users_roles").write_text("old")
        trace = Trace()
        with intercepted(trace):
            commit(
                [
                    change(tmp_path / "other" / "users_roles", b"new roles"),
                    change(folder / "users", b"new"),
                ],
                str(folder / "users.journal"),
                PLAIN,
            )
        recorded = trace.calls.index("rename users.journal.tmp")
        assert sorted(trace.calls[recorded + 1 : recorded + 3]) == sorted(
            [f"fsync {folder.name}", "fsync other"]
        )
        assert trace.calls[recorded + 3 : recorded + 5] == ["rename users_roles.tmp", "fsync other"]


class TestOutcome:
    def test_all_is_made_and_nothing_else_is_left(self, folder, unit):
        before = contents(folder)
        write(*unit(folder))
        after = contents(folder)
        assert "new" in {data.decode() for data in after.values()}
        assert set(after) <= {*before, "fresh"}

    def test_one_file_twice(self, folder):
        write(*UNITS["a file twice"](folder))
        assert contents(folder) == {"users": b"new", "users_roles": b"new roles"}

    def test_a_file_that_goes(self, folder):
        write(*UNITS["a new file and one that goes"](folder))
        assert contents(folder) == {"fresh": b"new", "users_roles": b"old users_roles"}

    def test_in_place_the_inode_stays(self, folder):
        before = (folder / "users").stat()
        write(*UNITS["in place"](folder))
        after = (folder / "users").stat()
        assert (after.st_ino, after.st_mode) == (before.st_ino, before.st_mode)

    @posix
    def test_a_version_becomes_an_older_one_without_a_copy(self, folder):
        (folder / "users.1~").write_text("older")
        inode = (folder / "users.1~").stat().st_ino
        write(
            change(folder / "users.2~", b"older", source=str(folder / "users.1~")),
            change(folder / "users.1~", b"old users"),
        )
        assert (folder / "users.2~").stat().st_ino == inode
        assert (folder / "users.1~").read_text() == "old users"

    @posix
    def test_what_cannot_be_given_is_reported_for_each_change(self, folder, monkeypatch):
        monkeypatch.setattr(system, "fchown", refusing(errno.EPERM))
        lost = write(
            change(folder / "users_roles", b"new", attributes=Attributes(0o640)),
            change(folder / "users", b"new", attributes=Attributes(0o640, STRANGER).tolerant()),
        )
        assert lost == [[], [f"owner [{STRANGER}] could not be set"]]

    def test_without_hard_links(self, folder, unit, monkeypatch):
        monkeypatch.setattr(system, "link", refusing(errno.EOPNOTSUPP))
        write(*unit(folder))
        assert "new" in {data.decode() for data in contents(folder).values()}
        assert not list(folder.glob("*.tmp"))

    def test_tidying_up_is_no_reason_to_fail(self, folder):
        """The next writer does it."""
        with intercepted(failing_from("unlink", 2)):
            write(*UNITS["two files"](folder))
        assert len(list(folder.glob("*.tmp"))) == 2
        tidy(folder)
        assert contents(folder) == {"users": b"new", "users_roles": b"new roles"}


class TestFaults:
    """Until the journal goes the very same files are there: content, mode and inode."""

    @pytest.fixture(autouse=True)
    def _quick(self, monkeypatch):
        """No power is cut here."""
        monkeypatch.setattr(system, "fsync", lambda _descriptor: None)

    @pytest.mark.parametrize("number", [errno.ENOSPC, errno.EACCES])
    def test_a_call_that_fails(self, tmp_path, unit, number):
        """Afterwards the change is made, whatever becomes of what is left."""
        for attempt in attempts(unit, tmp_path):
            before = identities(attempt.folder)
            try:
                attempt.run(Fail(attempt.call.number, number))
            except (FileAccessError, FilePermissionError) as error:
                assert attempt.is_before
                assert isinstance(error, FilePermissionError) == (number == errno.EACCES)
                assert error.errno == number
                assert error.path.startswith(str(attempt.folder))
                assert identities(attempt.folder) == before
            else:
                assert not attempt.is_before or attempt.call.name == "link"
                attempt.assert_made()

    def test_an_interrupt_when_a_call_is_made_already(self, tmp_path, unit):
        for attempt in attempts(unit, tmp_path):
            before = identities(attempt.folder)
            with pytest.raises(KeyboardInterrupt):
                attempt.run(Interrupt(attempt.call.number))
            if attempt.is_before_interrupt:
                tidy(attempt.folder)
                assert identities(attempt.folder) == before
            else:
                attempt.assert_made()

    def test_a_write_that_is_cut_short(self, tmp_path, unit):
        for attempt in attempts(unit, tmp_path):
            if attempt.call.name == "write":
                attempt.run(Shorten(attempt.call.number))
                attempt.assert_made()

    def test_what_cannot_be_rolled_back_now_is_kept_for_the_next_writer(self, folder):
        """With the journal, which says so; a reader goes by that as well."""
        with pytest.raises(FileAccessError, match="rollback failed") as caught:
            with intercepted(failing_from("rename", 3)):
                write(*UNITS["two files"](folder))
        assert caught.value.path == str(folder / "users.journal")
        assert caught.value.errno == errno.EROFS
        assert "Read-only file system while replacing" in str(caught.value.__cause__)
        assert (folder / "users_roles").read_text() == "new roles"
        journal = Journal.read(str(folder / "users.journal"), [".*"], {os.geteuid()})
        assert restore(journal.steps) is None
        assert (folder / "users_roles").read_text() == "old users_roles"
        assert (folder / "users").read_text() == "old users"

    def test_a_single_file_that_nothing_can_be_done_about(self, folder):
        """Neither the way back nor a journal: the message says what the file holds."""
        with pytest.raises(FileAccessError, match="may hold the change, and keeps it then"):
            with intercepted(failing_all_after("rename", 1)):
                write(change(folder / "users", b"new"))
        tidy(folder)
        assert (folder / "users").read_text() == "new"

    def test_a_single_file_that_cannot_be_put_back_gets_a_journal(self, folder):
        """By which the next writer puts it back."""
        with pytest.raises(FileAccessError, match="rolls it back by the journal") as caught:
            with intercepted(FailTwoOf("fsync", 2, "rename", 2)):
                write(change(folder / "users", b"new"))
        assert str(folder / "users") in str(caught.value)
        journal = Journal.read(str(folder / "users.journal"), [".*"], {os.geteuid()})
        assert restore(journal.steps) is None
        assert (folder / "users").read_text() == "old users"

    def test_a_removal_of_the_journal_that_may_not_be_durable(self, folder):
        """It is taken back with all the rest; if it cannot be, the change is made."""
        with pytest.raises(FileAccessError, match="while syncing"):
            with intercepted(FailTwoOf("fsync", 7, "fsync", 7)):
                write(*UNITS["two files"](folder))
        assert contents(folder) == {"users": b"old users", "users_roles": b"old users_roles"}
        with intercepted(failing_all_after("rename", 4)):
            lost = write(*UNITS["two files"](folder))
        assert all("a power cut before the next write may undo that" in each[-1] for each in lost)
        tidy(folder)
        assert contents(folder) == {"users": b"new", "users_roles": b"new roles"}


class FailTwoOf:
    """Fails one call of a name and one of another, each counted from 1."""

    def __init__(self, name, nth, another, other_nth):
        self.hits = {(name, nth), (another, other_nth)}
        self.counts = {}

    def __call__(self, call):
        self.counts[call.name] = self.counts.get(call.name, 0) + 1
        if (call.name, self.counts[call.name]) in self.hits:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return call.make()


class TestOtherPrograms:
    """They take no lock: what they write between our reading and our writing is not lost."""

    @pytest.mark.parametrize("way", ["rename", "in place", "no hard links"])
    def test_a_file_that_was_replaced_since_it_was_read(self, folder, way, monkeypatch):
        if way == "no hard links":
            monkeypatch.setattr(system, "link", refusing(errno.EOPNOTSUPP))
        ours = change(folder / "users", b"new", in_place=way == "in place")
        replace(folder / "users", b"theirs")
        with pytest.raises(FileAccessError, match="another program has just written it") as caught:
            write(ours)
        assert caught.value.errno == errno.EAGAIN
        assert contents(folder) == {"users": b"theirs", "users_roles": b"old users_roles"}

    def test_a_file_that_was_written_in_place_since_it_was_read(self, folder):
        ours = change(folder / "users", b"new")
        with (folder / "users").open("ab") as file:
            file.write(b" and theirs")
        with pytest.raises(FileAccessError, match="another program has just written it"):
            write(ours)
        assert (folder / "users").read_text() == "old users and theirs"

    def test_a_file_that_was_made_since_there_was_none(self, folder):
        ours = change(folder / "fresh", b"new")
        (folder / "fresh").write_text("theirs")
        with pytest.raises(FileAccessError, match="another program has just written it"):
            write(ours)
        assert (folder / "fresh").read_text() == "theirs"

    def test_another_mode_since_it_was_read_is_no_other_content(self, folder):
        ours = change(folder / "users", b"new")
        (folder / "users").chmod(0o600)
        write(ours)
        assert (folder / "users").read_text() == "new"


class TestJournal:
    def test_those_may_read_it_who_are_to(self, folder, monkeypatch):
        """While it is there, a reader needs it; it is never open to more."""
        modes = []
        rename = system.rename

        def look_and_rename(old, new):
            modes.append((os.path.basename(new), stat.S_IMODE(os.stat(old).st_mode)))
            rename(old, new)

        monkeypatch.setattr(system, "rename", look_and_rename)
        commit(UNITS["two files"](folder), str(folder / "users.journal"), Attributes(0o640))
        assert modes[0] == ("users.journal", 0o640)

    @pytest.mark.parametrize(
        ("name", "is_recorded"),
        [("one file", False), ("a new file", True), ("in place", True), ("two files", True)],
    )
    def test_what_is_more_than_the_exchange_of_one_file_has_one(self, folder, name, is_recorded):
        trace = Trace()
        with intercepted(trace):
            write(*UNITS[name](folder))
        assert ("rename users.journal.tmp" in trace.calls) == is_recorded
