"""Writes wake, reading does not, and watchdog ends without logging."""

from __future__ import annotations

import logging
import os
import shutil
import sys
import threading

import pytest
from support.threads import wait_until
from support.watching import TIMEOUT, replace

from esfilerealm.watcher import events
from esfilerealm.watcher.events import FolderEvents

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="written for inotify")


NAMES = ("users", "users_roles", "link", "sub", "sentinel")


@pytest.fixture
def woken():
    return threading.Event()


@pytest.fixture
def watch(woken, tmp_path):
    watch = FolderEvents(woken.set)
    watch.names = {str(tmp_path / "config" / name) for name in NAMES}
    watch.names.add(str(tmp_path / "other" / "f"))
    yield watch
    watch.close()


@pytest.fixture
def users(tmp_path):
    folder = tmp_path / "config"
    folder.mkdir()
    path = folder / "users"
    path.write_text("x")
    return path


WRITES = {
    "in place": lambda p: p.write_text("y"),
    "rename": lambda p: replace(p, b"y"),
    "delete": lambda p: p.unlink(),
    "create": lambda p: p.with_name("users_roles").touch(),
    "mode": lambda p: p.chmod(0o600),
    "link": lambda p: p.with_name("link").symlink_to("users"),
    "folder": lambda p: p.with_name("sub").mkdir(),
}


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
def test_a_write_wakes(watch, woken, users, write):
    watch.add(str(users.parent))
    write(users)
    assert woken.wait(TIMEOUT)


def test_writes_to_other_names_do_not(watch, woken, users):
    """Otherwise a busy directory, and our own lock for reading, would wake us for ever."""
    watch.add(str(users.parent))
    sentinel = users.with_name("sentinel")
    seen = []
    watch._wake = lambda: woken.set() if sentinel.exists() else seen.append(True)
    for other in ("users.lock", "users.tmp", "log"):
        users.with_name(other).write_text("x")
        replace(users.with_name(other), b"y")
        users.with_name(other).unlink()
    sentinel.touch()
    assert woken.wait(TIMEOUT)
    assert seen == []


def test_reading_does_not(watch, woken, users):
    """Otherwise our own reading would wake us for ever."""
    watch.add(str(users.parent))
    users.read_text()
    os.listdir(users.parent)
    users.stat()
    sentinel = users.with_name("sentinel")
    seen = []
    watch._wake = lambda: woken.set() if sentinel.exists() else seen.append(True)
    sentinel.touch()
    assert woken.wait(TIMEOUT)
    assert seen == []


def test_removed(watch, woken, users):
    watch.add(str(users.parent))
    watch.remove(str(users.parent))
    users.write_text("y")
    other = users.parent.parent / "other"
    other.mkdir()
    watch.add(str(other))
    woken.clear()
    (other / "f").touch()
    assert woken.wait(TIMEOUT)


def test_a_deleted_directory(watch, woken, users, caplog, monkeypatch):
    faults = []
    monkeypatch.setattr(threading, "excepthook", faults.append)
    folder = str(users.parent)
    for _ in range(3):
        watch.add(folder)
        assert not watch.is_lost(folder)
        shutil.rmtree(folder)
        wait_until(lambda: watch.is_lost(folder))
        watch.remove(folder)
        os.mkdir(folder)
    watch.add(folder)
    assert not watch.is_lost(folder)
    woken.clear()
    users.touch()
    assert woken.wait(TIMEOUT)
    assert caplog.records == []
    assert faults == []


def test_a_missing_directory(watch, tmp_path):
    with pytest.raises(OSError, match="No such file"):
        watch.add(str(tmp_path / "none"))


def test_all_threads_are_daemons_and_end(users):
    before = set(threading.enumerate())
    watch = FolderEvents(lambda: None)
    watch.add(str(users.parent))
    threads = set(threading.enumerate()) - before
    assert threads
    assert all(thread.daemon for thread in threads)
    watch.close()
    wait_until(lambda: not any(thread.is_alive() for thread in threads))


def test_it_ends_without_a_word_while_files_are_written(users, caplog):
    """Some versions of watchdog log an error if an event comes while they stop."""
    done = threading.Event()

    def write():
        while not done.is_set():
            users.write_text("y")

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for _ in range(30):
            watch = FolderEvents(lambda: None)
            watch.add(str(users.parent))
            watch.remove(str(users.parent))
            watch.add(str(users.parent))
            watch.close()
    finally:
        done.set()
        writer.join()
    assert [record for record in caplog.records if record.levelno > logging.INFO] == []


def test_only_that_line_is_dropped(watch, users, caplog):
    logger = logging.getLogger("watchdog.observers.inotify")
    with events._quietly():
        logger.error("queue_events() called when the thread is inactive")
        logger.error("anything else")
    logger.error("called when the thread is inactive")
    assert [record.getMessage() for record in caplog.records] == [
        "anything else",
        "called when the thread is inactive",
    ]
    assert logger.filters == []


def test_no_filter_where_there_is_no_inotify(monkeypatch):
    monkeypatch.delitem(sys.modules, "watchdog.observers.inotify")
    with events._quietly():
        pass


def test_watchdogs_own_polling_is_of_no_use(monkeypatch):
    monkeypatch.setattr(events, "Observer", events.PollingObserver)
    with pytest.raises(NotImplementedError, match="no file events"):
        FolderEvents(lambda: None)
