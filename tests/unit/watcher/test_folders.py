"""Which directories are watched, and that it is logged once if one cannot be."""

from __future__ import annotations

import errno
import logging
import os
import sys
from typing import ClassVar

import pytest
from support.watching import swap_link

from esfilerealm.watcher import events, folders
from esfilerealm.watcher.folders import FolderWatch

posix = pytest.mark.skipif(os.name == "nt", reason="links of POSIX")


class Events:
    """In the place of `FolderEvents`."""

    made: ClassVar = []

    def __init__(self, wake):
        self.folders = []
        self.lost = set()
        self.is_closed = False
        self.made.append(self)

    def add(self, folder):
        assert folder not in self.folders
        self.folders.append(folder)
        self.lost.discard(folder)

    def remove(self, folder):
        self.folders.remove(folder)

    def is_lost(self, folder):
        return folder in self.lost

    def close(self):
        self.is_closed = True


@pytest.fixture
def made(monkeypatch):
    monkeypatch.setattr(events, "FolderEvents", Events)
    monkeypatch.setattr(Events, "made", [])
    return Events.made


@pytest.fixture
def wakes():
    return []


@pytest.fixture
def watch(made, wakes):
    return FolderWatch(lambda: wakes.append(True))


@pytest.fixture
def lines(caplog):
    caplog.set_level(logging.DEBUG)
    return lambda: [(record.levelname, record.getMessage()) for record in caplog.records]


def test_each_directory_once(watch, made, wakes, tmp_path, lines):
    paths = [str(tmp_path / name) for name in ("users", "users_roles")]
    watch.follow(paths)
    assert wakes == [True]  # something may have happened before it was watched
    watch.follow(paths)
    assert [e.folders for e in made] == [[str(tmp_path)]]
    assert wakes == [True]
    watch.close()
    assert made[0].is_closed
    assert lines() == []


def test_nothing_to_watch(watch, made):
    watch.follow([])
    watch.close()
    assert made == []


@posix
def test_where_links_lead_to(watch, made, wakes, tmp_path):
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "users").touch()
    (tmp_path / "data").symlink_to("one")
    (tmp_path / "config").mkdir()
    (tmp_path / "etc").symlink_to("config")
    (tmp_path / "config" / "users").symlink_to("../data/users")
    path = str(tmp_path / "etc" / "users")
    watch.follow([path])
    here, config = str(tmp_path), str(tmp_path / "config")
    assert set(made[0].folders) == {here, config, str(tmp_path / "one")}
    assert made[0].names == {
        os.path.join(config, "users"),
        os.path.join(here, "data"),
        os.path.join(here, "one", "users"),
    }
    swap_link(tmp_path / "data", "two")
    watch.follow([path])
    assert set(made[0].folders) == {here, config, str(tmp_path / "two")}
    assert len(wakes) == 2


def test_a_directory_that_is_replaced(watch, made, wakes, tmp_path):
    folder = tmp_path / "config"
    folder.mkdir()
    watch.follow([str(folder / "users")])
    folder.rename(tmp_path / "old")
    folder.mkdir()
    watch.follow([str(folder / "users")])
    assert made[0].folders == [str(folder)]
    assert len(wakes) == 2


def test_a_deleted_directory_whose_inode_is_reused(watch, made, wakes, tmp_path):
    watch.follow([str(tmp_path / "users")])
    made[0].lost.add(str(tmp_path))
    watch.follow([str(tmp_path / "users")])
    watch.follow([str(tmp_path / "users")])
    assert made[0].folders == [str(tmp_path)]
    assert len(wakes) == 2


def test_a_missing_directory_is_watched_later(watch, made, tmp_path, lines):
    paths = [str(tmp_path / "config" / name) for name in ("users", "users_roles")]
    watch.follow(paths)
    watch.follow(paths)
    assert lines() == []
    assert made == []
    (tmp_path / "config").mkdir()
    watch.follow(paths)
    assert made[0].folders == [str(tmp_path / "config")]
    (tmp_path / "config").rmdir()
    watch.follow(paths)
    assert made[0].folders == []


def test_a_file_instead_of_the_directory(watch, made, tmp_path):
    (tmp_path / "config").touch()
    watch.follow([str(tmp_path / "config" / "users")])
    assert made == []


def test_a_network_mount(watch, made, tmp_path, lines, monkeypatch):
    asked = []
    monkeypatch.setattr(folders, "is_network_mount", lambda path: asked.append(path) or True)
    watch.follow([str(tmp_path / "users")])
    watch.follow([str(tmp_path / "users")])
    assert [level for level, _ in lines()] == ["INFO"]
    assert asked == [str(tmp_path)]
    assert made == []


@pytest.mark.parametrize("where", ["__init__", "add"])
def test_an_exhausted_limit_is_tried_again(watch, made, tmp_path, lines, monkeypatch, where):
    def fail(*_):
        raise OSError(errno.ENOSPC, "inotify watch limit reached")

    with monkeypatch.context() as patch:
        patch.setattr(Events, where, fail)
        for _ in range(3):
            watch.follow([str(tmp_path / "users")])
    ((level, line),) = lines()
    assert level == "INFO"
    assert "inotify watch limit reached" in line
    watch.follow([str(tmp_path / "users")])
    assert made[-1].folders == [str(tmp_path)]


@pytest.mark.parametrize(
    "error", [RuntimeError("can't start new thread"), NotImplementedError("x")]
)
def test_any_other_error_ends_the_events(watch, made, tmp_path, lines, monkeypatch, error):
    attempts = []

    def fail(*_):
        attempts.append(True)
        raise error

    monkeypatch.setattr(Events, "__init__", fail)
    for _ in range(3):
        watch.follow([str(tmp_path / "users")])
    ((level, line),) = lines()
    assert (level, len(attempts)) == ("INFO", 1)
    assert str(error) in line


def test_without_watchdog(made, tmp_path, lines, monkeypatch):
    monkeypatch.setitem(sys.modules, "esfilerealm.watcher.events", None)
    monkeypatch.delattr("esfilerealm.watcher.events")
    watch = FolderWatch(lambda: None)
    watch.follow([str(tmp_path / "users")])
    watch.close()
    assert [level for level, _ in lines()] == ["INFO"]
    assert made == []


def test_in_the_child_of_a_fork(watch, made, tmp_path):
    """The watches of the parent are left alone, and no new ones are made."""
    watch.follow([str(tmp_path / "users")])
    watch.forget()
    watch.follow([])
    watch.follow([str(tmp_path / "users")])
    watch.close()
    assert [e.folders for e in made] == [[str(tmp_path)]]
    assert not made[0].is_closed


def test_a_directory_that_cannot_be_looked_at_is_logged(tmp_path, caplog, monkeypatch):
    def refuse(_path):
        raise PermissionError(errno.EACCES, "Permission denied")

    watch = FolderWatch(lambda: None)
    monkeypatch.setattr(folders.os, "stat", refuse)
    with caplog.at_level(logging.INFO, "esfilerealm"):
        assert watch._identified({str(tmp_path)}) == {}
    assert "Permission denied" in caplog.text


def test_a_directory_that_has_just_gone_is_watched_later(tmp_path, monkeypatch):
    class Gone(Events):
        def add(self, folder):
            raise FileNotFoundError(folder)

    watch = FolderWatch(lambda: None)
    monkeypatch.setattr(watch, "_started", lambda: Gone(lambda: None))
    assert not watch._add(str(tmp_path), (1, 2))
    assert str(tmp_path) not in watch._watched
