"""Reading follows links, never blocks, and names what stands in the way."""

from __future__ import annotations

import os

import pytest

from esfilerealm._storage.locate import RealmPaths
from esfilerealm._storage.read import RealmFiles, read_file
from esfilerealm.errors import ConfigurationFileMissingError, FileAccessError, FilePermissionError

posix = pytest.mark.skipif(os.name == "nt", reason="links and pipes of POSIX")


def test_a_file_and_its_attributes(tmp_path):
    (tmp_path / "f").write_bytes(b"data")
    content = read_file(str(tmp_path / "f"))
    assert (content.data, content.exists) == (b"data", True)
    assert content.stat.st_ino == (tmp_path / "f").stat().st_ino


@posix
def test_links_are_followed(tmp_path):
    (tmp_path / "real").write_bytes(b"data")
    (tmp_path / "link").symlink_to("real")
    (tmp_path / "link2").symlink_to("link")
    (tmp_path / "dangling").symlink_to("nowhere")
    assert read_file(str(tmp_path / "link2")).path == str(tmp_path / "real")
    dangling = read_file(str(tmp_path / "dangling"))
    assert (dangling.exists, dangling.path) == (False, str(tmp_path / "nowhere"))


@posix
def test_a_link_that_is_moved_on_meanwhile(tmp_path, monkeypatch):
    """As Kubernetes does: the old file goes away between finding and opening it."""
    for name in ("old", "new"):
        (tmp_path / name).write_text(name)
    (tmp_path / "link").symlink_to("old")
    real = os.open

    def swap_and_open(path, *args):
        if path == str(tmp_path / "old"):
            (tmp_path / "link").unlink()
            (tmp_path / "link").symlink_to("new")
            (tmp_path / "old").unlink()
        return real(path, *args)

    monkeypatch.setattr(os, "open", swap_and_open)
    assert read_file(str(tmp_path / "link")).data == b"new"


@posix
@pytest.mark.parametrize("kind", ["folder", "pipe"])
def test_no_regular_file(tmp_path, kind):
    path = tmp_path / "f"
    path.mkdir() if kind == "folder" else os.mkfifo(path)
    with pytest.raises(FileAccessError, match="not a regular file"):
        read_file(str(path))


def test_no_permission(tmp_path, monkeypatch):
    def refuse(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(FilePermissionError, match="Permission denied while reading it"):
        read_file(str(tmp_path / "f"))


def test_a_realm_needs_users_only(tmp_path):
    paths = RealmPaths(tmp_path)
    with pytest.raises(ConfigurationFileMissingError, match="esfilerealm init"):
        RealmFiles.read(paths)
    (tmp_path / "users").touch()
    assert RealmFiles.read(paths).users_roles.data == b""


class TestPaths:
    def test_in_the_folder(self, tmp_path):
        paths = RealmPaths(tmp_path)
        assert paths.users == str(tmp_path / "users")
        assert paths.lock == str(tmp_path / "users.lock")
        assert paths.legacy == []

    def test_the_old_folder_is_used_for_what_is_missing(self, tmp_path):
        (tmp_path / "x-pack").mkdir()
        (tmp_path / "x-pack" / "users").touch()
        (tmp_path / "x-pack" / "users_roles").touch()
        (tmp_path / "users_roles").touch()
        paths = RealmPaths(tmp_path)
        assert paths.users == str(tmp_path / "x-pack" / "users")
        assert paths.users_roles == str(tmp_path / "users_roles")
        assert paths.legacy == [paths.users]

    @posix
    def test_the_lock_is_beside_the_real_file(self, tmp_path):
        (tmp_path / "data").mkdir()
        (tmp_path / "data" / "u").touch()
        (tmp_path / "users").symlink_to("data/u")
        assert RealmPaths(tmp_path).lock == str(tmp_path / "data" / "u.lock")
