"""``rescue``: printed once, once it is there; gone when it ends, however it ends."""

from __future__ import annotations

import io
import json
import os
import re
import signal
import sys
from datetime import timedelta

import pytest
from support.pages import ROOT

from esfilerealm import UsersTool
from esfilerealm._ground import moments
from esfilerealm.cli import main, rescue
from esfilerealm.cli.terminal import OutputError, Terminal
from esfilerealm.errors import LockTimeoutError

pexpect = pytest.importorskip("pexpect")
EOF = pexpect.EOF

PRINTED = re.compile(r"username: (rescue-\w{10})\npassword: (\w{22})\n")


@pytest.fixture
def wait(monkeypatch, config):
    """Replace the wait; keep what was there meanwhile."""

    class Wait:
        end = "time"

        def __call__(self, seconds_left, terminal, what):
            self.left = seconds_left()
            self.users = UsersTool(config).list_users()
            self.files = {path.name: path.read_bytes() for path in config.iterdir()}
            return self.end

    wait = Wait()
    monkeypatch.setattr(rescue, "wait_for_end", wait)
    return wait


class TestItsStay:
    def test_is_printed_once_and_ends(self, run, tool, wait):
        result = run("rescue")
        name, password = PRINTED.fullmatch(result.out).groups()
        assert result.exit_code == 0
        assert wait.users == {name: ("superuser",)}
        assert 590 < wait.left <= 600
        assert tool.list_users() == {}
        assert result.err.splitlines()[0] == (
            "NOTE: a node sees the user within 5 seconds, and as late that it is gone"
        )
        assert result.err.splitlines()[-1] == f"Removed [{name}], since its time is over"
        assert password not in result.err
        assert not any(password.encode() in data for data in wait.files.values())

    def test_with_other_roles_and_time(self, run, wait):
        assert run("rescue", "--ttl", "2h", "--roles", "viewer,editor").exit_code == 0
        assert [*wait.users.values()] == [("viewer", "editor")]
        assert 7190 < wait.left <= 7200

    @pytest.mark.parametrize(
        ("end", "why"), [("enter", "Enter was typed"), ("signal", "the wait was interrupted")]
    )
    def test_says_what_ended_it(self, run, tool, wait, end, why):
        wait.end = end
        result = run("rescue")
        assert result.exit_code == 0
        assert result.err.endswith(f", since {why}\n")
        assert tool.list_users() == {}

    def test_silently(self, run, wait):
        result = run("rescue", "-s")
        assert PRINTED.fullmatch(result.out)
        assert result.err == ""

    def test_for_programs(self, run, wait):
        result = run("rescue", "--json")
        added, removed = map(json.loads, result.out.splitlines())
        assert (added["event"], removed["event"], removed["end"]) == ("added", "removed", "time")
        assert list(wait.users) == [added["username"]]
        assert added["obstacles"] == []
        password = result.err.splitlines()[0]
        assert re.fullmatch(r"\w{22}", password)
        assert password not in result.out

    def test_may_be_long(self, run, tool, monkeypatch):
        monkeypatch.setattr(rescue, "wait_for_end", lambda *_: pytest.fail("it must not wait"))
        result = run("rescue", "--keep", "--ttl", "1h")
        name, password = PRINTED.fullmatch(result.out).groups()
        assert tool.verify(name, password)
        state = tool.accounts()[name]
        assert state.is_emergency
        assert moments.shown_time(state.expires) in result.err
        assert "'esfilerealm sweep'" in result.err
        one, other = run("rescue", "--keep", "--json"), run("list", "--json")
        assert json.loads(one.out)["event"] == "added"
        assert json.loads(one.out)["username"] in json.loads(other.out)["states"]

    def test_shows_other_warnings(self, run, wait):
        result = run("rescue", "--roles", "vewer")
        assert "did you mean [viewer]?" in result.err


