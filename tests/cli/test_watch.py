"""``watch``: what changes is printed as it happens."""

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

OTHER_HASH = CHEAP_HASH.replace("XVexwBEufu", "YVexwBEufu")


LOGGER = logging.getLogger("esfilerealm")


class Watching:
    """``watch`` in a thread of this process, and everything that it has printed."""

    def __init__(self, config, words):
        self.out, self.err = io.StringIO(), io.StringIO()
        self.exit_code = None
        self._words = ["-c", str(config), "watch", *words]
        self._events = []
        self._thread = threading.Thread(target=self._run)

    def queue(self):
        """Replace the queue from which the command reads."""
        self._events.append(queue.SimpleQueue())
        return self._events[0]

    def start(self):
        self._thread.start()

    def _run(self):
        self.exit_code = main(self._words)

    def lines(self, count):
        """Wait for so many lines of output, and return all lines."""
        wait_until(lambda: self.out.getvalue().count("\n") >= count or not self._thread.is_alive())
        return self.out.getvalue().splitlines()

    def objects(self, count):
        return [json.loads(line) for line in self.lines(count)]

    def interrupt(self):
        """Do what Control-C does to a command that waits."""

        def raise_interrupt():
            raise KeyboardInterrupt

        if self._thread.is_alive():
            wait_until(lambda: self._events)
            self._events[0].put(raise_interrupt)
        self._thread.join(PATIENCE)
        return self.exit_code


@pytest.fixture
def watch(config, monkeypatch):
    """Start ``watch`` with a short interval between polls."""
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
            assert (line.pop("command"), line.pop("version")) == ("watch", 1)
        assert start == {"event": "start", "generation": 1, "user_count": 1}
        nothing = {
            "event": "change",
            "added": {},
            "removed": [],
            "passwords": [],
            "role_changes": {},
        }
        assert second == {
            **nothing,
            "generation": 2,
            "user_count": 2,
            "added": {"al": []},
            "passwords": ["bob"],
        }
        assert third == {
            **nothing,
            "generation": 3,
            "user_count": 2,
            "role_changes": {"bob": {"roles_before": ["viewer"], "roles_after": ["admin"]}},
        }
        assert fourth == {**nothing, "generation": 4, "user_count": 1, "removed": ["bob"]}
        for password_hash in (CHEAP_HASH, OTHER_HASH):
            assert password_hash not in watching.out.getvalue()
            assert password_hash[7:] not in watching.out.getvalue()
        assert watching.interrupt() == 130

    def test_edits_that_change_no_user_are_not_printed(self, config, bob, watch):
        watching = watch("--json")
        watching.lines(1)
        replace(config / "users", f"# other people\n\nbob:{CHEAP_HASH}\n".encode())
        replace(config / "users_roles", b"admin:bob\n")
        assert watching.objects(2)[1]["role_changes"]
        watching.interrupt()
        assert len(watching.objects(2)) == 2

    @pytest.mark.parametrize("as_json", [False, True])
    def test_a_file_that_becomes_unreadable_and_recovers(self, config, bob, watch, as_json):
        """The problem is printed once, whatever the number of polls; the users stay."""
        watching = watch(*(["--json"] if as_json else []))
        watching.lines(1)
        replace(config / "users", b"bob:\xff\n")
        wait_until(lambda: "not UTF-8" in watching.err.getvalue())
        problem = re.escape(f"WARNING: file [{config / 'users'}], line [1], byte [4]: not UTF-8")
        replace(config / "users", f"bob:{OTHER_HASH}\n".encode())
        lines = watching.lines(4)
        assert watching.interrupt() == 130
        if as_json:
            printed = [json.loads(line) for line in lines]
            assert [line["event"] for line in printed] == ["start", "problem", "recovery", "change"]
            assert f"WARNING: {printed[1]['message']}\n" in watching.err.getvalue()
            assert (printed[3]["generation"], printed[3]["passwords"]) == (2, ["bob"])
        else:
            assert lines[1].endswith("both files can be read again")
            assert lines[2].endswith("generation 2, 1 user")
            assert lines[3:] == ["  ~ bob: password"]
        assert len(re.findall(problem, watching.err.getvalue())) == 1

    def test_unreadable_from_the_start(self, config, bob, watch):
        good = (config / "users").read_bytes()
        (config / "users").write_bytes(b"bob:\xff\n")
        watching = watch("--json")
        start, problem = watching.objects(2)
        assert (start["generation"], start["user_count"]) == (0, 0)
        assert problem["event"] == "problem"
        replace(config / "users", good)
        recovery, change = watching.objects(4)[2:]
        assert recovery["event"] == "recovery"
        assert (change["generation"], change["added"]) == (1, {"bob": ["viewer"]})

    def test_recovery_without_a_change(self, config, bob, watch):
        good = (config / "users").read_bytes()
        watching = watch("--json")
        watching.lines(1)
        replace(config / "users", b"bob:\xff\n")
        watching.objects(2)
        replace(config / "users", good)
        assert [line["event"] for line in watching.objects(3)] == ["start", "problem", "recovery"]
        watching.interrupt()

    def test_disabled_reload_is_refused(self, run, bob):
        done = run("watch", "-E", "resource.reload.enabled=false")
        assert done.exit_code == 78
        assert "[resource.reload.enabled] is false" in done.err

    def test_warnings_about_settings(self, bob, watch):
        watching = watch("-E", "resource.reload.interval=40s")
        watching.lines(1)
        watching.interrupt()
        assert "WARNING: setting [resource.reload.interval]" in watching.err.getvalue()

    def test_skipped_lines_and_unusable_hashes(self, config, bob, watch):
        watching = watch("--json")
        watching.lines(1)
        replace(config / "users", f"bob:{CHEAP_HASH}\nal:swordfish\nswordfish\n".encode())
        printed = watching.objects(4)[1:]
        assert [line["event"] for line in printed] == ["problem", "problem", "change"]
        assert "skipped line [3] of file" in printed[0]["message"]
        assert printed[1]["message"] == (
            "a node lets in whoever types the text that stands in the file for user [al], "
            "line [2]: it is not a known hash; set a password"
        )
        assert printed[2]["added"] == {"al": []}
        watching.interrupt()
        assert "swordfish" not in watching.out.getvalue() + watching.err.getvalue()

    def test_silent(self, config, bob, watch):
        watching = watch("-s", "--json")
        replace(config / "users", b"bob:\xff\n")
        problem = watching.objects(2)[1]
        assert problem["event"] == "problem"
        assert watching.interrupt() == 130
        assert watching.err.getvalue() == f"WARNING: {problem['message']}\n"

    def test_control_characters_in_names(self, config, bob, watch):
        """The realm skips such names, in both files."""
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
        assert (start["event"], start["generation"], start["user_count"]) == ("start", 2, 2)
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
    """What only a separate process has: signals and pipes."""

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
        """One that comes right before the wait, or that the system delivers to another thread."""
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

    def test_a_file_that_becomes_unreadable(self, process, config):
        replace(config / "users_roles", b"\xff\n")
        line = process.stderr.readline()
        assert re.match(rb"WARNING: file \[.*users_roles\], line \[1\], byte \[0\]: ", line)
