"""What only a terminal gets: colours and a pager. On a real one."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest
from support.hashes import CHEAP_HASH
from support.pages import ROOT

from esfilerealm import UsersTool

pexpect = pytest.importorskip("pexpect")

DOCUMENT = f"""\
users:
- {{name: jane, password_hash: "{CHEAP_HASH}", roles: [viewer]}}
- {{name: root, password_hash: "{CHEAP_HASH}", roles: [superuser]}}
- {{name: bob, roles: [superuser]}}
- {{name: al, roles: [viewer]}}
- {{name: old, state: absent}}
- {{name: boss, state: absent}}
- {{name: chief, locked: true}}
"""
UNSET = ("COLUMNS", "LINES", "NO_COLOR", "PAGER")
POLL = ("-E", "resource.reload.interval.high=50ms")
USERS = ("bob", "al", "old", "boss", "chief")
GREEN, RED, YELLOW, BOLD = "32", "31", "33", "1;"


@pytest.fixture
def realm(config):
    (config / "users").write_text("".join(f"{n}:{CHEAP_HASH}\n" for n in USERS))
    (config / "users_roles").write_text("superuser:boss,chief\nviewer:bob,old\n")
    (config / "state.yaml").write_text(DOCUMENT)
    return config


@pytest.fixture
def on_terminal(realm):
    """Run the command on a terminal, and return what it printed and its exit code."""

    def on_terminal(*words, **environ):
        surroundings = {k: v for k, v in os.environ.items() if k not in UNSET}
        surroundings |= {"TERM": "xterm", "PYTHONPATH": str(ROOT), "LESS": "FRX", **environ}
        child = pexpect.spawn(
            sys.executable,
            ["-m", "esfilerealm", "-c", str(realm), *words],
            encoding="utf-8",
            timeout=30,
            env=surroundings,
            dimensions=(24, 90),
        )
        child.expect(pexpect.EOF)
        child.close()
        return child.before.replace("\r\n", "\n"), child.exitstatus

    return on_terminal


def coloured(text, codes):
    return f"\x1b[{codes}m{text}\x1b[0m\n"


class TestColours:
    def test_a_plan(self, on_terminal, realm):
        out, exit_code = on_terminal("plan", str(realm / "state.yaml"))
        assert exit_code == 0
        for line, codes in {
            "+ jane: viewer": GREEN,
            "+ root: superuser": BOLD + GREEN,
            "~ bob: roles +superuser": BOLD + YELLOW,
            "~ bob: roles -viewer": YELLOW,
            "~ al: roles +viewer": YELLOW,
            "- old": RED,
            "- boss": BOLD + RED,
            "~ chief: locked": BOLD + YELLOW,
        }.items():
            assert coloured(line, codes) in out
        assert "\nDry run. Would change: " in out

    def test_an_undo(self, on_terminal, realm):
        tool = UsersTool(realm, keep=1)
        with tool.transaction() as change:
            change.userdel("old")
            change.userdel("boss")
            change.useradd("new", password_hash=CHEAP_HASH)
            change.roles("bob", add=["superuser"], remove=["viewer"])
            change.passwd("al", "correct-horse")
        out, _ = on_terminal("undo")
        assert out == "".join(
            (
                coloured("  + old: viewer", GREEN),
                coloured("  + boss: superuser", BOLD + GREEN),
                coloured("  - new", RED),
                coloured("  ~ al: password", YELLOW),
                coloured("  ~ bob: roles superuser -> viewer", BOLD + YELLOW),
            )
        )
        out, _ = on_terminal("undo")
        assert coloured("  - old", RED) in out
        assert coloured("  - boss", BOLD + RED) in out

    def test_files_that_cannot_be_read(self, on_terminal, realm):
        """The roles of before are only for emphasis; without them, the command still works."""
        UsersTool(realm, keep=1).userdel("boss")
        (realm / "users").write_bytes(b"\xff\n")
        out, exit_code = on_terminal("plan", str(realm / "state.yaml"))
        assert exit_code == 70
        assert "not UTF-8" in out
        out, exit_code = on_terminal("undo")
        assert (exit_code, "not UTF-8" in out) == (70, True)

    def test_errors(self, on_terminal, realm):
        error = "ERROR: unknown option [--jsn] (did you mean [--json]?), with exit code 64"
        hint = "Try 'esfilerealm list --help' for more information.\n"
        assert on_terminal("list", "--jsn") == (coloured(error, RED) + hint, 64)
        (realm / "users").write_text("bob:swordfish\n")
        (realm / "users_roles").write_text("")
        out, exit_code = on_terminal("check")
        assert exit_code == 65
        assert f"line [1]: \x1b[1;{RED}merror EFR201\x1b[0m: " in out

    @pytest.mark.parametrize("environ", [{"NO_COLOR": "1"}, {"TERM": "dumb"}, {"TERM": ""}])
    def test_switched_off(self, on_terminal, realm, environ):
        for words in (["plan", str(realm / "state.yaml")], ["list", "--jsn"], ["list"]):
            assert "\x1b" not in on_terminal(*words, **environ)[0]

    def test_an_empty_no_color_does_not_count(self, on_terminal):
        assert "\x1b" in on_terminal("list", "--jsn", NO_COLOR="")[0]

    @pytest.mark.parametrize("words", [["plan", "{}", "--json"], ["list", "--json"], ["list"]])
    def test_neither_json_nor_a_list(self, on_terminal, realm, words):
        words = [word.format(realm / "state.yaml") for word in words]
        assert "\x1b" not in on_terminal(*words)[0]

    def test_not_in_a_pipe(self, realm):
        done = subprocess.run(
            [sys.executable, "-m", "esfilerealm", "-c", str(realm), "plan", realm / "state.yaml"],
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "TERM": "xterm", "PYTHONPATH": str(ROOT)},
        )
        assert "+ jane: viewer\n" in done.stdout
        assert "\x1b" not in done.stdout + done.stderr

    def test_a_watch(self, realm):
        child = pexpect.spawn(
            sys.executable,
            ["-m", "esfilerealm", "-c", str(realm), "watch", "--no-events", *POLL],
            encoding="utf-8",
            timeout=30,
            env={**os.environ, "TERM": "xterm", "PYTHONPATH": str(ROOT)},
            # A test run in the background of a shell ignores interrupts, and so would the child.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
        )
        child.expect_exact("5 users")
        with UsersTool(realm).transaction() as change:
            change.userdel("boss")
            change.roles("bob", add=["superuser"])
        child.expect_exact(coloured("  - boss", BOLD + RED)[:-1])
        child.expect_exact(
            coloured("  ~ bob: roles viewer -> superuser,viewer", BOLD + YELLOW)[:-1]
        )
        child.sendintr()
        child.expect(pexpect.EOF)
        child.close()
        assert child.exitstatus == 130


def test_width_of_the_terminal(on_terminal):
    out, _ = on_terminal("useradd", "--help")
    lines = out.partition("\nExamples")[0].splitlines()
    assert 80 < max(map(len, lines)) <= 90


class TestPager:
    def test_of_the_user(self, on_terminal, tmp_path):
        pager = tmp_path / "pager"
        pager.write_text('#!/bin/sh\necho "paged $1"\nhead -n 1\n')
        pager.chmod(0o755)
        out, exit_code = on_terminal("guide", "settings", PAGER=f"{pager} -x")
        title = (ROOT / "esfilerealm/settings/README.md").read_text().partition("\n")[0]
        assert (out, exit_code) == (f"paged -x\n{title}\n", 0)

    def test_gets_lines_that_fit(self, on_terminal):
        """No word is cut at the edge of the terminal, which has 90 columns."""
        out, _ = on_terminal("guide", "storage", PAGER="cat")
        prose = [line for line in out.splitlines() if not line.startswith(("|", "#"))]
        assert 80 < max(map(len, prose)) <= 90

    def test_that_does_not_exist(self, on_terminal):
        out, exit_code = on_terminal("guide", "settings", PAGER="/no/such/pager")
        assert (out.startswith("# "), exit_code) == (True, 0)

    def test_not_on_a_terminal_that_cannot(self, on_terminal, tmp_path):
        out, _ = on_terminal("guide", "settings", PAGER="false", TERM="dumb")
        assert out.startswith("# ")

    def test_that_is_interrupted(self, on_terminal, tmp_path):
        """Control-C is for the pager, and does not end the command before it."""
        pager = tmp_path / "pager"
        pager.write_text("#!/bin/sh\ncat > /dev/null\nkill -INT $PPID\nsleep 0.2\necho done\n")
        pager.chmod(0o755)
        assert on_terminal("guide", "settings", PAGER=str(pager)) == ("done\n", 0)

    def test_not_when_silent(self, on_terminal):
        assert on_terminal("guide", "settings", "-s", PAGER="false") == ("", 0)

    def test_not_for_the_topics(self, on_terminal):
        assert on_terminal("guide", PAGER="false")[0].startswith("admin ")
