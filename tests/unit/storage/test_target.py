"""What is found out about a file before it is written: that it must not be, or how it can be."""

from __future__ import annotations

import errno
import os
from types import SimpleNamespace

import pytest
from support.storing import STRANGER, posix, root

from esfilerealm._storage import system, target
from esfilerealm._storage.read import read_file
from esfilerealm._storage.target import Target, survey
from esfilerealm.errors import FileAccessError, FilePermissionError


@pytest.fixture
def users(tmp_path):
    """The path, links not followed, below a directory that nobody else writes in."""
    (tmp_path / "users").write_text("old")
    return tmp_path / "users"


@pytest.fixture
def mounted(monkeypatch):
    """Have something mounted on a path."""

    def mount(*paths):
        points = [str(path) for path in paths]
        monkeypatch.setattr(target, "is_mount_point", lambda path: path in points)

    return mount


def surveyed(path, strategy="rename"):
    return survey(str(path), read_file(str(path)), strategy)


class TestPlain:
    def test_a_file_is_replaced(self, users):
        assert surveyed(users) == surveyed(users, "auto") == Target(str(users))

    def test_a_file_that_is_not_there_is_made(self, tmp_path):
        for strategy in ("rename", "auto", "in_place"):
            assert surveyed(tmp_path / "fresh", strategy) == Target(str(tmp_path / "fresh"))


@posix
class TestLinks:
    """They are followed if root, we, or the owner of what they lead to made them."""

    @pytest.fixture
    def link(self, users, tmp_path):
        users.rename(tmp_path / "real")
        users.symlink_to("real")
        return users

    def test_our_own(self, link, tmp_path):
        assert surveyed(link) == Target(str(tmp_path / "real"))

    @root
    def test_of_somebody_else(self, link):
        """In a directory that both may write, it would lead us to any file."""
        os.lchown(link, STRANGER, STRANGER)
        with pytest.raises(
            FilePermissionError, match=rf"the link \[.*users\] is from user \[{STRANGER}\]"
        ):
            surveyed(link)

    @root
    @pytest.mark.parametrize("is_there", [True, False])
    def test_of_who_owns_what_it_leads_to(self, link, tmp_path, is_there):
        """He might exchange a directory on the way for a link, once it was followed."""
        os.lchown(link, STRANGER, STRANGER)
        os.chown(tmp_path / "real", STRANGER, STRANGER)
        os.chown(tmp_path, STRANGER, STRANGER)
        if not is_there:
            (tmp_path / "real").unlink()
        with pytest.raises(FilePermissionError, match="let root make the link"):
            surveyed(link)

    @root
    def test_of_root_to_a_file_of_somebody_else(self, link, tmp_path):
        os.chown(tmp_path / "real", STRANGER, STRANGER)
        assert surveyed(link) == Target(str(tmp_path / "real"))

    @root
    def test_any_in_a_chain(self, link, tmp_path):
        (tmp_path / "first").symlink_to("users")
        os.lchown(link, STRANGER, STRANGER)
        with pytest.raises(FilePermissionError, match=r"the link \[.*/users\]"):
            surveyed(tmp_path / "first")

    def test_one_that_was_exchanged_since_it_was_followed(self, link, tmp_path):
        """Or else somebody could lead us to any file, and then hide by what way."""
        found = read_file(str(link))
        link.unlink()
        link.write_text("no link")
        with pytest.raises(FileAccessError):
            survey(str(link), found, "rename")

    def test_into_a_volume_of_kubernetes(self, tmp_path):
        (tmp_path / "..2026").mkdir()
        (tmp_path / "..2026" / "users").write_text("old")
        (tmp_path / "..data").symlink_to("..2026")
        (tmp_path / "users").symlink_to("..data/users")
        with pytest.raises(FilePermissionError, match="change the Secret or ConfigMap") as caught:
            surveyed(tmp_path / "users")
        assert (caught.value.errno, caught.value.path) == (errno.EROFS, str(tmp_path / "users"))

    def test_a_folder_of_that_name_is_not_one(self, tmp_path):
        (tmp_path / "..data").mkdir()
        (tmp_path / "..data" / "users").write_text("old")
        (tmp_path / "users").symlink_to("..data/users")
        assert surveyed(tmp_path / "users") == Target(str(tmp_path / "..data" / "users"))


