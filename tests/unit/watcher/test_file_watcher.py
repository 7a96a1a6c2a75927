"""Every change of content is noticed once, and reported until each listener succeeds."""

from __future__ import annotations

import errno
import logging
import os
import threading

import pytest
from support.watching import Recorder, replace, swap_link

from esfilerealm.errors import FileAccessError, FilePermissionError
from esfilerealm.watcher import FileChange, FileWatcher, observation

posix = pytest.mark.skipif(os.name == "nt", reason="links and pipes of POSIX")


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "users"
    path.write_bytes(b"aaaa")
    return path


@pytest.fixture
def heard():
    return Recorder()


@pytest.fixture
def watcher(path, clock, heard):
    """Watches one file, which it has seen often enough to trust its stamp."""
    watcher = FileWatcher(path, timer=clock)
    watcher.init()
    clock.now += 10
    watcher.check_and_notify()
    watcher.add_listener(heard)
    return watcher


@pytest.fixture
def reads(monkeypatch):
    """The paths that were read."""
    paths = []
    real = observation.read_file

    def read_file(path):
        paths.append(path)
        return real(path)

    monkeypatch.setattr(observation, "read_file", read_file)
    return paths


def keeping_times(path, data):
    """Write in place and put the modification time back."""
    before = path.stat()
    with open(path, "r+b") as file:
        file.write(data)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


class TestNoticing:
    @pytest.mark.parametrize(
        "change",
        [
            pytest.param(lambda p: p.write_bytes(b"more than that"), id="in place"),
            pytest.param(lambda p: p.write_bytes(b"bbbb"), id="same size"),
            pytest.param(lambda p: keeping_times(p, b"bbbb"), id="same size and time"),
            pytest.param(lambda p: replace(p, b"bbbb"), id="rename"),
            pytest.param(lambda p: (p.unlink(), p.write_bytes(b"b")), id="delete and re-create"),
            pytest.param(lambda p: p.write_bytes(b""), id="emptied"),
        ],
    )
    def test_other_content_is_a_change(self, watcher, path, heard, change):
        change(path)
        assert watcher.check_and_notify() is True
        assert watcher.check_and_notify() is False
        assert heard.calls == [[("changed", "users")]]

    @pytest.mark.parametrize(
        "change",
        [
            pytest.param(os.utime, id="touch"),
            pytest.param(lambda p: os.utime(p, (1, 1)), id="older"),
            pytest.param(lambda p: replace(p, b"aaaa"), id="another file"),
            pytest.param(lambda p: p.chmod(0o600), id="mode"),
            pytest.param(lambda p: p.with_name("x").write_text("x"), id="another name"),
        ],
    )
    def test_the_same_content_is_none(self, watcher, path, heard, change):
        change(path)
        assert watcher.check_and_notify() is False
        assert heard.calls == []

    def test_what_is_not_reported_is_remembered(self, watcher, path, clock, reads):
        os.utime(path, (1, 1))
        watcher.check_and_notify()
        clock.now += 10
        watcher.check_and_notify()
        reads.clear()
        watcher.check_and_notify()
        assert reads == []

    def test_came_and_went(self, watcher, path, heard):
        path.unlink()
        watcher.check_and_notify()
        watcher.check_and_notify()
        path.write_bytes(b"aaaa")
        watcher.check_and_notify()
        assert heard.calls == [[("deleted", "users")], [("created", "users")]]

    def test_a_parent_directory_that_becomes_a_file(self, tmp_path, heard):
        (tmp_path / "config").mkdir()
        (tmp_path / "config" / "users").touch()
        watcher = FileWatcher(tmp_path / "config" / "users")
        watcher.init()
        watcher.add_listener(heard)
        (tmp_path / "config" / "users").unlink()
        (tmp_path / "config").rmdir()
        (tmp_path / "config").touch()
        watcher.check_and_notify()
        assert heard.calls == [[("deleted", "users")]]

    @posix
    def test_a_link_that_moves(self, tmp_path, heard):
        for name in ("one", "two"):
            (tmp_path / name).write_text(name)
        (tmp_path / "users").symlink_to("one")
        watcher = FileWatcher(tmp_path / "users")
        watcher.init()
        watcher.add_listener(heard)
        swap_link(tmp_path / "users", "two")
        watcher.check_and_notify()
        assert heard.calls == [[("changed", "users")]]

    @posix
    def test_a_directory_link_that_moves(self, tmp_path, heard):
        """As Kubernetes does; size and times may be equal."""
        for name in ("..1", "..2"):
            (tmp_path / name).mkdir()
            (tmp_path / name / "users").write_text(name)
            os.utime(tmp_path / name / "users", (1, 1))
        (tmp_path / "..data").symlink_to("..1")
        (tmp_path / "users").symlink_to("..data/users")
        watcher = FileWatcher(tmp_path / "users")
        watcher.init()
        watcher.add_listener(heard)
        swap_link(tmp_path / "..data", "..2")
        watcher.check_and_notify()
        assert heard.calls == [[("changed", "users")]]

    @posix
    def test_a_link_to_nowhere_is_no_file(self, tmp_path, heard):
        (tmp_path / "users").symlink_to("later")
        watcher = FileWatcher(tmp_path / "users")
        watcher.add_listener(heard)
        watcher.init()
        assert heard.take() == []
        (tmp_path / "later").touch()
        watcher.check_and_notify()
        assert heard.calls == [[("created", "users")]]

    def test_only_the_files_asked_for(self, watcher, path, heard):
        path.with_name("users.tmp").touch()
        path.with_name("folder").mkdir()
        assert watcher.check_and_notify() is False
        assert heard.calls == []


