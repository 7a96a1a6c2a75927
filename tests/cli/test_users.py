"""The command beyond what Elasticsearch's has: password sources, JSON, dry runs, bad input."""

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
from support.storing import broken_off

from esfilerealm import UsersTool
from esfilerealm._storage import system
from esfilerealm._storage.lock import write_lock
from esfilerealm.cli.app import main
from esfilerealm.hashing import resolve_from_hash, verify_hash

PASSWORD = "correct horse"


def snapshot(config):
    return {
        p.name: (p.read_bytes(), p.stat().st_ino, p.stat().st_mtime_ns)
        for p in config.iterdir()
        if p.is_file() and p.suffix != ".lock"
    }


@pytest.fixture
def bob(config):
    """A user to work on."""
    (config / "users").write_text(f"# people\nbob:{CHEAP_HASH}\n")
    (config / "users_roles").write_text("viewer:bob\n")
    return "bob"


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
    def test_input_that_is_no_text(self, run, config, monkeypatch, capsys, args):
        for stream in (b"sec\xffret1\n", b"secret-1\nsec\xffret1\n"):
            text = io.TextIOWrapper(io.BytesIO(stream), encoding="utf-8")
            monkeypatch.setattr(sys, "stdin", text)
            assert main(["-c", str(config), "useradd", "ann", *args]) == 65
            assert "no text in its encoding" in capsys.readouterr().err

    def test_environment(self, run, tool, monkeypatch):
        monkeypatch.setenv("ANNS", PASSWORD)
        assert run("useradd", "ann", "--password-env=ANNS").exit_code == 0
        assert tool.verify("ann", PASSWORD)

    def test_hash(self, run, tool, bob):
        assert run("useradd", "ann", "--hash", CHEAP_HASH).exit_code == 0
        assert tool.verify("ann", "test-password")
        assert run("passwd", bob, "--hash", CHEAP_HASH).exit_code == 0

    def test_generate(self, run, tool, bob):
        result = run("useradd", "ann", "--generate", "-s")
        assert re.fullmatch(r"[0-9A-Za-z]{22}\n", result.out)
        assert tool.verify("ann", result.out.strip())
        again = run("passwd", "ann", "--generate").out
        assert again != result.out
        assert tool.verify("ann", again.strip())

    def test_generated_is_never_among_json(self, run, tool):
        result = run("useradd", "ann", "--generate", "--json")
        assert tool.verify("ann", result.err.strip())
        assert result.err.strip() not in result.out

    def test_generate_in_a_dry_run_shows_no_password(self, run):
        assert "would add user [ann]" in run("useradd", "ann", "--generate", "--dry-run").out
        for args in (["useradd", "b"], ["useradd", "b", "--json"]):
            result = run(*args, "--generate", "--dry-run")
            assert not re.search(r"^[0-9A-Za-z]{22}$", result.out + result.err, re.MULTILINE)

    def test_generate_that_nobody_can_see_changes_nothing(self, run, config, monkeypatch):
        class Full(io.StringIO):
            def write(self, text):
                raise OSError(errno.ENOSPC, "No space left on device")

        before = snapshot(config)
        monkeypatch.setattr(sys, "stdout", Full())
        assert main(["-c", str(config), "useradd", "ann", "--generate"]) == 74
        monkeypatch.setattr(sys, "stdout", None)
        assert main(["-c", str(config), "useradd", "ann", "--generate"]) == 70
        assert snapshot(config) == before

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
            (["--hash", ""], 65, "no known hash"),
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
        before = snapshot(config)
        paths = {name: str(tmp_path / name) for name in ("missing", *files)}
        result = run("useradd", "ann", *(option.format(**paths) for option in options))
        assert result.exit_code == exit_code
        assert re.search(f"ERROR: .*{message}", result.err)
        assert result.out == ""
        assert "-secret" not in result.err
        assert "secret-" not in result.err
        assert snapshot(config) == before

    def test_a_long_password_warns_on_one_line(self, run):
        result = run("useradd", "ann", "-p", "x" * 73)
        assert result.exit_code == 0
        assert re.fullmatch(r"WARNING: bcrypt reads .* pbkdf2_stretch\n", result.err)


