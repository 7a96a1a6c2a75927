"""One writer at a time; the lock file stays, and can be used by the service's group."""

from __future__ import annotations

import errno
import json
import os
import platform
import re
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from filelock import FileLock
from support.hashes import CHEAP_HASH
from support.storing import STRANGER, acting_as, place, posix, refusing, root

from esfilerealm import UsersTool
from esfilerealm._storage import lock, system, write
from esfilerealm._storage.held_lock import holder_of, write_label
from esfilerealm._storage.lock import write_lock
from esfilerealm.errors import (
    FileAccessError,
    FileChangedError,
    FilePermissionError,
    LockTimeoutError,
)

GROUP = 4712

#: This machine, as a holder would name it.
HERE = platform.node()

#: What a holder on another machine would write.
SOMEBODY = {"program": "x", "pid": 1, "host": "elsewhere", "since": "2026-01-01T00:00:00+00:00"}


@pytest.fixture
def path(tmp_path):
    return str(tmp_path / "users.lock")


def test_the_second_writer_times_out(path):
    with write_lock(lambda: path, 1.0), pytest.raises(LockTimeoutError) as caught:
        with write_lock(lambda: path, 0.05):
            pytest.fail("both hold the lock")
    assert (caught.value.lock_path, caught.value.timeout) == (path, 0.05)
    assert str(caught.value) == (
        f"write lock [{path}] was not released within 0.05 s: "
        f"held by {caught.value.holder}; try again"
    )


def test_a_thread_does_not_wait_for_itself(path):
    """As the handler of a signal would, which writes while its thread does."""
    with write_lock(lambda: path, 1.0):
        for _ in range(2):
            with pytest.raises(LockTimeoutError), write_lock(lambda: path, 3600.0):
                pytest.fail("both hold the lock")
    with write_lock(lambda: path, 1.0):
        assert len(lock._HELD) == 1
    assert not lock._HELD


def test_the_second_thread_waits_until_it_is_free(path):
    order = []
    inside = threading.Event()

    def second():
        inside.wait(10)
        with write_lock(lambda: path, 10.0):
            order.append("second")

    thread = threading.Thread(target=second)
    thread.start()
    with write_lock(lambda: path, 1.0):
        inside.set()
        order.append("first")
    thread.join(10)
    assert order == ["first", "second"]


