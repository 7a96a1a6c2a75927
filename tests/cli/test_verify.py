"""``verify``, at the command."""

from __future__ import annotations

import json
import re

import pytest
from support.hashes import CHEAP_HASH, PASSWORD

OTHER_HASH = CHEAP_HASH.replace("XVexwBEufu", "YVexwBEufu")


REALM = "xpack.security.authc.realms.file.mine"
APACHE = "$apr1$R3DdqiAZ$aljIkaIVPSarmDMlJUBBP."


class TestVerify:
    @pytest.mark.parametrize(
        ("password", "exit_code", "verdict"), [(PASSWORD, 0, "right"), ("wrong", 1, "wrong")]
    )
    def test_verdict(self, run, bob, password, exit_code, verdict):
        result = run("verify", bob, "--password-stdin", stdin=password)
        assert (result.exit_code, result.err) == (exit_code, "")
        assert result.out == f"The password of [bob] is {verdict}\n"
        found = run("verify", bob, "-p", password, "--json")
        assert found.exit_code == exit_code
        assert json.loads(found.out) == {
            "command": "verify",
            "version": 1,
            "username": "bob",
            "verified": exit_code == 0,
        }

    def test_asked_for(self, run, bob):
        result = run("verify", bob, stdin=f"{PASSWORD}\n")
        assert (result.exit_code, result.err) == (0, "Enter password: ")

    def test_unknown_user(self, run, bob):
        for options in ([], ["--json"]):
            result = run("verify", "nobody", "-p", PASSWORD, *options)
            assert result.exit_code == 67
            assert "user [nobody] doesn't exist in the users file" in result.err
        assert json.loads(result.out)["error"]["type"] == "UserNotFoundError"

    def test_missing_file(self, run, config, bob):
        (config / "users").unlink()
        result = run("verify", bob, "-p", PASSWORD)
        assert result.exit_code == 78
        assert f"[{config / 'users'}] does not exist" in result.err

    def test_missing_directory(self, run, config):
        assert run("verify", "bob", "-p", PASSWORD, "-c", f"{config}/none").exit_code == 78

    def test_missing_roles(self, run, config, bob):
        (config / "users_roles").unlink()
        assert run("verify", bob, "-p", PASSWORD).exit_code == 0

    @pytest.mark.parametrize("name", ["users", "users_roles"])
    def test_undecodable(self, run, config, bob, name):
        with (config / name).open("ab") as file:
            file.write(b"# \xff\n")
        result = run("verify", bob, "-p", PASSWORD)
        assert result.exit_code == 70
        assert re.search(
            rf"ERROR: file \[.*{name}\], line \[\d\], byte \[\d+\]: not UTF-8", result.err
        )

    @pytest.mark.parametrize(
        ("text", "reason"),
        [
            pytest.param("swordfish", "not a known hash", id="clear"),
            pytest.param(APACHE, "Apache's MD5-crypt, which a node does not know", id="foreign"),
            pytest.param("$2a$15$" + CHEAP_HASH[7:], "bcrypt15", id="cost"),
            pytest.param("$2a$10$short", "60 characters", id="malformed"),
        ],
    )
    def test_a_hash_that_no_password_can_match(self, run, config, text, reason):
        """Not even the text itself, which a node takes for a clear-text password."""
        (config / "users").write_text(f"# people\nbob:{CHEAP_HASH}\nbob:{text}\n")
        for password in (PASSWORD, text):
            result = run("verify", "bob", "-p", password)
            assert result.exit_code == 1
            assert result.out == "The password of [bob] is wrong\n"
            assert "user [bob], line [3]" in result.err
            assert reason in result.err
            assert text not in result.out + result.err
        found = json.loads(run("verify", "bob", "-p", text, "--json").out)
        assert not found["verified"]
        assert reason in found["hash_problem"]
        assert text not in json.dumps(found)

    def test_a_good_hash_has_no_problem(self, run, bob):
        assert "hash_problem" not in json.loads(run("verify", bob, "-p", "wrong", "--json").out)

    def test_longer_than_a_realm_takes(self, run, config, tool, monkeypatch):
        """Before any hashing, whatever the password is."""
        secret = "x" * 4097
        tool.useradd("bob", "x" * 60)
        assert run("verify", "bob", "-p", "x" * 60).exit_code == 0
        monkeypatch.setattr("esfilerealm.realms.file.login.verify_hash", pytest.fail)
        (config / "secret").write_text(secret)
        result = run("verify", "bob", "--password-file", str(config / "secret"))
        assert (result.exit_code, result.err) == (1, "")

    def test_a_password_that_is_not_unicode(self, run, bob):
        assert run("verify", bob, "-p", "test\udcff").exit_code == 1

    def test_empty_password(self, run, bob):
        assert run("verify", bob, "-p", "").exit_code == 1

    @pytest.mark.parametrize(
        "line",
        [
            f"{REALM}.cache.ttl: 20M",
            f"{REALM}.order: first",
            f"{REALM}.cahce.ttl: 20m",
            f"{REALM}.enabled: false",
            f"{REALM}.authentication.enabled: false",
            "resource.reload.interval.high: soon",
            "xpack.security.authc.password_hashing.algorithm: rot13",
        ],
    )
    def test_works_where_a_node_would_not_start(self, run, bob, give_settings, line):
        give_settings(line)
        result = run("verify", bob, "-p", PASSWORD)
        assert (result.exit_code, result.err) == (0, "")

    def test_invalid_yaml_is_an_error(self, run, bob, give_settings):
        give_settings("a: [")
        assert run("verify", bob, "-p", PASSWORD).exit_code == 78

    def test_reserved_names(self, run, config, give_settings):
        (config / "users").write_text(f"elastic:{CHEAP_HASH}\n_anonymous:{CHEAP_HASH}\n")
        allowed = ("-E", "xpack.security.authc.reserved_realm.enabled=false")
        for name in ("elastic", "_anonymous"):
            assert run("verify", name, "-p", PASSWORD).exit_code == 67
            assert run("verify", name, "-p", PASSWORD, *allowed).exit_code == 0
        (config / "users").write_text(f"guest:{CHEAP_HASH}\n")
        assert run("verify", "guest", "-p", PASSWORD).exit_code == 0
        give_settings("xpack.security.authc.anonymous.username: guest")
        assert run("verify", "guest", "-p", PASSWORD).exit_code == 67

    def test_changes_nothing(self, run, config, bob):
        """It opens no lock and upgrades no hash."""
        before = {path: path.read_bytes() for path in config.iterdir()}
        run("verify", bob, "-p", PASSWORD)
        assert {path: path.read_bytes() for path in config.iterdir()} == before
