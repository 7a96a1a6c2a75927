"""
Processes that watch a file, and fork while they do; each function is the life of one.

A test runs one of them by ``python watching_process.py FUNCTION DIRECTORY [ARGUMENT]`` and compares
what it prints. A process that hangs is ended by its alarm.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import traceback
from pathlib import Path

from support.watching import NEVER, TIMEOUT, Recorder, Settings, wait_until, wait_until_quiet

from esfilerealm.watcher import FileWatcher, Frequency, ResourceWatcherService


def say(what):
    sys.stdout.write(f"{what}\n")
    sys.stdout.flush()


def in_child(function):
    """Run it in a forked child, and assert that the child ends well."""
    child = os.fork()
    if not child:
        signal.alarm(40)
        code = 1
        try:
            function()
            code = 0
        except BaseException:  # noqa: BLE001 - there is nobody to raise it to
            traceback.print_exc()
        finally:
            sys.stderr.flush()
            os._exit(code)
    assert os.waitpid(child, 0)[1] == 0


def started(path, *listeners, interval=0.03, watch_events=False):
    """Return a watcher of a file and the service that asks it, which runs."""
    watcher = FileWatcher(path)
    for listener in listeners:
        watcher.add_listener(listener)
    settings = Settings(reload_interval_high=interval)
    service = ResourceWatcherService(settings, watch_events=watch_events)
    service.add(watcher, Frequency.HIGH)
    service.start()
    return watcher, service


def end_without_closing(directory):
    _, service = started(directory / "users", interval=NEVER, watch_events=True)
    wait_until_quiet(service)
    say("end")


def fork_and_go_on(directory, how):
    path, heard, watch_events = directory / "users", Recorder(), how == "event"
    interval = NEVER if watch_events else 0.03
    _, service = started(path, heard, interval=interval, watch_events=watch_events)

    def child():
        if watch_events:
            wait_until_quiet(service)
        path.write_text("new")
        heard.wait()
        names = [thread.name for thread in threading.enumerate()]
        assert names.count("esfilerealm-watcher") == 1, names
        service.close()

    in_child(child)
    heard.wait()
    path.unlink()
    heard.wait(2)
    in_child(lambda: (path.write_text("newer"), heard.wait(3)))
    heard.wait(3)
    service.close()
    in_child(lambda: say([thread.name for thread in threading.enumerate()]))


def fork_while_all_locks_are_held(directory):
    """Another thread makes a pass; in the child it is not there to end it."""
    path, heard = directory / "users", Recorder()
    inside, go_on = threading.Event(), threading.Event()
    parent = os.getpid()

    def slow(_changes):
        if os.getpid() == parent:
            inside.set()
            assert go_on.wait(TIMEOUT)

    watcher, service = started(path, slow, heard)
    path.write_text("new")
    assert inside.wait(TIMEOUT)
    locks = watcher._subscribers_lock._lock, service._lock._lock  # the pass has the third
    for lock in locks:
        threading.Thread(target=lock.acquire).start()

    def child():
        service.notify_now()
        heard.wait()
        assert heard.calls[0] == [("created", "users")], heard.calls
        path.unlink()
        heard.wait(2)
        service.close()
        say("child")

    in_child(child)
    say("parent")
    os._exit(0)  # a thread holds locks, and another waits in the listener


def fork_in_a_listener(directory):
    path, heard, forked = directory / "users", Recorder(), threading.Event()

    def fork(_changes):
        if not forked.is_set():
            forked.set()
            in_child(child)

    def child():
        path.unlink()
        # On a slow machine, a pass of the child comes first and reports that the file was created.
        wait_until(lambda: heard.calls and heard.calls[-1] == [("deleted", "users")])
        say("child")

    _, service = started(path, fork, heard)
    path.touch()
    heard.wait(2)
    service.close()
    say("parent")


def fork_again_and_again(directory):
    """While files change and passes are made."""
    path, done = directory / "users", threading.Event()
    _, service = started(path, Recorder(), interval=0.01, watch_events=True)

    def write():
        n = 0
        while not done.is_set():
            n += 1
            path.write_text(str(n))
            service.notify_now()

    def child():
        mine, heard = FileWatcher(directory / str(os.getpid())), Recorder()
        mine.add_listener(heard)
        service.add(mine, Frequency.HIGH)
        (directory / str(os.getpid())).touch()
        heard.wait()

    writer = threading.Thread(target=write)
    writer.start()
    for _ in range(40):
        in_child(child)
    done.set()
    writer.join()
    service.close()
    say("end")


def fork_without_a_thread(directory):
    service = ResourceWatcherService(Settings(), watch_events=False)
    service.add(FileWatcher(directory / "users"), Frequency.HIGH)
    in_child(lambda: (service.notify_now(), say(len(threading.enumerate()))))


if __name__ == "__main__":
    signal.alarm(45)
    name, directory, *arguments = sys.argv[1:]
    globals()[name](Path(directory), *arguments)
