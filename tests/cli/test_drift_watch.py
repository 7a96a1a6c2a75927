"""``compare --watch``: compared whenever a source changes, and printed if the result does."""

from __future__ import annotations

import io
import json
import os
import re
import signal
import subprocess
import sys
import threading
from datetime import datetime

import pytest
from support.threads import PATIENCE, wait_until
from support.watching import Settings, replace

from esfilerealm.cli import drift as command
from esfilerealm.cli import drift_sources, drift_watch, main
from esfilerealm.watcher import FileWatcher, ResourceWatcherService


class Changed(threading.Event):
    """What the command waits for, which can be interrupted as by Control-C."""

    is_interrupted = False

    def wait(self, timeout=None):
        has_changed = super().wait(timeout)
        if self.is_interrupted:
            raise KeyboardInterrupt
        return has_changed


class Watching:
    """The command in a thread of this process, what it has printed, and how often it compared."""

    def __init__(self, words):
        self.out, self.err = io.StringIO(), io.StringIO()
        self.exit_code = None
        self.comparisons = 0
        self.changed = Changed()
        self._words = ["compare", "--watch", *words]
        self._thread = threading.Thread(target=self._run)

    def start(self):
        self._thread.start()

    def _run(self):
        self.exit_code = main(self._words)

    def compare(self, *args, **options):
        drift = compare(*args, **options)
        self.comparisons += 1
        return drift

    def wait(self, condition):
        wait_until(lambda: condition() or not self._thread.is_alive())
        assert condition(), self.err.getvalue()

    def lines(self, count):
        """Wait for so many lines of output, and return all of them."""
        self.wait(lambda: self.out.getvalue().count("\n") >= count)
        return self.out.getvalue().splitlines()

    def interrupt(self):
        self.changed.is_interrupted = True
        self.changed.set()
        self._thread.join(PATIENCE)
        return self.exit_code


compare = command.compare


@pytest.fixture
def node(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")

    def make(name, users="ann:h\n", roles="viewer:ann\n"):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "users").write_text(users)
        (folder / "users_roles").write_text(roles)
        return folder

    return make


@pytest.fixture
def watch(monkeypatch):
    """Start the command with a short interval between polls."""
    started = []

    def service():
        return ResourceWatcherService(Settings(reload_interval_high=0.02), watch_events=False)

    def start(*words):
        watching = Watching(words)
        monkeypatch.setattr(drift_watch, "ResourceWatcherService", service)
        monkeypatch.setattr(drift_watch, "Event", lambda: watching.changed)
        monkeypatch.setattr(command, "compare", watching.compare)
        monkeypatch.setattr(sys, "stdout", watching.out)
        monkeypatch.setattr(sys, "stderr", watching.err)
        started.append(watching)
        watching.start()
        return watching

    yield start
    for watching in started:
        watching.interrupt()


def test_for_people(node, watch):
    a, _ = node("a"), node("b")
    watching = watch("a", "b")
    heading, *rest = watching.lines(2)
    assert re.fullmatch(r"\d\d:\d\d:\d\d watching 2 sources", heading)
    assert rest == ["Equal: 2 nodes, 1 user"]
    replace(a / "users_roles", b"admin:ann\n")
    heading, *rest = watching.lines(6)[2:]
    assert re.fullmatch(r"\d\d:\d\d:\d\d a source has changed", heading)
    assert rest == [
        "2 nodes, 1 user: 1 not the same everywhere",
        "",
        "user  most nodes   a      b",
        "ann   no majority  admin  viewer",
    ]
    assert watching.interrupt() == 130
    assert watching.err.getvalue() == "\n"


def test_for_programs(node, watch):
    a, _ = node("a"), node("b")
    watching = watch("a", "b", "--json")
    watching.lines(1)
    replace(a / "users", b"bob:h\n")
    start, change = map(json.loads, watching.lines(2))
    for line in (start, change):
        assert datetime.fromisoformat(line["time"]).tzinfo is not None
        assert (line["command"], line["version"]) == ("compare", 1)
    assert (start["event"], start["equal"], start["differing"]) == ("start", True, [])
    assert (change["event"], change["equal"]) == ("change", False)
    assert [user["username"] for user in change["differing"]] == ["ann", "bob"]


def test_an_edit_that_changes_no_user_is_compared_and_not_printed(node, watch):
    a, _ = node("a"), node("b")
    watching = watch("a", "b")
    watching.lines(2)
    before = watching.comparisons
    replace(a / "users", b"# people\nann:h\n")
    watching.wait(lambda: watching.comparisons > before)
    replace(a / "users", b"# people\nann:other\n")
    assert "a source has changed" in watching.lines(6)[2]


def test_without_a_change_nothing_is_compared(node, watch, monkeypatch):
    passes = []

    class Counting(FileWatcher):
        def check_and_notify(self):
            passes.append(super().check_and_notify())

    monkeypatch.setattr(drift_watch, "FileWatcher", Counting)
    a, _ = node("a"), node("b")
    watching = watch("a", "b")
    watching.lines(2)
    (a / "roles.yml").write_text("")
    before = len(passes)
    watching.wait(lambda: len(passes) > before + 3)
    assert watching.comparisons == 1


