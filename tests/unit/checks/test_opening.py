"""Opening what settings name: links of others, loops, files that are none or too large."""

from __future__ import annotations

import os

import pytest

from esfilerealm.checks import opening
from esfilerealm.checks.opening import follow, read_bytes
from esfilerealm.checks.parts import Unreadable
from esfilerealm.checks.registry import all_rules, rule


def test_reads_a_file_by_a_chain_of_links(tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "file").write_bytes(b"x")
    (tmp_path / "one").symlink_to("folder")
    (tmp_path / "two").symlink_to(tmp_path / "one" / ".." / "folder" / "file")
    assert read_bytes(str(tmp_path / "two")) == b"x"
    assert follow(str(tmp_path / "two")) == str(tmp_path / "folder" / "file")


@pytest.mark.parametrize("name", ["nothing", "file/nothing", "dangling"])
def test_what_is_not_there_is_none(tmp_path, name):
    (tmp_path / "file").touch()
    (tmp_path / "dangling").symlink_to("nothing")
    assert read_bytes(str(tmp_path / name)) is None


def test_links_without_end(tmp_path):
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    with pytest.raises(Unreadable, match="without end"):
        read_bytes(str(tmp_path / "a"))


@pytest.mark.parametrize("size", [3, 4])
def test_the_largest_file(tmp_path, size):
    (tmp_path / "file").write_bytes(b"x" * size)
    if size == 3:
        assert read_bytes(str(tmp_path / "file"), largest=3) == b"xxx"
    else:
        with pytest.raises(Unreadable, match=r"more than \[3\] bytes"):
            read_bytes(str(tmp_path / "file"), largest=3)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes")
def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(Unreadable, match="not a regular file"):
        read_bytes(str(tmp_path / "pipe"))


def test_a_directory_that_is_exchanged_meanwhile(tmp_path, monkeypatch):
    (tmp_path / "file").write_bytes(b"x")
    (tmp_path / "other").write_bytes(b"y")
    ways = [str(tmp_path / "file"), str(tmp_path / "other")]
    monkeypatch.setattr(opening, "_followed", lambda _: ways.pop(0))
    with pytest.raises(Unreadable, match="replaced while it was read"):
        read_bytes(str(tmp_path / "file"))


def test_two_rules_cannot_have_one_code():
    assert "EFR101" in all_rules()
    with pytest.raises(ValueError, match="EFR101"):
        rule("EFR101", "again", severity="info")(lambda _: iter(()))
