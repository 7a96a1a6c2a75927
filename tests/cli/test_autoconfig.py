"""``autoconfig``: whether a first start would configure security."""

from __future__ import annotations

import json
import os

import pytest
from support.first_start import keystore

NOT_CONFIGURED = "A first start would not configure security"
SETTINGS = "the settings that are there"


@pytest.fixture(autouse=True)
def first_start(config):
    (config / "users").unlink(missing_ok=True)
    (config / "log4j2.properties").touch()
    (config / "elasticsearch.yml").touch()


@pytest.fixture
def locked(config):
    (config / "elasticsearch.keystore").write_bytes(keystore(password="secret"))


def test_configured(run):
    result = run("autoconfig")
    assert result.exit_code == 0
    assert result.out == "A first start would configure security, with certificates and TLS\n"


def test_not_configured(run, config, give_settings):
    give_settings("node.roles: [ingest]", "xpack.security.enabled: true")
    result = run("autoconfig")
    place = f"  [{config}/elasticsearch.yml], line"
    assert result.exit_code == 1
    assert [line for line in result.out.splitlines() if not line.startswith("    ")] == [
        f"{NOT_CONFIGURED} because of [AUT-06]; it would go on without a word, with {SETTINGS}",
        f"{place} [2]: AUT-06: security is configured already, by [xpack.security.enabled]",
        f"{place} [1]: AUT-09: the node cannot be elected: its roles are [ingest], not master",
        f"{place} [1]: AUT-10: the node cannot hold data: its roles are [ingest]",
    ]


def test_with_a_message(run, config):
    (config / "elasticsearch.yml").unlink()
    result = run("autoconfig")
    assert result.exit_code == 1
    assert "[AUT-02]; it would go on with a message" in result.out


@pytest.mark.usefixtures("locked")
def test_a_start_that_fails_later(run, give_settings):
    give_settings("xpack.security.enabled: true")
    result = run("autoconfig")
    assert result.exit_code == 1
    end = "because of [AUT-06]; it would go on without a word, and then fail because of the"
    assert result.out.startswith(f"{NOT_CONFIGURED} {end} [keystore]\n")


def test_a_start_that_fails(run, config):
    (config / "log4j2.properties").unlink()
    result = run("autoconfig")
    assert result.exit_code == 1
    assert result.out.startswith("A first start would fail because of [log4j2]\n")


def test_what_is_no_option_is_not_printed(run, give_settings):
    give_settings("node.roles: [ingest]")
    result = run("autoconfig", "--enrollment")
    assert result.exit_code == 0
    assert result.out.startswith("A first start would go on with its enrollment token")


def test_options(run, give_settings):
    give_settings("discovery.seed_hosts: [a]")
    assert run("autoconfig").exit_code == 1
    assert run("autoconfig", "-E", "discovery.seed_hosts=[]").exit_code == 0
    assert run("autoconfig", "-E", "discovery.type=single-node").exit_code == 0
    assert run("autoconfig", "-E", "discovery.seed_hosts=").exit_code == 64


def test_home(run, tmp_path):
    (tmp_path / "elsewhere" / "data" / "nodes").mkdir(parents=True)
    assert run("autoconfig").exit_code == 0
    assert run("autoconfig", "--home", str(tmp_path / "elsewhere")).exit_code == 1


@pytest.mark.usefixtures("locked")
class TestPassword:
    def test_of_a_file(self, run, tmp_path):
        (tmp_path / "right").write_text("secret\n")
        (tmp_path / "wrong").write_text("x\n")
        assert run("autoconfig", "--keystore-password-file", tmp_path / "right").exit_code == 0
        assert run("autoconfig", "--keystore-password-file", tmp_path / "wrong").exit_code == 1

    def test_of_a_variable(self, run, monkeypatch):
        monkeypatch.setenv("KEY", "secret")
        assert run("autoconfig", "--keystore-password-env", "KEY").exit_code == 0
        assert run("autoconfig", "--keystore-password-env", "NOPE").exit_code == 78

    def test_only_one(self, run):
        words = ("--keystore-password-file", "f", "--keystore-password-env", "V")
        assert run("autoconfig", *words).exit_code == 64

    def test_without_a_terminal_nobody_is_asked(self, run):
        result = run("autoconfig", stdin="secret\n")
        assert result.exit_code == 1
        assert "password" in result.out

    def test_on_a_terminal_it_is_asked(self, run, monkeypatch):
        from esfilerealm.cli.terminal import Terminal

        asked = []
        monkeypatch.setattr(Terminal, "is_console", True)
        monkeypatch.setattr(
            Terminal, "ask_secret", lambda _, prompt: asked.append(prompt) or "secret"
        )
        assert run("autoconfig").exit_code == 0
        assert asked == ["Enter password for the elasticsearch keystore : "]


@pytest.mark.parametrize("damage", [b"", None])
def test_a_keystore_that_is_missing_or_damaged_asks_for_nothing(run, config, monkeypatch, damage):
    from esfilerealm.cli.terminal import Terminal

    monkeypatch.setattr(Terminal, "is_console", True)
    if damage is not None:
        (config / "elasticsearch.keystore").write_bytes(damage)
    assert run("autoconfig").exit_code == (0 if damage is None else 1)


def test_json(run, give_settings):
    give_settings("xpack.security.enabled: true")
    found = json.loads(run("autoconfig", "--json").out)
    (hit,) = found.pop("hits")
    assert found == {
        "command": "autoconfig",
        "version": 1,
        "stage": "command",
        "configured": False,
        "rule": "AUT-06",
        "exit": "NOOP",
        "shown": False,
        "start": "continues",
    }
    assert (hit["rule"], hit["line"], hit["decides"]) == ("AUT-06", 1, True)


def test_root_is_told_that_it_is_root(run, monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert "NOTE: you are root" in run("autoconfig", "-v").err
    assert run("autoconfig").err == ""


def test_a_directory_that_is_not_there(run, tmp_path):
    result = run("autoconfig", "-c", tmp_path / "nope")
    assert result.exit_code == 78
