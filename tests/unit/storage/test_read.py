"""Reading follows links, never blocks, and names what stands in the way."""

from __future__ import annotations

import errno
import hashlib
import os

import pytest
from storing import posix, refusing

from esfilerealm._storage import system
from esfilerealm._storage.locate import RealmPaths
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


class TestFaults:
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
    def test_the_record_is_beside_the_real_file(self, tmp_path):
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
