"""A file is replaced whole, with its attributes, or not at all."""

from __future__ import annotations

import errno
import os
import stat

import pytest

from esfilerealm._storage.atomic import replace_files
from esfilerealm._storage.attributes import Attributes, RequestedAttributes
from esfilerealm.errors import FileAccessError, FilePermissionError, InvalidAttributeError

PLAIN = Attributes(0o640)

posix = pytest.mark.skipif(os.name == "nt", reason="modes and owners of POSIX")


class Calls:
    """Records the system calls of a write, in order; may make one of them fail."""

    NAMES = ("open", "write", "fchown", "fchmod", "fsync", "replace")

    def __init__(self, monkeypatch, fail=None, number=errno.ENOSPC):
        self.made = []
        self.opened = {}
        for name in self.NAMES:
            monkeypatch.setattr(os, name, self._recorder(name, getattr(os, name), fail, number))

    def _recorder(self, name, real, fail, number):
        def recorded(first, *args):
            self.made.append((name, self.opened.get(first, first), *args))
            if name == fail:
                raise OSError(number, os.strerror(number))
            result = real(first, *args)
            if name == "open":
                self.opened[result] = os.fspath(first)
            return result

        return recorded

    def names(self):
        return [call[0] for call in self.made]


@posix
def test_order_of_a_write(tmp_path, monkeypatch):
    """Mode 0600 until all is written, then mode, fsync, rename, fsync of the folder."""
    calls = Calls(monkeypatch)
    target = str(tmp_path / "users")
    replace_files([(target, b"data", PLAIN)])
    assert calls.names() == ["open", "write", "fchmod", "fsync", "replace", "open", "fsync"]
    _, temporary, flags, mode = calls.made[0]
    assert mode == 0o600
    assert flags & os.O_EXCL
    assert flags & os.O_NOFOLLOW
    assert os.path.dirname(temporary) == str(tmp_path)
    assert calls.made[4][1:] == (temporary, target)
    assert calls.made[6][1] == str(tmp_path)


@posix
def test_all_files_are_durable_before_the_first_is_replaced(tmp_path, monkeypatch):
    calls = Calls(monkeypatch)
    replace_files([(str(tmp_path / name), b"data", PLAIN) for name in ("one", "two")])
    names = calls.names()
    assert names.count("fsync") == 4
    assert names[: names.index("replace")].count("fsync") == 2


@pytest.mark.parametrize("failing", ["open", "write", "fchmod", "fsync", "replace"])
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO, errno.EACCES, errno.EROFS])
def test_a_failure_changes_nothing(tmp_path, monkeypatch, failing, number):
    for name in ("one", "two"):
        (tmp_path / name).write_text("old")
    files = [(str(tmp_path / name), b"new", PLAIN) for name in ("one", "two")]
    with monkeypatch.context() as patch:
        Calls(patch, failing, number)
        with pytest.raises((FileAccessError, FilePermissionError)) as caught:
            replace_files(files)
    assert caught.value.path == files[0][0]
    is_permission = number in (errno.EACCES, errno.EROFS)
    assert isinstance(caught.value, PermissionError) == is_permission
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {
        "one": "old",
        "two": "old",
    }


def test_short_writes_are_completed(tmp_path, monkeypatch):
    real = os.write
    monkeypatch.setattr(os, "write", lambda fd, data: real(fd, bytes(data)[:3]))
    replace_files([(str(tmp_path / "users"), b"0123456789", PLAIN)])
    assert (tmp_path / "users").read_bytes() == b"0123456789"


def test_what_a_killed_writer_left_is_removed(tmp_path):
    left = tmp_path / "users.0123456789abcdef.tmp"
    other = tmp_path / "users.backup.tmp"
    for path in (left, other):
        path.write_text("old")
    replace_files([(str(tmp_path / "users"), b"data", PLAIN)])
    assert not left.exists()
    assert other.exists()


@posix
def test_a_leftover_that_cannot_be_removed_is_no_reason_not_to_write(tmp_path):
    (tmp_path / "users.0123456789abcdef.tmp").mkdir()
    replace_files([(str(tmp_path / "users"), b"data", PLAIN)])
    assert (tmp_path / "users").read_bytes() == b"data"


class TestAttributes:
    @posix
    def test_kept(self, tmp_path):
        (tmp_path / "f").touch()
        (tmp_path / "f").chmod(0o624)
        attributes = Attributes.of((tmp_path / "f").stat())
        assert attributes == Attributes(0o624, os.geteuid(), os.getegid())

    @posix
    @pytest.mark.parametrize(("umask", "mode"), [(0o022, 0o640), (0o077, 0o600), (0, 0o660)])
    def test_a_new_file_has_the_folders_group(self, tmp_path, umask, mode):
        before = os.umask(umask)
        try:
            attributes = Attributes.inherited(str(tmp_path))
            assert os.umask(umask) == umask
        finally:
            os.umask(before)
        assert attributes == Attributes(mode, None, tmp_path.stat().st_gid)

    @posix
    def test_owner_or_group_that_cannot_be_given_is_refused_before_writing(
        self, tmp_path, monkeypatch
    ):
        def refuse(*_):
            raise PermissionError(errno.EPERM, "no")

        monkeypatch.setattr(os, "fchown", refuse)
        calls = []
        monkeypatch.setattr(os, "write", lambda *args: calls.append(args))
        target = tmp_path / "users"
        target.write_text("old")
        with pytest.raises(FilePermissionError, match=r"users\]: cannot give it owner \[4711\]"):
            replace_files([(str(target), b"new", Attributes(0o640, owner=4711))])
        assert (calls, target.read_text(), len(list(tmp_path.iterdir()))) == ([], "old", 1)

    @posix
    @pytest.mark.skipif(os.name != "nt" and os.geteuid() != 0, reason="only root can")
    def test_owner_and_group_are_given(self, tmp_path):
        replace_files([(str(tmp_path / "users"), b"", Attributes(0o4640, 4711, 4712))])
        status = (tmp_path / "users").stat()
        assert (status.st_uid, status.st_gid) == (4711, 4712)
        assert stat.S_IMODE(status.st_mode) == 0o4640

    @posix
    def test_requested(self):
        import grp
        import pwd

        user, group = pwd.getpwuid(os.geteuid()).pw_name, grp.getgrgid(os.getegid()).gr_name
        by_name = PLAIN.requested(RequestedAttributes(user, group, 0o600))
        by_number = PLAIN.requested(RequestedAttributes(str(os.geteuid()), os.getegid(), 0o600))
        assert by_name == by_number == Attributes(0o600, os.geteuid(), os.getegid())
        assert PLAIN.requested(RequestedAttributes()) == PLAIN

    @pytest.mark.parametrize(
        ("requested", "message"),
        [
            (RequestedAttributes(owner="nobody here"), r"invalid owner \[nobody here\]"),
            (RequestedAttributes(group="nobody here"), r"invalid group \[nobody here\]"),
            (RequestedAttributes(mode=0o10000), r"invalid mode \[0o10000\]"),
        ],
    )
    def test_requested_in_vain(self, requested, message):
        with pytest.raises(InvalidAttributeError, match=message):
            PLAIN.requested(requested)
