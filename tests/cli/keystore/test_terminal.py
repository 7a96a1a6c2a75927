"""``keystore`` on a real terminal: what is shown, what is not, and what the keys do."""

from __future__ import annotations

import os
import signal
import sys

import pytest
from support.keystore_bytes import build, parse
from support.keystore_runs import KEYSTORE, P1, P2, P3, run_on_terminal
from support.pages import ROOT

pexpect = pytest.importorskip("pexpect")

SECRET, VALUE = "open-sesame", "s3cret-value"


@pytest.fixture
def path(tmp_path):
    (tmp_path / KEYSTORE).write_bytes(build({"a.b": b"alpha", "bin": b"\xff"}, password=SECRET))
    return tmp_path / KEYSTORE


@pytest.fixture
def typed(tmp_path):
    """Run a line, answer its prompts, and return what the screen shows and the exit code."""

    def typed(*words, answers):
        child = pexpect.spawn(
            sys.executable,
            ["-m", "esfilerealm", "-c", str(tmp_path), "keystore", *words],
            encoding="utf-8",
            timeout=30,
            env={**os.environ, "TERM": "dumb", "PYTHONPATH": str(ROOT)},
            # A test run in the background of a shell ignores interrupts, and so would the child.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
        )
        screen = ""
        for prompt, answer in answers:
            child.expect_exact(prompt)
            screen += child.before + child.after
            answer(child) if callable(answer) else child.sendline(answer)
        child.expect(pexpect.EOF)
        child.close()
        return (screen + child.before).replace("\r\n", "\n"), child.exitstatus

    return typed


def test_neither_passwords_nor_values_are_shown(typed, path):
    screen, exit_code = typed(
        "add", "a.b", answers=[(P1, SECRET), ("[y/N]", "Y"), ("Enter value for a.b: ", VALUE)]
    )
    assert exit_code == 0
    assert screen == (
        f"{P1}\nSetting a.b already exists. Overwrite? [y/N]Y\nEnter value for a.b: \n"
    )
    assert parse(path.read_bytes(), SECRET).settings["a.b"] == VALUE.encode()


def test_a_typo_in_an_answer(typed, path):
    screen, _ = typed("create", answers=[("[y/N]", "yes"), ("[y/N]", "")])
    assert "Did not understand the answer" in screen
    assert screen.endswith("Exiting without creating keystore.\n")


@pytest.mark.parametrize(
    ("words", "answers", "exit_code", "end"),
    [
        (["passwd"], [(P1, SECRET), (P2, "one"), (P3, "two")], 65, "differ"),
        (["list"], [(P1, "wrong")], 65, "is wrong"),
        (["show", "bin"], [(P1, SECRET)], 74, "redirect the output"),
        (["show", "a.b"], [(P1, SECRET)], 0, "alpha\n"),
    ],
)
def test_ends(typed, path, words, answers, exit_code, end):
    before = path.read_bytes()
    screen, code = typed(*words, answers=answers)
    assert code == exit_code
    assert end in screen
    assert SECRET not in screen
    assert path.read_bytes() == before


class TestKeys:
    def test_control_c(self, typed, path):
        before = path.read_bytes()
        answers = [(P1, SECRET), ("Enter value for new: ", lambda child: child.sendintr())]
        screen, exit_code = typed("add", "new", answers=answers)
        assert exit_code == 130
        assert screen.endswith("Interrupted: nothing was written\n")
        assert path.read_bytes() == before

    def test_control_d_at_a_question_is_no(self, typed, path):
        answers = [(P1, SECRET), ("[y/N]", lambda child: child.sendeof())]
        screen, exit_code = typed("add", "a.b", answers=answers)
        assert exit_code == 0
        assert screen.endswith("Exiting without modifying keystore.\n")

    def test_control_d_at_a_value_is_an_error(self, typed, path):
        answers = [(P1, SECRET), ("Enter value for new: ", lambda child: child.sendeof())]
        screen, exit_code = typed("add", "new", answers=answers)
        assert exit_code == 70
        assert "the input ended where the value of [new] was expected" in screen


def test_answers_that_are_sent_at_once_are_kept(path):
    """A program that waits for no prompt, or a person who pastes, loses none of them."""
    given = f"{SECRET}\n{VALUE}\nother\n".encode()
    ran = run_on_terminal(path.parent, "add", "new", "newer", stdin=given)
    assert ran.exit_code == 0, ran.err
    settings = parse(path.read_bytes(), SECRET).settings
    assert (settings["new"], settings["newer"]) == (VALUE.encode(), b"other")


def test_the_prompt_is_shown_where_errors_go_elsewhere(typed, path):
    """As for `2>log`: the terminal itself shows it."""
    line = 'exec "$0" -m esfilerealm -c "$1" keystore list 2>"$1/log"'
    child = pexpect.spawn(
        "sh",
        ["-c", line, sys.executable, str(path.parent)],
        encoding="utf-8",
        timeout=30,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    child.expect_exact(P1)
    child.sendline(SECRET)
    child.expect_exact("a.b")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0
    assert (path.parent / "log").read_text() == ""
