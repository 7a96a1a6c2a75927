"""What scripts that were written for ``elasticsearch-users`` match: words, names, silence."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from support.hashes import CHEAP_HASH

from esfilerealm.cli.app import main

OTHER = "elasticsearch-users"


@pytest.fixture
def bob(config):
    """A user to work on."""
    (config / "users").write_text(f"bob:{CHEAP_HASH}\n")
    (config / "users_roles").write_text("viewer:bob\n")
    return "bob"


@pytest.mark.parametrize(
    ("words", "exit_code", "text"),
    [
        pytest.param(["useradd", "bob", "-p", "secret-1"], 70, "already exists", id="F15-useradd"),
        pytest.param(["userdel", "jim"], 67, "doesn't exist", id="F15-userdel"),
        pytest.param(["passwd", "jim", "-p", "secret-1"], 67, "doesn't exist", id="F15-passwd"),
        pytest.param(["roles", "jim", "-a", "viewer"], 67, "doesn't exist", id="F15-roles"),
        pytest.param(["roles", "jim"], 67, "doesn't exist", id="F15-roles-shown"),
        pytest.param(["list", "jim"], 67, "doesn't exist", id="F15-list"),
        pytest.param(["verify", "jim", "-p", "secret-1"], 67, "doesn't exist", id="F15-verify"),
    ],
)
@pytest.mark.parametrize("silent", [[], ["-s"]], ids=["normal", "silent"])
def test_the_words_of_the_java_tool(run, bob, words, exit_code, text, silent):
    result = run(*words, *silent)
    assert result.exit_code == exit_code
    assert text in result.err
    assert f", with exit code {exit_code}\n" in result.err


class TestTheNameOfTheProgram:
    """Called by a link named as Elastic's tool, the command answers by that name."""

    @pytest.fixture(params=["argv", "variable"])
    def named(self, request, monkeypatch):
        if request.param == "argv":
            monkeypatch.setattr(sys, "argv", [f"/usr/local/bin/{OTHER}"])
        else:
            monkeypatch.setenv("ESFILEREALM_PROGRAM", OTHER)

    @pytest.mark.usefixtures("named")
    @pytest.mark.parametrize("words", [["--help"], ["useradd", "--help"], ["help", "passwd"]])
    def test_help(self, run, words):
        out = run(*words, config_dir=None).out
        assert out.startswith(f"Usage: {OTHER} ")
        assert f"  {OTHER} " in out
        assert "esfilerealm" not in out.replace("esfilerealm-users", "")

    @pytest.mark.usefixtures("named")
    @pytest.mark.parametrize(
        ("words", "hint"),
        [
            (["frob"], f"Try '{OTHER} --help'"),
            ([], f"Usage: {OTHER} [OPTIONS] COMMAND"),
            (["useradd"], f"Try '{OTHER} useradd --help'"),
            (["list", "--bogus"], f"Try '{OTHER} list --help'"),
        ],
    )
    def test_hints(self, run, words, hint):
        err = run(*words).err
        assert hint in err
        assert "esfilerealm" not in err

    @pytest.mark.usefixtures("named")
    def test_errors_and_findings(self, run, config, tmp_path):
        assert f"`{OTHER} init`" in run("list", config_dir=tmp_path / "nowhere").err
        (config / "users").write_text("bob:no hash at all\n")
        assert f"`{OTHER} passwd`" in run("check", "-s").out

    @pytest.mark.parametrize("name", ["pytest", "__main__.py", "python"])
    def test_other_names_of_programs_do_not_count(self, run, monkeypatch, name):
        monkeypatch.setattr(sys, "argv", [name])
        assert run("--help").out.startswith("Usage: esfilerealm ")

    @pytest.mark.parametrize("name", ["", "a b", "\x1b[31m", "$(id)"])
    def test_a_variable_that_is_no_name(self, run, monkeypatch, name):
        monkeypatch.setenv("ESFILEREALM_PROGRAM", name)
        assert run("--help").out.startswith("Usage: esfilerealm ")

    def test_a_real_link(self, tmp_path):
        script = tmp_path / "esfilerealm"
        script.write_text(
            f"#!{sys.executable}\nimport sys\nfrom esfilerealm.cli import main\nsys.exit(main())\n"
        )
        script.chmod(0o755)
        link = tmp_path / OTHER
        link.symlink_to(script)
        done = subprocess.run([link, "frob"], capture_output=True, text=True, check=False)
        assert done.returncode == 64
        assert f"Try '{OTHER} --help'" in done.stderr


class TestSilence:
    """``-s`` prints errors and warnings, as its help says."""

    def test_n13_findings(self, run, config):
        (config / "users").write_text("bob:no hash at all\nbroken\n")
        result = run("-s", "check")
        assert result.exit_code == 65
        assert "error EFR" in result.out

    def test_no_findings(self, run, bob):
        words = ("check", "-s", "--select", "EFR1")
        assert run(*words) == run("list", "-s")
        assert run(*words).out == ""

    def test_the_help_says_so(self, run):
        assert "Print only errors and warnings" in run("list", "--help").out


class TestClosedOutput:
    """N29: what cannot be printed is an error, also where nobody listens."""

    @pytest.mark.parametrize(
        "words",
        [
            ["list"],
            ["list", "--json"],
            ["--help"],
            ["guide"],
            ["check"],
            ["settings"],
            ["roles", "bob"],
        ],
        ids=" ".join,
    )
    def test_n29_a_closed_standard_output(self, config, bob, monkeypatch, capsys, words):
        monkeypatch.setattr(sys, "stdout", None)
        assert main(["-c", str(config), *words]) == 74
        written = "; nothing was written" if words[0] == "roles" else ""
        assert capsys.readouterr().err == (
            f"ERROR: cannot print: the output is closed{written}, with exit code 74\n"
        )

    def test_n29_of_a_process(self, config, bob):
        line = f'"{sys.executable}" -m esfilerealm -c "{config}" list >&-'
        done = subprocess.run(["/bin/sh", "-c", line], capture_output=True, text=True, check=False)
        assert (done.returncode, done.stdout) == (74, "")
        assert "the output is closed" in done.stderr

    def test_a_command_that_prints_nothing(self, config, bob, monkeypatch):
        monkeypatch.setattr(sys, "stdout", None)
        assert main(["-c", str(config), "userdel", "bob"]) == 0
        assert (config / "users").read_bytes() == b""

    @pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full")
    def test_a_full_device(self, config, bob):
        line = f'"{sys.executable}" -m esfilerealm -c "{config}" list >/dev/full'
        assert (
            subprocess.run(["/bin/sh", "-c", line], capture_output=True, check=False).returncode
            == 74
        )
