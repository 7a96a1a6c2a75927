"""The watcher's thread sees every change, by poll or by event, and ends with its service."""

from __future__ import annotations

import gc
import logging
import os
import sys
import threading
import weakref
from pathlib import Path

import pytest
from support.threads import wait_until
from support.watching import (
    NEVER,
    TIMEOUT,
    Recorder,
    Settings,
    replace,
    swap_link,
    wait_until_quiet,
)

from esfilerealm.watcher import FileWatcher, Frequency, ResourceWatcherService
from esfilerealm.watcher import service as service_module

ROOT = Path(__file__).parent.parent.parent

linux = pytest.mark.skipif(sys.platform != "linux", reason="written for inotify")
forks = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")


def rewrite_keeping_times(path):
    before = path.stat()
    with open(path, "r+b") as file:
        file.write(b"B" * before.st_size)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def recreate(path):
    path.unlink()
    path.write_text("again")


def plain(folder):
    (folder / "users").write_text("old")


def linked(folder):
    for name in ("one", "two"):
        (folder / name).write_text(name)
    (folder / "users").symlink_to("one")


def kubernetes(folder):
    for name in ("..1", "..2"):
        (folder / name).mkdir()
        (folder / name / "users").write_text(name)
        os.utime(folder / name / "users", (1, 1))
    (folder / "..data").symlink_to("..1")
    (folder / "users").symlink_to("..data/users")


def dangling(folder):
    (folder / "elsewhere").mkdir()
    (folder / "users").symlink_to("elsewhere/users")


def missing(folder):
    pass


WAYS = {
    "in-place": (plain, lambda f: (f / "users").write_text("new")),
    "rename": (plain, lambda f: replace(f / "users", b"new")),
    "same-size-and-time": (plain, lambda f: rewrite_keeping_times(f / "users")),
    "delete": (plain, lambda f: (f / "users").unlink()),
    "re-create": (plain, lambda f: recreate(f / "users")),
    "create": (missing, lambda f: (f / "users").write_text("new")),
    "link-swap": (linked, lambda f: swap_link(f / "users", "two")),
    "link-target": (linked, lambda f: (f / "one").write_text("new")),
    "data-swap": (kubernetes, lambda f: swap_link(f / "..data", "..2")),
    "dangling-appears": (dangling, lambda f: (f / "elsewhere" / "users").write_text("new")),
}


def content(path):
    return path.read_bytes() if path.exists() else None


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "config"
    folder.mkdir()
    return folder


class Reader(Recorder):
    """Reads the file each time it is called."""

    def __init__(self, path):
        super().__init__()
        self.path = path
        self.last = content(path)

    def __call__(self, changes):
        self.last = content(self.path)
        super().__call__(changes)

    def wait_for(self, data):
        with self.changed:
            assert self.changed.wait_for(lambda: self.last == data, TIMEOUT), self.calls


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("how", ["poll", pytest.param("event", marks=linux)])
def test_each_way_to_change_a_file_is_seen(folder, how, way):
    prepare, change = WAYS[way]
    prepare(folder)
    interval = NEVER if how == "event" else 0.03
    with ResourceWatcherService(
        Settings(reload_interval_high=interval), watch_events=how == "event"
    ) as service:
        watcher = FileWatcher(folder / "users")
        reader = Reader(folder / "users")
        watcher.add_listener(reader)
        service.add(watcher, Frequency.HIGH)
        if how == "event":
            wait_until_quiet(service)  # what a pass at the start sees is no event's merit
        change(folder)
        assert content(folder / "users") != reader.last or reader.calls
        reader.wait_for(content(folder / "users"))


@linux
def test_many_swaps_in_a_row_are_seen_by_events(folder):
    """The watched directory moves with the link."""
    kubernetes(folder)
    with ResourceWatcherService(Settings()) as service:
        reader = Reader(folder / "users")
        watcher = FileWatcher(folder / "users")
        watcher.add_listener(reader)
        service.add(watcher, Frequency.HIGH)
        for n in range(10):
            target = folder / f"..v{n}"
            target.mkdir()
            (target / "users").write_text(str(n))
            swap_link(folder / "..data", target.name)
            reader.wait_for(str(n).encode())
            (target / "users").write_text(f"{n} in place")
            reader.wait_for(f"{n} in place".encode())


