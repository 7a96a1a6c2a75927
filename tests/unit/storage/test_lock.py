"""One writer at a time; the lock file stays, and can be used by the service's group."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import threading

import pytest

from esfilerealm._storage.lock import write_lock
from esfilerealm.errors import FileAccessError, LockTimeoutError

posix = pytest.mark.skipif(os.name == "nt", reason="modes and links of POSIX")


@pytest.fixture
def path(tmp_path):
    return str(tmp_path / "users.lock")


def test_the_second_writer_waits_in_vain(path):
    with write_lock(lambda: path, 1.0), pytest.raises(LockTimeoutError) as caught:
        with write_lock(lambda: path, 0.05):
            pytest.fail("both hold the lock")
    assert (caught.value.lock_path, caught.value.timeout) == (path, 0.05)
    assert str(caught.value) == (
        f"write lock [{path}] not free after 0.05 s: another writer holds it; try again"
    )


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
        pytest.raises(FileAccessError, match="no lock file of ours"),
        write_lock(lambda: path, 0.1),
    ):
        pytest.fail("the link was followed")


@posix
def test_a_file_with_another_name_is_refused(path, tmp_path):
    """Some versions of filelock would empty it."""
    (tmp_path / "users").write_text("bob:x")
    os.link(tmp_path / "users", path)
    with (
        pytest.raises(FileAccessError, match="no lock file of ours"),
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


@posix
@pytest.mark.skipif(os.name != "nt" and os.geteuid() != 0, reason="only root can give files away")
def test_root_makes_it_for_the_owner_of_the_folder(path, tmp_path):
    os.chown(tmp_path, 4711, 4712)
    with write_lock(lambda: path, 1.0):
        pass
    assert (os.stat(path).st_uid, os.stat(path).st_gid) == (4711, 4712)


@posix
def test_a_group_that_cannot_be_given_is_no_reason_not_to_write(path, monkeypatch):
    """As in a user namespace, which has no number for it."""

    def refuse(*_):
        raise OSError(22, "Invalid argument")

    monkeypatch.setattr(os, "fchown", refuse)
    with write_lock(lambda: path, 1.0):
        pass
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o660
