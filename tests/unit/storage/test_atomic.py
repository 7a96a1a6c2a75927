"""A file is replaced whole, with its attributes, or not at all."""

from __future__ import annotations

import errno
import os
import re
import stat
from pathlib import Path

import pytest

from esfilerealm._storage.atomic import remove_leftovers, replace_files
from esfilerealm._storage.attributes import Attributes
from esfilerealm.errors import FileAccessError, FilePermissionError, InvalidAttributeError

PLAIN = Attributes(0o640)

posix = pytest.mark.skipif(os.name == "nt", reason="modes and owners of POSIX")


class Calls:
    """Records the system calls of a write, in order; may make the n-th of a name fail."""

    NAMES = ("open", "write", "fchown", "fchmod", "fsync", "link", "replace")

    def __init__(self, monkeypatch, fail=None, number=errno.ENOSPC, nth=1):
        self.made = []
        self.opened = {}
        for name in self.NAMES:
            recorder = self._recorder(name, getattr(os, name), nth if name == fail else 0, number)
            monkeypatch.setattr(os, name, recorder)

    def _recorder(self, name, real, failing, number):
        def recorded(first, *args):
            self.made.append((name, self.opened.get(first, first), *args))
            if self.names().count(name) == failing:
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
    assert calls.names() == ["open", "write", "fchmod", "fsync", "link", "replace", "open", "fsync"]
    _, temporary, flags, mode = calls.made[0]
    assert mode == 0o600
    assert flags & os.O_EXCL
    assert os.path.dirname(temporary) == str(tmp_path)
    assert calls.made[5][1:] == (temporary, target)
    assert calls.made[7][1] == str(tmp_path)


@posix
def test_all_files_are_durable_before_the_first_is_replaced(tmp_path, monkeypatch):
    calls = Calls(monkeypatch)
    replace_files([(str(tmp_path / name), b"data", PLAIN) for name in ("one", "two")])
    names = calls.names()
    assert names.count("fsync") == 4
    assert names[: names.index("replace")].count("fsync") == 2


@pytest.mark.parametrize("is_new", [False, True], ids=["replaced", "created"])
@pytest.mark.parametrize(
    ("failing", "nth"),
    [(name, nth) for name in ("open", "write", "fchmod", "fsync", "replace") for nth in (1, 2)]
    + [("open", 3), ("open", 4), ("fsync", 3), ("fsync", 4)],
)
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO, errno.EACCES, errno.EROFS])
def test_a_failure_changes_nothing(tmp_path, monkeypatch, failing, nth, number, is_new):
    """Whichever call fails, for whichever of two files: the very same files are there."""
    if not is_new:
        for name in ("one", "two"):
            (tmp_path / name).write_text("old")
    before = {path.name: (path.read_text(), path.stat().st_ino) for path in tmp_path.iterdir()}
    files = [(str(tmp_path / name), b"new", PLAIN) for name in ("one", "two")]
    with monkeypatch.context() as patch:
        Calls(patch, failing, number, nth)
        with pytest.raises((FileAccessError, FilePermissionError)) as caught:
            replace_files(files)
    assert caught.value.path in [file[0] for file in files]
    assert caught.value.errno == number
    is_permission = number in (errno.EACCES, errno.EROFS)
    assert isinstance(caught.value, PermissionError) == is_permission
    after = {path.name: (path.read_text(), path.stat().st_ino) for path in tmp_path.iterdir()}
    assert after == before


@pytest.mark.parametrize("nth", [1, 2])
@pytest.mark.parametrize("name", ["open", "write", "fsync", "link", "replace"])
def test_an_interrupt_changes_nothing(tmp_path, monkeypatch, name, nth):
    """Also one that comes when the call is done already."""
    calls = []
    real = getattr(os, name)

    def interrupted(*args):
        calls.append(args)
        result = real(*args)
        if len(calls) == nth:
            raise KeyboardInterrupt
        return result

    for file in ("one", "two"):
        (tmp_path / file).write_text("old")
    before = {path.name: (path.read_text(), path.stat().st_ino) for path in tmp_path.iterdir()}
    with monkeypatch.context() as patch:
        patch.setattr(os, name, interrupted)
        with pytest.raises(KeyboardInterrupt):
            replace_files([(str(tmp_path / file), b"new", PLAIN) for file in ("one", "two")])
    remove_leftovers([str(tmp_path / file) for file in ("one", "two")])
    after = {path.name: (path.read_text(), path.stat().st_ino) for path in tmp_path.iterdir()}
    assert after == before


