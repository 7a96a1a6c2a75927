"""A file under another name is whole, private until then, and gone if anything goes wrong."""

from __future__ import annotations

import errno
import os
import re
import stat

import pytest
from crash.kit import Count, Fail, intercepted
from support.storing import PLAIN, Trace, identities, place, posix, refusing

from esfilerealm._storage import system
from esfilerealm._storage.attributes import Attributes
from esfilerealm._storage.read import digest_of
from esfilerealm._storage.staging import (
    copy_backup,
    link_backup,
    overwrite,
    remove_leftovers,
    stage,
    sync_folder,
    temporary_name,
    temporary_pattern,
)
from esfilerealm.errors import FileAccessError, FilePermissionError


def leftover(name):
    return f"{name}.0123456789abcdef.tmp"


@pytest.fixture
def target(tmp_path):
    return str(tmp_path / "users")


class TestNames:
    def test_nobody_can_guess_one(self, target):
        assert temporary_name(target) != temporary_name(target)
        assert re.fullmatch(temporary_pattern(re.escape(target)), temporary_name(target))

    @pytest.mark.parametrize(
        "name",
        [
            "users",
            "users.tmp",
            "users.0123.tmp",
            "Xusers.0123456789abcdef.tmp",
            leftover("users.1~"),
        ],
    )
    def test_others_are_not_ours(self, name):
        assert not re.fullmatch(temporary_pattern("users"), name)


class TestStage:
    @posix
    def test_order_of_calls(self, target):
        """Durable when it is whole, and its mode is the last thing that it is applied."""
        trace = Trace()
        with intercepted(trace):
            stage(target, f"{target}.new", b"data", Attributes(0o640, None, os.getegid()))
        assert trace.calls == ["write users.new", "fchmod users.new", "fsync users.new"]

    @posix
    def test_for_nobody_else_until_it_is_whole(self, target, monkeypatch):
        modes = []
        write = system.write

        def look_and_write(descriptor, data):
            modes.append(stat.S_IMODE(os.fstat(descriptor).st_mode))
            return write(descriptor, data)

        monkeypatch.setattr(system, "write", look_and_write)
        umask = os.umask(0)
        try:
            stage(target, target, b"data", Attributes(0o666))
        finally:
            os.umask(umask)
        assert modes == [0o600]
        assert stat.S_IMODE(os.stat(target).st_mode) == 0o666

    @posix
    @pytest.mark.parametrize("kind", ["link", "second name"])
    def test_nothing_is_written_to_what_is_there(self, target, tmp_path, kind):
        """Somebody else of the directory has put it in its place."""
        (tmp_path / "victim").write_text("old")
        place(tmp_path / "users", kind, tmp_path / "victim")
        with pytest.raises(FileAccessError, match="exists while writing") as caught:
            stage(str(tmp_path / "users_roles"), target, b"new", PLAIN)
        assert caught.value.path == str(tmp_path / "users_roles")
        assert os.path.lexists(target)
        assert (tmp_path / "victim").read_text() == "old"

    @pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO, errno.EACCES, errno.EROFS])
    def test_whatever_fails_nothing_is_left(self, target, tmp_path, number):
        count = Count()
        with intercepted(count):
            stage(target, target, b"data", PLAIN)
        os.unlink(target)
        made = len(count.names)
        assert {"open", "write", "fsync", "close"} <= set(count.names)
        is_permission = number in (errno.EACCES, errno.EROFS)
        for at in range(1, made + 1):
            with pytest.raises((FileAccessError, FilePermissionError)) as caught:
                with intercepted(Fail(at, number)):
                    stage(target, target, b"data", PLAIN)
            assert isinstance(caught.value, FilePermissionError) == is_permission
            assert (caught.value.errno, caught.value.path) == (number, target)
            assert list(tmp_path.iterdir()) == []

    def test_short_writes_are_completed(self, target, monkeypatch):
        write = system.write
        monkeypatch.setattr(system, "write", lambda fd, data: write(fd, bytes(data)[:3]))
        stage(target, target, b"0123456789", PLAIN)
        with open(target, "rb") as file:
            assert file.read() == b"0123456789"


