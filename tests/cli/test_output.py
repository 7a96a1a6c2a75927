"""What the command prints: JSON, and what it does if printing fails."""

from __future__ import annotations

import errno
import io
import json
import os
import re
import subprocess
import sys

import pytest
from support.hashes import CHEAP_HASH

from esfilerealm.cli.app import main
from esfilerealm.hashing import verify_hash

PASSWORD = "correct horse"


class TestJson:
    """One object on stdout, never a password or a hash."""

    @pytest.mark.parametrize(
        ("args", "expected"),
        [
            (
                ["useradd", "ann", "-p", PASSWORD, "-r", "viewer,x"],
                {
                    "username": "ann",
                    "roles": ["viewer", "x"],
                    "unknown_roles": ["x"],
                    "changed": True,
                    "dry_run": False,
                },
            ),
            (
                ["userdel", "bob", "--dry-run"],
                {"username": "bob", "changed": True, "dry_run": True},
            ),
            (["passwd", "bob", "--hash", CHEAP_HASH], {"username": "bob", "changed": False}),
            (["roles", "bob", "-a", "viewer"], {"roles": ["viewer"], "changed": False}),
            (["roles", "bob"], {"users": [{"username": "bob", "roles": ["viewer"]}]}),
            (["list"], {"orphans": ["ghost"], "unknown_roles": []}),
            (["init"], {"created": [], "changed": False}),
            (["hash", "-p", PASSWORD], {"algorithm": "bcrypt4"}),
            (["verify", "bob", "-p", "test-password"], {"verified": True}),
            (["verify", "bob", "-p", "wrong"], {"verified": False}),
            (["userdel", "ghost"], {"username": "ghost", "changed": True}),
            (["userdel", "nobody"], {"error": {"type": "UserNotFoundError", "exit_code": 67}}),
            (["useradd"], {"error": {"type": "UsageError", "exit_code": 64}}),
        ],
    )
    def test_object(self, run, config, bob, args, expected):
        (config / "users_roles").write_text("viewer:bob,ghost\n")
        result = run(*args, "--json")
        found = json.loads(result.out)
        assert found["command"] == args[0]
        if "error" in expected:
            assert expected.pop("error").items() <= found["error"].items()
        assert expected.items() <= found.items()
        secrets = [PASSWORD, "test-password", CHEAP_HASH]
        for secret in secrets if args[0] == "hash" else [*secrets, "$2a$"]:
            assert secret not in result.out

    def test_the_hash_is_in_the_object(self, run):
        result = run("hash", "-p", PASSWORD, "--json")
        assert verify_hash(PASSWORD, json.loads(result.out)["hash"])

    def test_skipped_lines(self, run, config):
        (config / "users").write_text("bob\n")
        found = json.loads(run("list", "--json").out)["skipped_lines"]
        assert [(line["line"], line["kind"]) for line in found] == [(1, "malformed")]
        assert found[0]["path"] == str(config / "users")

    def test_errors_of_parsing_too(self, run):
        found = json.loads(run("list", "--json", "--bogus").out)
        assert (found["command"], found["error"]["exit_code"]) == ("list", 64)
        assert json.loads(run("--json", "bogus").out)["error"]["type"] == "UsageError"

    def test_a_password_that_looks_like_json(self, run):
        assert run("useradd", "a:b", "-p", "--json").out == ""

    def test_help_is_help(self, run):
        assert run("list", "-h", "--json").out.startswith("Usage: esfilerealm list")

    def test_orphans_that_are_hashes_or_control_characters(self, run, config):
        """Files that were swapped show no hash, and control characters are escaped."""
        (config / "users_roles").write_text(f"bob:{CHEAP_HASH}\nal:a\x1b[31mb\n")
        for args in (["list"], ["list", "--json"]):
            result = run(*args)
            assert "(a hash)" in result.out + result.err
            assert CHEAP_HASH not in result.out + result.err
            assert "\x1b" not in result.out + result.err

    def test_silent_does_not_silence_it(self, run):
        assert json.loads(run("list", "--json", "-s").out)["users"] == []


class TestOutputThatFails:
    """Never the exit code of a wrong password, never a traceback."""

    class Full(io.StringIO):
        def write(self, text):
            raise OSError(errno.ENOSPC, "No space left on device")

        def flush(self):
            raise OSError(errno.ENOSPC, "No space left on device")

    def test_full(self, config, bob, monkeypatch, capsys):
        for args in (["list"], ["list", "--json"], ["verify", "bob", "-p", "test-password"]):
            monkeypatch.setattr(sys, "stdout", self.Full())
            assert main(["-c", str(config), *args]) == 74
            err = capsys.readouterr().err
            assert re.search(r"ERROR: cannot print: .*No space left .*, with exit code 74\n", err)

    def test_errors_nobody_can_see(self, config, bob, monkeypatch):
        monkeypatch.setattr(sys, "stderr", self.Full())
        assert main(["-c", str(config), "verify", "nobody", "-p", "test-password"]) == 67
        monkeypatch.setattr(sys, "stdout", self.Full())
        assert main(["-c", str(config), "list"]) == 74

    def test_closed(self, config, bob, monkeypatch):
        monkeypatch.setattr(sys, "stdout", None)
        monkeypatch.setattr(sys, "stderr", None)
        assert main(["-c", str(config), "list"]) == 74
        assert main(["-c", str(config), "list", "-s"]) == 0
        assert main(["-c", str(config), "list", "nobody"]) == 67
        assert main(["-c", str(config), "verify", "bob", "-p", "test-password", "-s"]) == 0

    def test_an_ascii_terminal(self, config, tmp_path, monkeypatch):
        out = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
        monkeypatch.setattr(sys, "stdout", out)
        assert main(["-c", str(tmp_path / "é"), "init"]) == 0
        assert b"Created [" in out.buffer.getvalue()
        assert b"\\xe9" in out.buffer.getvalue()

    def test_a_package_that_is_missing(self, config, monkeypatch, capsys):
        monkeypatch.setitem(sys.modules, "filelock", None)
        (config / "users").write_text(f"bob:{CHEAP_HASH}\n")
        assert main(["-c", str(config), "userdel", "bob"]) == 70
        assert "ERROR: [filelock] is not installed: reinstall" in capsys.readouterr().err

    def test_anything_unexpected(self, config, monkeypatch, capsys):
        def fail(*_):
            raise ZeroDivisionError("secret-1")

        monkeypatch.setattr("esfilerealm.admin.users_tool.UsersTool.overview", fail)
        assert main(["-c", str(config), "list"]) == 70
        err = capsys.readouterr().err
        assert err == "ERROR: unexpected ZeroDivisionError, please report it, with exit code 70\n"


class TestProcess:
    """The command as a separate process."""

    def test_module(self, config, bob):
        done = subprocess.run(
            [sys.executable, "-m", "esfilerealm", "-c", str(config), "list"],
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode, done.stdout, done.stderr) == (0, "bob            : viewer\n", "")

    def test_a_reader_that_leaves(self, config):
        (config / "users").write_text("".join(f"user{n}:{CHEAP_HASH}\n" for n in range(20_000)))
        with subprocess.Popen(
            [sys.executable, "-m", "esfilerealm", "-c", str(config), "list"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            # Unbuffered, Python itself takes half a write for a whole one.
            env={k: v for k, v in os.environ.items() if k != "PYTHONUNBUFFERED"},
        ) as process:
            process.stdout.readline()
            process.stdout.close()
            assert process.stderr.read() == b""
            assert process.wait(20) == 74