class TestReading:
    """A file is read when it may have changed, and no more often."""

    def test_a_settled_file_is_not_read(self, watcher, reads):
        for _ in range(3):
            watcher.check_and_notify()
        assert reads == []

    def test_a_fresh_one_is_until_its_stamp_is_older_than_the_grain(self, path, clock, reads):
        watcher = FileWatcher(path, timer=clock)
        counts = []
        for moment in (0, 1, 2, 2.1, 2.2, 3):
            clock.now = moment
            watcher.check_and_notify()
            counts.append(len(reads))
        assert counts == [1, 2, 3, 4, 4, 4]

    def test_an_edit_that_leaves_the_stamp_as_it_was(self, watcher, path, heard, clock, freeze):
        """Within the grain of the file system's clock; git calls such an index entry racy."""
        path.write_bytes(b"bbbb")
        with freeze(path):
            watcher.check_and_notify()
            path.write_bytes(b"cccc")
            clock.now += 10
            watcher.check_and_notify()
        assert heard.calls == [[("changed", "users")]] * 2

    @pytest.fixture
    def freeze(self, monkeypatch):
        """Make every stamp of a file the one that it has now."""
        from contextlib import contextmanager

        @contextmanager
        def freeze(path):
            status = path.stat()
            with monkeypatch.context() as patch:
                patch.setattr(observation.Stamp, "of", classmethod(lambda cls, _: status))
                yield

        return freeze

    def test_the_stamp_belongs_to_the_content(self, watcher, path, heard, clock, monkeypatch):
        """A file that is replaced between the look and the reading counts as what was read."""
        real = observation.read_file

        def exchange_and_read(name):
            replace(path, b"new")
            return real(name)

        path.write_bytes(b"old")
        with monkeypatch.context() as patch:
            patch.setattr(observation, "read_file", exchange_and_read)
            watcher.check_and_notify()
        for _ in range(2):
            clock.now += 10
            assert watcher.check_and_notify() is False
        assert heard.calls == [[("changed", "users")]]

    @posix
    def test_a_link_that_moves_there_and_back(self, tmp_path, heard, clock, monkeypatch):
        """While it is read it leads elsewhere, and then to the first file again."""
        for name in ("one", "two"):
            (tmp_path / name).write_text(name)
        link = tmp_path / "users"
        link.symlink_to("one")
        watcher = FileWatcher(link, timer=clock)
        watcher.init()
        watcher.add_listener(heard)
        real = observation.read_file

        def swap_and_read(name):
            swap_link(link, "two")
            return real(name)

        clock.now += 10
        with monkeypatch.context() as patch:
            patch.setattr(observation, "read_file", swap_and_read)
            watcher.check_and_notify()
        swap_link(link, "one")
        clock.now += 10
        watcher.check_and_notify()
        assert heard.calls == [[("changed", "users")]] * 2

    def test_a_change_after_the_reading(self, watcher, path, heard, clock, monkeypatch):
        real = observation.read_file

        def read_and_change(name):
            content = real(name)
            replace(path, b"new")
            return content

        path.write_bytes(b"old")
        with monkeypatch.context() as patch:
            patch.setattr(observation, "read_file", read_and_change)
            watcher.check_and_notify()
        clock.now += 10
        watcher.check_and_notify()
        assert heard.calls == [[("changed", "users")]] * 2

    def test_gone_between_the_look_and_the_reading(self, watcher, path, heard, monkeypatch):
        real = observation.read_file

        def remove_and_read(name):
            path.unlink()
            return real(name)

        path.write_bytes(b"other")
        monkeypatch.setattr(observation, "read_file", remove_and_read)
        watcher.check_and_notify()
        assert heard.calls == [[("deleted", "users")]]