class TestKeepAside:
    @pytest.fixture
    def source(self, target, tmp_path):
        (tmp_path / "users").write_text("old")
        os.chmod(target, 0o604)
        return target

    @posix
    def test_a_second_name(self, source):
        assert link_backup(source, source, f"{source}.old", PLAIN, digest_of(b"old"))
        assert os.path.samefile(source, f"{source}.old")

    @pytest.mark.parametrize("number", [errno.EOPNOTSUPP, errno.EPERM, errno.EMLINK])
    def test_a_copy_where_there_are_no_hard_links(self, source, monkeypatch, number):
        monkeypatch.setattr(system, "link", refusing(number))
        attributes = Attributes(0o604)
        assert not link_backup(source, source, f"{source}.old", attributes, digest_of(b"old"))
        assert not os.path.samefile(source, f"{source}.old")
        with open(f"{source}.old") as file:
            assert file.read() == "old"
        assert stat.S_IMODE(os.stat(f"{source}.old").st_mode) == 0o604

    @posix
    def test_what_a_link_leads_to_gets_no_second_name(self, source, tmp_path):
        link = str(tmp_path / "link")
        os.symlink("users", link)
        link_backup(link, source, f"{source}.old", PLAIN, digest_of(b"old"))
        assert os.stat(source).st_nlink == 1

    def test_a_file_that_went_away(self, target):
        with pytest.raises(FileAccessError, match="another program has just written it"):
            copy_backup(target, target, f"{target}.old", PLAIN, digest_of(b"old"))

    def test_what_was_not_examined_is_not_copied(self, source, tmp_path):
        """The attributes of the copy are not meant for it: somebody more may read by them."""
        with pytest.raises(FileAccessError, match="another program has just written it"):
            copy_backup(source, source, f"{source}.old", PLAIN, digest_of(b"other"))
        assert [path.name for path in tmp_path.iterdir()] == ["users"]


class TestOverwrite:
    @pytest.mark.parametrize("data", [b"longer than before", b"short", b""])
    def test_inode_and_all_bytes(self, target, tmp_path, data):
        (tmp_path / "users").write_text("as before")
        os.chmod(target, 0o604)
        before = os.stat(target)
        assert overwrite(target, data, Attributes(0o604), before.st_ino) == []
        assert (tmp_path / "users").read_bytes() == data
        after = os.stat(target)
        assert (after.st_ino, after.st_mode) == (before.st_ino, before.st_mode)

    def test_durable(self, target, tmp_path):
        (tmp_path / "users").touch()
        trace = Trace()
        with intercepted(trace):
            overwrite(target, b"data", PLAIN, os.stat(target).st_ino)
        assert trace.calls[-1] == "fsync users"
        assert trace.calls.index("write users") < trace.calls.index("ftruncate users")

    @posix
    @pytest.mark.parametrize("kind", ["link", "second name", "pipe", "folder"])
    def test_only_a_file_that_has_no_other_name(self, target, tmp_path, kind):
        victim = tmp_path / "victim"
        victim.write_text("old")
        place(tmp_path / "users", kind, victim)
        with pytest.raises(FileAccessError, match=r"users\]"):
            overwrite(target, b"new", PLAIN, os.stat(target).st_ino)
        assert victim.read_text() == "old"

    def test_only_the_file_that_was_examined(self, target, tmp_path):
        (tmp_path / "users").write_text("theirs")
        with pytest.raises(FileAccessError, match="another program has just written it"):
            overwrite(target, b"new", PLAIN, os.stat(target).st_ino + 1)
        assert (tmp_path / "users").read_text() == "theirs"


class TestLeftovers:
    def test_only_ours_are_removed(self, tmp_path):
        ours = [leftover("users"), leftover("users_roles")]
        others = ["users", "users.backup.tmp", leftover("roles"), f"{leftover('users')}.x"]
        for name in (*ours, *others):
            (tmp_path / name).touch()
        remove_leftovers(str(tmp_path), "(users|users_roles)")
        assert sorted(path.name for path in tmp_path.iterdir()) == sorted(others)

    @posix
    def test_what_their_writer_did_last_is_durable_before_they_go(self, tmp_path):
        """Its journal might come back after a power cut, and must find what it needs."""
        (tmp_path / leftover("users")).touch()
        trace = Trace()
        with intercepted(trace):
            remove_leftovers(str(tmp_path), "users")
            remove_leftovers(str(tmp_path), "users")
        assert trace.calls == [f"fsync {tmp_path.name}", "unlink users.tmp"]

    def test_one_that_cannot_be_removed_is_no_reason_not_to_write(self, tmp_path):
        (tmp_path / leftover("users")).mkdir()
        remove_leftovers(str(tmp_path), "users")

    def test_a_folder_that_is_not_there(self, tmp_path):
        with pytest.raises(FileAccessError, match="while reading it"):
            remove_leftovers(str(tmp_path / "none"), "users")


@posix
def test_a_folder_that_cannot_be_made_durable_is_an_error(tmp_path, monkeypatch):
    monkeypatch.setattr(system, "fsync", refusing(errno.EIO))
    before = identities(tmp_path)
    with pytest.raises(FileAccessError, match="while syncing"):
        sync_folder(str(tmp_path))
    assert identities(tmp_path) == before
