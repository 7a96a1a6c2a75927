"""``backup diff`` and ``backup restore``: what they print, and what they leave alone."""

from __future__ import annotations

import json
import shutil

import pytest
from support.backups import make_key
from support.hashes import CHEAP_HASH

from esfilerealm import UsersTool
from esfilerealm.backup import RestoreResult, create_backup
from esfilerealm.findings import Finding
from esfilerealm.results import FileResult, Recovery, WriteResult

pytest.importorskip("cryptography")

OTHER_HASH = CHEAP_HASH[:-1] + ("a" if CHEAP_HASH[-1] != "a" else "b")


@pytest.fixture
def node(config, bob, give_settings):
    """A configuration directory with a little of everything."""
    give_settings("node.name: node-a")
    (config / "certs").mkdir()
    (config / "certs" / "ca.crt").write_text("-----BEGIN CERTIFICATE-----\n")
    (config / "roles.yml").write_text("viewer:\n  cluster: [monitor]\n")
    return config


@pytest.fixture
def backup(node, tmp_path):
    """A signed backup of it."""
    key = make_key(tmp_path / "key")
    public = key.with_suffix(".pub").read_text()
    (tmp_path / "allowed_signers").write_text(f"ops@acme {public}")
    return create_backup(node, tmp_path / "backup", plain=True, sign=key).path


@pytest.fixture
def trusted(tmp_path):
    return ["--allowed-signers", str(tmp_path / "allowed_signers"), "--identity", "ops@acme"]


@pytest.fixture
def changed(node, backup):
    """The directory, changed since the backup."""
    tool = UsersTool(node)
    tool.useradd("eve", password_hash=CHEAP_HASH, roles=["superuser"])
    tool.userdel("bob")
    (node / "roles.yml").write_text("viewer:\n  cluster: [all]\nother: {}\n")
    (node / "elasticsearch.yml").write_text("node.name: node-b\n")
    shutil.rmtree(node / "certs")
    (node / "extra.txt").write_text("x\n")
    return node