def make_pipe(path):
    os.mkfifo(path)


class TestUnreadable:
    """Reported once, since it may have changed, and again when it can be read."""

    @pytest.mark.parametrize(
        "make",
        [
            pytest.param(lambda p: p.mkdir(), id="folder"),
            pytest.param(make_pipe, id="pipe", marks=posix),
            pytest.param(lambda p: p.symlink_to(p.name), id="link to itself", marks=posix),
        ],
    )
    def test_no_regular_file(self, watcher, path, heard, make):
        path.unlink()
        make(path)
        for _ in range(3):
            watcher.check_and_notify()
        path.rmdir() if path.is_dir() else path.unlink()
        path.write_bytes(b"aaaa")
        for _ in range(3):
            watcher.check_and_notify()
        assert heard.calls == [[("changed", "users")]] * 2

    @posix
    def test_a_pipe_is_not_even_opened(self, watcher, path, reads):
        """A writer that waits for a reader would take us for it."""
        path.unlink()
        make_pipe(path)
        watcher.check_and_notify()
        assert reads == []

    def test_an_unreadable_file_that_is_replaced(self, watcher, path, heard):
        path.unlink()
        path.mkdir()
        watcher.check_and_notify()
        (path / "content").touch()
        watcher.check_and_notify()
        assert heard.calls == [[("changed", "users")]] * 2

    @pytest.mark.parametrize(
        "error",
        [
            FilePermissionError("users", "Permission denied", errno.EACCES),
            FileAccessError("users", errno.EIO, "Input/output error"),
        ],
        ids=["permission", "fault"],
    )
    def test_an_error_while_reading(self, watcher, path, heard, error, monkeypatch):
        def refuse(_):
            raise error

        os.utime(path)
        with monkeypatch.context() as patch:
            patch.setattr(observation, "read_file", refuse)
            for _ in range(3):
                watcher.check_and_notify()
        assert heard.take() == [[("changed", "users")]]
        for _ in range(3):
            watcher.check_and_notify()
        assert heard.calls == [[("changed", "users")]]

    def test_an_error_of_stat(self, watcher, path, heard, monkeypatch):
        def refuse(_):
            raise PermissionError(errno.EACCES, "Permission denied")

        with monkeypatch.context() as patch:
            patch.setattr(observation.os, "stat", refuse)
            for _ in range(3):
                watcher.check_and_notify()
        watcher.check_and_notify()
        assert heard.calls == [[("changed", "users")]] * 2

    @pytest.mark.skipif(
        not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything"
    )
    def test_no_permission(self, watcher, path, heard):
        path.chmod(0)
        for _ in range(3):
            watcher.check_and_notify()
        path.chmod(0o600)
        for _ in range(3):
            watcher.check_and_notify()
        assert heard.calls == [[("changed", "users")]] * 2

    def test_a_parent_directory_vanishes_while_reading(self, watcher, path, heard, monkeypatch):
        def refuse(_):
            raise FileAccessError("users", errno.ENOTDIR, "Not a directory")

        os.utime(path)
        monkeypatch.setattr(observation, "read_file", refuse)
        watcher.check_and_notify()
        assert heard.calls == [[("deleted", "users")]]


