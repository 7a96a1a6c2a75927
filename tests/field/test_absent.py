"""Absent means absent: names that only ``users_roles`` knows (F17 and its kind)."""

from __future__ import annotations

import json

import pytest
from support.hashes import CHEAP_HASH

from esfilerealm import UsersTool, errors
from esfilerealm.findings import Fix
from esfilerealm.provisioning import DesiredState, apply, ensure_absent, plan

ODD = "jür gen"


@pytest.fixture
def leftover(config):
    """A realm where only ``users_roles`` knows the name left_over, and the role superuser."""
    (config / "users").write_text(f"al:{CHEAP_HASH}\n")
    (config / "users_roles").write_text(f"superuser:left_over\nviewer:al,left_over\nodd:{ODD}\n")
    return config


def roles_file(config):
    return (config / "users_roles").read_text()


WITHOUT_LEFT_OVER = f"viewer:al\nodd:{ODD}\n"


class TestF17:
    @pytest.mark.parametrize(
        "words",
        [
            pytest.param(["ensure", "left_over", "--absent"], id="F17-ensure"),
            pytest.param(["apply", "DOCUMENT"], id="F17-document"),
            pytest.param(["userdel", "left_over"], id="F17-userdel"),
            pytest.param(["apply", "PURGE", "--protect", "j*"], id="F17-purge"),
            pytest.param(["check", "--fix", "--protect", "j*"], id="F17-check"),
        ],
    )
    def test_the_name_leaves_users_roles(self, run, leftover, tmp_path, words):
        documents = {
            "DOCUMENT": {"users": [{"name": "left_over", "state": "absent"}]},
            "PURGE": {"users": [{"name": "al"}], "purge": "all"},
        }
        for name, content in documents.items():
            (tmp_path / f"{name}.json").write_text(json.dumps(content))
        words = [str(tmp_path / f"{w}.json") if w in documents else w for w in words]
        before = (leftover / "users").read_bytes()
        result = run(*words)
        assert result.exit_code == (65 if words[0] == "check" else 0)  # ODD stays
        assert "left_over" in result.out + result.err
        assert "Nothing to change" not in result.out
        assert roles_file(leftover) == WITHOUT_LEFT_OVER
        assert (leftover / "users").read_bytes() == before

    def test_a_dry_run_changes_nothing(self, run, leftover):
        before = roles_file(leftover)
        for words in (["ensure", "left_over", "--absent"], ["userdel", "left_over"]):
            result = run(*words, "--dry-run")
            assert (result.exit_code, "Dry run. Would " in result.out) == (0, True)
        result = run("check", "--fix", "--dry-run")
        assert result.exit_code == 65
        assert f"Dry run. Would remove [left_over] from [{leftover}/users_roles]\n" in result.out
        assert roles_file(leftover) == before

    def test_whoever_gets_that_name_afterwards_has_no_role(self, leftover):
        ensure_absent(leftover, "left_over")
        with (leftover / "users").open("a") as file:  # as the Java tool does
            file.write(f"left_over:{CHEAP_HASH}\n")
        assert UsersTool(leftover).list_users("left_over") == {"left_over": ()}


class TestUserdel:
    def test_notes_what_it_was(self, run, leftover):
        result = run("userdel", "left_over")
        note = "NOTE: [left_over] was not a user, but had the roles [superuser,viewer] in ["
        assert note in result.err
        found = json.loads(run("userdel", ODD, "--json").out)
        assert found["user_changes"]["orphans"] == [ODD]
        assert roles_file(leftover) == "viewer:al\n"

    def test_of_a_user_has_no_note(self, run, leftover):
        result = run("userdel", "al")
        assert (result.exit_code, result.out, result.err) == (0, "", "")

    def test_of_a_name_in_neither_file(self, run, leftover):
        assert run("userdel", "nobody").exit_code == 67
        assert run("userdel", "jürgen").exit_code == 65

    def test_the_result_names_the_orphan(self, leftover):
        tool = UsersTool(leftover)
        changes = tool.userdel("left_over").changes
        assert (changes.orphans, changes.removed, changes.names) == (("left_over",), (), set())
        with pytest.raises(errors.UserNotFoundError):
            tool.userdel("left_over")