def contents(folder):
    """The files of a directory that are not locks, by name."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.suffix != ".lock"
    }


class TestDiff:
    def test_nothing(self, run, node, backup, trusted):
        done = run("backup", "diff", backup, *trusted)
        assert (done.exit_code, done.out) == (0, "Everything is as in the backup\n")

    def test_letters_and_names(self, run, changed, backup, trusted):
        before = contents(changed)
        done = run("backup", "diff", backup, *trusted)
        assert done.exit_code == 1
        lines = [line.split() for line in done.out.splitlines()]
        assert ["D", "certs/ca.crt"] in lines
        assert ["C", "elasticsearch.yml"] in lines
        assert ["A", "extra.txt"] in lines
        assert "  + eve: superuser\n" in done.out
        assert "  - bob\n" in done.out
        assert "  + role other\n  ~ role viewer\n" in done.out
        assert "node.name" not in done.out
        assert CHEAP_HASH not in done.out
        assert contents(changed) == before

    def test_a_role_that_is_gone(self, run, node, backup, trusted):
        (node / "roles.yml").write_text("")
        assert "  - role viewer\n" in run("backup", "diff", backup, *trusted).out

    def test_lines_of_what_is_not_confidential(self, run, changed, backup, trusted):
        done = run("backup", "diff", backup, *trusted, "--lines")
        assert "    -node.name: node-a\n    +node.name: node-b\n" in done.out
        assert CHEAP_HASH not in done.out

    def test_a_part(self, run, changed, backup, trusted):
        done = run("backup", "diff", backup, *trusted, "--only", "realm")
        assert "elasticsearch.yml" not in done.out
        assert "roles.yml" in done.out

    def test_for_programs(self, run, changed, backup, trusted):
        told = json.loads(run("backup", "diff", backup, *trusted, "--json").out)
        assert told["differs"] is True
        assert told["roles_added"] == ["other"]
        assert told["user_changes"]["removed"] == ["bob"]

    def test_without_trust_it_compares_and_warns(self, run, node, backup):
        done = run("backup", "diff", backup)
        assert done.exit_code == 0
        assert "nobody was named whose signature counts" in done.err


class TestRestore:
    def test_everything_is_back(self, run, changed, backup, trusted):
        done = run("backup", "restore", backup, *trusted)
        assert done.exit_code == 0
        assert run("backup", "diff", backup, *trusted).out == "A   extra.txt\n"
        assert "+ certs/\n" in done.out
        assert "~ elasticsearch.yml\n" in done.out
        assert "\nRestored 5 files\n" in done.out

    def test_what_a_person_must_know(self, run, changed, backup, trusted):
        out = run("backup", "restore", backup, *trusted).out
        assert "A running node reads roles.yml, users, users_roles within seconds.\n" in out
        assert "certs/ca.crt, elasticsearch.yml at its next start: restart it.\n" in out
        assert "Users that were removed since are there again: bob.\n" in out
        assert "What is not in the backup stays: extra.txt.\n" in out
        assert "Other nodes have files of their own" in out

    def test_passwords_of_then(self, run, node, backup, trusted):
        UsersTool(node).passwd("bob", password_hash=OTHER_HASH)
        out = run("backup", "restore", backup, *trusted).out
        assert "Passwords of then are valid again: bob.\n" in out

    def test_a_user_who_was_locked_since(self, run, node, backup, trusted):
        UsersTool(node).lock("bob")
        out = run("backup", "restore", backup, *trusted).out
        assert "  ~ bob: unlocked\n" in out
        assert "Users that were locked since are not any more: bob.\n" in out
        assert "Passwords of then" not in out

    def test_a_dry_run_writes_nothing(self, run, changed, backup, trusted, tmp_path):
        before = contents(tmp_path)
        done = run("backup", "restore", backup, *trusted, "--dry-run")
        assert done.exit_code == 0
        assert "Dry run. Would restore 5 files\n" in done.out
        assert contents(tmp_path) == before

    def test_the_difference_first(self, run, changed, backup, trusted):
        done = run("backup", "restore", backup, *trusted, "--diff", "--dry-run")
        assert done.out.startswith("D   certs\n")

    def test_nothing_to_do(self, run, node, backup, trusted):
        done = run("backup", "restore", backup, *trusted)
        assert done.out == "Everything is as in the backup\n"

    def test_a_part(self, run, changed, backup, trusted):
        run("backup", "restore", backup, *trusted, "--only", "realm")
        assert (changed / "elasticsearch.yml").read_text() == "node.name: node-b\n"
        assert list(UsersTool(changed).list_users()) == ["bob"]

    def test_only_with_a_signature_or_by_a_decision(self, run, changed, backup):
        before = contents(changed)
        refused = run("backup", "restore", backup)
        assert refused.exit_code == 65
        assert "--allow-unsigned" in refused.err
        assert contents(changed) == before
        assert run("backup", "restore", backup, "--allow-unsigned").exit_code == 0

    def test_never_what_fails(self, run, changed, backup, trusted, tmp_path):
        data = bytearray((tmp_path / "backup").read_bytes())
        data[len(data) // 2] ^= 1
        (tmp_path / "backup").write_bytes(data)
        before = contents(changed)
        done = run("backup", "restore", backup, "--allow-unsigned", "--allow-older")
        assert done.exit_code in (64, 65)
        assert run("backup", "restore", backup, "--allow-unsigned").exit_code == 65
        assert contents(changed) == before

    def test_a_missing_directory_is_made_if_somebody_says_so(self, run, backup, trusted, tmp_path):
        words = ["-c", str(tmp_path / "new"), "backup", "restore", backup, *trusted]
        refused = run(*words)
        assert refused.exit_code == 78
        assert "pass --create to create it" in refused.err
        assert run(*words, "--create").exit_code == 0
        assert list(UsersTool(tmp_path / "new").list_users()) == ["bob"]

    def test_what_is_elsewhere_is_named(self, run, node, trusted, tmp_path, give_settings):
        (tmp_path / "far.key").write_text("x")
        give_settings(f"reindex.ssl.key: {tmp_path}/far.key")
        make_key(tmp_path / "key")
        key = tmp_path / "key"
        (tmp_path / "allowed_signers").write_text(f"ops@acme {key.with_suffix('.pub').read_text()}")
        path = create_backup(node, tmp_path / "backup", plain=True, sign=key).path
        (tmp_path / "far.key").write_text("y")
        (node / "roles.yml").unlink()
        done = run("backup", "restore", path, *trusted)
        assert f"WARNING: [{tmp_path}/far.key] is outside of the directory" in done.err
        assert (tmp_path / "far.key").read_text() == "y"

    def test_links_are_files_too(self, run, node, trusted, tmp_path, backup):
        (node / "alias").symlink_to("users")
        path = create_backup(node, tmp_path / "backup", plain=True, sign=tmp_path / "key").path
        (node / "alias").unlink()
        done = run("backup", "restore", path, *trusted)
        assert "+ alias (link)\nRestored 1 file; 5 already as in the backup\n" in done.out
        assert (node / "alias").is_symlink()

    def test_many_names_are_counted(self, run, changed, backup, trusted):
        for number in range(12):
            (changed / f"extra{number}.txt").touch()
        assert " and 5 more.\n" in run("backup", "restore", backup, *trusted).out

    def test_for_programs(self, run, changed, backup, trusted):
        told = json.loads(run("backup", "restore", backup, *trusted, "--json").out)
        assert told["returning"] == ["bob"]
        assert told["left_alone"] == ["extra.txt"]
        assert (told["changed"], told["dry_run"]) == (True, False)

    def test_each_warning_once(self, run, node, backup, trusted, monkeypatch):
        lost = WriteResult(
            (FileResult("users", "rename", None, None, 0, 0, 0, ("owner [0]",)),),
            recovery=Recovery(outcome="rolled_back", path="users.journal"),
            faults=("the lock stays",),
        )
        found = Finding(code="BACKUP43", severity="warning", message="[users]: owner is lost")
        result = RestoreResult(config_dir="c", scope="all", findings=(found,), write=lost)
        monkeypatch.setattr(
            "esfilerealm.cli.backup_restore.restore_backup", lambda *_, **__: result
        )
        err = run("backup", "restore", backup, *trusted).err
        assert err.count("owner") == 1
        assert err.count("the lock stays") == 1
        assert err.count("users.journal") == 1

    def test_an_interrupt_says_what_may_be(self, run, node, backup, trusted, monkeypatch):
        def interrupted(*_, **__):
            raise KeyboardInterrupt

        monkeypatch.setattr("esfilerealm.cli.backup_restore.restore_backup", interrupted)
        done = run("backup", "restore", backup, *trusted)
        assert done.exit_code == 130
        assert "Interrupted: all files are as before, or all are restored" in done.err
