"""Completion scripts, and what a real bash completes with them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import pytest
from support.hashes import CHEAP_HASH
from support.keystore_bytes import build
from support.pages import ROOT

from esfilerealm.cli.commands import COMMANDS, TOPICS
from esfilerealm.hashing import STORED_ALGORITHMS

NASTY = "$(touch pwned)"


class TestScript:
    @pytest.mark.parametrize("shell", ["bash", "zsh", "tcsh"])
    def test_supported_shells(self, run, shell):
        pytest.importorskip("shtab")
        script = run("--print-completion", shell).out
        assert "useradd" in script
        assert "--password-file" in script

    def test_another_shell(self, run):
        pytest.importorskip("shtab")
        result = run("--print-completion", "cmd")
        assert result.exit_code == 64
        assert "unknown shell [cmd]: use one of [bash, zsh, tcsh]" in result.err

    def test_without_its_extra(self, run, monkeypatch):
        monkeypatch.setitem(sys.modules, "shtab", None)
        result = run("--print-completion", "bash")
        assert result.exit_code == 78
        assert "pip install 'esfilerealm[completion]'" in result.err

    @pytest.mark.parametrize("shell", ["bash", "zsh"])
    def test_its_syntax(self, run, tmp_path, shell):
        pytest.importorskip("shtab")
        if shutil.which(shell) is None:
            pytest.skip(f"{shell} is not installed")
        (tmp_path / "script").write_text(run("--print-completion", shell).out)
        subprocess.run([shell, "-n", tmp_path / "script"], check=True)


@pytest.fixture
def realm(config):
    names = ("jane", "jim", "bob", NASTY)
    (config / "users").write_text("".join(f"{name}:{CHEAP_HASH}\n" for name in names))
    (config / "roles.yml").write_text("deployer: {cluster: [all]}\n")
    return config


@pytest.fixture
def complete(run, realm, tmp_path):
    """Complete the last of some words in bash, and return all candidates."""
    pytest.importorskip("shtab")
    if shutil.which("bash") is None:
        pytest.skip("bash is not installed")
    (tmp_path / "script").write_text(run("--print-completion", "bash").out)
    program = tmp_path / "esfilerealm"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m esfilerealm "$@"\n')
    program.chmod(0o755)
    (tmp_path / "empty").mkdir()

    def complete(*words, program="esfilerealm", **environ):
        code = (
            f"source {tmp_path}/script; cd {tmp_path}/empty\n"
            f'COMP_WORDS=({program} "$@"); COMP_CWORD=$#\n'
            '_esfilerealm; printf "%s\\n" "${COMPREPLY[@]}"\n'
        )
        done = subprocess.run(
            ["bash", "-c", code, "bash", *words],
            capture_output=True,
            text=True,
            check=True,
            timeout=30,
            env={
                **os.environ,
                "PATH": f"{tmp_path}:{os.environ['PATH']}",
                "PYTHONPATH": str(ROOT),
                "ES_PATH_CONF": str(realm),
                **environ,
            },
        )
        assert list((tmp_path / "empty").iterdir()) == []
        return [line for line in done.stdout.split("\n") if line]

    return complete


class TestAlias:
    """The name of Elastic's tool, by which a link or an alias calls this program."""

    def registered(self, tmp_path, before="", path=""):
        code = f"shopt -s expand_aliases\n{before}\nsource {tmp_path}/script\ncomplete -p"
        done = subprocess.run(
            ["bash", "-c", code],
            capture_output=True,
            text=True,
            check=True,
            env={"PATH": f"{path}{tmp_path}:/usr/bin:/bin"},
        )
        return {line.split()[-1] for line in done.stdout.splitlines() if "esfilerealm" in line}

    @pytest.mark.parametrize(
        "before",
        ["", "alias elasticsearch-users='ESFILEREALM_PROGRAM=elasticsearch-users esfilerealm'"],
        ids=["none yet", "alias"],
    )
    def test_is_registered(self, complete, tmp_path, before):
        assert self.registered(tmp_path, before) == {"esfilerealm", "elasticsearch-users"}

    def test_of_a_link(self, complete, tmp_path):
        (tmp_path / "elasticsearch-users").symlink_to(tmp_path / "esfilerealm")
        assert self.registered(tmp_path) == {"esfilerealm", "elasticsearch-users"}

    def test_elastics_tool_is_left_alone(self, complete, tmp_path):
        other = tmp_path / "java"
        other.mkdir()
        (other / "elasticsearch-users").write_text("#!/bin/sh\n")
        (other / "elasticsearch-users").chmod(0o755)
        assert self.registered(tmp_path, path=f"{other}:") == {"esfilerealm"}

    def test_its_values_come_from_this_program(self, complete):
        assert complete("passwd", "j", program="elasticsearch-users") == ["jane", "jim"]

    def test_a_program_with_a_path_answers_itself(self, complete, tmp_path):
        program = f"{tmp_path}/esfilerealm"
        assert complete("passwd", "j", program=program) == ["jane", "jim"]

    @pytest.mark.parametrize(
        ("shell", "line"),
        [
            ("zsh", "#compdef esfilerealm elasticsearch-users"),
            ("zsh", "  compdef _shtab_esfilerealm -N esfilerealm elasticsearch-users"),
            ("tcsh", "complete elasticsearch-users \\"),
        ],
    )
    def test_in_other_shells(self, run, shell, line):
        pytest.importorskip("shtab")
        assert line in run("--print-completion", shell).out.splitlines()