class TestPrompts:
    def test_end_of_input(self, run, config):
        before = snapshot(config)
        for stdin in ("", f"{PASSWORD}\n"):
            result = run("useradd", "ann", stdin=stdin)
            assert result.exit_code == 70
            assert "the input ended before an answer" in result.err
        assert snapshot(config) == before

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

        before = snapshot(config)
        monkeypatch.setattr("esfilerealm.cli.terminal.Terminal.ask_secret", interrupt)
        assert main(["-c", str(config), "useradd", "ann"]) == 130
        assert snapshot(config) == before


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
            (["userdel", "ghost"], {"error": {"type": "UserNotFoundError", "exit_code": 67}}),
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
        for secret in (PASSWORD, "test-password", CHEAP_HASH, "$2a$"):
            assert secret not in result.out

    def test_the_hash_is_beside_the_object(self, run):
        result = run("hash", "-p", PASSWORD, "--json")
        assert verify_hash(PASSWORD, result.err.strip())

    def test_skipped_lines(self, run, config):
        (config / "users").write_text("bob\n")
        found = json.loads(run("list", "--json").out)["skipped_lines"]
        assert [(line["line"], line["kind"]) for line in found] == [(1, "malformed")]
        assert found[0]["path"] == str(config / "users")

    def test_errors_of_parsing_too(self, run):
        found = json.loads(run("list", "--json", "--bogus").out)
        assert (found["command"], found["error"]["exit_code"]) == ("list", 64)
        assert json.loads(run("--json", "bogus").out)["error"]["type"] == "UsageError"

    def test_a_password_that_looks_like_it(self, run):
        assert run("useradd", "a:b", "-p", "--json").out == ""

    def test_help_is_help(self, run):
        assert run("list", "-h", "--json").out.startswith("List users")

    def test_orphans_that_are_hashes_or_worse(self, run, config):
        """The one file in the place of the other shows no hash, and paints no terminal."""
        (config / "users_roles").write_text(f"bob:{CHEAP_HASH}\nal:a\x1b[31mb\n")
        for args in (["list"], ["list", "--json"]):
            result = run(*args)
            assert "(a hash)" in result.out + result.err
            assert CHEAP_HASH not in result.out + result.err
            assert "\x1b" not in result.out + result.err

    def test_silent_does_not_silence_it(self, run):
        assert json.loads(run("list", "--json", "-s").out)["users"] == []


class TestDryRun:
    @pytest.mark.parametrize(
        "args",
        [
            ["useradd", "ann", "-p", PASSWORD, "-r", "x"],
            ["userdel", "bob"],
            ["passwd", "bob", "-p", PASSWORD],
            ["roles", "bob", "-a", "x", "-r", "viewer"],
            ["init"],
        ],
    )
    def test_nothing_is_written(self, run, config, bob, args):
        (config / "users_roles").unlink()
        before = snapshot(config)
        result = run(*args, "--dry-run")
        assert result.exit_code == 0
        assert result.out.startswith("Dry run, nothing is written: would ")
        assert "[]" not in result.out
        assert snapshot(config) == before
        assert not (config / "users.lock").exists()

    def test_the_refusals_are_the_same(self, run, bob):
        assert run("useradd", "bob", "-p", PASSWORD, "--dry-run").exit_code == 70
        assert run("userdel", "ghost", "--dry-run").exit_code == 67