@linux
def test_two_files_renamed_in_a_row_are_one_change(folder):
    paths = [folder / "users", folder / "users_roles"]
    for path in paths:
        path.write_text("old")
    with ResourceWatcherService(Settings()) as service:
        watcher = FileWatcher(*paths)
        heard = Recorder()
        service.add(watcher, Frequency.HIGH)
        watcher.add_listener(heard)
        wait_until_quiet(service)
        for path in paths:
            path.with_name(path.name + ".new").write_text("new")
        wait_until_quiet(service)
        for path in paths:
            os.replace(path.with_name(path.name + ".new"), path)
        heard.wait()
    assert heard.calls[0] == [("changed", "users"), ("changed", "users_roles")]


@linux
def test_our_own_reading_causes_no_pass(folder):
    plain(folder)
    with ResourceWatcherService(Settings()) as service:
        watcher = FileWatcher(folder / "users")
        service.add(watcher, Frequency.HIGH)
        wait_until_quiet(service)
        passes = service._runner.timetable._quiet_until
        for _ in range(5):
            assert watcher.check_and_notify() is False
            assert (folder / "users").read_text() == "old"
        wait_until_quiet(service)
        assert service._runner.timetable._quiet_until == passes


@linux
def test_a_directory_that_is_deleted_and_created_again(folder, tmp_path, caplog):
    plain(folder)
    with ResourceWatcherService(Settings(reload_interval_high=0.05)) as service:
        watcher, reader = FileWatcher(folder / "users"), Reader(folder / "users")
        watcher.add_listener(reader)
        service.add(watcher, Frequency.HIGH)
        folders = service._runner._folders
        for n in range(3):
            wait_until(lambda: str(folder) in folders._watched)
            (folder / "users").unlink()
            folder.rmdir()
            wait_until(lambda: str(folder) not in folders._watched)
            reader.wait_for(None)
            folder.mkdir()
            (folder / "users").write_text(str(n))
            reader.wait_for(str(n).encode())
    assert [record for record in caplog.records if record.levelno > logging.INFO] == []


def test_polled_again_and_again_at_each_frequency():
    class Watcher:
        paths = ()

        def __init__(self):
            self.enough = threading.Semaphore(0)

        def init(self):
            pass

        def check_and_notify(self):
            self.enough.release()
            return False

    settings = Settings(True, 0.01, 0.02, 0.03)
    with ResourceWatcherService(settings, watch_events=False) as service:
        for frequency in Frequency:
            watcher = Watcher()
            service.add(watcher, frequency)
            for _ in range(5):
                assert watcher.enough.acquire(timeout=TIMEOUT)


@pytest.mark.parametrize("error", [RuntimeError("no"), SystemExit(3), OSError("no")])
def test_no_error_ends_the_thread(error, caplog):
    class Broken:
        paths = ()

        def __init__(self):
            self.called = threading.Semaphore(0)

        def init(self):
            pass

        def check_and_notify(self):
            self.called.release()
            raise error

    broken, good = Broken(), Recorder()
    good.paths, good.init, good.check_and_notify = (), lambda: None, lambda: good(())
    with ResourceWatcherService(Settings(reload_interval_high=0.01), watch_events=False) as service:
        service.add(broken, Frequency.HIGH)
        service.add(good, Frequency.HIGH)
        for _ in range(5):
            assert broken.called.acquire(timeout=TIMEOUT)
        good.wait(5)
    assert len(caplog.records) == (not isinstance(error, OSError))


