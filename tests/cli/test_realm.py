"""The command where it runs a realm: ``verify``, ``settings`` and ``watch``."""

from __future__ import annotations

import io
import json
import logging
import os
import queue
import re
import signal
import subprocess
import sys
import threading
from datetime import datetime

import pytest
from support.hashes import CHEAP_HASH
from support.threads import PATIENCE, wait_until
from support.watching import replace

from esfilerealm import FileRealm
from esfilerealm.cli import main

PASSWORD = "test-password"  # of CHEAP_HASH
OTHER_HASH = CHEAP_HASH.replace("XVexwBEufu", "YVexwBEufu")
APACHE = "$apr1$R3DdqiAZ$aljIkaIVPSarmDMlJUBBP."
LOGGER = logging.getLogger("esfilerealm")
REALM = "xpack.security.authc.realms.file.mine"


@pytest.fixture
def bob(config):
    """A user to work on."""
    (config / "users").write_text(f"# people\nbob:{CHEAP_HASH}\n")
    (config / "users_roles").write_text("viewer:bob\n")
    return "bob"


@pytest.fixture
def give_settings(config):
    """Write ``elasticsearch.yml``."""

    def write(*lines):
        (config / "elasticsearch.yml").write_text("".join(f"{line}\n" for line in lines))

    return write


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
            assert "no user [nobody] in the users file" in result.err
        assert json.loads(result.out)["error"]["type"] == "UserNotFoundError"

    def test_missing_file(self, run, config, bob):
        (config / "users").unlink()
        result = run("verify", bob, "-p", PASSWORD)
        assert result.exit_code == 78
        assert f"[{config / 'users'}] does not exist" in result.err

    def test_missing_folder(self, run, config):
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
            pytest.param("swordfish", "no known hash: a node takes the text itself", id="clear"),
            pytest.param(APACHE, "Apache's MD5-crypt, which a node does not know", id="foreign"),
            pytest.param("$2a$15$" + CHEAP_HASH[7:], "bcrypt15", id="cost"),
            pytest.param("$2a$10$short", "60 characters", id="malformed"),
        ],
    )
    def test_what_no_password_fits(self, run, config, text, reason):
        """Not even the text itself, with which a node lets its user in if it is no hash."""
        (config / "users").write_text(f"# people\nbob:{CHEAP_HASH}\nbob:{text}\n")
        for password in (PASSWORD, text):
            result = run("verify", "bob", "-p", password)
            assert result.exit_code == 1
            assert result.out == "The password of [bob] is wrong\n"
            assert "No password can be right for [bob], line [3]: " in result.err
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

    def test_a_password_of_no_text(self, run, bob):
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

    def test_does_not_work_with_a_file_that_holds_no_settings(self, run, bob, give_settings):
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

    def test_without_a_folder(self, run, monkeypatch):
        monkeypatch.setattr("esfilerealm.cli.arguments.DEFAULT_CONFIG_DIR", "/nowhere at all")
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
    def test_what_is_wrong(self, run, config, give_settings, line, key, words):
        """Key, value, place and rule, with the exit code with which ``watch`` refuses it too."""
        give_settings(f"{REALM}.order: 0", line)
        for command in ("settings", "watch"):
            result = run(command)
            assert result.exit_code == 78
            error = next(text for text in result.err.splitlines() if text.startswith("ERROR: "))
            for word in (key, f"[{config / 'elasticsearch.yml'}], line ", *words.split()):
                assert word in error
        found = json.loads(run("settings", "--json").out)
        assert any(key in problem for problem in found["problems"])

    def test_all_that_is_wrong(self, run, give_settings):
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
        """What one refuses, the one before only warns of; what one adds, the other has not."""
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

    @pytest.mark.parametrize("version", ["4", "10", "8.1", "", "eight", "٨"])
    @pytest.mark.parametrize("command", ["settings", "watch"])
    def test_no_such_version(self, run, command, version):
        result = run(command, f"--es-version={version}")
        assert result.exit_code == 64
        assert f"[{version}] is no major version of Elasticsearch" in result.err

    def test_a_folder_that_is_not_there(self, run, config):
        for command in ("settings", "watch"):
            result = run(command, "-c", f"{config}/none", "--json")
            assert result.exit_code == 78
            assert f"{config}/none]" in result.err
            assert json.loads(result.out)["error"]["exit_code"] == 78

    def test_secrets_of_others(self, run, give_settings, monkeypatch):
        """Not in the table, and not in what is said about their neighbours either."""
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