class TestItNeverStaysUnheard:
    """Whoever cannot be told the password has no use for the user."""

    @pytest.mark.parametrize(
        ("stream", "options"),
        [
            pytest.param("stdout", [], id="wait"),
            pytest.param("stdout", ["--keep"], id="keep"),
            pytest.param("stdout", ["--json"], id="events"),
            pytest.param("stderr", ["--json"], id="password_of_json"),
            pytest.param("stderr", ["--keep", "--json"], id="password_of_json_keep"),
        ],
    )
    def test_a_closed_pipe(self, tool, config, monkeypatch, wait, stream, options):
        class Closed(io.StringIO):
            def write(self, text):
                raise BrokenPipeError(32, "Broken pipe")

        monkeypatch.setattr(sys, "stdout", io.StringIO())
        monkeypatch.setattr(sys, "stderr", io.StringIO())
        monkeypatch.setattr(sys, stream, Closed())
        assert main(["-c", str(config), "rescue", *options]) == 74
        assert tool.list_users() == {}

    def test_says_why_it_is_gone(self, run, monkeypatch, wait):
        def fail(*_):
            raise OutputError("no space left")

        monkeypatch.setattr(rescue._Stay, "_print", fail)
        assert run("rescue").err.splitlines()[0].endswith(", since it could not be printed")

    def test_no_stream_at_all(self, tool, config, monkeypatch, wait):
        monkeypatch.setattr(sys, "stdout", None)
        assert main(["-c", str(config), "rescue", "--keep"]) == 74
        assert tool.list_users() == {}

    def test_an_interrupt_while_it_is_printed(self, run, tool, monkeypatch, wait):
        def interrupt(*_):
            raise KeyboardInterrupt

        monkeypatch.setattr(rescue._Stay, "_print", interrupt)
        result = run("rescue", "--keep")
        assert (result.exit_code, result.out) == (0, "")
        assert tool.list_users() == {}

    def test_it_is_printed_once_it_is_there(self, run, tool, monkeypatch, wait):
        seen = []
        monkeypatch.setattr(
            "esfilerealm.cli.terminal.Terminal.print_secret",
            lambda _, text: seen.append((text, *tool.list_users())),
        )
        run("rescue")
        (name, user), (_, again) = seen
        assert name == f"username: {user}"
        assert user == again

    def test_a_user_that_was_not_made_is_not_printed(self, run, monkeypatch, wait):
        def fail(*_, **__):
            raise LockTimeoutError("users.lock", 1.0)

        monkeypatch.setattr(UsersTool, "transaction", fail)
        result = run("rescue")
        assert (result.exit_code, result.out) == (75, "")


def test_a_user_that_cannot_be_removed_is_told(run, tool, monkeypatch, wait):
    attempts = []

    def fail(*_):
        attempts.append(None)
        raise LockTimeoutError("users.lock", 1.0)

    monkeypatch.setattr(UsersTool, "userdel", fail)
    result = run("rescue")
    assert result.exit_code == 75
    assert "run 'esfilerealm sweep' then" in result.err
    assert len(attempts) == 2
    assert list(tool.list_users()) == list(wait.users)


class TestObstacles:
    def test_refuse(self, run, tool, give_settings, wait):
        give_settings("xpack.security.enabled: false")
        result = run("rescue", "--keep")
        assert result.exit_code == 78
        assert "security is switched off" in result.err
        assert "--force" in result.err
        assert tool.list_users() == {}

    def test_may_be_overridden(self, run, give_settings, wait):
        give_settings("xpack.security.enabled: false")
        result = run("rescue", "--force")
        assert result.exit_code == 0
        assert "WARNING: [" in result.err
        assert len(wait.users) == 1

    def test_that_only_may_count_warn(self, run, give_settings, wait):
        give_settings("cluster.nam: x")
        result = run("rescue", "--json")
        assert result.exit_code == 0
        assert "unknown setting [cluster.nam]" in result.err
        (obstacle,) = json.loads(result.out.splitlines()[0])["obstacles"]
        assert (obstacle["code"], obstacle["is_certain"]) == ("EFR472", False)

    def test_can_be_asked_for_only(self, run, config, tool, give_settings):
        before = sorted(config.iterdir())
        result = run("rescue", "--dry-run")
        assert result.exit_code == 0
        assert result.out == "Dry run. Would make a user with the roles [superuser]\n"
        assert json.loads(run("rescue", "--dry-run", "--json").out)["dry_run"]
        give_settings("resource.reload.enabled: false")
        assert run("rescue", "--dry-run").exit_code == 78
        assert sorted(config.iterdir()) == before


