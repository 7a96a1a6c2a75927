"""Where the command takes a password from: options, streams, prompts."""

from __future__ import annotations

import errno
import io
import json
import re
import sys

import pytest
from support.hashes import CHEAP_HASH
from support.storing import statuses

from esfilerealm import UsersTool
from esfilerealm.cli.app import main

PASSWORD = "correct horse"


class TestPasswordSources:
    def test_stdin(self, run, tool):
        assert run("useradd", "ann", "--password-stdin", stdin=PASSWORD + "\n").exit_code == 0
        assert tool.verify("ann", PASSWORD)

    @pytest.mark.parametrize("end", ["", "\n", "\r\n"])
    def test_file(self, run, tool, tmp_path, end):
        (tmp_path / "secret").write_bytes(f"{PASSWORD}{end}".encode())
        assert run("useradd", "ann", "--password-file", str(tmp_path / "secret")).exit_code == 0
        assert tool.verify("ann", PASSWORD)

    def test_file_with_a_byte_order_mark(self, run, tool, tmp_path):
        (tmp_path / "secret").write_bytes(b"\xef\xbb\xbf" + PASSWORD.encode())
        run("useradd", "ann", "--password-file", str(tmp_path / "secret"))
        assert tool.verify("ann", PASSWORD)

    @pytest.mark.parametrize("args", [["--password-stdin"], []])
    def test_input_that_is_not_unicode(self, run, config, monkeypatch, capsys, args):
        for stream in (b"sec\xffret1\n", b"secret-1\nsec\xffret1\n"):
            text = io.TextIOWrapper(io.BytesIO(stream), encoding="utf-8")
            monkeypatch.setattr(sys, "stdin", text)
            assert main(["-c", str(config), "useradd", "ann", *args]) == 65
            assert "not valid text in its encoding" in capsys.readouterr().err

    def test_environment(self, run, tool, monkeypatch):
        monkeypatch.setenv("ANNS", PASSWORD)
        assert run("useradd", "ann", "--password-env=ANNS").exit_code == 0
        assert tool.verify("ann", PASSWORD)

    def test_hash(self, run, tool, bob):
        assert run("useradd", "ann", "--hash", CHEAP_HASH).exit_code == 0
        assert tool.verify("ann", "test-password")
        assert run("passwd", bob, "--hash", CHEAP_HASH).exit_code == 0

    @pytest.mark.parametrize(
        ("password", "warns"), [(CHEAP_HASH, True), ("$2-secret", False)], ids=["hash", "not"]
    )
    def test_a_hash_in_place_of_a_password(self, run, tool, bob, password, warns):
        result = run("passwd", bob, "--password-stdin", "--json", stdin=password + "\n")
        remark = "the password is itself a hash: to store a hash, use password_hash (--hash)"
        assert result.err == f"WARNING: {remark}\n" * warns
        assert json.loads(result.out)["warnings"] == [remark] * warns
        assert tool.verify(bob, password)

    def test_generate(self, run, tool, bob):
        result = run("useradd", "ann", "--generate", "-s")
        assert re.fullmatch(r"[0-9A-Za-z]{22}\n", result.out)
        assert tool.verify("ann", result.out.strip())
        again = run("passwd", "ann", "--generate").out
        assert again != result.out
        assert tool.verify("ann", again.strip())

    def test_a_generated_password_is_never_in_json(self, run, tool):
        result = run("useradd", "ann", "--generate", "--json")
        assert tool.verify("ann", result.err.strip())
        assert result.err.strip() not in result.out

    def test_generate_in_a_dry_run_shows_no_password(self, run):
        assert (
            "Would add user [ann] without roles"
            in run("useradd", "ann", "--generate", "--dry-run").out
        )
        for args in (["useradd", "b"], ["useradd", "b", "--json"]):
            result = run(*args, "--generate", "--dry-run")
            assert not re.search(r"^[0-9A-Za-z]{22}$", result.out + result.err, re.MULTILINE)

    def test_generate_that_nobody_can_see_changes_nothing(self, run, config, monkeypatch):
        class Full(io.StringIO):
            def write(self, text):
                raise OSError(errno.ENOSPC, "No space left on device")

        before = statuses(config, with_lock=False)
        monkeypatch.setattr(sys, "stdout", Full())
        assert main(["-c", str(config), "useradd", "ann", "--generate"]) == 74
        monkeypatch.setattr(sys, "stdout", None)
        assert main(["-c", str(config), "useradd", "ann", "--generate"]) == 74
        assert statuses(config, with_lock=False) == before

    @pytest.mark.parametrize(
        ("options", "exit_code", "message"),
        [
            (["-p", "secret-1", "--password-stdin"], 64, r"only one of \[--password, --password-s"),
            (["--hash", CHEAP_HASH, "--generate"], 64, "only one of"),
            (["-p", "secret-1", "--hash", CHEAP_HASH], 64, "only one of"),
            (["--password-file", "{missing}"], 74, "No such file"),
            (["--password-file", "{empty}"], 65, "holds no password"),
            (["--password-file", "{two}"], 65, "more than one line"),
            (["--password-file", "{latin}"], 65, "not UTF-8"),
            (["--password-env", "NOT_THERE"], 78, r"\[NOT_THERE\] is not set"),
            (["--hash", "$apr1$R3DdqiAZ$aljIkaIVPSarmDMlJUBBP."], 65, "Apache"),
            (["--hash", ""], 65, "not a known hash"),
            (["--password-file", "{long}"], 65, "more than 65536 bytes"),
            (["--password-stdin"], 65, "standard input holds no password"),
            (["-p", "pass\udcffword"], 65, "UTF-8 can hold"),
        ],
    )
    def test_refusals(self, run, config, tmp_path, options, exit_code, message):
        files = {"empty": b"\n", "two": b"one\ntwo\n", "latin": b"caf\xe9-secret"}
        files["long"] = b"x" * 70_000
        for name, data in files.items():
            (tmp_path / name).write_bytes(data)
        before = statuses(config, with_lock=False)
        paths = {name: str(tmp_path / name) for name in ("missing", *files)}
        result = run("useradd", "ann", *(option.format(**paths) for option in options))
        assert result.exit_code == exit_code
        assert re.search(f"ERROR: .*{message}", result.err)
        assert result.out == ""
        assert "-secret" not in result.err
        assert "secret-" not in result.err
        assert statuses(config, with_lock=False) == before

    def test_a_long_password_warns_on_one_line(self, run):
        result = run("useradd", "ann", "-p", "x" * 73)
        assert result.exit_code == 0
        assert re.fullmatch(r"WARNING: the password has .* pbkdf2_stretch\n", result.err)


