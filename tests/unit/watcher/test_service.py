"""Registration, passes by hand and errors, all without the thread."""

from __future__ import annotations

import logging
import threading
import weakref

import pytest
from support.watching import Recorder, Settings

from esfilerealm.watcher import FileWatcher, Frequency, ResourceWatcherService
from esfilerealm.watcher import service as service_module
from esfilerealm.watcher.service import _DefaultSettings
from esfilerealm.watcher.timetable import Timetable


class Watcher:
    """A watcher that counts its calls, and raises *error*."""

    paths = ()

    def __init__(self, error=None):
        self.error = error
        self.inits = self.checks = 0

    def init(self):
        self.inits += 1

    def check_and_notify(self):
        self.checks += 1
        if self.error is not None:
            raise self.error
        return False


@pytest.fixture
def service():
    with ResourceWatcherService(Settings(), watch_events=False) as service:
        yield service


def test_the_defaults():
    service = ResourceWatcherService()
    assert service._settings == _DefaultSettings(
        reload_enabled=True,
        reload_interval_high=5.0,
        reload_interval_medium=30.0,
        reload_interval_low=60.0,
    )
    assert service._watch_events


def test_repr():
    service = ResourceWatcherService(watch_events=False)
    handle = service.add(FileWatcher("users"))
    assert repr(handle) == "<WatcherHandle of FileWatcher('users'), medium>"
    assert repr(service) == "<ResourceWatcherService: 1 watchers, stopped>"
    with service:
        assert repr(service) == "<ResourceWatcherService: 1 watchers, running>"


def test_adding_initialises_first(service, tmp_path):
    (tmp_path / "users").touch()
    watcher, heard = FileWatcher(tmp_path / "users"), Recorder()
    watcher.add_listener(heard)
    handle = service.add(watcher)
    assert heard.calls == [[("init", "users")]]
    assert (handle.watcher, handle.frequency) == (watcher, Frequency.MEDIUM)


def test_a_watcher_that_cannot_be_initialised_is_not_added(service):
    class Broken(Watcher):
        def init(self):
            raise PermissionError("no")

    broken = Broken()
    with pytest.raises(PermissionError):
        service.add(broken)
    service.notify_now(Frequency.MEDIUM)
    assert broken.checks == 0


def test_the_same_one_twice(service):
    watcher = Watcher()
    service.add(watcher, Frequency.LOW)
    service.add(watcher, Frequency.LOW)
    service.notify_now(Frequency.LOW)
    assert watcher.checks == 1


def test_a_pass_is_of_one_frequency(service):
    watchers = {frequency: Watcher() for frequency in Frequency}
    for frequency, watcher in watchers.items():
        service.add(watcher, frequency)
    service.notify_now()
    service.notify_now(Frequency.HIGH)
    service.notify_now(Frequency.LOW)
    assert [watchers[frequency].checks for frequency in Frequency] == [2, 0, 1]


def test_stopped_and_resumed(service, tmp_path):
    path = tmp_path / "users"
    watcher, heard = FileWatcher(path), Recorder()
    watcher.add_listener(heard)
    handle = service.add(watcher, Frequency.HIGH)
    handle.stop()
    handle.stop()
    path.touch()
    service.notify_now()
    assert heard.calls == []
    handle.resume()
    handle.resume()
    service.notify_now()
    service.notify_now()
    assert heard.calls == [[("created", "users")]]


@pytest.mark.parametrize(
    ("error", "levels"),
    [(OSError("no"), ["DEBUG"] * 3), (RuntimeError("no"), ["WARNING"])],
    ids=["OSError", "other"],
)
def test_an_error_stops_no_other_watcher(service, caplog, error, levels):
    caplog.set_level(logging.DEBUG)
    broken, good = Watcher(error), Watcher()
    service.add(broken, Frequency.HIGH)
    service.add(good, Frequency.HIGH)
    for _ in range(3):
        service.notify_now()
    assert good.checks == broken.checks == 3
    assert [record.levelname for record in caplog.records] == levels


