"""A file of secrets where somebody wants it: for its owner only, whole, and led there by nobody."""

from __future__ import annotations

import errno
import os
import socket
import stat
import threading
from pathlib import Path

import pytest
from crash.kit import Count, Fail, intercepted
from support.storing import STRANGER, Trace, posix, refusing, root

from esfilerealm._storage import system
from esfilerealm._storage.private_file import write_private_file
from esfilerealm.errors import FileAccessError, FilePermissionError, FileRealmError

DATA = b"jane:secret\n"


@pytest.fixture
def path(tmp_path):
    return tmp_path / "out"


def write(path, data=DATA):
    write_private_file(str(path), data)


def mode_of(path):
    return stat.S_IMODE(path.stat().st_mode)


class TestFile:
    def test_not_where_a_directory_is_meant(self, path):
        with pytest.raises(FileAccessError, match="name of a directory"):
            write(f"{path}{os.sep}")
        assert not os.listdir(path.parent)

    def test_a_new_one(self, path):
        write(path)
        assert path.read_bytes() == DATA
        assert list(path.parent.iterdir()) == [path]

    @posix
    @pytest.mark.parametrize("mask", [0o000, 0o022, 0o777])
    def test_a_new_one_is_for_its_owner(self, path, mask):
        before = os.umask(mask)
        try:
            write(path)
        finally:
            os.umask(before)
        assert mode_of(path) == 0o600

    @posix
    @pytest.mark.parametrize("mode", [0o644, 0o666, 0o400, 0o777])
    def test_so_is_one_that_was_for_others(self, path, mode):
        path.write_text("old and longer than what comes")
        path.chmod(mode)
        write(path)
        assert (path.read_bytes(), mode_of(path)) == (DATA, 0o600)
        assert list(path.parent.iterdir()) == [path]

    def test_who_has_the_old_one_open_reads_the_old_one(self, path):
        path.write_text("old")
        with path.open() as reader:
            write(path)
            assert reader.read() == "old"

    @root
    def test_one_of_somebody_else_is_ours_afterwards(self, path):
        path.write_text("old")
        os.chown(path, STRANGER, STRANGER)
        write(path)
        assert (path.stat().st_uid, mode_of(path)) == (0, 0o600)

    @posix
    def test_another_name_of_the_old_one_keeps_it(self, path):
        path.write_text("old")
        os.link(path, path.with_name("other"))
        write(path)
        assert path.with_name("other").read_text() == "old"

    @posix
    def test_it_is_durable_before_it_has_its_name_and_so_is_that(self, path):
        path.write_text("old")
        trace = Trace()
        with intercepted(trace):
            write(path)
        calls = [call for call in trace.calls if not call.startswith(("fchown", "fchmod"))]
        assert calls == [
            "write out.tmp",
            "fsync out.tmp",
            "rename out.tmp",
            f"fsync {path.parent.name}",
        ]


class TestLinks:
    pytestmark = posix

    def test_one_of_ours_is_followed_and_stays(self, path, tmp_path):
        (tmp_path / "folder").mkdir()
        path.symlink_to("folder/real")
        write(path)
        assert path.is_symlink()
        assert (tmp_path / "folder" / "real").read_bytes() == DATA
        assert mode_of(tmp_path / "folder" / "real") == 0o600

    @root
    @pytest.mark.parametrize("target", ["real", "missing", "/dev/null"])
    def test_one_of_another_user_is_not(self, path, tmp_path, target):
        (tmp_path / "real").write_text("old")
        path.symlink_to(target)
        os.lchown(path, STRANGER, STRANGER)
        with pytest.raises(FilePermissionError, match=rf"the link .* is from user \[{STRANGER}\]"):
            write(path)
        assert path.is_symlink()
        assert (tmp_path / "real").read_text() == "old"
        assert {p.name for p in tmp_path.iterdir()} == {"out", "real"}

    @root
    def test_nor_one_on_the_way(self, path, tmp_path):
        (tmp_path / "second").symlink_to("real")
        path.symlink_to("second")
        os.lchown(tmp_path / "second", STRANGER, STRANGER)
        with pytest.raises(FilePermissionError, match=r"/second\] is from user"):
            write(path)
        assert not (tmp_path / "real").exists()

    def test_a_loop(self, path):
        path.symlink_to(path)
        with pytest.raises(FileRealmError):
            write(path)
        assert path.is_symlink()