class TestWriting:
    """The options that all commands share which write."""

    @pytest.mark.skipif(os.name == "nt", reason="modes of POSIX")
    def test_mode(self, run, config, bob):
        assert run("roles", "bob", "-a", "x", "--mode", "604").exit_code == 0
        modes = [(config / name).stat().st_mode & 0o777 for name in ("users", "users_roles")]
        assert modes == [0o604, 0o604]

    def test_what_it_costs_is_told(self, run, config, bob):
        inode = (config / "users_roles").stat().st_ino
        result = run("roles", "bob", "-a", "x", "--strategy", "in_place")
        assert result.exit_code == 0
        assert re.fullmatch(r"WARNING: roles .*\n.*\nWARNING: \[.*users_roles\]: .*\n", result.err)
        assert (config / "users_roles").stat().st_ino == inode

    def test_a_lock_that_other_machines_do_not_know_of(self, run, bob, monkeypatch):
        monkeypatch.setattr("esfilerealm._storage.lock.has_local_locks", lambda path: "vboxsf")
        for args in (["userdel", "bob"], ["check"], ["init"]):
            result = run(*args)
            assert result.exit_code == 74
            assert "--allow-local-lock" in result.err
        assert run("userdel", "bob", "--allow-local-lock").exit_code == 0

    def test_a_change_that_somebody_else_broke_off_is_told(self, run, tool, bob):
        broken_off(lambda: tool.useradd("ann", password_hash=CHEAP_HASH, roles=["viewer"]), 2)
        result = run("passwd", "bob", "--hash", CHEAP_HASH)
        assert result.exit_code == 0
        assert re.fullmatch(
            r"WARNING: an unfinished change was taken back \[.*users.journal\]\n", result.err
        )

    def test_one_of_a_later_version_stops_everything(self, run, config, bob):
        (config / "users.journal").write_text("esfilerealm journal 2\n")
        before = snapshot(config)
        for args in (["list"], ["userdel", "bob"], ["init"], ["check"]):
            result = run(*args)
            assert result.exit_code == 78
            assert "use a later one" in result.err
        assert snapshot(config) == before


class TestUndo:
    def test_names_those_to_whom_it_happens(self, run, tool, bob):
        run("roles", "bob", "-a", "x", "--keep", "1", "-s")
        result = run("undo")
        assert (result.exit_code, result.out) == (0, "  ~ bob: roles viewer,x -> viewer\n")
        run("userdel", "bob")
        assert run("undo").out == "  + bob: viewer\n"
        assert run("undo").out == "  - bob\n"
        assert tool.list_users() == {}

    def test_for_programs(self, run, bob):
        run("passwd", "bob", "-p", PASSWORD, "--keep", "1")
        found = json.loads(run("undo", "--json").out)
        assert (found["command"], found["changed"]) == ("undo", True)
        assert found["changes"]["passwords"] == ["bob"]

    def test_a_dry_run(self, run, tool, bob):
        run("userdel", "bob", "--keep", "1")
        result = run("undo", "--dry-run")
        assert result.out == "Dry run, nothing is written: would do this:\n  + bob: viewer\n"
        assert tool.list_users() == {}

    def test_nobody_is_another(self, run, config, bob):
        run("userdel", "bob", "--keep", "1")
        for name in ("users", "users_roles"):
            (config / name).write_bytes((config / f"{name}.1~").read_bytes() + b"# more\n")
        assert run("undo").out == "No user is another\n"


class TestCheck:
    def test_nothing_is_odd(self, run, config, bob):
        result = run("check")
        assert (result.exit_code, result.out, result.err) == (0, "Nothing is odd: 1 user\n", "")
        (config / "users").write_text("")
        (config / "users_roles").write_text("")
        assert run("check").out == "Nothing is odd: 0 users\n"

    def test_what_is(self, run, config, bob):
        (config / "users").write_text(f"bob:{CHEAP_HASH}\noops\n")
        (config / "users_roles").write_text("viewer:ghost\n")
        result = run("check")
        assert result.exit_code == 65
        assert [line.split("]")[0] for line in result.out.splitlines()] == [
            f"[{config / 'users'}",
            f"[{config / 'users_roles'}",
        ]

    def test_what_was_broken_off_is_ended_and_told(self, run, config, tool, bob):
        broken_off(lambda: tool.useradd("ann", password_hash=CHEAP_HASH, roles=["viewer"]), 2)
        found = json.loads(run("check", "--json").out)
        assert found["recovery"]["outcome"] == "rolled_back"
        assert found["problems"] == []
        assert not (config / "users.journal").exists()
        (config / "users.journal").write_text("notes\n")
        result = run("check")
        assert result.exit_code == 65
        assert re.match(r"WARNING: the record of an unfinished change is of no use", result.err)
        assert "rejected] is the record of a change" in result.out