class Watching:
    """``watch`` in a thread of this process, and all that it has printed."""

    def __init__(self, config, words):
        self.out, self.err = io.StringIO(), io.StringIO()
        self.exit_code = None
        self._words = ["-c", str(config), "watch", *words]
        self._happenings = []
        self._thread = threading.Thread(target=self._run)

    def queue(self):
        """Stand in for the queue that the command waits at."""
        self._happenings.append(queue.SimpleQueue())
        return self._happenings[0]

    def start(self):
        self._thread.start()

    def _run(self):
        self.exit_code = main(self._words)

    def lines(self, count):
        """Wait for so many lines of output, and give them all."""
        wait_until(lambda: self.out.getvalue().count("\n") >= count or not self._thread.is_alive())
        return self.out.getvalue().splitlines()

    def objects(self, count):
        return [json.loads(line) for line in self.lines(count)]

    def interrupt(self):
        """Let happen what Control-C does to a command that waits."""

        def raise_interrupt():
            raise KeyboardInterrupt

        if self._thread.is_alive():
            wait_until(lambda: self._happenings)
            self._happenings[0].put(raise_interrupt)
        self._thread.join(PATIENCE)
        return self.exit_code


@pytest.fixture
def watch(config, monkeypatch):
    """Start ``watch``; changes are found by a quick poll."""
    started = []

    def start(*words):
        watching = Watching(config, ["--no-events", *poll(), *words])
        monkeypatch.setattr("esfilerealm.cli.watch.SimpleQueue", watching.queue)
        monkeypatch.setattr(sys, "stdout", watching.out)
        monkeypatch.setattr(sys, "stderr", watching.err)
        started.append(watching)
        watching.start()
        return watching

    yield start
    for watching in started:
        watching.interrupt()


def poll(interval="20ms"):
    return ["-E", f"resource.reload.interval.high={interval}"]


