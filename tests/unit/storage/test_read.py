"""Reading follows links, never blocks, and names what stands in the way."""

from __future__ import annotations

import errno
import hashlib
import os
import sys

import pytest
from support.storing import posix, refusing

from esfilerealm._storage import read, system
from esfilerealm._storage.paths import RealmPaths
from esfilerealm._storage.read import read_file, read_plain_file
from esfilerealm.errors import FileAccessError, FilePermissionError

both = pytest.mark.parametrize("read", [read_file, read_plain_file])


class TestContent:
    @both
    def test_a_file_and_its_attributes(self, tmp_path, read):
        (tmp_path / "f").write_bytes(b"data")
        content = read(str(tmp_path / "f"))
        assert (content.path, content.data, content.exists) == (str(tmp_path / "f"), b"data", True)
        assert content.stat.st_ino == (tmp_path / "f").stat().st_ino
        assert content.digest == hashlib.sha256(b"data").hexdigest()

    @both
    def test_no_file(self, tmp_path, read):
        content = read(str(tmp_path / "f"))
        assert (content.data, content.exists, content.digest) == (b"", False, None)

    @both
    def test_an_empty_one_is_no_missing_one(self, tmp_path, read):
        (tmp_path / "f").touch()
        content = read(str(tmp_path / "f"))
        assert (content.data, content.exists) == (b"", True)
        assert content.digest == hashlib.sha256(b"").hexdigest()

    @both
    def test_a_read_may_give_less_than_was_asked_for(self, tmp_path, monkeypatch, read):
        (tmp_path / "f").write_bytes(b"0123456789")
        real = system.read
        monkeypatch.setattr(system, "read", lambda descriptor, _size: real(descriptor, 3))
        assert read(str(tmp_path / "f")).data == b"0123456789"

    @both
    def test_one_that_grows_while_it_is_read_is_read_to_its_end(self, tmp_path, monkeypatch, read):
        """As all files below `/proc` do, of which the system says that they are empty."""
        (tmp_path / "f").write_bytes(b"old")
        real = system.fstat

        def grow(descriptor):
            status = real(descriptor)
            with (tmp_path / "f").open("ab") as file:
                file.write(b" and new" * 99_999)
            return status

        monkeypatch.setattr(system, "fstat", grow)
        assert read(str(tmp_path / "f")).data == b"old" + b" and new" * 99_999

    @posix
    def test_one_file_by_two_names(self, tmp_path):
        for name in ("a", "b"):
            (tmp_path / name).touch()
        os.link(tmp_path / "a", tmp_path / "second")
        (tmp_path / "link").symlink_to("a")
        (tmp_path / "none").symlink_to("gone")
        a, b, second, link, none, gone = (
            read_file(str(tmp_path / name)) for name in ("a", "b", "second", "link", "none", "gone")
        )
        assert a.is_same_file_as(second)
        assert a.is_same_file_as(link)
        assert none.is_same_file_as(gone)
        assert not a.is_same_file_as(b)
        assert not a.is_same_file_as(gone)


@pytest.fixture
def digits(tmp_path, monkeypatch):
    """A file that is large, for blocks of four bytes."""
    monkeypatch.setattr(read, "_BLOCK", 4)
    (tmp_path / "f").write_bytes(b"0123456789")
    return str(tmp_path / "f")


class TestBlocks:
    def check(self, content, data, blocks):
        assert list(content.blocks) == blocks
        assert list(content.release()) == blocks
        assert content.data == b""
        assert content.digest == hashlib.sha256(data).hexdigest()

    def test_what_was_given_is_held_by_nobody_else(self, tmp_path):
        (tmp_path / "f").write_bytes(os.urandom(10))
        released = read_file(str(tmp_path / "f")).release()
        block = next(released)
        assert sys.getrefcount(block) <= 2
        assert list(released) == []

    @posix
    def test_are_released_one_by_one(self, digits):
        content = read_file(digits, in_blocks=True)
        self.check(content, b"0123456789", [b"0123", b"4567", b"89"])

    def test_the_content_in_one(self, digits):
        content = read_file(digits, in_blocks=True)
        assert content.data == b"0123456789"
        self.check(content, b"0123456789", [b"0123456789"])

    def test_a_small_file_is_one(self, tmp_path):
        (tmp_path / "f").write_bytes(b"data")
        self.check(read_file(str(tmp_path / "f"), in_blocks=True), b"data", [b"data"])

    @posix
    def test_less_may_be_read_than_was_asked_for(self, digits, monkeypatch):
        real = os.readv
        monkeypatch.setattr(system, "readv", lambda fd, buffers: real(fd, [buffers[0][:5]]))
        content = read_file(digits, in_blocks=True)
        self.check(content, b"0123456789", [b"0123", b"4", b"56789"])

    @posix
    @pytest.mark.parametrize("length", [0, 4, 5, 10, 20])
    def test_the_length_may_be_another_by_then(self, digits, monkeypatch, length):
        data = b"0123456789"[:length].ljust(length, b".")
        real = system.fstat

        def change(descriptor):
            status = real(descriptor)
            with open(digits, "wb") as file:
                file.write(data)
            return status

        monkeypatch.setattr(system, "fstat", change)
        content = read_file(digits, in_blocks=True)
        assert b"".join(content.blocks) == data
        assert content.digest == hashlib.sha256(data).hexdigest()

    def test_where_the_system_cannot(self, digits, monkeypatch):
        monkeypatch.setattr(system, "HAS_READV", False)
        self.check(read_file(digits, in_blocks=True), b"0123456789", [b"0123456789"])