class TestBadInput:
    """A clear message, an exit code, and both files untouched."""

    @pytest.mark.parametrize(
        ("args", "exit_code", "message"),
        [
            (
                ["useradd", "a:b", "-p", PASSWORD],
                65,
                r"invalid username \[a:b\]: must not hold \[:\]",
            ),
            (
                ["useradd", "a,b", "-p", PASSWORD],
                65,
                r"invalid username \[a,b\]: must not hold \[,\]",
            ),
            (["useradd", "#a", "-p", PASSWORD], 65, r"\[#a\]: must not start with \[#\]"),
            (["useradd", "a\x07b", "-p", PASSWORD], 65, r"\[a\\x07b\]: must be of printable ASCII"),
            (["useradd", "x" * 1025, "-p", PASSWORD], 65, r"\(1025 characters\)\]: must have 1 to"),
            (["useradd", "elastic", "-p", PASSWORD], 65, r"\[elastic\]: reserved"),
            (["useradd", "ann", "-p", "12345"], 65, "at least 6 characters"),
            (["useradd", "ann", "-p", PASSWORD, "-r", "a:b"], 65, r"role name \[a:b\]"),
            (["roles", "bob", "-a", "#x"], 65, r"role name \[#x\]"),
            (["useradd", "ann", PASSWORD], 64, "expected one username, found 2 words"),
            (["init", "here"], 64, r"\[init\] takes no argument"),
            (["init", "--mode", "rw"], 65, r"invalid mode \[rw\]: must be an octal"),
            (["init", "--owner", "nobody here"], 65, r"invalid owner \[nobody here\]"),
            (["userdel", "bob", "--group", "nobody here"], 65, r"invalid group \[nobody here\]"),
            (["userdel", "bob", "--strategy", "copy"], 64, r"\[strategy\] is one of \[rename, in_"),
            (["userdel", "bob", "--attributes", "x"], 64, r"\[attributes\] is one of \[refuse, wa"),
            (["userdel", "bob", "--keep", "few"], 64, r"\[keep\] needs a number of versions"),
            (["userdel", "bob", "--keep=-1"], 64, r"\[keep\] needs a number of versions"),
            (["undo", "--keep", "1"], 64, r"\[--keep\] is not an option"),
            (["undo"], 66, r"no earlier version is kept \[.*users\.1~\]"),
            (["undo", "bob"], 64, r"\[undo\] takes no argument"),
            (["hash", "-p", PASSWORD, "--algorithm", "md5"], 64, r"\[md5\] is not an algorithm"),
            (["useradd", "ann", "--paswd", "x"], 64, r"\[--paswd\] is not an option; did you mean"),
            (["useradd", "ann", "--json=1"], 64, r"\[json\] takes no value"),
            (["-c", "", "list"], 64, "needs a folder"),
            (["-c", "x", "list", "-c", "y"], 64, r"\[config\] is given more than once"),
            (["usradd", "ann"], 64, r"did you mean \[useradd\]\?"),
            (["--print-completion", "cmd"], 64, r"no completion for the shell \[cmd\]"),
        ],
    )
    def test_words(self, run, config, bob, args, exit_code, message):
        pytest.importorskip("shtab")
        before = snapshot(config)
        result = run(*args)
        assert result.exit_code == exit_code
        assert re.search(rf"ERROR: .*{message}", result.err)
        assert len(result.err.partition("ERROR: ")[2].splitlines()[0]) < 1000
        assert PASSWORD not in result.out + result.err
        assert snapshot(config) == before

    @pytest.mark.parametrize("name", ["users", "users_roles"])
    @pytest.mark.parametrize(
        ("kind", "exit_code", "message"),
        [("undecodable", 70, "not UTF-8"), ("folder", 74, "not a regular file")],
    )
    @pytest.mark.parametrize("args", [["list"], ["roles", "bob", "-a", "x"], ["userdel", "bob"]])
    def test_files(self, run, config, bob, name, kind, exit_code, message, args):
        (config / name).unlink()
        if kind == "folder":
            (config / name).mkdir()
        else:
            (config / name).write_bytes(b"bob:x\n\xff\n")
        before = snapshot(config)
        result = run(*args)
        assert result.exit_code == exit_code
        assert re.search(rf"ERROR: .*{name}\].*{message}", result.err)
        assert snapshot(config) == before

    def test_a_lock_held_by_another_process(self, config, bob, monkeypatch, run):
        monkeypatch.setattr(
            UsersTool.__init__,
            "__kwdefaults__",
            {
                **UsersTool.__init__.__kwdefaults__,
                "lock_timeout": 0.05,
            },
        )
        before = snapshot(config)
        with write_lock(lambda: str(config / "users.lock"), 1.0):
            result = run("userdel", "bob")
        assert result.exit_code == 75
        holder = rf"\[[^]]+\], process \[{os.getpid()}\] on \[[^]]*\], since .* holds it"
        told = rf"ERROR: write lock \[.*users.lock\] not free after 0.05 s: {holder}"
        assert re.search(told, result.err)
        assert snapshot(config) == before

    def test_a_full_disk(self, run, config, bob, monkeypatch):
        before = snapshot(config)

        def full(*_):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        with monkeypatch.context() as patch:
            patch.setattr(system, "write", full)
            result = run("userdel", "bob")
        assert result.exit_code == 74
        assert re.search(r"ERROR: .*users\]: No space left on device while writing", result.err)
        assert snapshot(config) == before

    @pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may write anywhere")
    def test_a_read_only_folder(self, run, config, bob):
        config.chmod(0o555)
        try:
            result = run("userdel", "bob")
        finally:
            config.chmod(0o755)
        assert result.exit_code == 77

    def test_a_folder_that_may_not_be_written(self, run, config, bob, monkeypatch):
        """The same for root, by the system's answer."""
        real = system.open

        def refuse(path, flags, *args):
            if flags & os.O_CREAT:
                raise PermissionError(errno.EACCES, "Permission denied")
            return real(path, flags, *args)

        before = snapshot(config)
        with monkeypatch.context() as patch:
            patch.setattr(system, "open", refuse)
            result = run("userdel", "bob")
        assert result.exit_code == 77
        assert re.search(
            r"ERROR: .*users.lock\]: .* run this as the owner of the folder", result.err
        )
        assert snapshot(config) == before

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("- a\n", "must be a mapping"),
            ("a: [\n", "not YAML"),
            ("xpack.security.fips_mode.enabled: yes\n", r"exactly \[true\] or \[false\]"),
            ("a.b: 1\na:\n  b: 2\n", "line [13]: given in"),
        ],
    )
    def test_settings(self, run, config, text, message):
        (config / "elasticsearch.yml").write_text(text)
        result = run("list")
        assert result.exit_code == 78
        assert re.search(f"ERROR: .*{message}", result.err)

    def test_unknown_algorithm_in_the_settings(self, run):
        key = "xpack.security.authc.password_hashing.algorithm"
        result = run("useradd", "ann", "-p", PASSWORD, "-E", f"{key}=sha1")
        assert result.exit_code == 78
        assert "unknown hash function [sha1]" in result.err

    def test_an_empty_es_path_conf(self, run, monkeypatch):
        monkeypatch.setenv("ES_PATH_CONF", "")
        result = run("list", config_dir=None)
        assert result.exit_code == 78
        assert "ES_PATH_CONF is set, but empty" in result.err