def test_what_cannot_be_put_back_is_kept_and_named(tmp_path, monkeypatch):
    for name in ("one", "two"):
        (tmp_path / name).write_text("old")
    real = os.replace
    calls = []

    def break_after_one(*paths):
        calls.append(paths)
        if len(calls) > 1:
            raise OSError(errno.EROFS, os.strerror(errno.EROFS))
        real(*paths)

    monkeypatch.setattr(os, "replace", break_after_one)
    with pytest.raises(
        FileAccessError, match=r"one\]: Read-only .*what it held before is in"
    ) as caught:
        replace_files([(str(tmp_path / name), b"new", PLAIN) for name in ("one", "two")])
    kept = Path(re.search(r"is in \[(.*)\]", str(caught.value))[1])
    assert (kept.read_text(), (tmp_path / "one").read_text()) == ("old", "new")


def test_tidying_up_is_no_reason_to_fail(tmp_path, monkeypatch):
    def refuse(*_):
        raise PermissionError(errno.EPERM, "no")

    (tmp_path / "users").write_text("old")
    with monkeypatch.context() as patch:
        patch.setattr(os, "unlink", refuse)
        replace_files([(str(tmp_path / "users"), b"new", PLAIN)])
    assert len(list(tmp_path.iterdir())) == 2
    remove_leftovers([str(tmp_path / "users")])
    assert [path.read_text() for path in tmp_path.iterdir()] == ["new"]


def test_no_hard_links(tmp_path, monkeypatch):
    """A file system without them is written all the same, and put back all the same."""

    def refuse(*_):
        raise OSError(errno.EOPNOTSUPP, "no")

    monkeypatch.setattr(os, "link", refuse)
    files = [(str(tmp_path / name), b"new", PLAIN) for name in ("one", "two")]
    for name in ("one", "two"):
        (tmp_path / name).write_text("old")
        (tmp_path / name).chmod(0o604)
    with monkeypatch.context() as patch:
        Calls(patch, "replace", errno.EBUSY, 2)
        with pytest.raises(FileAccessError, match=r"two\]: .* busy while replacing"):
            replace_files(files)
    left = [(p.name, p.read_text(), p.stat().st_mode & 0o777) for p in tmp_path.iterdir()]
    assert sorted(left) == [("one", "old", 0o604), ("two", "old", 0o604)]
    replace_files(files)
    assert [path.read_text() for path in tmp_path.iterdir()] == ["new", "new"]


def test_one_file_twice(tmp_path):
    target = str(tmp_path / "users")
    replace_files([(target, b"first", PLAIN), (target, b"second", PLAIN)])
    assert [path.read_text() for path in tmp_path.iterdir()] == ["second"]


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
    remove_leftovers([str(tmp_path / "users")])
    assert list(tmp_path.iterdir()) == [other]


def test_a_leftover_that_cannot_be_removed_is_no_reason_not_to_write(tmp_path):
    (tmp_path / "users.0123456789abcdef.tmp").mkdir()
    remove_leftovers([str(tmp_path / "users")])


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
    def test_asked_for(self):
        import grp
        import pwd

        user, group = pwd.getpwuid(os.geteuid()).pw_name, grp.getgrgid(os.getegid()).gr_name
        by_name = Attributes.asked_for(user, group, 0o600)
        by_number = Attributes.asked_for(str(os.geteuid()), os.getegid(), 0o600)
        assert by_name == by_number == Attributes(0o600, os.geteuid(), os.getegid())
        assert PLAIN.changed_by(by_name) == by_name
        assert PLAIN.changed_by(Attributes.asked_for(None, None, None)) == PLAIN

    @pytest.mark.parametrize(
        ("wish", "message"),
        [
            (("nobody here", None, None), r"invalid owner \[nobody here\]"),
            ((None, "nobody here", None), r"invalid group \[nobody here\]"),
            ((99999999999999, None, None), r"invalid owner \[99999999999999\]"),
            ((None, None, 0o10000), r"invalid mode \[0o10000\]"),
        ],
    )
    def test_asked_for_in_vain(self, wish, message):
        with pytest.raises(InvalidAttributeError, match=message):
            Attributes.asked_for(*wish)
