"""The watcher does what Elasticsearch's does, or differs as `reference.DIFFERENCES` says."""

from __future__ import annotations

import logging
import os
import shutil
from collections import Counter
from pathlib import Path

import pytest
from support.reference import cases
from support.watching import Recorder, Settings

from esfilerealm.watcher import FileWatcher, Frequency, ResourceWatcherService

#: Cases of the area that are about the settings or about who listens, and are run with those.
ELSEWHERE = (
    "default intervals",
    "legacy interval moves only medium",
    "explicit intervals",
    "explicit medium beats the legacy interval",
    "users store",
    "users_roles store",
    "file realm",
    "roles store",
    "service token store",
)
CASES = [p for p in cases("watcher") if not p.values[0].name.startswith(ELSEWHERE)]


def with_given(*keys):
    """The cases that give exactly these facts."""
    chosen = [p for p in CASES if set(p.values[0].given) == set(keys)]
    return pytest.mark.parametrize("case", chosen)


@pytest.fixture
def service():
    return ResourceWatcherService(Settings(), watch_events=False)


@with_given("watch", "content_check", "initial", "operations_before_each_check")
def test_replay(case, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name, content in case.given["initial"].items():
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_text(content)
    watcher, heard = FileWatcher(*files_of(case.given)), Events()
    watcher.add_listener(heard)
    watcher.init()
    assert heard.take() == case.expect["init_events"]
    for operations, events in zip(
        case.given["operations_before_each_check"],
        case.expect["events_of_each_check"],
        strict=True,
    ):
        for operation in operations:
            apply(operation)
        assert watcher.check_and_notify() is bool(events)
        assert heard.take() == events


class Events:
    """A listener that records changes by the names that the cases use."""

    def __init__(self):
        self.events = []

    def __call__(self, changes):
        self.events += [[f"file_{c.kind}", c.path.replace(os.sep, "/")] for c in changes]

    def take(self):
        events, self.events = self.events, []
        return events


def files_of(given):
    """What a user of ours would name: each file that there ever is, in path order."""
    names = set(given["initial"])
    for operations in given["operations_before_each_check"]:
        names |= {o["path"] for o in operations if o["op"] in ("write", "append")}
    return [Path(name) for name in sorted(names, key=lambda name: name.split("/"))] or [
        Path(given["watch"])
    ]


def apply(operation):
    path = Path(operation["path"])
    match operation["op"]:
        case "write":
            path.write_text(operation["text"])
        case "append":
            path.write_text(path.read_text() + operation["text"])
        case "delete":
            path.unlink()
        case "mkdir":
            path.mkdir()
        case "rmtree":
            shutil.rmtree(path)
        case "shift_mtime":
            move_time(path, path.stat().st_mtime_ns + operation["milliseconds"] * 1_000_000)
        case "overwrite_keeping_mtime":
            before = path.stat().st_mtime_ns
            path.write_text(operation["text"])
            move_time(path, before)
        case other:
            pytest.fail(f"an operation that nobody knows: {other}")


def move_time(path, modified):
    os.utime(path, ns=(modified, modified))


@with_given("listeners", "change", "checks")
def test_throwing_listener(case, tmp_path, caplog):
    path = tmp_path / "users"
    path.touch()
    watcher = FileWatcher(path)
    throwing, second = Recorder(fails=1, error=ValueError()), Recorder()
    watcher.init()
    watcher.add_listener(throwing)
    watcher.add_listener(second)
    path.write_text("appended")
    watcher.check_and_notify()
    assert len(throwing.take()) == 1
    watcher.check_and_notify()
    assert len(second.calls) == case.expect["second_listener_events"]
    assert len(throwing.calls) == case.expect["events_on_second_check"]
    assert [record.levelname for record in caplog.records] == ["WARNING"]


@with_given("watch", "operation")
def test_clear(case, tmp_path):
    (tmp_path / "users").touch()
    watcher, heard = FileWatcher(tmp_path / "users"), Recorder()
    watcher.init()
    watcher.add_listener(heard)
    watcher.clear()
    ((change,),) = heard.calls
    assert [f"file_{change[0]}"] == case.expect["events"]


@with_given("watchers", "operation")
def test_a_fault_in_one_watcher(case, service, tmp_path, caplog):
    class Faulty(FileWatcher):
        def check_and_notify(self):
            raise OSError("no")

    caplog.set_level(logging.DEBUG)
    heard = Recorder()
    good = FileWatcher(tmp_path / "users")
    good.add_listener(heard)
    service.add(Faulty(), Frequency.HIGH)
    service.add(good, Frequency.HIGH)
    (tmp_path / "users").touch()
    service.notify_now()
    assert bool(heard.calls) is case.expect["good_checked"]
    assert case.expect["log"] == "TRACE"  # which Python does not have
    assert [record.levelname for record in caplog.records] == ["DEBUG"]


@with_given("operation")
def test_registration_without_frequency(case, service):
    handle = service.add(FileWatcher())
    assert handle.frequency is Frequency(case.expect["frequency"])
    assert members(service) == Counter(case.expect["member_of"])


@with_given("operations")
def test_stop_and_resume(case, service):
    frequencies = []
    handle = service.add(FileWatcher(), Frequency.HIGH)
    frequencies.append(members(service))
    handle.stop()
    frequencies.append(members(service))
    handle.resume()
    frequencies.append(members(service))
    assert [bool(f["high"]) for f in frequencies] == case.expect["member_after_each"]


def members(service):
    return Counter(f.value for f in Frequency for _ in service._entries[f])


@with_given("settings", "operations")
def test_disabled(case, tmp_path):
    assert case.given["settings"] == {"resource.reload.enabled": False}
    (tmp_path / "users").touch()
    with ResourceWatcherService(Settings(reload_enabled=False)) as service:
        watcher, heard = FileWatcher(tmp_path / "users"), Recorder()
        service.add(watcher, Frequency.HIGH)
        watcher.add_listener(heard)
        (tmp_path / "users").write_text("appended")
        service.notify_now()
    assert [f"file_{kind}" for ((kind, _),) in heard.calls] == case.expect["events"]


GROUPS = [p for p in CASES if p.values[0].given.get("checks") == 1]


@pytest.mark.parametrize("case", GROUPS)
def test_group(case, tmp_path):
    given = case.given
    names = sorted({name for key in GROUP_KEYS for name in as_list(given.get(key, []))})
    new = {*as_list(given.get("created", [])), *given.get("files_absent", [])}
    for name in set(names) - new:
        (tmp_path / name).touch()
    watcher, heard = FileWatcher(*(tmp_path / name for name in names)), Recorder()
    watcher.init()
    watcher.add_listener(heard)
    for name in given.get("touch", []):
        os.utime(tmp_path / name)
    for name in as_list(given.get("changed", [])):
        (tmp_path / name).write_text("new")
    for name in new:
        (tmp_path / name).touch()
    for name in [*as_list(given.get("deleted", [])), *given.get("delete", [])]:
        (tmp_path / name).unlink()
    watcher.check_and_notify()
    assert len(heard.calls) == case.expect["callbacks"]
    told = [name for call in heard.calls for _, name in call]
    assert told == case.expect.get("files", [])


GROUP_KEYS = ("files", "files_absent", "changed", "created", "deleted")


def as_list(value):
    return [value] if isinstance(value, str) else value


def test_every_case_is_run():
    run = Counter()
    for name, function in list(globals().items()):
        if name.startswith("test_"):
            for mark in getattr(function, "pytestmark", []):
                run.update(p.values[0].name for p in mark.args[1])
    assert run == Counter(p.values[0].name for p in CASES)