class TestOptionsByTheRulesOfTheOriginal:
    @pytest.mark.parametrize(
        "words",
        [
            ["-r", "a,b"],
            ["-ra,b"],
            ["-r=a,b"],
            ["--roles", "a,b"],
            ["--roles=a,b"],
            ["-roles", "a,b"],
            ["-rol=a,b"],
            ["--r", "a,b"],
        ],
    )
    def test_ways_to_give_a_value(self, run, tool, words):
        assert run("useradd", *words, "ann", "-p", PASSWORD).exit_code == 0
        assert tool.roles("ann") == ("a", "b")

    def test_an_attached_value_that_looks_like_the_long_name(self, run, tool):
        run("useradd", "ann", "-password123")
        assert tool.verify("ann", "assword123")
        run("passwd", "ann", "-pass=other-secret")
        assert tool.verify("ann", "other-secret")

    def test_end_of_options(self, run, tool):
        assert run("useradd", "-p", PASSWORD, "--", "-ann").exit_code == 0
        assert run("list", "--", "-ann").out == "-ann           : -\n"

    def test_a_lone_dash_is_a_name(self, run, tool):
        assert run("useradd", "-", "-p", PASSWORD).exit_code == 0

    def test_flags_may_share_a_dash(self, run):
        assert run("list", "-sh").exit_code == 0
        assert run("list", "-sx").exit_code == 64

    @pytest.mark.parametrize("words", [["-r", ""], ["--roles="], ["-r", ","]])
    def test_no_roles(self, run, tool, words):
        assert run("useradd", "ann", "-p", PASSWORD, *words).exit_code == 0
        assert tool.roles("ann") == ()

    def test_our_own_names_are_not_abbreviated(self, run):
        assert run("list", "--jso").exit_code == 64