class TestGroup:
    @pytest.fixture
    def names(self, tmp_path):
        return [str(tmp_path / name) for name in ("users_roles", "users", "other")]

    def test_one_call_in_the_order_of_the_paths(self, names, heard):
        open(names[0], "w").close()
        open(names[2], "w").close()
        watcher = FileWatcher(*names, names[0])
        watcher.add_listener(heard)
        watcher.init()
        for name in reversed(names):
            with open(name, "w") as file:
                file.write("new")
        os.unlink(names[2])
        watcher.check_and_notify()
        assert watcher.paths == tuple(names)
        assert heard.calls == [
            [("init", "users_roles"), ("init", "other")],
            [("changed", "users_roles"), ("created", "users"), ("deleted", "other")],
        ]

    def test_none(self, heard):
        watcher = FileWatcher()
        watcher.add_listener(heard)
        watcher.init()
        assert watcher.check_and_notify() is False
        assert heard.calls == []

    def test_paths_are_reported_as_given(self, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        (tmp_path / "users").touch()
        told = []
        watcher = FileWatcher("./users")
        watcher.add_listener(told.extend)
        watcher.init()
        assert told == [FileChange("./users", "init")]
        assert repr(watcher) == "FileWatcher('./users')"


class TestInit:
    def test_only_once(self, path, heard):
        watcher = FileWatcher(path)
        watcher.add_listener(heard)
        watcher.init()
        path.write_bytes(b"new")
        watcher.init()
        assert heard.calls == [[("init", "users")]]

    def test_by_the_first_check(self, path, heard):
        watcher = FileWatcher(path)
        watcher.add_listener(heard)
        assert watcher.check_and_notify() is True
        assert watcher.check_and_notify() is False
        assert heard.calls == [[("init", "users")]]

    def test_again_if_it_fails(self, path, heard, monkeypatch):
        def fail(_):
            raise MemoryError

        watcher = FileWatcher(path)
        watcher.add_listener(heard)
        with monkeypatch.context() as patch:
            patch.setattr(observation, "read_file", fail)
            for attempt in (watcher.init, watcher.check_and_notify):
                with pytest.raises(MemoryError):
                    attempt()
        watcher.init()
        assert heard.calls == [[("init", "users")]]

    def test_a_later_listener_does_not_hear_of_existing_files(self, path, heard):
        watcher = FileWatcher(path)
        watcher.init()
        watcher.add_listener(heard)
        assert watcher.check_and_notify() is False
        assert heard.calls == []

    def test_clear(self, watcher, heard, path):
        watcher.clear()
        path.unlink()
        watcher.clear()
        assert heard.calls == [[("created", "users")]]
        assert watcher.check_and_notify() is False


class TestListeners:
    @pytest.mark.parametrize("error", [None, ValueError("no")], ids=["False", "raises"])
    def test_a_failing_listener_is_called_again(self, path, error, heard):
        failing = Recorder(fails=3, error=error)
        watcher = FileWatcher(path)
        watcher.init()
        watcher.add_listener(failing)
        watcher.add_listener(heard)
        path.write_bytes(b"new")
        results = [watcher.check_and_notify() for _ in range(5)]
        assert results == [True] * 4 + [False]
        assert failing.calls == [[("changed", "users")]] * 4
        assert heard.calls == [[("changed", "users")]]

    def test_together_with_what_happened_since(self, tmp_path, path, heard):
        failing = Recorder(fails=2)
        other = tmp_path / "users_roles"
        watcher = FileWatcher(path, other)
        watcher.add_listener(failing)
        watcher.add_listener(heard)
        watcher.init()
        other.write_bytes(b"new")
        watcher.check_and_notify()
        other.unlink()
        path.write_bytes(b"new")
        watcher.check_and_notify()
        watcher.check_and_notify()
        assert failing.calls == [
            [("init", "users")],
            [("init", "users"), ("created", "users_roles")],
            [("init", "users"), ("deleted", "users_roles")],
        ]
        assert heard.calls[1:] == [
            [("created", "users_roles")],
            [("changed", "users"), ("deleted", "users_roles")],
        ]

    def test_in_the_order_of_the_paths_whenever_it_happened(self, tmp_path):
        failing = Recorder(fails=1)
        first, second = tmp_path / "users_roles", tmp_path / "users"
        watcher = FileWatcher(first, second)
        watcher.init()
        watcher.add_listener(failing)
        for path in (second, first):
            path.touch()
            watcher.check_and_notify()
        assert failing.calls[1:] == [[("created", "users_roles"), ("created", "users")]]

    def test_each_error_is_logged_once(self, path, caplog):
        failing = Recorder(fails=3, error=ValueError("no"))
        watcher = FileWatcher(path)
        watcher.add_listener(failing)
        watcher.init()
        watcher.check_and_notify()
        failing.error = ValueError("neither")
        watcher.check_and_notify()
        watcher.check_and_notify()
        assert len(failing.calls) == 4
        failing.fails = 1
        path.write_bytes(b"new")
        watcher.check_and_notify()
        assert [record.levelno for record in caplog.records] == [logging.WARNING] * 3
        assert str(path) in caplog.text
        assert [str(record.exc_info[1]) for record in caplog.records] == ["no"] + ["neither"] * 2

    def test_order_and_removal(self, watcher, path):
        order = []
        listeners = [lambda _, n=n: order.append(n) for n in range(3)]
        for listener in listeners:
            watcher.add_listener(listener)
        watcher.remove_listener(listeners[1])
        watcher.remove_listener(listeners[1])
        path.write_bytes(b"new")
        watcher.check_and_notify()
        assert order == [0, 2]

    def test_a_listener_that_is_behind_is_called_though_nothing_changed(self, watcher, path):
        """Until it succeeds."""
        behind = Recorder(fails=1)
        watcher.add_listener(behind, is_behind=True)
        assert [watcher.check_and_notify() for _ in range(3)] == [True, True, False]
        assert behind.calls == [[], []]
        path.write_bytes(b"new")
        assert watcher.check_and_notify() is True
        assert behind.calls[2:] == [[("changed", path.name)]]

    def test_changing_the_listeners_during_a_pass(self, watcher, path, heard):
        late, gone = Recorder(), Recorder()

        def meddle(_):
            watcher.remove_listener(gone)
            watcher.remove_listener(meddle)
            watcher.add_listener(late)

        watcher.add_listener(meddle)
        watcher.add_listener(gone)
        for n in range(2):
            path.write_bytes(b"new" * n)
            watcher.check_and_notify()
        assert (len(heard.calls), len(late.calls), len(gone.calls)) == (2, 1, 0)

    def test_a_pass_within_a_pass_does_nothing(self, watcher, path):
        results = []
        watcher.add_listener(lambda _: results.append(watcher.check_and_notify()))
        path.write_bytes(b"new")
        watcher.check_and_notify()
        assert results == [False]

    def test_an_interrupt_loses_nothing(self, watcher, path, heard):
        """It ends the pass; the next pass calls the listeners that were not called."""
        interrupted = Recorder(fails=1, error=KeyboardInterrupt())
        last = Recorder()
        watcher.add_listener(interrupted)
        watcher.add_listener(last)
        path.write_bytes(b"new")
        with pytest.raises(KeyboardInterrupt):
            watcher.check_and_notify()
        watcher.check_and_notify()
        assert [len(r.calls) for r in (heard, interrupted, last)] == [1, 2, 1]

    def test_no_content_in_logs(self, watcher, path, caplog):
        caplog.set_level(logging.DEBUG)
        watcher.add_listener(Recorder(fails=1, error=ValueError()))
        path.write_bytes(b"secret")
        watcher.check_and_notify()
        assert "secret" not in caplog.text


def test_one_pass_at_a_time(watcher, path):
    inside, go_on = threading.Event(), threading.Event()
    order = []

    def slow(_):
        order.append("in")
        inside.set()
        assert go_on.wait(30)
        order.append("out")

    watcher.add_listener(slow)
    path.write_bytes(b"new")
    first = threading.Thread(target=watcher.check_and_notify)
    first.start()
    assert inside.wait(30)
    path.write_bytes(b"newer")
    second = threading.Thread(target=watcher.check_and_notify)
    second.start()
    second.join(0.1)
    assert second.is_alive()
    go_on.set()
    first.join(30)
    second.join(30)
    assert order == ["in", "out", "in", "out"]