@pytest.mark.parametrize(
    ("words", "exit_code", "text"),
    [
        (["--ttl", "soon"], 65, "invalid time [soon]"),
        (["--ttl", "0s"], 65, "must be in the future"),
        (["--ttl", ""], 65, "invalid time []"),
        (["--roles", "a:b"], 65, "invalid role"),
        (["--roles", ""], 64, "must name a role"),
        (["--roles", ","], 64, "must name a role"),
        (["jane"], 64, "takes no argument"),
    ],
)
def test_wrong_words(run, tool, words, exit_code, text):
    result = run("rescue", *words)
    assert (result.exit_code, result.out) == (exit_code, "")
    assert text in result.err
    assert tool.list_users() == {}


@pytest.mark.skipif(os.name == "nt", reason="a terminal of POSIX")
class TestAtATerminal:
    @pytest.fixture
    def child(self, config):
        child = pexpect.spawn(
            sys.executable,
            ["-m", "esfilerealm", "-c", str(config), "rescue"],
            encoding="utf-8",
            timeout=30,
            env={**os.environ, "TERM": "dumb", "PYTHONPATH": str(ROOT)},
            dimensions=(24, 120),
            # A test run in the background of a shell ignores interrupts, and so would the child.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
        )
        child.expect(r"password: \w{22}")
        child.expect(r"left; Enter or Ctrl-C ends it now")
        assert re.search(r"\[rescue-\w+\]: (10:00|9:5\d) ", child.before)
        yield child
        child.close(force=True)

    @pytest.mark.parametrize(
        ("end", "why"),
        [
            pytest.param(lambda child: child.sendline(""), "Enter was typed", id="enter"),
            pytest.param(lambda child: child.sendintr(), "the wait was interrupted", id="ctrl_c"),
            pytest.param(
                lambda child: child.kill(signal.SIGTERM), "the wait was interrupted", id="sigterm"
            ),
        ],
    )
    def test_ends(self, child, tool, end, why):
        assert len(tool.list_users()) == 1
        end(child)
        child.expect(f"Removed .*, since {why}")
        child.expect(EOF)
        child.close()
        assert child.exitstatus == 0
        assert tool.list_users() == {}

    def test_a_terminal_that_is_closed(self, child, tool):
        child.kill(signal.SIGHUP)
        child.expect(EOF)
        child.close()
        assert tool.list_users() == {}


@pytest.mark.parametrize(("columns", "shown"), [(10, 9), (120, 20), (0, 20)])
def test_a_countdown_never_wraps(monkeypatch, columns, shown):
    """A line that wraps cannot be replaced, so each second would add another."""
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setattr(sys.stderr, "fileno", lambda: 2)
    monkeypatch.setattr(os, "get_terminal_size", lambda _: os.terminal_size((columns, 24)))
    terminal = Terminal()
    terminal.show_status("x" * 20)
    assert sys.stderr.getvalue() == "\r" + "x" * shown
    terminal.show_status("")
    assert sys.stderr.getvalue().endswith("\r" + " " * shown + "\r")


def test_the_time_of_a_killed_rescue_is_kept(run, tool, monkeypatch):
    """The use of the directory that comes next removes the user."""
    tool.rescue(timedelta(minutes=1)).__enter__()
    now = moments.now()
    later = moments.Moment(now.time + timedelta(minutes=2), "another boot", 5.0)
    monkeypatch.setattr(moments, "now", lambda: later)
    result = run("list")
    assert "since their time is over" in result.err
    assert result.out == "No users found\n"