def test_a_pass_by_hand_and_one_of_the_thread_exclude_each_other(folder):
    inside = threading.Lock()
    overlaps = []

    class Slow:
        paths = ()
        passes = 0

        def init(self):
            pass

        def check_and_notify(self):
            if not inside.acquire(blocking=False):
                overlaps.append(True)
                return False
            Slow.passes += 1
            threading.Event().wait(0.002)
            inside.release()
            return False

    with ResourceWatcherService(Settings(reload_interval_high=0.01), watch_events=False) as service:
        service.add(Slow(), Frequency.HIGH)
        threads = [
            threading.Thread(target=lambda: [service.notify_now() for _ in range(30)])
            for _ in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        wait_until(lambda: Slow.passes > 120)
    assert overlaps == []


def test_listeners_come_and_go_while_passes_are_made(folder):
    path = folder / "users"
    path.touch()
    watcher = FileWatcher(path)
    kept = Recorder()
    watcher.add_listener(kept)
    watcher.init()
    done = threading.Event()

    def come_and_go():
        while not done.is_set():
            passer_by = Recorder()
            watcher.add_listener(passer_by)
            watcher.remove_listener(passer_by)

    threads = [threading.Thread(target=come_and_go) for _ in range(3)]
    for thread in threads:
        thread.start()
    try:
        for n in range(100):
            path.write_text(str(n))
            watcher.check_and_notify()
    finally:
        done.set()
        for thread in threads:
            thread.join()
    assert len(kept.calls) == 101
    assert [subscriber.listener for subscriber in watcher._subscribers] == [kept]


@pytest.fixture
def _hurry():
    """Make threads interrupt each other all the time."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("_hurry")
def test_no_listener_is_lost_when_many_come_at_once(folder):
    watcher = FileWatcher(folder / "users")
    start = threading.Barrier(4)

    def come():
        start.wait(TIMEOUT)
        for _ in range(300):
            watcher.add_listener(print)

    threads = [threading.Thread(target=come) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(watcher._subscribers) == 4 * 300


class TestEnd:
    def test_from_within_a_listener(self, folder):
        service = ResourceWatcherService(Settings(reload_interval_high=0.01), watch_events=False)
        watcher = FileWatcher(folder / "users")
        closed = threading.Event()
        threads = []

        def close(_):
            threads.append(threading.current_thread())
            service.close()
            closed.set()

        watcher.add_listener(close)
        service.add(watcher, Frequency.HIGH)
        service.start()
        (folder / "users").touch()
        assert closed.wait(TIMEOUT)
        threads[0].join(TIMEOUT)
        assert not threads[0].is_alive()
        assert threads[0].name == "esfilerealm-watcher"

    @pytest.mark.parametrize("watch_events", [False, True])
    def test_of_all_threads_with_the_service(self, folder, watch_events):
        before = set(threading.enumerate())
        service = ResourceWatcherService(Settings(), watch_events=watch_events)
        service.add(FileWatcher(folder / "users"), Frequency.HIGH)
        with service:
            if watch_events:
                wait_until_quiet(service)
            threads = set(threading.enumerate()) - before
            assert all(thread.daemon for thread in threads)
        assert not [
            thread
            for thread in threads
            if thread.name == "esfilerealm-watcher" and thread.is_alive()
        ]
        wait_until(lambda: not any(thread.is_alive() for thread in threads))

    @pytest.mark.parametrize("watch_events", [False, True])
    def test_when_the_service_is_garbage(self, folder, watch_events):
        before = set(threading.enumerate())
        service = ResourceWatcherService(Settings(), watch_events=watch_events)
        service.add(FileWatcher(folder / "users"), Frequency.HIGH)
        service.start()
        if watch_events:
            wait_until_quiet(service)
        threads = set(threading.enumerate()) - before
        assert threads
        reference = weakref.ref(service)
        del service
        gc.collect()
        wait_until(lambda: reference() is None)
        wait_until(lambda: not any(thread.is_alive() for thread in threads))

    def test_when_it_is_dropped_within_its_own_thread(self, folder):
        """The last reference to it is in a listener."""
        holder = []
        dropped = threading.Event()
        watcher = FileWatcher(folder / "users")

        def drop(_):
            holder.clear()
            dropped.set()

        watcher.add_listener(drop)
        holder.append(
            ResourceWatcherService(Settings(reload_interval_high=0.01), watch_events=False)
        )
        holder[0].add(watcher, Frequency.HIGH)
        holder[0].start()
        thread = holder[0]._runner._thread
        (folder / "users").touch()
        assert dropped.wait(TIMEOUT)
        thread.join(TIMEOUT)
        assert not thread.is_alive()

    def test_a_long_pass_is_not_interrupted_nor_waited_for_too_long(self, folder, monkeypatch):
        monkeypatch.setattr(service_module, "_CLOSE_TIMEOUT", 0.01)
        inside, go_on, over = threading.Event(), threading.Event(), threading.Event()

        def slow(_):
            inside.set()
            assert go_on.wait(TIMEOUT)
            over.set()

        service = ResourceWatcherService(Settings(reload_interval_high=0.01), watch_events=False)
        watcher = FileWatcher(folder / "users")
        watcher.add_listener(slow)
        service.add(watcher, Frequency.HIGH)
        (folder / "users").touch()
        service.start()
        thread = service._runner._thread
        assert inside.wait(TIMEOUT)
        service.close()
        assert not over.is_set()
        go_on.set()
        thread.join(TIMEOUT)
        assert over.is_set()
        assert not thread.is_alive()
