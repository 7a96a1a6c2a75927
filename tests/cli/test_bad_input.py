"""Input that the command refuses, and the grammar of its options."""

from __future__ import annotations

import errno
import os
import re

import pytest
from support.storing import statuses

from esfilerealm import UsersTool
from esfilerealm._storage import system
from esfilerealm._storage.lock import write_lock

PASSWORD = "correct horse"


class TestBadInput:
    """A clear message, an exit code, and both files untouched."""

    @pytest.mark.parametrize(
        ("args", "exit_code", "message"),
        [
            (
                ["useradd", "a:b", "-p", PASSWORD],
                65,
                r"invalid username \[a:b\]: must not contain \[:\]",
            ),
            (
                ["useradd", "a,b", "-p", PASSWORD],
                65,
                r"invalid username \[a,b\]: must not contain \[,\]",
            ),
            (["useradd", "#a", "-p", PASSWORD], 65, r"\[#a\]: must not start with \[#\]"),
            (
                ["useradd", "a\x07b", "-p", PASSWORD],
                65,
                r"\[a\\x07b\]: must consist of printable ASCII",
            ),
            (["useradd", "x" * 1025, "-p", PASSWORD], 65, r"\(1025 characters\)\]: must have 1 to"),
            (
                ["useradd", "elastic", "-p", PASSWORD],
                65,
                r"\[elastic\]: must not be a name that is reserved",
            ),
            (["useradd", "ann", "-p", "12345"], 65, "at least 6 characters"),
            (["useradd", "ann", "-p", PASSWORD, "-r", "a:b"], 65, r"role name \[a:b\]"),
            (["roles", "bob", "-a", "#x"], 65, r"role name \[#x\]"),
            (["useradd", "ann", PASSWORD], 64, "expected one username, got 2 arguments"),
            (["init", "here"], 64, r"\[init\] takes no argument"),
            (["init", "--mode", "rw"], 65, r"invalid mode \[rw\]: must be an octal"),
            (["init", "--owner", "nobody here"], 65, r"invalid owner \[nobody here\]"),
            (["userdel", "bob", "--group", "nobody here"], 65, r"invalid group \[nobody here\]"),
            (["userdel", "bob", "--strategy", "copy"], 64, r"\[strategy\] is one of \[rename, in_"),
            (["userdel", "bob", "--attributes", "x"], 64, r"\[attributes\] is one of \[refuse, wa"),
            (["userdel", "bob", "--keep", "few"], 64, r"\[keep\] needs a number of versions"),
            (["userdel", "bob", "--keep=-1"], 64, r"\[keep\] needs a number of versions"),
            (["undo", "--keep", "1"], 64, r"unknown option \[--keep\]"),
            (["undo"], 66, r"nothing to undo: \[.*users\.1~\] does not exist"),
            (["undo", "bob"], 64, r"\[undo\] takes no argument"),
            (
                ["hash", "-p", PASSWORD, "--algorithm", "md5"],
                64,
                r"unknown password hash algorithm \[md5\]",
            ),
            (
                ["useradd", "ann", "--paswd", "x"],
                64,
                r"unknown option \[--paswd\] \(did you mean \[--pas",
            ),
            (["useradd", "ann", "--json=1"], 64, r"\[json\] takes no value"),
            (["-c", "", "list"], 64, "needs a directory"),
            (["-c", "x", "settings", "-c", "y"], 64, r"\[config\] is given more than once"),
            (["usradd", "ann"], 64, r"did you mean \[useradd\]\?"),
            (["--print-completion", "cmd"], 64, r"unknown shell \[cmd\]"),
        ],
    )
    def test_words(self, run, config, bob, args, exit_code, message):
        pytest.importorskip("shtab")
        before = statuses(config, with_lock=False)
        result = run(*args)
        assert result.exit_code == exit_code
        assert re.search(rf"ERROR: .*{message}", result.err)
        assert len(result.err.partition("ERROR: ")[2].splitlines()[0]) < 1000
        assert PASSWORD not in result.out + result.err
        assert statuses(config, with_lock=False) == before

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
        before = statuses(config, with_lock=False)
        result = run(*args)
        assert result.exit_code == exit_code
        assert re.search(rf"ERROR: .*{name}\].*{message}", result.err)
        assert statuses(config, with_lock=False) == before

    def test_a_lock_held_by_another_process(self, config, bob, monkeypatch, run):
        monkeypatch.setattr(
            UsersTool.__init__,
            "__kwdefaults__",
            {
                **UsersTool.__init__.__kwdefaults__,
                "lock_timeout": 0.05,
            },
        )
        before = statuses(config, with_lock=False)
        with write_lock(lambda: str(config / "users.lock"), 1.0):
            result = run("userdel", "bob")
        assert result.exit_code == 75
        holder = rf"\[[^]]+\], process \[{os.getpid()}\] on \[[^]]*\], since .*; try again"
        lock = r"ERROR: write lock \[.*users.lock\] was not released within 0.05 s"
        assert re.search(f"{lock}: held by {holder}", result.err)
        assert statuses(config, with_lock=False) == before

    def test_a_full_disk(self, run, config, bob, monkeypatch):
        before = statuses(config, with_lock=False)

        def full(*_):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        with monkeypatch.context() as patch:
            patch.setattr(system, "write", full)
            result = run("userdel", "bob")
        assert result.exit_code == 74
        assert re.search(r"ERROR: .*users\]: No space left on device while writing", result.err)
        assert statuses(config, with_lock=False) == before

    @pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may write anywhere")
    def test_a_read_only_directory(self, run, config, bob):
        config.chmod(0o555)
        try:
            result = run("userdel", "bob")
        finally:
            config.chmod(0o755)
        assert result.exit_code == 77

    def test_a_directory_that_may_not_be_written(self, run, config, bob, monkeypatch):
        """The same for root, whom the system would not refuse by itself."""
        real = system.open

        def refuse(path, flags, *args):
            if flags & os.O_CREAT:
                raise PermissionError(errno.EACCES, "Permission denied")
            return real(path, flags, *args)

        before = statuses(config, with_lock=False)
        with monkeypatch.context() as patch:
            patch.setattr(system, "open", refuse)
            result = run("userdel", "bob")
        assert result.exit_code == 77
        assert re.search(
            r"ERROR: .*users.lock\]: .* run this as the owner of the directory", result.err
        )
        assert statuses(config, with_lock=False) == before

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("- a\n", "must be a mapping"),
            ("a: [\n", "not YAML"),
            ("xpack.security.fips_mode.enabled: yes\n", r"exactly \[true\] or \[false\]"),
            ("xpack.security.fips_mode.enabled:\n", "line 1: has no value"),
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
        assert "[ES_PATH_CONF] is empty: set it" in result.err


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
