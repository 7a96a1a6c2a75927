"""The command as a process: how it starts and ends, and what it says if neither goes well."""

from __future__ import annotations

import errno
import io
import os
import signal
import subprocess
import sys
import types

import pytest
from support.hashes import CHEAP_HASH

from esfilerealm.cli import app, main, program
from esfilerealm.cli.unexpected import explain

TRY = "try again, or reinstall esfilerealm"
NOT_READ = f"the system did not let Python read it; {TRY}"


class TestProgram:
    """The command as a process of its own ends without taking the interpreter apart."""

    @pytest.fixture
    def ended(self, monkeypatch):
        """The ways in which the process was ended."""
        ways = []
        monkeypatch.setattr(os, "_exit", lambda code: ways.append(("at once", code)))
        monkeypatch.setattr(sys, "exit", lambda code: ways.append(("as ever", code)))
        monkeypatch.setattr(sys, "argv", ["esfilerealm", "frob"])
        monkeypatch.setattr(sys, "gettrace", lambda: None)
        monkeypatch.setattr(sys, "unraisablehook", sys.unraisablehook)
        monkeypatch.delitem(sys.modules, "coverage", raising=False)
        return ways

    def test_at_once(self, ended):
        program()
        assert ended[0] == ("at once", 64)

    def test_a_debugger_gets_its_turn(self, ended, monkeypatch):
        monkeypatch.setattr(sys, "gettrace", lambda: print)
        program()
        assert ended == [("as ever", 64)]

    def test_streams_that_fail(self, ended, monkeypatch):
        class Broken:
            def write(self, text):
                return len(text)

            def flush(self):
                raise ValueError("closed")

            def isatty(self):
                return False

        monkeypatch.setattr(sys, "stderr", Broken())
        monkeypatch.setattr("esfilerealm.cli.app.main", lambda: 3)
        program()
        assert ended == [("at once", 3)]

    def test_all_output_arrives(self, config):
        words = [sys.executable, "-m", "esfilerealm", "guide", "realms"]
        done = subprocess.run(words, capture_output=True, check=False)
        assert (done.returncode, len(done.stdout) > 1_000) == (0, True)

    def test_main_leaves_the_process_alone(self, config):
        assert main(["-c", str(config), "list"]) == 0

    def test_an_interrupt_of_the_report(self, ended, monkeypatch, capsys):
        def interrupted():
            raise KeyboardInterrupt

        monkeypatch.setattr("esfilerealm.cli.app.main", interrupted)
        program()
        assert ended == [("at once", 130)]
        assert capsys.readouterr().err == ""

    @pytest.mark.parametrize("fault", [None, OSError(errno.EBADF, "Bad file descriptor")])
    def test_no_memory_for_the_report(self, ended, monkeypatch, fault):
        written = []

        def write(descriptor, data):
            written.append((descriptor, data))
            if fault:
                raise fault

        def explain(_):
            raise MemoryError

        reserve = [bytearray(1)]
        monkeypatch.setattr("esfilerealm.cli.app.main", lambda: 1 / 0)
        monkeypatch.setattr("esfilerealm.cli.process.explain", explain)
        monkeypatch.setattr("esfilerealm.cli.process._RESERVE", reserve)
        monkeypatch.setattr(os, "write", write)
        program()
        assert (ended, reserve) == ([("at once", 74)], [])
        assert written == [(2, b"ERROR: there is not enough memory, with exit code 74\n")]

    def test_an_interrupt_of_a_finalizer(self, ended, monkeypatch, capsys):
        class Held:
            def __del__(self):
                raise KeyboardInterrupt

        monkeypatch.setattr("esfilerealm.cli.app.main", lambda: Held() and 3)
        program()
        assert ended == [("at once", 3)]
        assert capsys.readouterr().err == ""

    def test_an_interrupt_after_the_end(self, ended, monkeypatch):
        class Interrupted(io.StringIO):
            def flush(self):
                raise KeyboardInterrupt

        monkeypatch.setattr(sys, "stdout", Interrupted())
        monkeypatch.setattr("esfilerealm.cli.app.main", lambda: 3)
        program()
        assert ended == [("at once", 3)]

    @pytest.mark.parametrize("stream", [None, io.StringIO()], ids=["closed", "open"])
    def test_a_module_that_cannot_be_read(self, ended, monkeypatch, stream):
        class Unreadable(types.ModuleType):
            def __getattr__(self, name):
                raise OSError(errno.EMFILE, "Too many open files", "/lib/é.py")

        monkeypatch.setitem(sys.modules, "esfilerealm.cli.app", Unreadable("app"))
        monkeypatch.setattr(sys, "stderr", stream)
        program()
        assert ended == [("at once", 74)]
        if stream is not None:
            assert stream.getvalue() == (
                "ERROR: cannot use [/lib/\\xe9.py]: Too many open files, with exit code 74\n"
            )

    def test_a_full_disk_for_its_errors(self, ended, monkeypatch):
        class Full(io.StringIO):
            def write(self, text):
                raise OSError(errno.ENOSPC, "No space left on device")

        monkeypatch.setattr(sys, "stderr", Full())
        monkeypatch.setattr("esfilerealm.cli.app.main", lambda: 1 / 0)
        program()
        assert ended == [("at once", 70)]


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no /dev/full")
@pytest.mark.parametrize(
    ("words", "exit_code"),
    [
        (("userdel", "nobody"), 67),
        (("frob",), 64),
        (("list",), 74),
        (("passwd", "bob", "--hash", CHEAP_HASH, "--dry-run"), 74),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else None,
)
def test_exit_codes_on_a_full_disk(config, words, exit_code):
    """Neither an error that cannot be printed nor its report changes the exit code."""
    (config / "users").write_text(f"bob:{CHEAP_HASH}\n")
    with open("/dev/full", "wb") as full:
        line = [sys.executable, "-m", "esfilerealm", "-c", str(config), *words]
        assert subprocess.run(line, stdout=full, stderr=full, check=False).returncode == exit_code


class TestExplain:
    @pytest.mark.parametrize(
        ("error", "text", "exit_code"),
        [
            (OSError(errno.EIO, "I/O error"), "the system refused: I/O error", 74),
            (OSError(errno.EIO, "I/O error", "/x"), "cannot use [/x]: I/O error", 74),
            (OSError("odd"), "the system refused: odd", 74),
            (MemoryError(), "there is not enough memory", 74),
            (
                ModuleNotFoundError("no", name="not_a_package"),
                "[not_a_package] is not installed: reinstall esfilerealm",
                70,
            ),
            (
                ModuleNotFoundError("no", name="esfilerealm.nothing"),
                f"[esfilerealm.nothing] cannot be loaded: {NOT_READ}",
                74,
            ),
            (
                ModuleNotFoundError("no", name="math"),
                f"[math] cannot be loaded: {NOT_READ}",
                74,
            ),
            (
                ModuleNotFoundError("no", name="esfilerealm.cli.app"),
                f"[esfilerealm.cli.app] cannot be loaded: {NOT_READ}",
                74,
            ),
            (
                ModuleNotFoundError("no", name="bcrypt"),
                f"[bcrypt] cannot be loaded: {NOT_READ}",
                74,
            ),
            (
                ImportError("b.so: failed to map segment", name="b"),
                f"[b] cannot be loaded: b.so: failed to map segment; {TRY}",
                74,
            ),
            (
                ImportError("cannot import name 'x' from 'b'", name="b"),
                "cannot import name 'x' from 'b': reinstall esfilerealm",
                70,
            ),
            (
                ImportError("cannot import name 'x' from 're'", name="re"),
                f"[re] cannot be loaded: {NOT_READ}",
                74,
            ),
            (
                ImportError("cannot import name 'x' from 'b' (unknown location)", name="b"),
                f"[b] cannot be loaded: {NOT_READ}",
                74,
            ),
            (ImportError("odd"), f"[a module] cannot be loaded: odd; {TRY}", 74),
            (ZeroDivisionError("secret"), "unexpected ZeroDivisionError, please report it", 70),
        ],
        ids=lambda value: type(value).__name__ if isinstance(value, Exception) else None,
    )
    def test_it(self, error, text, exit_code, monkeypatch):
        monkeypatch.delitem(sys.modules, "bcrypt", raising=False)
        assert explain(error) == (text, exit_code)

    def test_nothing_can_be_read(self, monkeypatch):
        def fail(_):
            raise OSError(errno.EMFILE, "Too many open files")

        monkeypatch.setattr(os, "listdir", fail)
        error = ModuleNotFoundError("no", name="not_a_package")
        assert explain(error)[1] == 74


class TestWhatWasWritten:
    """Whatever ends a command that writes says whether it has written."""

    @pytest.fixture
    def fail_after(self, config, monkeypatch):
        """Have ``userdel`` fail once the change is made."""
        (config / "users").write_text(f"bob:{CHEAP_HASH}\n")

        def prepare(error):
            def fail(*_args, **_more):
                raise error

            monkeypatch.setattr("esfilerealm.cli.users.print_written", fail)

        return prepare

    @pytest.mark.parametrize(
        ("error", "exit_code"),
        [
            (OSError(errno.EMFILE, "Too many open files"), 74),
            (MemoryError(), 74),
            (ZeroDivisionError(), 70),
            (KeyboardInterrupt(), 130),
        ],
        ids=lambda value: type(value).__name__,
    )
    def test_after_the_change(self, config, fail_after, capsys, error, exit_code):
        fail_after(error)
        assert main(["-c", str(config), "userdel", "bob"]) == exit_code
        assert "both files may have changed" in capsys.readouterr().err

    def test_before_the_change(self, config, fail_after, monkeypatch, capsys):
        fail_after(None)

        def fail(*_):
            raise OSError(errno.EMFILE, "Too many open files")

        monkeypatch.setattr("esfilerealm.admin.users_tool.UsersTool.transaction", fail)
        assert main(["-c", str(config), "userdel", "bob"]) == 74
        assert (
            "the system refused: Too many open files; nothing was written, with exit code 74"
            in (capsys.readouterr().err)
        )

    @pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no /dev/full")
    def test_a_result_that_cannot_be_printed(self, config):
        (config / "users").write_text(f"bob:{CHEAP_HASH}\n")
        line = [sys.executable, "-m", "esfilerealm", "-c", str(config), "userdel", "bob", "--json"]
        with open("/dev/full", "wb") as full:
            done = subprocess.run(line, stdout=full, stderr=subprocess.PIPE, check=False, text=True)
        assert done.returncode == 74
        assert "cannot print: No space left on device; both files may have changed" in done.stderr

    def test_a_command_that_only_reads(self, config, monkeypatch, capsys):
        monkeypatch.setattr("esfilerealm.admin.users_tool.UsersTool.overview", lambda _: 1 / 0)
        assert main(["-c", str(config), "list"]) == 70
        assert capsys.readouterr().err.endswith("please report it, with exit code 70\n")


def test_an_interrupt_with_results_that_cannot_be_printed(config, monkeypatch):
    """The report of one fault meets another."""

    class Full(io.StringIO):
        def flush(self):
            raise OSError(errno.ENOSPC, "No space left on device")

    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(sys, "stdout", Full())
    monkeypatch.setattr(app, "_run_command", interrupt)
    assert main(["-c", str(config), "list"]) == 130


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_an_interrupt_while_it_is_loaded(config):
    """From the moment at which it is loaded, Ctrl-C prints no traceback."""
    code = (
        "import os, signal, sys\n"
        "class Finder:\n"
        "    def find_spec(self, name, *_):\n"
        "        if name == 'esfilerealm.cli.app':\n"
        "            os.kill(os.getpid(), signal.SIGINT)\n"
        "sys.meta_path.insert(0, Finder())\n"
        "from esfilerealm.cli import program\n"
        "program()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, "list"],
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    assert (done.returncode, done.stderr) == (130, "")