class TestWatch:
    def test_for_people(self, config, bob, watch):
        watching = watch()
        first = watching.lines(1)[0]
        assert re.fullmatch(rf"\d\d:\d\d:\d\d watching \[{re.escape(str(config))}\], 1 user", first)
        names = ["bob", "al", "cy"]
        replace(config / "users", "".join(f"{n}:{CHEAP_HASH}\n" for n in names).encode())
        heading, *rest = watching.lines(4)[1:]
        assert re.fullmatch(r"\d\d:\d\d:\d\d generation 2, 3 users", heading)
        assert rest == ["  + al: -", "  + cy: -"]
        replace(config / "users_roles", b"viewer:bob,al\nadmin:al\n")
        assert watching.lines(6)[5:] == ["  ~ al: roles - -> viewer,admin"]
        replace(config / "users", f"al:{OTHER_HASH}\nbob:{CHEAP_HASH}\n".encode())
        assert watching.lines(9)[7:] == ["  - cy", "  ~ al: password"]
        assert watching.interrupt() == 130
        assert watching.err.getvalue() == "\n"

    def test_for_programs(self, config, bob, watch):
        watching = watch("--json")
        (start,) = watching.objects(1)
        replace(config / "users", f"bob:{OTHER_HASH}\nal:{CHEAP_HASH}\n".encode())
        (second,) = watching.objects(2)[1:]
        replace(config / "users_roles", b"admin:bob\n")
        (third,) = watching.objects(3)[2:]
        replace(config / "users", f"al:{CHEAP_HASH}\n".encode())
        (fourth,) = watching.objects(4)[3:]
        for line in (start, second, third, fourth):
            assert datetime.fromisoformat(line.pop("time")).tzinfo is not None
        assert start == {"event": "start", "generation": 1, "users": 1}
        nothing = {"event": "change", "added": {}, "removed": [], "passwords": [], "roles": {}}
        assert second == {
            **nothing,
            "generation": 2,
            "users": 2,
            "added": {"al": []},
            "passwords": ["bob"],
        }
        assert third == {
            **nothing,
            "generation": 3,
            "users": 2,
            "roles": {"bob": {"before": ["viewer"], "after": ["admin"]}},
        }
        assert fourth == {**nothing, "generation": 4, "users": 1, "removed": ["bob"]}
        for password_hash in (CHEAP_HASH, OTHER_HASH):
            assert password_hash not in watching.out.getvalue()
            assert password_hash[7:] not in watching.out.getvalue()
        assert watching.interrupt() == 130

    def test_what_changes_no_user_is_not_told(self, config, bob, watch):
        watching = watch("--json")
        watching.lines(1)
        replace(config / "users", f"# other people\n\nbob:{CHEAP_HASH}\n".encode())
        replace(config / "users_roles", b"admin:bob\n")
        assert watching.objects(2)[1]["roles"]
        watching.interrupt()
        assert len(watching.objects(2)) == 2

    @pytest.mark.parametrize("as_json", [False, True])
    def test_a_file_that_spoils_and_is_good_again(self, config, bob, watch, as_json):
        """It is told once, whatever the number of passes; the users stay."""
        watching = watch(*(["--json"] if as_json else []))
        watching.lines(1)
        replace(config / "users", b"bob:\xff\n")
        wait_until(lambda: "not UTF-8" in watching.err.getvalue())
        problem = re.escape(f"WARNING: file [{config / 'users'}], line [1], byte [4]: not UTF-8")
        replace(config / "users", f"bob:{OTHER_HASH}\n".encode())
        lines = watching.lines(4)
        assert watching.interrupt() == 130
        if as_json:
            told = [json.loads(line) for line in lines]
            assert [line["event"] for line in told] == ["start", "problem", "recovery", "change"]
            assert f"WARNING: {told[1]['message']}\n" in watching.err.getvalue()
            assert (told[3]["generation"], told[3]["passwords"]) == (2, ["bob"])
        else:
            assert lines[1].endswith("both files can be read again")
            assert lines[2].endswith("generation 2, 1 user")
            assert lines[3:] == ["  ~ bob: password"]
        assert len(re.findall(problem, watching.err.getvalue())) == 1

    def test_spoilt_from_the_start(self, config, bob, watch):
        good = (config / "users").read_bytes()
        (config / "users").write_bytes(b"bob:\xff\n")
        watching = watch("--json")
        start, problem = watching.objects(2)
        assert (start["generation"], start["users"]) == (0, 0)
        assert problem["event"] == "problem"
        replace(config / "users", good)
        recovery, change = watching.objects(4)[2:]
        assert recovery["event"] == "recovery"
        assert (change["generation"], change["added"]) == (1, {"bob": ["viewer"]})

    def test_good_again_without_a_change(self, config, bob, watch):
        good = (config / "users").read_bytes()
        watching = watch("--json")
        watching.lines(1)
        replace(config / "users", b"bob:\xff\n")
        watching.objects(2)
        replace(config / "users", good)
        assert [line["event"] for line in watching.objects(3)] == ["start", "problem", "recovery"]
        watching.interrupt()

    def test_settings_that_let_nothing_be_seen(self, run, bob):
        done = run("watch", "-E", "resource.reload.enabled=false")
        assert done.exit_code == 78
        assert "[resource.reload.enabled] is false" in done.err

    def test_warnings_about_settings(self, bob, watch):
        watching = watch("-E", "resource.reload.interval=40s")
        watching.lines(1)
        watching.interrupt()
        assert "WARNING: setting [resource.reload.interval]" in watching.err.getvalue()

    def test_lines_that_a_node_skips_and_hashes_of_no_use(self, config, bob, watch):
        watching = watch("--json")
        watching.lines(1)
        replace(config / "users", f"bob:{CHEAP_HASH}\nal:swordfish\nswordfish\n".encode())
        told = watching.objects(4)[1:]
        assert [line["event"] for line in told] == ["problem", "problem", "change"]
        assert "skipped line [3] of file" in told[0]["message"]
        assert "no password is right for user [al], line [2]" in told[1]["message"]
        assert told[2]["added"] == {"al": []}
        watching.interrupt()
        assert "swordfish" not in watching.out.getvalue() + watching.err.getvalue()

    def test_silent(self, config, bob, watch):
        watching = watch("-s", "--json")
        replace(config / "users", b"bob:\xff\n")
        problem = watching.objects(2)[1]
        assert problem["event"] == "problem"
        assert watching.interrupt() == 130
        assert watching.err.getvalue() == f"WARNING: {problem['message']}\n"

    def test_names_that_would_paint_a_terminal(self, config, bob, watch):
        """They are no names to the realm, wherever they stand."""
        watching = watch()
        watching.lines(1)
        (config / "users").write_bytes(f"bob:{CHEAP_HASH}\na\x1b[31ml:{CHEAP_HASH}\n".encode())
        replace(config / "users_roles", b"admin:bob,a\x1b[31ml\nr\x1b[31med:bob\n")
        watching.lines(3)
        wait_until(lambda: watching.err.getvalue().count("skipped line [2]") == 2)
        watching.interrupt()
        assert "\x1b" not in watching.out.getvalue() + watching.err.getvalue()
        assert watching.out.getvalue().endswith("roles viewer -> admin\n")

    def test_missing_files_are_empty(self, config, watch):
        (config / "users").unlink()
        (config / "users_roles").unlink()
        watching = watch()
        assert watching.lines(1)[0].endswith("], 0 users")
        (config / "users").write_text(f"bob:{CHEAP_HASH}\n")
        assert watching.lines(3)[2] == "  + bob: -"

    def test_leaves_the_log_as_it_was(self, config, bob, watch):
        before = list(LOGGER.handlers)
        watching = watch()
        watching.lines(1)
        assert len(LOGGER.handlers) == len(before) + 1
        watching.interrupt()
        assert LOGGER.handlers == before

    def test_takes_no_argument(self, run):
        assert run("watch", "bob").exit_code == 64

    def test_output_that_fails(self, config, bob, monkeypatch, capsys):
        class Full(io.StringIO):
            def flush(self):
                raise OSError(28, "No space left on device")

        monkeypatch.setattr(sys, "stdout", Full())
        assert main(["-c", str(config), "watch", "--no-events"]) == 74
        assert "ERROR: cannot print: No space left on device" in capsys.readouterr().err

    def test_what_changes_before_the_first_line_is_part_of_it(
        self, config, bob, watch, monkeypatch
    ):
        enter = FileRealm.__enter__

        def slow(realm):
            entered = enter(realm)
            replace(config / "users", f"bob:{CHEAP_HASH}\nal:{CHEAP_HASH}\n".encode())
            wait_until(lambda: realm.snapshot.generation == 2)
            return entered

        monkeypatch.setattr(FileRealm, "__enter__", slow)
        watching = watch("--json")
        (start,) = watching.objects(1)
        assert (start["event"], start["generation"], start["users"]) == ("start", 2, 2)
        replace(config / "users_roles", b"admin:bob\n")
        assert watching.objects(2)[1]["generation"] == 3


