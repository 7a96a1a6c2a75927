"""``settings``: what a realm is configured to do."""

from __future__ import annotations

import json
import re

import pytest

REALM = "xpack.security.authc.realms.file.mine"


def rows(result):
    """The table of ``settings``, from key to value and source."""
    lines = [re.split(r" {2,}", line, maxsplit=2) for line in result.out.splitlines()]
    return {key: (value, source) for key, value, source in lines}


def rows_of_json(result):
    found = json.loads(result.out)["settings"]
    return {row["key"]: (row["value"], row["source"]) for row in found}


class TestSettings:
    def test_defaults(self, run, give_settings):
        give_settings()
        result = run("settings")
        assert (result.exit_code, result.err) == (0, "")
        default = "xpack.security.authc.realms.file.default_file"
        assert rows(result) == {
            "xpack.security.fips_mode.enabled": ("false", "default"),
            "xpack.security.authc.password_hashing.algorithm": ("bcrypt", "default"),
            "xpack.security.authc.reserved_realm.enabled": ("true", "default"),
            "xpack.security.authc.anonymous.username": ("_anonymous", "default"),
            f"{default}.order": ("-2147483648", "default"),
            f"{default}.enabled": ("true", "default"),
            f"{default}.authentication.enabled": ("true", "default"),
            f"{default}.cache.ttl": ("20m", "default"),
            f"{default}.cache.max_users": ("100000", "default"),
            f"{default}.cache.hash_algo": ("ssha256", "default"),
            "resource.reload.enabled": ("true", "default"),
            "resource.reload.interval.high": ("5s", "default"),
            "resource.reload.interval.medium": ("30s", "default"),
            "resource.reload.interval.low": ("60s", "default"),
        }
        assert rows_of_json(run("settings", "--json")) == rows(result)

    def test_without_a_file(self, run, config):
        (config / "elasticsearch.yml").unlink()
        assert {source for _, source in rows(run("settings")).values()} == {"default"}

    def test_without_a_directory(self, run):
        result = run("settings", "-E", "resource.reload.interval.low=2m", config_dir=None)
        assert result.exit_code == 0
        assert rows(result)["resource.reload.interval.low"] == ("2m", "-E")

    @pytest.mark.parametrize("as_json", [False, True])
    def test_where_each_comes_from(self, run, config, give_settings, monkeypatch, as_json):
        give_settings(
            "# mine",
            f"{REALM}:",
            "  order: 2",
            "  cache:",
            "    ttl: ${TTL:1h}",
            "    max_users: 7",
            "resource.reload.interval: {high: 1s, medium: 2s, low: 3s}",
        )
        monkeypatch.setenv("ELASTIC_CONTAINER", "true")
        monkeypatch.setenv("ES_SETTING_RESOURCE_RELOAD_INTERVAL_LOW", "5s")
        monkeypatch.setenv("resource.reload.enabled", "false")
        words = ["-E", "resource.reload.interval.low=4s", "-E", f"{REALM}.cache.max_users=8"]
        result = run("settings", *words, *(["--json"] if as_json else []))
        assert (result.exit_code, result.err) == (0, "")
        found = (rows_of_json if as_json else rows)(result)
        file = f"[{config / 'elasticsearch.yml'}], line"
        expected = {
            f"{REALM}.order": ("2", f"{file} 3"),
            f"{REALM}.cache.ttl": ("1h", f"{file} 5"),
            f"{REALM}.cache.max_users": ("8", "-E"),
            "resource.reload.interval.high": ("1s", f"{file} 7"),
            "resource.reload.interval.low": (
                "5s",
                "environment variable [ES_SETTING_RESOURCE_RELOAD_INTERVAL_LOW]",
            ),
            "resource.reload.enabled": (
                "false",
                "environment variable [resource.reload.enabled]",
            ),
            f"{REALM}.cache.hash_algo": ("ssha256", "default"),
        }
        assert expected.items() <= found.items()

    def test_the_environment_counts_in_a_container_only(self, run, monkeypatch):
        monkeypatch.setenv("ES_SETTING_RESOURCE_RELOAD_INTERVAL_LOW", "5s")
        assert rows(run("settings"))["resource.reload.interval.low"] == ("60s", "default")

    @pytest.mark.parametrize(
        ("line", "key", "words"),
        [
            (f"{REALM}.cache.ttl: 20M", f"{REALM}.cache.ttl", "[20M] did you mean [20m]?"),
            (f"{REALM}.cache.ttl: 1.5h", f"{REALM}.cache.ttl", "[1.5h]"),
            (f"{REALM}.cache.ttl: 5", f"{REALM}.cache.ttl", "[5] unit"),
            (f"{REALM}.cache.ttl: -5m", f"{REALM}.cache.ttl", "[-5m] negative"),
            (f"{REALM}.cache.max_users: -5", f"{REALM}.cache.max_users", "[-5] negative"),
            (f"{REALM}.cache.max_users: 1.5", f"{REALM}.cache.max_users", "[1.5] whole"),
            (f"{REALM}.cache.hash_algo: sha512", f"{REALM}.cache.hash_algo", "[sha512] no hash"),
            (
                "xpack.security.authc.password_hashing.algorithm: rot13",
                "xpack.security.authc.password_hashing.algorithm",
                "[rot13] no hash algorithm",
            ),
            (f"{REALM}.enabled: yes", f"{REALM}.enabled", "[yes] exactly [true]"),
            ("xpack.security.authc.realms.file.other.order: 2", "file.other", "one realm of type"),
            ("xpack.security.authc.realms.native.n.order: 0", "native.n.order", "[0] same order"),
            ("xpack.security.authc.realms.native.n.enabled: true", "native.n.order", "missing"),
            (f"{REALM}.cahce.ttl: 20m", f"{REALM}.cahce.ttl", "did you mean [cache.ttl]?"),
            (f"{REALM}.order: 0", f"{REALM}.order", "given in [ already"),
        ],
    )
    def test_each_problem(self, run, config, give_settings, line, key, words):
        """Key, value, place and rule; ``watch`` refuses it with the same exit code."""
        give_settings(f"{REALM}.order: 0", line)
        for command in ("settings", "watch"):
            result = run(command)
            assert result.exit_code == 78
            error = next(text for text in result.err.splitlines() if text.startswith("ERROR: "))
            for word in (key, f"[{config / 'elasticsearch.yml'}], line ", *words.split()):
                assert word in error
        found = json.loads(run("settings", "--json").out)
        assert any(key in problem for problem in found["problems"])

    def test_all_problems_at_once(self, run, give_settings):
        give_settings(
            f"{REALM}.cache.ttl: 20M",
            f"{REALM}.cahce.max_users: 1",
            f"{REALM}.enabled: yes",
            "resource.reload.enabled: 1",
            "resource.reload.interval.high: 5 s 5",
        )
        for verbosity in ([], ["-s"]):
            result = run("settings", *verbosity)
            assert result.exit_code == 78
            errors = [text for text in result.err.splitlines() if text.startswith("ERROR: ")]
            for key in ("cache.ttl", "cahce.max_users", "enabled", "order", "interval.high"):
                assert any(f"{key}]" in error for error in errors), key
            assert any("resource.reload.enabled] is [1]" in error for error in errors)
        assert result.out == ""
        found = json.loads(run("settings", "--json").out)
        assert found["problems"] == [error.removeprefix("ERROR: ") for error in errors]
        assert {row["key"]: row["value"] for row in found["settings"]}[
            f"{REALM}.cache.ttl"
        ] == "20M"

    def test_a_file_that_cannot_be_read_as_settings(self, run, give_settings):
        give_settings("a: [")
        result = run("settings")
        assert result.exit_code == 78
        assert "not YAML" in result.err
        assert rows(result)["resource.reload.enabled"] == ("true", "default")

    def test_warnings(self, run, give_settings):
        give_settings("resource.reload.interval: 20s")
        result = run("settings")
        assert result.exit_code == 0
        assert re.fullmatch(
            r"WARNING: setting \[resource.reload.interval\] in .*, line 1: .*\n", result.err
        )
        found = json.loads(run("settings", "--json").out)
        assert found["problems"] == []
        assert [f"WARNING: {warning}\n" for warning in found["warnings"]] == [result.err]

    def test_generations(self, run, give_settings):
        """What one version refuses, the previous one only warns of."""
        give_settings(f"{REALM}.enabled: true")
        assert run("settings").exit_code == 78
        result = run("settings", "--es-version", "7")
        assert result.exit_code == 0
        assert "since 8" in result.err
        assert rows(result)[f"{REALM}.order"] == ("2147483647", "default")

    def test_old_spelling(self, run, give_settings):
        old = "xpack.security.authc.realms.mine"
        give_settings(f"{old}.type: file", f"{old}.cache.ttl: 7m")
        for version in ([], ["--es-version=6"], ["--es-version=5"]):
            result = run("settings", *version)
            assert result.exit_code == 0
            assert rows(result)[f"{old}.cache.ttl"][0] == "7m"
        assert run("settings", "--es-version=7").exit_code == 78

    @pytest.mark.parametrize(
        "version", ["4", "10", "8.", "8.x", "8.1.2.3", "", "eight", "٨", "8.٨"]
    )
    @pytest.mark.parametrize("command", ["settings", "watch"])
    def test_unknown_version(self, run, command, version):
        result = run(command, f"--es-version={version}")
        assert result.exit_code == 64
        assert f"option [es-version] is one of 5 to 9, not [{version}]" in result.err

    def test_a_directory_that_does_not_exist(self, run, config):
        for command in ("settings", "watch"):
            result = run(command, "-c", f"{config}/none", "--json")
            assert result.exit_code == 78
            assert f"{config}/none]" in result.err
            assert json.loads(result.out)["error"]["exit_code"] == 78

    def test_secrets_of_other_settings(self, run, give_settings, monkeypatch):
        """Neither in the table nor in messages about other settings."""
        monkeypatch.setenv("HIDDEN", "swordfish-1")
        give_settings(
            "xpack.security.authc.realms.ldap.l.bind_password: swordfish-2",
            "xpack.security.authc.realms.ldap.l.order: 2",
            "xpack.notification.email.account.a.smtp: {password: swordfish-3}",
            f"{REALM}.order: 1",
            f"{REALM}.pasword: swordfish-4",
            f"{REALM}.cache.ttl: ${{HIDDEN}}",
            "xpack.notification.slack: [swordfish-5, {a: swordfish-6}]",
            "cluster.name: swordfish-7",
            "cluster.name: swordfish-8",
        )
        for words in (["settings"], ["settings", "--json"], ["watch"], ["watch", "--json"]):
            result = run(*words)
            assert result.exit_code == 78
            assert "swordfish" not in result.out + result.err
        assert rows(run("settings"))[f"{REALM}.cache.ttl"][0] == "${HIDDEN}"
