"""``init``, ``hash``, ``verify``, ``list`` and versions."""

from __future__ import annotations

import re

from esfilerealm.hashing import resolve_from_hash, verify_hash

PASSWORD = "correct horse"


class TestOtherCommands:
    def test_configuration_directory(self, run, tmp_path, config):
        for args in (
            ["-c", str(tmp_path / "x"), "init"],
            ["list", "--config", str(tmp_path / "x")],
        ):
            assert run(*args).exit_code == 0

    def test_init(self, run, tmp_path):
        folder = tmp_path / "new"
        result = run("init", "--mode", "604", "-c", str(folder))
        assert result.out.splitlines() == [
            f"Created [{folder}]",
            f"Created [{folder / 'users'}]",
            f"Created [{folder / 'users_roles'}]",
        ]
        assert (folder / "users").stat().st_mode & 0o777 == 0o604
        assert run("init", "-c", str(folder)).out.startswith("Nothing to create")

    def test_hash(self, run, monkeypatch):
        result = run("hash", "-p", PASSWORD)
        assert verify_hash(PASSWORD, result.out.strip())
        assert resolve_from_hash(result.out.strip()).name == "bcrypt4"
        monkeypatch.delenv("ES_PATH_CONF")
        result = run(
            "hash", "--algorithm", "PBKDF2_1000", stdin="secret\nsecret\n", config_dir=None
        )
        assert result.out.startswith("{PBKDF2}1000$")

    def test_verify(self, run, config, bob):
        assert run("verify", bob, stdin="test-password\n").exit_code == 0
        assert run("verify", bob, stdin="wrong\n").exit_code == 1
        assert run("verify", "ghost", stdin="wrong\n").exit_code == 67
        (config / "users").write_text("bob:$apr1$R3DdqiAZ$aljIkaIVPSarmDMlJUBBP.\n")
        result = run("verify", bob, "-p", "$apr1$R3DdqiAZ$aljIkaIVPSarmDMlJUBBP.")
        assert result.exit_code == 1
        assert "a node lets in whoever types the text that stands in the file" in result.err
        assert "aljIk" not in result.err

    def test_version_before_a_command(self, run):
        assert run("--version", "list").out.startswith("esfilerealm ")

    def test_version(self, run):
        assert re.fullmatch(r"esfilerealm \d+\.\d+\.\d+\n", run("--version").out)

    def test_roles_yml_that_cannot_be_read_defines_nothing(self, run, config, bob):
        (config / "roles.yml").mkdir()
        assert run("list").out == "bob            : viewer\n"

    def test_known_roles_of_roles_yml(self, run, config, bob):
        (config / "roles.yml").write_text("mine:\n  cluster: [all]\n")
        run("roles", bob, "-a", "mine,other")
        assert run("list", bob).out.startswith("bob            : viewer,mine,other*\n\n [*]   ")