class TestPurge:
    def test_takes_every_name(self, leftover):
        wanted = DesiredState.from_dict({"users": [{"name": "al"}], "purge": "all"})
        planned = plan(leftover, wanted)
        assert planned.diff().splitlines() == [
            "- left_over: superuser,viewer (not a user, purged)",
            f"- {ODD}: odd (not a user, purged)",
        ]
        assert "left_over: superuser,viewer\n" in planned.before()
        assert planned.after() == ""
        apply(planned)
        assert roles_file(leftover) == "viewer:al\n"
        assert not plan(leftover, wanted).changed

    def test_managed_takes_a_managed_name(self, leftover):
        (leftover / "users.managed").write_text('{"version": 1, "users": ["left_over"]}')
        wanted = DesiredState.from_dict({"users": [{"name": "al"}], "purge": "managed"})
        apply(plan(leftover, wanted))
        assert roles_file(leftover) == WITHOUT_LEFT_OVER
        assert "left_over" not in (leftover / "users.managed").read_text()

    def test_of_names_alone_needs_no_force(self, config):
        (config / "users_roles").write_text("superuser:left_over\n")
        apply(plan(config, DesiredState.from_dict({"users": [], "purge": "all"})))
        assert roles_file(config) == ""

    def test_a_name_that_may_be_a_hash_goes_and_is_not_shown(self, leftover):
        with (leftover / "users_roles").open("a") as file:
            file.write(f"mistake:{CHEAP_HASH}\n")
        wanted = DesiredState.from_dict({"users": [{"name": "al"}], "purge": "all"})
        planned = plan(leftover, wanted)
        assert "- (a hash): mistake (not a user, purged)" in planned.diff()
        apply(planned)
        assert roles_file(leftover) == "viewer:al\n"


class TestCheckFix:
    def test_everything_fixed_is_success(self, run, leftover):
        result = run("check", "--fix", "--select", "EFR1")
        assert result.exit_code == 0
        assert f"Removed [left_over] from [{leftover}/users_roles]\n" in result.out
        assert roles_file(leftover) == "viewer:al\n"
        again = run("check", "--fix", "--select", "EFR1")
        assert (again.exit_code, again.out.splitlines()[-1]) == (0, "Nothing to fix")

    def test_for_programs(self, run, leftover):
        found = json.loads(run("check", "--fix", "--json", "--select", "EFR1").out)
        assert found["fixed"] == 2
        assert found["findings"][0]["fix"] == {"kind": "remove_orphan", "name": "left_over"}

    def test_what_a_person_must_decide_stays(self, run, leftover):
        with (leftover / "users_roles").open("a") as file:
            file.write(f"mistake:{CHEAP_HASH}\nodd line\n")
        result = run("check", "--fix")
        assert result.exit_code == 65
        assert roles_file(leftover) == f"viewer:al\nmistake:{CHEAP_HASH}\nodd line\n"

    @pytest.mark.parametrize("words", [["--dry-run"], ["--protect", "x"], ["--keep", "1"]])
    def test_options_of_a_write_need_it(self, run, leftover, words):
        result = run("check", *words)
        assert result.exit_code == 64
        assert "needs [fix]" in result.err

    def test_a_name_that_became_a_user_meanwhile_stays(self, leftover):
        tool = UsersTool(leftover)
        fixes = [finding.fix for finding in tool.check() if finding.fix]
        assert fixes == [Fix(name="left_over"), Fix(name=ODD)]
        tool.useradd("left_over", password_hash=CHEAP_HASH, roles=["viewer"])
        with tool.transaction() as change:
            for fix in fixes:
                change.fix(fix)
        assert change.result.changes.orphans == (ODD,)
        assert tool.list_users("left_over") == {"left_over": ("viewer",)}