#: Runs the command; a line of input makes another thread of it take SIGINT.
INTERRUPTED_ELSEWHERE = """
import signal, sys, threading, time
from esfilerealm.cli import main

def interrupt():
    sys.stdin.readline()
    time.sleep(0.2)
    signal.pthread_kill(threading.get_ident(), signal.SIGINT)

threading.Thread(target=interrupt, daemon=True).start()
sys.exit(main())
"""


class TestWatchProcess:
    """What only a process of its own has: signals and pipes."""

    @pytest.fixture
    def start(self, config, bob):
        running = []

        def start(*python):
            # A handler of ours is reset in the child; where it is ignored, as in a shell's
            # background job, the child would ignore it too.
            before = signal.signal(signal.SIGINT, signal.default_int_handler)
            try:
                process = subprocess.Popen(
                    [sys.executable, *python, "-c", str(config), "watch", *poll("100ms")],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                    env={k: v for k, v in os.environ.items() if k != "PYTHONUNBUFFERED"},
                )
            finally:
                signal.signal(signal.SIGINT, before)
            running.append(process)
            assert b"watching" in process.stdout.readline()
            return process

        yield start
        for process in running:
            process.kill()
            with process:
                pass

    @pytest.fixture
    def process(self, start):
        return start("-m", "esfilerealm")

    def test_interrupt(self, process):
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=PATIENCE)
        assert (process.returncode, out, err) == (130, b"", b"\n")

    def test_interrupt_that_does_not_wake_the_wait(self, start):
        """As one that comes right before the wait, or that the system gives to another thread."""
        process = start("-c", INTERRUPTED_ELSEWHERE)
        _, err = process.communicate(b"now\n", timeout=10)
        assert (process.returncode, err) == (130, b"\n")

    def test_a_change_is_printed_at_once_into_a_pipe(self, process, config):
        replace(config / "users_roles", b"admin:bob\n")
        assert process.stdout.readline().endswith(b"generation 2, 1 user\n")
        assert process.stdout.readline() == b"  ~ bob: roles viewer -> admin\n"

    def test_a_reader_that_leaves(self, process, config):
        process.stdout.close()
        replace(config / "users_roles", b"admin:bob\n")
        assert process.stderr.read() == b""
        assert process.wait(PATIENCE) == 74

    def test_a_file_that_spoils(self, process, config):
        replace(config / "users_roles", b"\xff\n")
        line = process.stderr.readline()
        assert re.match(rb"WARNING: file \[.*users_roles\], line \[1\], byte \[0\]: ", line)