class TestBash:
    def test_commands(self, complete):
        assert complete("user") == ["useradd", "userdel"]
        assert complete("help", "user") == ["useradd", "userdel"]
        assert set(complete("")) == {command.name for command in COMMANDS}

    def test_options(self, complete):
        assert complete("list", "--js") == ["--json"]

    @pytest.mark.parametrize(
        ("words", "values"),
        [
            (["hash", "--algorithm", "bcrypt1"], [a for a in STORED_ALGORITHMS if "crypt1" in a]),
            (["export", "--format", ""], ["json", "yaml", "k8s-secret", "htpasswd", "tar"]),
            (["import", "--format", "o"], ["opensearch"]),
            (["plan", "--format", ""], ["yaml", "json", "toml"]),
            (["plan", "--purge", ""], ["none", "managed", "all"]),
            (["passwd", "--strategy", ""], ["rename", "in_place", "auto"]),
            (["passwd", "--attributes", ""], ["refuse", "warn"]),
            (["ensure", "--update-password", "on"], ["on_create"]),
            (["settings", "--es-version", ""], ["5", "6", "7", "8", "9"]),
            (["guide", "se"], ["settings"]),
            (["guide", ""], list(TOPICS)),
            (["--print-completion", "b"], ["bash"]),
            (["passwd", "--owner", "roo"], ["root"]),
            (["passwd", "--group", "roo"], ["root"]),
            (["keystore", "has"], ["has-passwd"]),
            (["certificate", "s"], ["show"]),
            (["certificate", "show", "--pat"], ["--pattern"]),
            (["keystore", "list", "--keystore-password-f"], ["--keystore-password-file"]),
        ],
    )
    def test_values(self, complete, words, values):
        assert complete(*words) == values
        assert values

    @pytest.mark.parametrize(
        "command", ["passwd", "userdel", "roles", "list", "verify", "ensure", "whoami"]
    )
    def test_users(self, complete, command):
        assert complete(command, "j") == ["jane", "jim"]

    def test_values_behind_an_equals_sign(self, complete):
        """Which bash treats as a separate word."""
        assert complete("import", "--format", "=", "o") == ["opensearch"]
        assert complete("import", "--format", "=") == [
            "htpasswd",
            "json",
            "yaml",
            "k8s-secret",
            "opensearch",
        ]
        assert complete("-E", "a", "=", "b", "list", "ja") == ["jane"]

    def test_users_behind_options(self, complete):
        assert complete("roles", "--add", "viewer", "ja") == ["jane"]
        assert complete("export", "--basic-auth", "b") == ["bob"]
        assert complete("passwd", "x") == []

    def test_names_are_quoted_and_never_run(self, complete):
        """A users file may be somebody else's: its names must not be run by the shell."""
        assert complete("passwd", "$") == [r"\$\(touch\ pwned\)"]
        assert complete("passwd", "") == ["jane", "jim", "bob", r"\$\(touch\ pwned\)"]

    def test_roles(self, complete):
        assert complete("useradd", "x", "--roles", "view") == ["viewer"]
        assert complete("roles", "jane", "-a", "deploy") == ["deployer"]
        assert complete("ensure", "jane", "-r", "viewer,superu") == ["viewer,superuser"]
        assert "viewer" in complete("roles", "jane", "--remove", "")

    @pytest.mark.parametrize(
        "words",
        [
            ["-c", "{}", "passwd", "a"],
            ["passwd", "-c", "{}", "a"],
            ["passwd", "--config", "=", "{}", "a"],
            ["passwd", "-c", "'{}'", "a"],
            ["passwd", "-c", "$OTHER", "a"],
            ["passwd", "-c", "~", "a"],
            ["passwd", "a"],
        ],
    )
    def test_of_the_realm_that_is_addressed(self, complete, tmp_path, words):
        other = tmp_path / "other"
        other.mkdir()
        (other / "users").write_text(f"ann:{CHEAP_HASH}\n")
        environ = {"OTHER": str(other), "HOME": str(other)}
        if len(words) == 2:
            environ["ES_PATH_CONF"] = str(other)
        assert complete(*(word.format(other) for word in words), **environ) == ["ann"]

    def test_of_a_realm_that_cannot_be_read(self, complete, tmp_path):
        assert complete("passwd", "-c", str(tmp_path / "none"), "") == []
        assert complete("passwd", "-c", "$(touch pwned)", "") == []
        assert complete("passwd", "-c", "'open", "") == []
        assert complete("passwd", "--no-such-option", "x", "") == []

    def test_only_the_script_asks(self, run):
        result = run("__complete")
        assert (result.exit_code, result.out) == (64, "")

    @pytest.mark.parametrize(
        "words",
        [
            ["keystore", "show", "s"],
            ["keystore", "add", "-f", "s"],
            ["keystore", "remove", "x.y", "s"],
        ],
    )
    def test_settings_of_the_keystore(self, complete, realm, words):
        (realm / "elasticsearch.keystore").write_bytes(build({"s.b": b"1", "s.a": b"2", "t": b""}))
        assert complete(*words) == ["s.a", "s.b"]

    def test_settings_of_a_keystore_that_is_closed(self, complete, realm):
        assert complete("keystore", "show", "s") == []
        (realm / "elasticsearch.keystore").write_bytes(build({"s": b"1"}, password="secret"))
        assert complete("keystore", "show", "s") == []

    def test_files(self, complete, tmp_path):
        (tmp_path / "users.yaml").touch()
        assert complete("apply", f"{tmp_path}/users.y") == [f"{tmp_path}/users.yaml"]
        assert complete("-c", f"{tmp_path}/conf") == [str(tmp_path / "config")]


def test_interactively(run, realm, tmp_path):
    """With the tab key."""
    pytest.importorskip("shtab")
    pexpect = pytest.importorskip("pexpect")
    (tmp_path / "script").write_text(run("--print-completion", "bash").out)
    program = tmp_path / "esfilerealm"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m esfilerealm "$@"\n')
    program.chmod(0o755)
    environ = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT), "TERM": "dumb"}
    environ["ES_PATH_CONF"] = str(realm)
    child = pexpect.spawn(
        "bash", ["--norc", "--noprofile"], encoding="utf-8", timeout=20, env=environ
    )
    child.sendline(f"PS1='ready: '; source {tmp_path}/script")
    child.expect_exact("\r\nready: ")
    child.send("echo esfilerealm; esfilerealm list ja\t")
    child.expect_exact("list jane ")
    child.send("\r")
    child.expect_exact("jane           : -")
    child.sendline("exit")
    child.expect(pexpect.EOF)
    child.close()
