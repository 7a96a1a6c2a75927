"""Whose files are believed in a directory that others may write to as well."""

from __future__ import annotations

import os

import pytest
from support.storing import STRANGER, posix, root

from esfilerealm._storage import system
from esfilerealm._storage.target import is_owned_by, owners_of
from esfilerealm.errors import FileAccessError


@posix
class TestTrusted:
    def test_we_and_root(self, tmp_path):
        assert owners_of(str(tmp_path / "users")) == {os.geteuid(), 0}

    @root
    def test_who_owns_the_folder_and_who_owns_the_file(self, tmp_path):
        (tmp_path / "users").touch()
        os.chown(tmp_path, STRANGER, 0)
        os.chown(tmp_path / "users", STRANGER + 1, 0)
        trusted = owners_of(str(tmp_path / "users"))
        assert trusted == {0, STRANGER, STRANGER + 1}

    @root
    def test_a_link_in_the_place_of_the_file_is_not_asked_who_owns_its_target(self, tmp_path):
        """Whoever may make one could name anybody."""
        (tmp_path / "theirs").touch()
        os.chown(tmp_path / "theirs", STRANGER, 0)
        (tmp_path / "users").symlink_to("theirs")
        assert STRANGER not in owners_of(str(tmp_path / "users"))

    @root
    @pytest.mark.parametrize(("owner", "is_believed"), [(0, True), (STRANGER, False)])
    def test_others_are_not(self, tmp_path, owner, is_believed):
        (tmp_path / "f").touch()
        os.chown(tmp_path / "f", owner, 0)
        trusted = owners_of(str(tmp_path / "users"))
        assert is_owned_by((tmp_path / "f").stat(), trusted) == is_believed

    @root
    def test_a_folder_that_is_not_there(self, tmp_path):
        """Whoever owns the nearest one could make it."""
        os.chown(tmp_path, STRANGER, 0)
        assert STRANGER in owners_of(str(tmp_path / "none" / "nor this" / "users"))

    def test_a_file_in_the_place_of_the_folder(self, tmp_path):
        (tmp_path / "file").touch()
        with pytest.raises(FileAccessError, match="while examining it"):
            owners_of(str(tmp_path / "file" / "none" / "users"))


def test_where_files_have_no_owners_all_are_believed(tmp_path, monkeypatch):
    monkeypatch.setattr(system, "HAS_OWNERS", False)
    assert is_owned_by(tmp_path.stat(), set())