class TestOtherCommands:
    def test_configuration_folder(self, run, tmp_path, config):
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
        monkeypatch.setattr("esfilerealm.cli.arguments.DEFAULT_CONFIG_DIR", "/nowhere at all")
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
        assert "a node takes the text itself for the password" in result.err
        assert "aljIk" not in result.err

    def test_default_configuration_folder(self, run, config, bob, monkeypatch):
        monkeypatch.setattr("esfilerealm.cli.arguments.DEFAULT_CONFIG_DIR", str(config))
        assert run("list", config_dir=None).out == "bob            : viewer\n"

    def test_version_before_a_command(self, run):
        assert run("--version", "list").out.startswith("esfilerealm ")

    def test_version(self, run):
        assert re.fullmatch(r"esfilerealm \d+\.\d+\.\d+\n", run("--version").out)

    @pytest.mark.parametrize("shell", ["bash", "zsh", "tcsh"])
    def test_completion(self, run, shell):
        pytest.importorskip("shtab")
        script = run("--print-completion", shell).out
        assert "useradd" in script
        assert "--password-file" in script

    def test_completion_without_its_extra(self, run, monkeypatch):
        monkeypatch.setitem(sys.modules, "shtab", None)
        result = run("--print-completion", "bash")
        assert result.exit_code == 78
        assert "pip install 'esfilerealm[completion]'" in result.err

    def test_roles_yml_that_cannot_be_read_defines_nothing(self, run, config, bob):
        (config / "roles.yml").mkdir()
        assert run("list").out == "bob            : viewer\n"

    def test_known_roles_of_roles_yml(self, run, config, bob):
        (config / "roles.yml").write_text("mine:\n  cluster: [all]\n")
        run("roles", bob, "-a", "mine,other")
        assert run("list", bob).out.startswith("bob            : viewer,mine,other*\n\n [*]   ")


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
        assert main(["-c", str(config), "list"]) == 0
        assert main(["-c", str(config), "list", "nobody"]) == 67
        assert main(["-c", str(config), "verify", "bob", "-p", "test-password"]) == 0

    def test_few_letters(self, config, tmp_path, monkeypatch):
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

        monkeypatch.setattr("esfilerealm.admin.users_tool.UsersTool.listing", fail)
        assert main(["-c", str(config), "list"]) == 70
        err = capsys.readouterr().err
        assert err == "ERROR: unexpected ZeroDivisionError, please report it, with exit code 70\n"


class TestProcess:
    """The command as a process of its own."""

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