def test_an_error_is_logged_again_after_a_success(service, caplog):
    watcher, error = Watcher(), RuntimeError("no")
    service.add(watcher, Frequency.HIGH)
    for watcher.error in (error, error, None, error):
        service.notify_now()
    assert len(caplog.records) == 2


def test_an_interrupt_of_a_pass_by_hand_gets_through(service):
    service.add(Watcher(KeyboardInterrupt()), Frequency.HIGH)
    with pytest.raises(KeyboardInterrupt):
        service.notify_now()


def test_a_listener_may_add_remove_and_ask(service, tmp_path):
    added = Watcher()
    results = []

    def meddle(_):
        handle.stop()
        service.add(added, Frequency.HIGH)
        service.notify_now()
        results.append(added.checks)

    watcher = FileWatcher(tmp_path / "users")
    watcher.add_listener(meddle)
    handle = service.add(watcher, Frequency.HIGH)
    (tmp_path / "users").touch()
    service.notify_now()
    assert results == [1]
    service.notify_now()
    assert (added.checks, len(results)) == (2, 1)


def test_disabled(tmp_path):
    """Nothing is scheduled, and everything else works."""
    before = threading.enumerate()
    with ResourceWatcherService(Settings(reload_enabled=False)) as service:
        assert threading.enumerate() == before
        watcher, heard = FileWatcher(tmp_path / "users"), Recorder()
        watcher.add_listener(heard)
        service.add(watcher, Frequency.HIGH)
        (tmp_path / "users").touch()
        service.notify_now()
    assert heard.calls == [[("created", "users")]]


def test_the_thread_is_named_a_daemon_and_single():
    before = set(threading.enumerate())
    service = ResourceWatcherService(Settings(), watch_events=False)
    service.close()
    assert set(threading.enumerate()) == before
    service.start()
    service.start()
    (thread,) = set(threading.enumerate()) - before
    assert (thread.name, thread.daemon) == ("esfilerealm-watcher", True)
    service.close()
    service.close()
    assert not thread.is_alive()
    service.start()
    service.close()


def test_a_thread_that_cannot_be_started(monkeypatch):
    """Like any other error of `start`: it may be tried again."""
    service = ResourceWatcherService(Settings(), watch_events=False)

    def fail(_):
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", fail)
        with pytest.raises(RuntimeError, match="new thread"):
            service.start()
    service.start()
    service.close()


def test_what_a_fork_leaves_to_the_child(tmp_path):
    """New locks and another thread: the holder of the old locks does not exist there."""
    service = ResourceWatcherService(Settings(reload_interval_high=0.01), watch_events=False)
    watcher, heard = FileWatcher(tmp_path / "users"), Recorder()
    watcher.add_listener(heard)
    service.add(watcher, Frequency.HIGH)
    with service:
        runner = service._runner
        holder = threading.Thread(target=service._lock._lock.acquire)
        holder.start()
        holder.join()
        for renewed in (watcher, service, runner, runner):
            renewed.after_fork()
        assert service._runner is not runner
        assert service._runner._thread.is_alive()
        runner._thread.join(30)
        assert not runner._thread.is_alive()
        (tmp_path / "users").touch()
        heard.wait()


def test_no_events_in_the_child_on_macos(monkeypatch):
    monkeypatch.setattr("sys.platform", "darwin")
    service = ResourceWatcherService(Settings())
    service.after_fork()
    assert not service._watch_events


def test_a_service_that_ends_while_its_thread_is_about_to_make_a_pass():
    service = ResourceWatcherService(Settings())
    reference = weakref.ref(service)
    del service
    timetable = Timetable(dict.fromkeys(Frequency, 0.0))
    service_module._run(reference, timetable, None)
    assert timetable.wait() is Frequency.HIGH  # nobody closed it, and yet the thread has ended
