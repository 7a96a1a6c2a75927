"""Commands that write and ``check``: dry runs, shared options, ``undo`` and ``recover``."""

from __future__ import annotations

import json
import os
import re

import pytest
from support.hashes import CHEAP_HASH
from support.storing import broken_off, contents, statuses

PASSWORD = "correct horse"


class TestDryRun:
    @pytest.mark.parametrize(
        "args",
        [
            ["useradd", "ann", "-p", PASSWORD, "-r", "x"],
            ["userdel", "bob"],
            ["passwd", "bob", "-p", PASSWORD],
            ["roles", "bob", "-a", "x", "-r", "viewer"],
            ["init"],
        ],
    )
    def test_nothing_is_written(self, run, config, bob, args):
        (config / "users_roles").unlink()
        before = statuses(config, with_lock=False)
        result = run(*args, "--dry-run")
        assert result.exit_code == 0
        assert result.out.startswith("Dry run. Would ")
        assert "[]" not in result.out
        assert statuses(config, with_lock=False) == before
        assert not (config / "users.lock").exists()

    def test_the_refusals_are_the_same(self, run, bob):
        assert run("useradd", "bob", "-p", PASSWORD, "--dry-run").exit_code == 70
        assert run("userdel", "ghost", "--dry-run").exit_code == 67


class TestWriting:
    """The options of all commands that write."""

    @pytest.mark.skipif(os.name == "nt", reason="modes of POSIX")
    def test_mode(self, run, config, bob):
        assert run("roles", "bob", "-a", "x", "--mode", "604").exit_code == 0
        modes = [(config / name).stat().st_mode & 0o777 for name in ("users", "users_roles")]
        assert modes == [0o604, 0o604]

    def test_lost_guarantees_are_warnings(self, run, config, bob):
        inode = (config / "users_roles").stat().st_ino
        result = run("roles", "bob", "-a", "x", "--strategy", "in_place")
        assert result.exit_code == 0
        assert re.fullmatch(r"WARNING: roles .*\nWARNING: \[.*users_roles\]: .*\n", result.err)
        assert (config / "users_roles").stat().st_ino == inode

    def test_local_locks_need_an_option(self, run, bob, monkeypatch):
        monkeypatch.setattr("esfilerealm._storage.lock.has_local_locks", lambda path: "vboxsf")
        for args in (["userdel", "bob"], ["init"]):
            result = run(*args)
            assert result.exit_code == 74
            assert "--allow-local-lock" in result.err
        assert run("userdel", "bob", "--allow-local-lock").exit_code == 0

    def test_a_recovered_write_is_a_warning(self, run, tool, bob):
        broken_off(lambda: tool.useradd("ann", password_hash=CHEAP_HASH, roles=["viewer"]), 2)
        result = run("passwd", "bob", "--hash", CHEAP_HASH)
        assert result.exit_code == 0
        assert re.fullmatch(
            r"WARNING: an interrupted write was rolled back \[.*users.journal\]\n", result.err
        )

    def test_a_journal_of_a_later_version_stops_everything(self, run, config, bob):
        (config / "users.journal").write_text("esfilerealm journal 9\n")
        before = statuses(config, with_lock=False)
        for args in (["list"], ["userdel", "bob"], ["init"], ["check"]):
            result = run(*args)
            assert result.exit_code == 78
            assert "use a later esfilerealm" in result.err
        assert statuses(config, with_lock=False) == before


class TestUndo:
    def test_prints_the_changed_users(self, run, tool, bob):
        run("roles", "bob", "-a", "x", "--keep", "1", "-s")
        result = run("undo")
        assert (result.exit_code, result.out) == (0, "  ~ bob: roles viewer,x -> viewer\n")
        run("userdel", "bob")
        assert run("undo").out == "  + bob: viewer\n"
        assert run("undo").out == "  - bob\n"
        assert tool.list_users() == {}

    def test_for_programs(self, run, bob):
        run("passwd", "bob", "-p", PASSWORD, "--keep", "1")
        found = json.loads(run("undo", "--json").out)
        assert (found["command"], found["changed"]) == ("undo", True)
        assert found["user_changes"]["passwords"] == ["bob"]

    def test_a_dry_run(self, run, tool, bob):
        run("userdel", "bob", "--keep", "1")
        result = run("undo", "--dry-run")
        assert result.out == "Dry run. Would change:\n  + bob: viewer\n"
        assert tool.list_users() == {}

    def test_no_user_changes(self, run, config, bob):
        run("userdel", "bob", "--keep", "1")
        for name in ("users", "users_roles"):
            (config / name).write_bytes((config / f"{name}.1~").read_bytes() + b"# more\n")
        assert run("undo").out == "No user changed\n"


class TestCheck:
    def test_without_problems(self, run, config, bob):
        words = ("check", "--select", "EFR10,EFR111")
        result = run(*words)
        assert (result.exit_code, result.out, result.err) == (0, "No problems found (1 user)\n", "")
        (config / "users").write_text("")
        (config / "users_roles").write_text("")
        assert run(*words).out == "No problems found (0 users)\n"

    def test_an_interrupted_write_is_reported_and_left(self, run, config, tool, bob):
        broken_off(lambda: tool.useradd("ann", password_hash=CHEAP_HASH, roles=["viewer"]), 2)
        before = contents(config)
        result = run("check", "--json", "--select", "EFR12")
        assert result.exit_code == 65
        found = json.loads(result.out)
        assert (found["user_count"], [f["code"] for f in found["findings"]]) == (1, ["EFR121"])
        assert "`esfilerealm recover`" in found["findings"][0]["advice"]
        assert contents(config) == before


class TestRecover:
    def test_an_interrupted_write_is_rolled_back(self, run, config, tool, bob):
        before = contents(config)
        broken_off(lambda: tool.useradd("ann", password_hash=CHEAP_HASH, roles=["viewer"]), 2)
        result = run("recover")
        assert (result.exit_code, result.err) == (0, "")
        assert str(config / "users.journal") in result.out
        after = contents(config)
        assert {name: after[name] for name in before} == before
        assert not (config / "users.journal").exists()

    def test_for_programs(self, run, config, tool, bob):
        assert json.loads(run("recover", "--json").out) == {
            "command": "recover",
            "version": 1,
            "outcome": "none",
            "path": None,
            "reason": None,
            "targets": [],
        }
        broken_off(lambda: tool.useradd("ann", password_hash=CHEAP_HASH, roles=["viewer"]), 2)
        found = json.loads(run("recover", "--json").out)
        assert (found["outcome"], found["path"]) == ("rolled_back", str(config / "users.journal"))
        assert found["targets"] == [str(config / "users_roles"), str(config / "users")]

    def test_a_journal_that_is_unusable(self, run, config, bob):
        (config / "users.journal").write_text("notes\n")
        before = (config / "users").read_bytes()
        result = run("recover")
        assert result.exit_code == 65
        assert "rejected]" in result.out
        assert (config / "users").read_bytes() == before
        again = run("recover")
        assert (again.exit_code, again.out) == (0, "Nothing to recover\n")

    def test_a_mistyped_directory_stays_as_it_is(self, run, tmp_path):
        (tmp_path / "other").mkdir()
        assert run("recover", config_dir=tmp_path / "other").exit_code == 78
        assert list((tmp_path / "other").iterdir()) == []
        assert run("recover", config_dir=tmp_path / "none").exit_code == 78
