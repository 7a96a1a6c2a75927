"""What a verb does about a change that was broken off, and what a check finds."""

from __future__ import annotations

import pytest
from support.hashes import CHEAP_HASH
from support.hashes import HASH_OF_TEST123 as OTHER_HASH
from support.storing import STRANGER, acting_as, broken_off, contents, root

from esfilerealm import UsersTool, errors


@pytest.fixture
def unfinished(tool):
    broken_off(lambda: tool.useradd("ann", password_hash=CHEAP_HASH, roles=["x"]), 2)


class TestRecovery:
    @pytest.mark.parametrize(
        "verb",
        [
            UsersTool.recover,
            lambda tool: tool.init().recovery,
            lambda tool: tool.passwd("al", password_hash=OTHER_HASH).recovery,
            lambda tool: tool.roles("al", add=["admin"]).write.recovery,
        ],
        ids=["recover", "init", "passwd", "no change"],
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
    """Of the verb; the rules are tested in ``unit/checks``."""

    def test_without_problems(self, realm):
        (realm / "users").write_text(f"# people\n\nbob:{CHEAP_HASH}\n")
        (realm / "users_roles").write_text("admin:bob\n")
        assert UsersTool(realm).check() == ()

    def test_it_only_reads(self, tool, realm, unfinished):
        before = contents(realm)
        assert "EFR121" in [finding.code for finding in tool.check()]
        assert contents(realm) == before

    def test_the_rules_for_names_are_those_of_the_node(self, realm):
        (realm / "users").write_text(f"elastic:{CHEAP_HASH}\n")
        (realm / "users_roles").write_text("")
        assert [finding.code for finding in UsersTool(realm).check()] == ["EFR103"]
        (realm / "elasticsearch.yml").write_text(
            "xpack.security.authc.reserved_realm.enabled: false\n"
        )
        assert UsersTool(realm).check() == ()

    @root
    def test_it_needs_no_permission_to_write(self, open_folder):
        UsersTool(open_folder).init()
        for path in (open_folder, *open_folder.iterdir()):
            path.chmod(0o755 if path.is_dir() else 0o644)
        (open_folder / "users.lock").unlink()
        tool = UsersTool(open_folder)
        with acting_as(STRANGER, STRANGER):
            assert tool.check() == ()
            assert not tool.init()
        (open_folder / "users.journal").write_text("notes\n")
        with acting_as(STRANGER, STRANGER):
            assert [finding.code for finding in tool.check()] == ["EFR121"]
            with pytest.raises(errors.FilePermissionError):
                tool.init()
        assert not (open_folder / "users.lock").exists()


def test_a_directory_that_is_missing_is_named(tmp_path):
    with pytest.raises(errors.ConfigurationFileMissingError, match="check the path"):
        UsersTool(tmp_path / "nowhere").recover()