class TestFolder:
    def test_on_a_read_only_file_system(self, users, monkeypatch):
        asked = []

        def statvfs(path):
            asked.append(path)
            return SimpleNamespace(f_flag=os.ST_RDONLY)

        monkeypatch.setattr(system, "HAS_STATVFS", True)
        monkeypatch.setattr(system, "statvfs", statvfs, raising=False)
        with pytest.raises(FilePermissionError, match="read-only file system: change the source"):
            surveyed(users)
        assert asked == [str(users.parent)]

    def test_that_is_not_writable(self, users, monkeypatch):
        asked = []

        def access(path, mode, *, effective_ids):
            asked.append((path, mode, effective_ids))
            return False

        monkeypatch.setattr(system, "access", access)
        with pytest.raises(FilePermissionError, match=r"not writable.* run this as the owner"):
            surveyed(users)
        can_tell = os.access in os.supports_effective_ids
        assert asked == [(str(users.parent), os.W_OK | os.X_OK, can_tell)]

    @pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may write anywhere")
    def test_that_really_is_not(self, users):
        users.parent.chmod(0o555)
        try:
            with pytest.raises(FilePermissionError, match="not writable"):
                surveyed(users)
        finally:
            users.parent.chmod(0o755)


class TestMountPoint:
    """It cannot be replaced; to overwrite it costs promises, so it is done only if allowed."""

    def test_is_refused(self, users, mounted):
        mounted(users)
        with pytest.raises(
            FileAccessError, match=r"mount its directory .*--strategy auto"
        ) as caught:
            surveyed(users)
        assert caught.value.errno == errno.EBUSY

    @pytest.mark.parametrize("strategy", ["auto", "in_place"])
    def test_is_overwritten_if_allowed(self, users, mounted, strategy):
        mounted(users)
        found = surveyed(users, strategy)
        assert found.in_place
        assert "may see a part of it" in found.lost[0]

    def test_of_its_folder_is_not_one_of_it(self, users, mounted):
        mounted(users.parent)
        assert surveyed(users) == Target(str(users))

    @posix
    def test_is_looked_for_behind_the_links(self, users, mounted, tmp_path):
        users.rename(tmp_path / "real")
        users.symlink_to("real")
        mounted(tmp_path / "real")
        with pytest.raises(FileAccessError, match=r"real\]: it is a mount point"):
            surveyed(users)


class TestInPlace:
    def test_says_what_it_costs(self, users):
        found = surveyed(users, "in_place")
        assert (found.in_place, len(found.lost)) == (True, 1)

    @posix
    def test_not_with_a_second_name(self, users, tmp_path):
        os.link(users, tmp_path / "second")
        with pytest.raises(FileAccessError, match="second name, which would change with it"):
            surveyed(users, "in_place")
        assert surveyed(users) == Target(str(users))

    def test_not_if_the_file_is_not_writable(self, users, monkeypatch):
        monkeypatch.setattr(system, "access", lambda path, *_, **__: path != str(users))
        with pytest.raises(FilePermissionError, match="cannot be overwritten in place"):
            surveyed(users, "in_place")
        assert surveyed(users) == Target(str(users))

    def test_not_if_it_is_mounted_read_only(self, users, monkeypatch):
        """Its directory need not be."""
        flags = {str(users): getattr(os, "ST_RDONLY", 1)}
        monkeypatch.setattr(system, "HAS_STATVFS", True)
        monkeypatch.setattr(
            system,
            "statvfs",
            lambda path: SimpleNamespace(f_flag=flags.get(path, 0)),
            raising=False,
        )
        with pytest.raises(FilePermissionError, match="read-only file system"):
            surveyed(users, "in_place")
