"""What a verb does about a change that was broken off, and what a check finds."""

from __future__ import annotations

import re

import pytest
from support.hashes import CHEAP_HASH
from support.hashes import HASH_OF_TEST123 as OTHER_HASH
from support.storing import STRANGER, acting_as, broken_off, contents, root

from esfilerealm import UsersTool, errors


class TestRecovery:
    @pytest.fixture
    def unfinished(self, tool):
        broken_off(lambda: tool.useradd("ann", password_hash=CHEAP_HASH, roles=["x"]), 2)

    @pytest.mark.parametrize(
        "verb",
        [
            UsersTool.recover,
            lambda tool: tool.check().recovery,
            lambda tool: tool.init().recovery,
            lambda tool: tool.passwd("al", password_hash=OTHER_HASH).recovery,
            lambda tool: tool.roles("al", add=["admin"]).write.recovery,
        ],
        ids=["recover", "check", "init", "passwd", "no change"],
    )
    def test_every_verb_that_takes_the_lock_does_it_and_tells(self, tool, realm, unfinished, verb):
        recovery = verb(tool)
        assert (recovery.outcome, recovery.path) == ("rolled_back", str(realm / "users.journal"))
        assert (realm / "users_roles").read_text() == "# roles\nadmin: bob , al\nviewer:bob\n"
        assert sorted(contents(realm)) == ["elasticsearch.yml", "users", "users_roles"]

    def test_a_dry_run_and_a_listing_leave_it(self, tool, realm, unfinished):
        before = contents(realm)
        assert list(tool.list_users()) == ["bob", "al"]
        assert list(tool.listing().orphans) == []
        UsersTool(realm, dry_run=True).useradd("ann", password_hash=CHEAP_HASH)
        assert contents(realm) == before

    def test_a_refusal_comes_after_it(self, tool, realm, unfinished):
        with pytest.raises(errors.UserExistsError), tool.transaction() as change:
            change.useradd("new", password_hash=CHEAP_HASH)
            UsersTool(realm).useradd("new", password_hash=CHEAP_HASH)
        assert not (realm / "users.journal").exists()


class TestCheck:
    def test_nothing_is_odd(self, realm):
        (realm / "users").write_text(f"# people\n\nbob:{CHEAP_HASH}\n")
        (realm / "users_roles").write_text("admin:bob\n")
        check = UsersTool(realm).check()
        assert check
        assert (check.problems, check.recovery.outcome) == ((), "none")
        assert check.to_dict()["users"] == 1

    def test_what_a_person_should_look_at(self, tool, realm):
        (realm / "users").write_text(f"bob:{CHEAP_HASH}\noops\nal:swordfish\n")
        (realm / "users_roles").write_text(f"admin:bob,ghost\nx:{CHEAP_HASH}\n")
        (realm / "users.journal").write_text("notes\n")
        check = tool.check()
        assert not check
        assert check.recovery.outcome == "set_aside"
        text = "\n".join(check.problems)
        for part in (
            r"users\], line \[2\]: .*; a node skips the line",
            r"no password can be right for user \[al\]: ",
            r"users_roles\] gives roles to \[ghost\], who is no user",
            r"users_roles\] gives roles to \[\(a hash\)\]",
            r"rejected\] is the record of a change that could not be ended",
        ):
            assert re.search(part, text)
        assert "swordfish" not in text
        assert CHEAP_HASH not in text

    @root
    def test_who_may_not_write_is_told_all_the_same(self, open_folder):
        UsersTool(open_folder).init()
        for path in (open_folder, *open_folder.iterdir()):
            path.chmod(0o755 if path.is_dir() else 0o644)
        (open_folder / "users.lock").unlink()
        tool = UsersTool(open_folder)
        assert tool.check()
        (open_folder / "users.lock").unlink()
        with acting_as(STRANGER, STRANGER):
            assert tool.check().recovery.outcome == "none"
            assert not tool.init()
        (open_folder / "users.journal").write_text("notes\n")
        for call in (tool.check, tool.init):
            with acting_as(STRANGER, STRANGER), pytest.raises(errors.FilePermissionError):
                call()