def test_a_holder_that_dies_frees_it(path):
    code = (
        "import os, sys\n"
        "from esfilerealm._storage.lock import write_lock\n"
        "with write_lock(lambda: sys.argv[1], 5.0):\n"
        "    print('held', flush=True)\n"
        "    sys.stdin.read()\n"
        "    os._exit(1)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(LockTimeoutError), write_lock(lambda: path, 0.05):
            pass
        holder.kill()
        holder.wait(10)
    with write_lock(lambda: path, 5.0):
        assert os.path.exists(path)


@posix
def test_mode_and_group_whatever_the_umask(path, tmp_path):
    before = os.umask(0o077)
    try:
        with write_lock(lambda: path, 1.0):
            pass
    finally:
        os.umask(before)
    status = os.stat(path)
    assert stat.S_IMODE(status.st_mode) == 0o660
    assert status.st_gid == tmp_path.stat().st_gid
    assert status.st_size == 0


@posix
def test_a_link_in_its_place_is_refused(path, tmp_path):
    (tmp_path / "victim").touch()
    os.symlink(tmp_path / "victim", path)
    with (
        pytest.raises(FileAccessError, match="not a lock file"),
        write_lock(lambda: path, 0.1),
    ):
        pytest.fail("the link was followed")


@posix
def test_a_file_with_another_name_is_refused(path, tmp_path):
    """Some versions of filelock would empty it."""
    (tmp_path / "users").write_text("bob:x")
    os.link(tmp_path / "users", path)
    with (
        pytest.raises(FileAccessError, match="not a lock file"),
        write_lock(lambda: path, 0.1),
    ):
        pytest.fail("the file was used")
    assert (tmp_path / "users").read_text() == "bob:x"


def test_a_folder_that_is_not_there(tmp_path):
    path = str(tmp_path / "nowhere" / "users.lock")
    with (
        pytest.raises(FileAccessError, match="while taking the write lock"),
        write_lock(lambda: path, 0.1),
    ):
        pass


def test_an_error_inside_frees_it(path):
    with pytest.raises(KeyError), write_lock(lambda: path, 0.1):
        raise KeyError
    with write_lock(lambda: path, 0.1):
        pass


def test_the_path_is_asked_for_again(tmp_path):
    """Who waited for a lock that is no longer the right one takes the other."""
    paths = [str(tmp_path / f"{name}.lock") for name in ("old", "new", "new", "new")]
    with write_lock(lambda: paths.pop(0), 1.0):
        with write_lock(lambda: str(tmp_path / "old.lock"), 0.0):
            pass
        with pytest.raises(LockTimeoutError), write_lock(lambda: str(tmp_path / "new.lock"), 0.0):
            pass


@root
def test_root_makes_it_for_the_owner_of_the_folder(path, tmp_path):
    os.chown(tmp_path, STRANGER, 4712)
    with write_lock(lambda: path, 1.0):
        pass
    assert (os.stat(path).st_uid, os.stat(path).st_gid) == (STRANGER, 4712)


@root
@pytest.mark.parametrize("user", [STRANGER, STRANGER + 1], ids=["owner", "member of the group"])
def test_what_root_made_can_be_used_by_who_may_write_there(open_folder, user):
    path = str(open_folder / "users.lock")
    os.chown(open_folder, STRANGER, GROUP)
    open_folder.chmod(0o775)
    with write_lock(lambda: path, 1.0):
        pass
    with acting_as(user, GROUP), write_lock(lambda: path, 1.0):
        assert holder_of(path)


@root
def test_the_error_says_what_to_do(open_folder):
    path = str(open_folder / "users.lock")
    for _ in range(2):
        with acting_as(STRANGER, GROUP):
            with pytest.raises(FilePermissionError, match="run this as the owner of the directory"):
                with write_lock(lambda: path, 1.0):
                    pytest.fail("it has the lock")
        with write_lock(lambda: path, 1.0):
            pass  # now the file is there, and theirs neither


@posix
def test_a_group_that_cannot_be_given_is_no_reason_not_to_write(path, monkeypatch):
    """As in a user namespace, which has no number for it."""
    monkeypatch.setattr(system, "fchown", refusing(errno.EINVAL))
    with write_lock(lambda: path, 1.0):
        pass
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o660


class TestReplaced:
    """A lock belongs to a file, and another program may give its name to another file."""

    @pytest.fixture
    def replace(self, path):
        """Replace the file, whose inode the system may give to the new one."""

        def replaced():
            Path(path + ".new").write_text("{}")
            os.replace(path + ".new", path)

        return replaced

    def test_while_it_is_locked_is_locked_again(self, path, replace, monkeypatch):
        real, waits = FileLock.acquire, []

        def acquire(*args, **how):
            if not waits:
                waits.append(replace())
            return real(*args, **how)

        monkeypatch.setattr(FileLock, "acquire", acquire)
        with write_lock(lambda: path, 5.0) as held:
            assert held.is_in_place
            with pytest.raises(LockTimeoutError), write_lock(lambda: path, 0.05):
                pytest.fail("both hold the lock")
        assert waits

    def test_again_and_again_is_an_error(self, path, replace, monkeypatch):
        real = FileLock.acquire
        monkeypatch.setattr(
            FileLock, "acquire", lambda *args, **how: (replace(), real(*args, **how))[1]
        )
        with pytest.raises(FileChangedError) as caught, write_lock(lambda: path, 0.05):
            pytest.fail("another writer may hold a lock too")
        assert caught.value.path == path

    @pytest.mark.parametrize("how", ["replaced", "removed", "a link"])
    def test_under_its_holder(self, path, replace, how):
        with write_lock(lambda: path, 1.0) as held:
            held.check()
            match how:
                case "replaced":
                    replace()
                case "removed":
                    os.unlink(path)
                case _:
                    os.rename(path, path + ".old")
                    os.symlink(path + ".old", path)
            with pytest.raises(FileChangedError):
                held.check()

    def test_before_the_commit_changes_nothing(self, config, monkeypatch):
        """Another writer may hold a lock too, and have read what this one is about to replace."""
        before = {path.name: path.read_bytes() for path in Path(config).iterdir()}
        real = write.commit

        def commit(changes, journal, attributes, noted, **more):
            os.replace(place_of(config, b"{}"), Path(config, "users.lock"))
            return real(changes, journal, attributes, noted, **more)

        monkeypatch.setattr(write, "commit", commit)
        with pytest.raises(FileChangedError, match=r"users\.lock"):
            UsersTool(config).useradd("ann", password_hash=CHEAP_HASH)
        after = {path.name: path.read_bytes() for path in Path(config).iterdir()}
        assert after == {**before, "users.lock": b"{}"}
        monkeypatch.undo()
        UsersTool(config).useradd("ann", password_hash=CHEAP_HASH)
        assert list(UsersTool(config).list_users()) == ["ann"]


def place_of(config, data):
    place = Path(config, "new")
    place.write_bytes(data)
    return place


class TestFileSystem:
    def test_whose_locks_other_machines_do_not_know_of(self, path, monkeypatch):
        monkeypatch.setattr(lock, "has_local_locks", {path: "nfs with nolock"}.get)
        with pytest.raises(
            FileAccessError, match=r"\[nfs with nolock\].*--allow-local-lock"
        ) as caught:
            with write_lock(lambda: path, 1.0):
                pytest.fail("it has the lock")
        assert caught.value.errno == errno.ENOLCK
        assert not os.path.exists(path)
        with write_lock(lambda: path, 1.0, allow_local_lock=True):
            assert holder_of(path)

    @pytest.mark.parametrize(
        "number", [errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP], ids=errno.errorcode.get
    )
    def test_that_has_none_at_all(self, path, monkeypatch, number):
        monkeypatch.setattr("filelock.FileLock.acquire", refusing(number))
        with pytest.raises(FileAccessError, match="its file system has no locks") as caught:
            with write_lock(lambda: path, 1.0, allow_local_lock=True):
                pytest.fail("it has the lock")
        assert caught.value.errno == number

    def test_that_is_read_only(self, path, monkeypatch):
        monkeypatch.setattr(system, "open", refusing(errno.EROFS))
        with pytest.raises(FilePermissionError, match="on a read-only file system") as caught:
            with write_lock(lambda: path, 1.0):
                pytest.fail("it has the lock")
        assert caught.value.errno == errno.EROFS


class TestHolder:
    @pytest.fixture
    def waiter_told(self, path):
        """What the error of a writer that times out says about the lock holder."""

        def told():
            with pytest.raises(LockTimeoutError) as caught, write_lock(lambda: path, 0.0):
                pytest.fail("both hold the lock")
            return str(caught.value)

        return told

    @pytest.mark.parametrize(
        ("words", "program"),
        [
            (["/usr/bin/esfilerealm", "useradd", "ann", "-p", "pa-ssword"], "esfilerealm"),
            (["/lib/esfilerealm/__main__.py", "passwd", "-ppa-ssword"], "python -m esfilerealm"),
            (["-c", "pa-ssword"], "python"),
            (["", "pa-ssword"], "python"),
            ([], "python"),
        ],
        ids=["script", "module", "code", "prompt", "nothing"],
    )
    def test_is_named_without_its_words(self, path, waiter_told, monkeypatch, words, program):
        """A password may be among them."""
        monkeypatch.setattr(sys, "argv", words)
        with write_lock(lambda: path, 1.0):
            told = waiter_told()
            written = Path(path).read_text()
        assert re.search(
            rf"within 0 s: held by \[{program}\], process \[{os.getpid()}\] on \[.*\], "
            r"since \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC; try again$",
            told,
        )
        assert "pa-ssword" not in told + written

    def test_of_another_process(self, path, waiter_told):
        code = (
            "import sys\n"
            "from esfilerealm._storage.lock import write_lock\n"
            "with write_lock(lambda: sys.argv[1], 5.0):\n"
            "    print('held', flush=True)\n"
            "    sys.stdin.read()\n"
        )
        with subprocess.Popen(
            [sys.executable, "-c", code, path, "pa-ssword"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        ) as holder:
            assert holder.stdout.readline() == b"held\n"
            told = waiter_told()
            written = Path(path).read_text()
        assert f"[python], process [{holder.pid}]" in told
        assert "pa-ssword" not in written

    def test_is_named_only_while_it_holds(self, path):
        with write_lock(lambda: path, 1.0):
            assert holder_of(path)
        assert holder_of(path) is None
        assert os.path.getsize(path) == 0

    def test_after_an_error_too(self, path):
        with pytest.raises(KeyError), write_lock(lambda: path, 1.0):
            raise KeyError
        assert os.path.getsize(path) == 0

    def test_one_that_was_killed_is_not_named(self, path, waiter_told):
        """Its successor has the lock, and not yet written its own name."""
        with subprocess.Popen([sys.executable, "-c", ""]) as killed:
            killed.wait(10)
        with write_lock(lambda: path, 1.0):
            holder = json.loads(Path(path).read_bytes())
            Path(path).write_text(json.dumps({**holder, "pid": killed.pid}))
            assert "held by another writer" in waiter_told()
            Path(path).write_text(json.dumps({**holder, "pid": killed.pid, "host": "elsewhere"}))
            assert f"process [{killed.pid}] on [elsewhere]" in waiter_told()

    def test_that_cannot_be_written_is_no_reason_not_to_write(self, config, monkeypatch):
        real = system.write

        def refuse_the_name(descriptor, data):
            if b'"pid"' in bytes(data):
                raise OSError(errno.ENOSPC, "No space left on device")
            return real(descriptor, data)

        monkeypatch.setattr(system, "write", refuse_the_name)
        UsersTool(config).useradd("ann", password_hash=CHEAP_HASH)
        assert list(UsersTool(config).list_users()) == ["ann"]


class TestHostileContent:
    """Others of the group may write it: it blocks nobody, and nothing is believed but a name."""

    @pytest.mark.parametrize(
        "content",
        [
            pytest.param(b"\xff\xfe", id="no text"),
            pytest.param(b"{", id="torn"),
            pytest.param(b"null", id="nothing"),
            pytest.param(b'"pid"', id="text"),
            pytest.param(b"[1]", id="list"),
            pytest.param(b"{}", id="empty"),
            pytest.param(b"[" * 100_000, id="deep"),
            *(
                pytest.param(
                    json.dumps({**SOMEBODY, name: value}).encode(), id=f"{name} {value!r:.20}"
                )
                for name, value in [
                    ("pid", [1]),
                    ("pid", "x"),
                    ("pid", "9" * 5000),
                    ("pid", float("inf")),
                    ("pid", float("nan")),
                    ("since", 7),
                    ("since", "yesterday"),
                    ("since", "9999-99-99"),
                ]
            ),
        ],
    )
    def test_that_names_nobody(self, path, content):
        Path(path).write_bytes(content)
        with write_lock(lambda: path, 1.0):
            Path(path).write_bytes(content)
            with pytest.raises(LockTimeoutError) as caught, write_lock(lambda: path, 0.0):
                pytest.fail("both hold the lock")
        assert caught.value.holder is None

    @pytest.mark.parametrize(
        "changes",
        [
            {"program": "a\nb\x1b[31m" * 999},
            {"program": {"a": ["b"]}, "host": None},
            {"pid": -1, "host": HERE},
            {"pid": 0, "host": HERE},
            {"pid": 2**80, "host": HERE},
            {"since": "0001-01-01"},
        ],
        ids=" ".join,
    )
    def test_is_shown_on_one_short_line(self, path, changes):
        with write_lock(lambda: path, 1.0):
            Path(path).write_text(json.dumps({**SOMEBODY, **changes}))
            with pytest.raises(LockTimeoutError) as caught, write_lock(lambda: path, 0.0):
                pytest.fail("both hold the lock")
        assert str(caught.value).isprintable()
        assert len(str(caught.value)) < len(path) + 400

    def test_of_somebody_alive_keeps_nobody_out(self, path):
        Path(path).write_text(json.dumps({**SOMEBODY, "host": HERE}))
        with write_lock(lambda: path, 0.0):
            assert f"process [{os.getpid()}]" in holder_of(path)

    def test_is_read_to_no_more_than_a_page_or_so(self, path, monkeypatch):
        """Whatever its size: a terabyte of nothing takes no room on a disk."""
        wanted = []
        real = system.read

        def read(descriptor, size):
            wanted.append(size)
            return real(descriptor, min(size, 2**20))

        with write_lock(lambda: path, 1.0):
            os.truncate(path, 2**25)
            monkeypatch.setattr(system, "read", read)
            assert holder_of(path) is None
        assert sum(wanted) < 2**20

    @posix
    @pytest.mark.parametrize("kind", ["pipe", "folder", "link"])
    def test_in_what_is_no_file_is_not_read(self, tmp_path, kind):
        (tmp_path / "victim").write_text(json.dumps(SOMEBODY))
        place(tmp_path / "users.lock", kind, tmp_path / "victim")
        assert holder_of(str(tmp_path / "users.lock")) is None


def test_no_label_is_written_into_a_file_that_replaced_the_lock(path, tmp_path):
    """Another program may rename a file to its name, after the lock was opened."""
    (tmp_path / "other").write_text("precious")
    with write_lock(lambda: path, 1.0) as held:
        assert Path(path).read_bytes()
        os.replace(tmp_path / "other", path)
        write_label(held, b"label")
        assert Path(path).read_text() == "precious"
    assert Path(path).read_text() == "precious"


@posix
@pytest.mark.parametrize(
    ("failures", "outcome"),
    [(1, "; a second attempt succeeded"), (2, ": other writers have to wait until this process")],
)
def test_a_lock_that_cannot_be_released_is_no_reason_to_fail(
    realm, tool, monkeypatch, failures, outcome, caplog
):
    """The change is made by then."""
    import fcntl

    flock, left = fcntl.flock, [failures]

    def failing(descriptor, operation):
        if operation == fcntl.LOCK_UN and left[0]:
            left[0] -= 1
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return flock(descriptor, operation)

    monkeypatch.setattr(fcntl, "flock", failing)
    tool.useradd("al", password_hash=CHEAP_HASH)
    with tool.transaction() as change:
        change.userdel("bob")
        left[0] = failures
    (warning,) = change.result.warnings
    assert warning.startswith(f"[{realm}/users.lock]: releasing the write lock failed")
    assert outcome in warning
    assert warning in caplog.messages
    assert [*tool.list_users()] == ["al"]