def test_a_change_while_the_sources_are_read_is_not_missed(node, watch, monkeypatch):
    a, _ = node("a"), node("b")
    read = drift_sources.take_fingerprints
    is_done, started = [], []

    def slow(path, **options):
        made = read(path, **options)
        if not is_done:
            is_done.append(path)
            replace(a / "users", b"bob:h\n")
            wait_until(lambda: started and started[0].changed.is_set())
        return made

    monkeypatch.setattr(drift_sources, "take_fingerprints", slow)
    watching = watch("a", "b")
    started.append(watching)  # only now: the first reading may have begun before
    assert "Equal" in watching.lines(2)[1]
    assert watching.lines(4)[3].startswith("2 nodes, 2 users: 2 not")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        pytest.param("users", b"bob:h\n", id="users"),
        pytest.param("users_roles", b"", id="users_roles"),
        pytest.param(
            "elasticsearch.yml",
            b"xpack.security.authc.reserved_realm.enabled: false\n",
            id="settings",
        ),
        pytest.param("x-pack/users", b"bob:h\n", id="old place"),
    ],
)
def test_what_is_watched_of_a_directory(node, watch, name, content):
    users = "ann:h\nelastic:h\n"
    a, _ = node("a", users), node("b", users)
    (a / "x-pack").mkdir()
    if name == "x-pack/users":
        (a / "users").unlink()
        (a / name).write_text(users)
    watching = watch("a", "b")
    assert "Equal" in watching.lines(2)[1]
    replace(a / name, content)
    assert "not the same everywhere" in watching.lines(4)[3]


def test_the_journal_of_a_write_is_watched_beside_the_real_file(node, tmp_path):
    """While it stands, a reader gets the state before, and its end is the end of the write."""
    (node("a") / "users").rename(tmp_path / "real")
    (tmp_path / "a" / "users").symlink_to(tmp_path / "real")
    assert str(tmp_path / "real.journal") in drift_watch._files_of("a")


def test_a_document_is_watched_too(node, watch, tmp_path):
    node("a")
    (tmp_path / "users.json").write_text('{"users": {"ann": {"roles": ["viewer"]}}}')
    watching = watch("users.json", "a")
    assert "Equal" in watching.lines(2)[1]
    replace(tmp_path / "users.json", b'{"users": {"ann": {"roles": ["admin"]}}}')
    assert "not the same everywhere" in watching.lines(4)[3]


def test_a_source_that_breaks_and_comes_back(node, watch):
    a, _ = node("a"), node("b")
    watching = watch("a", "b")
    watching.lines(2)
    replace(a / "users", b"ann:\xff\n")
    assert "[a] cannot be read" in watching.lines(4)[3]
    replace(a / "users", b"ann:h\n")
    assert watching.lines(6)[5] == "Equal: 2 nodes, 1 user"


def test_a_source_that_is_not_there_yet(node, watch):
    node("a")
    watching = watch("a", "b")
    assert "[b] cannot be read: [b] does not exist" in watching.lines(2)[1]
    node("b")
    watching.wait(lambda: "Equal: 2 nodes, 1 user" in watching.out.getvalue())


def test_the_page_is_written_again(node, watch, tmp_path):
    a, _ = node("a"), node("b")
    watching = watch("a", "b", "--html", "page.html")
    page = tmp_path / "page.html"
    watching.wait(lambda: page.exists() and "All nodes are equal" in page.read_text())
    replace(a / "users", b"bob:h\n")
    watching.wait(lambda: "are not the same" in page.read_text())


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_what_can_be_read_only_once(node, run, tmp_path):
    node("a")
    os.mkfifo(tmp_path / "pipe")
    result = run("compare", "a", "pipe", "--watch", config_dir=None)
    assert result.exit_code == 64
    assert "[pipe] is no directory and no file" in result.err


def test_one_source(node, run):
    node("a")
    result = run("compare", "a", "--watch", config_dir=None)
    assert (result.exit_code, "at least two" in result.err) == (64, True)


@pytest.mark.skipif(os.name == "nt", reason="needs the signals of POSIX")
def test_as_a_process(node):
    """File events wake it long before the next poll, and Control-C ends it."""
    a, _ = node("a"), node("b")
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        process = subprocess.Popen(
            [sys.executable, "-m", "esfilerealm", "compare", "a", "b", "--watch"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
    finally:
        signal.signal(signal.SIGINT, before)
    with process:
        try:
            assert b"watching 2 sources" in process.stdout.readline()
            assert process.stdout.readline() == b"Equal: 2 nodes, 1 user\n"
            replace(a / "users_roles", b"")
            assert b"a source has changed" in process.stdout.readline()
            process.send_signal(signal.SIGINT)
            _, err = process.communicate(timeout=PATIENCE)
            assert (process.returncode, err) == (130, b"\n")
        finally:
            process.kill()
