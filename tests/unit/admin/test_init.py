"""Making the files of a realm, also behind links."""

from __future__ import annotations

import os

import pytest
from support.storing import contents, posix

from esfilerealm import UsersTool, errors
from esfilerealm._storage.read import Stamp


class TestInit:
    def test_from_nothing(self, tmp_path):
        tool = UsersTool(tmp_path / "new")
        names = [tmp_path / "new", tmp_path / "new" / "users", tmp_path / "new" / "users_roles"]
        result = tool.init()
        assert result
        assert result.created == tuple(str(name) for name in names)
        assert tool.list_users() == {}
        assert not tool.init()

    def test_what_is_there_stays(self, tool, realm):
        (realm / "users_roles").unlink()
        before = (realm / "users").stat()
        result = tool.init()
        assert result.created == (str(realm / "users_roles"),)
        assert [file.changed for file in result.files] == [False, True]
        assert (realm / "users").stat().st_ino == before.st_ino

    def test_the_folder_is_not_for_everyone(self, tmp_path):
        UsersTool(tmp_path / "new").init()
        assert (tmp_path / "new").stat().st_mode & 0o007 == 0

    def test_a_link_into_no_folder(self, tmp_path):
        (tmp_path / "users").touch()
        (tmp_path / "users_roles").symlink_to("nowhere/users_roles")
        for call in (
            UsersTool(tmp_path).init,
            lambda: UsersTool(tmp_path).useradd("ann", "secret", roles=["x"]),
        ):
            with pytest.raises(errors.FileAccessError, match="No such file"):
                call()
        assert (tmp_path / "users").read_bytes() == b""

    def test_with_nothing_to_do_neither_file_is_touched(self, realm):
        """The lock is taken all the same, to end what somebody else may have left unfinished."""
        before = [Stamp.of((realm / name).stat()) for name in ("users", "users_roles")]
        result = UsersTool(realm).init()
        assert (bool(result), result.created) == (False, ())
        assert [Stamp.of((realm / name).stat()) for name in ("users", "users_roles")] == before
        assert sorted(contents(realm)) == ["elasticsearch.yml", "users", "users_roles"]

    def test_attributes(self, tmp_path):
        UsersTool(tmp_path).init(mode=0o604, group=os.getegid(), owner=os.geteuid())
        assert (tmp_path / "users").stat().st_mode & 0o777 == 0o604
        assert (tmp_path / "users_roles").stat().st_mode & 0o777 == 0o604

    def test_bad_attributes(self, tmp_path):
        wishes = [{"owner": "nobody here"}, {"group": 2**32 - 1}, {"owner": -1}, {"mode": -1}]
        for wish in wishes:
            for dry_run in (True, False):
                with pytest.raises(errors.InvalidAttributeError):
                    UsersTool(tmp_path / "new", dry_run=dry_run).init(**wish)
        assert not (tmp_path / "new").exists()

    def test_dry_run(self, tmp_path):
        result = UsersTool(tmp_path / "new", dry_run=True).init()
        assert result.changed
        assert len(result.created) == 3
        assert not (tmp_path / "new").exists()


@posix
class TestLinks:
    def test_the_target_is_replaced(self, tool, realm):
        (realm / "data").mkdir()
        (realm / "users").rename(realm / "data" / "u")
        (realm / "users").symlink_to("data/u")
        tool.userdel("bob")
        assert (realm / "users").is_symlink()
        assert b"bob" not in (realm / "data" / "u").read_bytes()

    @pytest.mark.parametrize("link", [os.symlink, os.link])
    def test_both_files_in_one(self, tool, realm, link):
        (realm / "users_roles").unlink()
        link(realm / "users", realm / "users_roles")
        before = (realm / "users").read_bytes()
        with pytest.raises(errors.FileAccessError, match="the same file"):
            tool.useradd("ann", "secret", roles=["viewer"])
        assert (realm / "users").read_bytes() == before

    def test_both_files_would_be_one(self, tmp_path):
        for name in ("users", "users_roles"):
            (tmp_path / name).symlink_to("same")
        with pytest.raises(errors.FileAccessError, match="the same file"):
            UsersTool(tmp_path).init()
        assert not (tmp_path / "same").exists()

    def test_a_dangling_link_is_a_missing_file(self, tool, realm):
        (realm / "users_roles").unlink()
        (realm / "users_roles").symlink_to("real_roles")
        assert tool.list_users()["bob"] == ()
        tool.roles("bob", add=["admin"])
        assert (realm / "real_roles").read_text() == "admin:bob\n"
        assert (realm / "users_roles").is_symlink()