class Reader(threading.Thread):
    """Reads a pipe to its end."""

    def __init__(self, path):
        super().__init__(daemon=True)
        self.path, self.data = path, b""
        self.start()

    def run(self):
        self.data = Path(self.path).read_bytes()


class TestOthers:
    pytestmark = posix

    def test_a_pipe_is_written_to(self, path):
        os.mkfifo(path)
        reader = Reader(path)
        write(path, DATA * 10_000)
        reader.join(20)
        assert reader.data == DATA * 10_000
        assert stat.S_ISFIFO(path.stat().st_mode)

    @root
    def test_one_of_another_user_is_not(self, path):
        os.mkfifo(path)
        os.chown(path, STRANGER, STRANGER)
        reader = Reader(path)
        with pytest.raises(FilePermissionError, match=rf"pipe or device of user \[{STRANGER}\]"):
            write(path)
        reader.join(20)
        assert reader.data == b""
        assert list(path.parent.iterdir()) == [path]

    def test_a_device_is_written_to(self):
        write("/dev/null")
        assert stat.S_ISCHR(os.stat("/dev/null").st_mode)

    @root
    def test_a_device_of_another_user_is_not(self, path):
        try:
            os.mknod(path, 0o666 | stat.S_IFCHR, os.makedev(1, 3))
        except PermissionError:
            pytest.skip("no devices can be made here")
        os.chown(path, STRANGER, STRANGER)
        with pytest.raises(FileRealmError) as caught:
            write(path)
        assert "pipe or device of user" in str(caught.value) or "ermission" in str(caught.value)
        assert stat.S_ISCHR(path.stat().st_mode)

    @root
    def test_a_block_device_is_left_alone(self, path):
        try:
            os.mknod(path, 0o600 | stat.S_IFBLK, os.makedev(7, 200))
        except PermissionError:
            pytest.skip("no devices can be made here")
        with pytest.raises(FileAccessError, match="it is a block device or socket"):
            write(path)
        assert stat.S_ISBLK(path.stat().st_mode)
        assert list(path.parent.iterdir()) == [path]

    def test_so_is_a_socket(self, path, monkeypatch):
        monkeypatch.chdir(path.parent)  # its name must be short
        with socket.socket(socket.AF_UNIX) as server:
            server.bind("out")
            with pytest.raises(FileAccessError, match="it is a block device or socket"):
                write("out")
        assert stat.S_ISSOCK(path.stat().st_mode)

    def test_and_a_folder(self, path):
        path.mkdir()
        with pytest.raises(FileAccessError):
            write(path)
        assert (list(path.parent.iterdir()), list(path.iterdir())) == ([path], [])


class TestFaults:
    @pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO])
    @pytest.mark.parametrize("call", ["open", "write", "fsync", "rename"])
    def test_what_was_there_stays_and_nothing_is_left(self, path, monkeypatch, call, number):
        path.write_text("old")
        monkeypatch.setattr(system, call, refusing(number))
        with pytest.raises(FileAccessError) as caught:
            write(path)
        assert caught.value.errno == number
        assert path.read_text() == "old"
        assert list(path.parent.iterdir()) == [path]

    def test_an_interrupt(self, path, monkeypatch):
        def interrupt(*_):
            raise KeyboardInterrupt

        path.write_text("old")
        monkeypatch.setattr(system, "rename", interrupt)
        with pytest.raises(KeyboardInterrupt):
            write(path)
        assert path.read_text() == "old"
        assert list(path.parent.iterdir()) == [path]

    def test_at_every_call(self, path):
        """Old or new, whole, and nothing beside it."""
        count = Count()
        path.write_text("old")
        with intercepted(count):
            write(path)
        for at in range(1, len(count.names) + 1):
            path.write_text("old")
            try:
                with intercepted(Fail(at, errno.EIO)):
                    write(path)
            except FileRealmError as error:
                is_renamed = count.names.index("rename") < at - 1
                assert path.read_bytes() == (DATA if is_renamed else b"old")
                assert ("it is written" in str(error)) == is_renamed
            else:
                assert path.read_bytes() == DATA
            assert list(path.parent.iterdir()) == [path]

    def test_a_folder_that_is_not_there(self, tmp_path):
        with pytest.raises(FileAccessError):
            write(tmp_path / "no" / "out")
