"""How files are written: strategy, attributes, locks."""

from __future__ import annotations

import os

import pytest
from support.hashes import CHEAP_HASH
from support.hashes import HASH_OF_TEST123 as OTHER_HASH
from support.storing import STRANGER, acting_as, contents, posix, root

from esfilerealm import UsersTool, errors
from esfilerealm._storage import lock


class TestOptions:
    @pytest.mark.parametrize(
        "options",
        [
            {"strategy": "copy"},
            {"attributes": "ignore"},
            {"keep": -1},
            {"keep": True},
            {"owner": "nobody here"},
            {"group": 2**32 - 1},
            {"mode": 0o10000},
        ],
        ids=lambda options: next(iter(options)),
    )
    def test_that_make_no_sense(self, realm, options):
        """Known at once, and not at the first write."""
        with pytest.raises(ValueError, match=next(iter(options))):
            UsersTool(realm, **options)

    @posix
    def test_a_mode_is_given_to_both_files_by_any_write(self, realm):
        for name in ("users", "users_roles"):
            (realm / name).chmod(0o600)
        result = UsersTool(realm, mode=0o640).passwd("bob", password_hash=OTHER_HASH)
        assert [file.mode for file in result.files] == [0o640, 0o640]
        assert [(realm / n).stat().st_mode & 0o777 for n in ("users", "users_roles")] == [0o640] * 2

    @posix
    def test_even_if_no_content_changes(self, realm):
        before = contents(realm)
        result = UsersTool(realm, mode=0o604).roles("bob", add=["admin"]).write
        assert [file.changed for file in result.files] == [True, True]
        assert [file.mode for file in result.files] == [0o604, 0o604]
        assert contents(realm) == before
        again = UsersTool(realm, mode=0o604).roles("bob", add=["admin"]).write
        assert not again

    @root
    def test_an_owner_and_a_group(self, realm):
        UsersTool(realm, owner=STRANGER, group=str(STRANGER + 1)).userdel("bob")
        for name in ("users", "users_roles"):
            status = (realm / name).stat()
            assert (status.st_uid, status.st_gid) == (STRANGER, STRANGER + 1)

    def test_overwriting_in_place(self, tool, realm):
        before = {name: (realm / name).stat().st_ino for name in ("users", "users_roles")}
        result = UsersTool(realm, strategy="in_place").userdel("bob")
        for file in result.files:
            assert os.stat(file.path).st_ino == before[os.path.basename(file.path)]
            assert (file.strategy, len(file.lost)) == ("in_place", 1)
        assert list(tool.list_users()) == ["al"]
        assert not list(realm.glob("*.tmp"))

    @root
    def test_what_cannot_be_kept_is_refused_or_told(self, open_folder):
        """For a member of the group of a directory whose files are not theirs."""
        for name, data in (("users", f"bob:{CHEAP_HASH}\n"), ("users_roles", "viewer:bob\n")):
            (open_folder / name).write_text(data)
            (open_folder / name).chmod(0o660)
        for path in (open_folder, *open_folder.iterdir()):
            os.chown(path, 4715, STRANGER)
        open_folder.chmod(0o775)  # so that its former owner may be there without that group
        UsersTool(open_folder).roles("bob", add=["x"])  # so that all is imported
        before = contents(open_folder)
        with acting_as(STRANGER, STRANGER):
            with pytest.raises(errors.FilePermissionError, match=r"cannot set its owner \[4715\]"):
                UsersTool(open_folder).roles("bob", add=["y"])
            assert contents(open_folder) == before
            result = UsersTool(open_folder, attributes="warn").roles("bob", add=["y"]).write
        users, users_roles = result.files
        assert users.lost == ()
        assert users_roles.lost == ("owner [4715] could not be set",)
        assert (users_roles.owner, users_roles.group) == (STRANGER, STRANGER)

    def test_a_lock_that_other_machines_do_not_know_of(self, realm, monkeypatch):
        monkeypatch.setattr(lock, "has_local_locks", lambda path: "vboxsf")
        before = contents(realm)
        for call in ("recover", "init"):
            with pytest.raises(
                errors.FileAccessError, match=r"do not see locks on its file system \[vboxsf\]"
            ):
                getattr(UsersTool(realm), call)()
        with pytest.raises(
            errors.FileAccessError, match=r"do not see locks on its file system \[vboxsf\]"
        ):
            UsersTool(realm).userdel("bob")
        assert contents(realm) == before
        tool = UsersTool(realm, allow_local_lock=True)
        for call in (tool.recover, tool.init, lambda: tool.userdel("bob")):
            call()
        assert list(tool.list_users()) == ["al"]