class TestFaults:
    @posix
    @pytest.mark.parametrize("name", ["read", "readv"])
    def test_nothing_of_blocks_stays_open(self, digits, monkeypatch, name):
        closed = []
        real = system.close
        monkeypatch.setattr(system, name, refusing(errno.EIO))
        monkeypatch.setattr(system, "close", lambda fd: closed.append(fd) or real(fd))
        with pytest.raises(FileAccessError, match="Input/output error while reading it"):
            read_file(digits, in_blocks=True)
        assert len(closed) == 1

    @posix
    @both
    @pytest.mark.parametrize("kind", ["folder", "pipe"])
    def test_no_regular_file(self, tmp_path, kind, read):
        path = tmp_path / "f"
        path.mkdir() if kind == "folder" else os.mkfifo(path)
        with pytest.raises(FileAccessError, match="not a regular file"):
            read(str(path))

    @both
    def test_no_permission(self, tmp_path, monkeypatch, read):
        monkeypatch.setattr(system, "open", refusing(errno.EACCES))
        with pytest.raises(FilePermissionError, match="Permission denied while reading it"):
            read(str(tmp_path / "f"))

    @posix
    @pytest.mark.parametrize("name", ["read", "fstat"])
    def test_nothing_stays_open(self, tmp_path, monkeypatch, name):
        closed = []
        real = system.close
        (tmp_path / "f").touch()
        monkeypatch.setattr(system, name, refusing(errno.EIO))
        monkeypatch.setattr(system, "close", lambda fd: closed.append(fd) or real(fd))
        with pytest.raises(FileAccessError, match="Input/output error while reading it"):
            read_file(str(tmp_path / "f"))
        assert len(closed) == 1


@posix
class TestLinks:
    def test_are_followed(self, tmp_path):
        (tmp_path / "real").write_bytes(b"data")
        (tmp_path / "link").symlink_to("real")
        (tmp_path / "link2").symlink_to("link")
        (tmp_path / "dangling").symlink_to("nowhere")
        assert read_file(str(tmp_path / "link2")).path == str(tmp_path / "real")
        dangling = read_file(str(tmp_path / "dangling"))
        assert (dangling.exists, dangling.path) == (False, str(tmp_path / "nowhere"))

    def test_one_that_is_moved_on_meanwhile(self, tmp_path, monkeypatch):
        """As Kubernetes does: the old file goes away between finding and opening it."""
        for name in ("old", "new"):
            (tmp_path / name).write_text(name)
        (tmp_path / "link").symlink_to("old")
        real = system.open

        def swap_and_open(path, *args):
            if path == str(tmp_path / "old"):
                (tmp_path / "link").unlink()
                (tmp_path / "link").symlink_to("new")
                (tmp_path / "old").unlink()
            return real(path, *args)

        monkeypatch.setattr(system, "open", swap_and_open)
        content = read_file(str(tmp_path / "link"))
        assert (content.path, content.data) == (str(tmp_path / "new"), b"new")

    def test_one_that_is_put_in_the_place_of_a_file_meanwhile_is_followed_anew(
        self, tmp_path, monkeypatch
    ):
        """So that what is read and the path that a write will replace are of one file."""
        (tmp_path / "f").write_text("old")
        (tmp_path / "real").write_text("new")
        real = system.open

        def swap_and_open(path, *args):
            if path == str(tmp_path / "f"):
                (tmp_path / "f").unlink()
                (tmp_path / "f").symlink_to("real")
            return real(path, *args)

        monkeypatch.setattr(system, "open", swap_and_open)
        content = read_file(str(tmp_path / "f"))
        assert (content.path, content.data) == (str(tmp_path / "real"), b"new")

    def test_a_loop(self, tmp_path):
        (tmp_path / "f").symlink_to("f")
        with pytest.raises(FileAccessError, match="symbolic links"):
            read_file(str(tmp_path / "f"))

    @pytest.mark.parametrize("target", ["real", "f", "gone"])
    def test_files_of_our_own_making_are_never_behind_one(self, tmp_path, target):
        (tmp_path / "real").touch()
        (tmp_path / "f").symlink_to(target)
        with pytest.raises(FileAccessError):
            read_plain_file(str(tmp_path / "f"))


class TestPaths:
    def test_in_the_folder(self, tmp_path):
        paths = RealmPaths(tmp_path)
        assert paths.users == str(tmp_path / "users")
        assert paths.journal == str(tmp_path / "users.journal")
        assert paths.legacy == []

    def test_the_old_folder_is_used_for_what_is_missing(self, tmp_path):
        (tmp_path / "x-pack").mkdir()
        (tmp_path / "x-pack" / "users").touch()
        (tmp_path / "x-pack" / "users_roles").touch()
        (tmp_path / "users_roles").touch()
        paths = RealmPaths(tmp_path)
        assert paths.users == str(tmp_path / "x-pack" / "users")
        assert paths.users_roles == str(tmp_path / "users_roles")
        assert paths.legacy == [paths.users]

    @posix
    def test_the_journal_is_beside_the_real_file(self, tmp_path):
        """Wherever it is by now."""
        for name in ("data", "other"):
            (tmp_path / name).mkdir()
            (tmp_path / name / "u").touch()
        (tmp_path / "users").symlink_to("data/u")
        paths = RealmPaths(tmp_path)
        assert paths.journal == str(tmp_path / "data" / "u.journal")
        (tmp_path / "users").unlink()
        (tmp_path / "users").symlink_to("other/u")
        assert paths.journal == str(tmp_path / "other" / "u.journal")