class TestPrompts:
    def test_end_of_input(self, run, config):
        before = statuses(config, with_lock=False)
        for stdin in ("", f"{PASSWORD}\n"):
            result = run("useradd", "ann", stdin=stdin)
            assert result.exit_code == 70
            assert "the input ended before an answer" in result.err
        assert statuses(config, with_lock=False) == before

    def test_a_terminal_does_not_show_the_answer(self, config):
        """On a real terminal: prompts, no echo, and the user is there."""
        pexpect = pytest.importorskip("pexpect")
        child = pexpect.spawn(
            sys.executable,
            ["-m", "esfilerealm", "-c", str(config), "useradd", "ann"],
            encoding="utf-8",
            timeout=20,
        )
        for prompt in ("Enter new password: ", "Retype new password: "):
            child.expect_exact(prompt)
            child.sendline(PASSWORD)
        child.expect(pexpect.EOF)
        child.close()
        assert child.exitstatus == 0
        assert PASSWORD not in child.before
        assert UsersTool(config).verify("ann", PASSWORD)

    def test_stdin_option_on_a_terminal_asks(self, run, tool, monkeypatch):
        class Typed(io.StringIO):
            def isatty(self):
                return True

        monkeypatch.setattr("getpass.getpass", lambda *_, **__: PASSWORD)
        monkeypatch.setattr(sys, "stdin", Typed())
        assert main(["-c", tool.config_dir, "useradd", "ann", "--password-stdin"]) == 0
        assert tool.verify("ann", PASSWORD)

    def test_control_d_on_a_terminal(self, run, config, monkeypatch, capsys):
        class Typed(io.StringIO):
            def isatty(self):
                return True

        def end(*_, **__):
            raise EOFError

        monkeypatch.setattr("getpass.getpass", end)
        monkeypatch.setattr(sys, "stdin", Typed())
        assert main(["-c", str(config), "useradd", "ann"]) == 70

    def test_no_standard_input_at_all(self, config, monkeypatch):
        monkeypatch.setattr(sys, "stdin", None)
        assert main(["-c", str(config), "useradd", "ann"]) == 70
        assert main(["-c", str(config), "useradd", "ann", "--password-stdin"]) == 65

    def test_interrupt(self, run, config, monkeypatch, capsys):
        def interrupt(*_):
            raise KeyboardInterrupt

        before = statuses(config, with_lock=False)
        monkeypatch.setattr("esfilerealm.cli.terminal.Terminal.ask_secret", interrupt)
        assert main(["-c", str(config), "useradd", "ann"]) == 130
        assert statuses(config, with_lock=False) == before
