"""A wait ends with its time, with Enter or with a signal; on a terminal it counts down."""

from __future__ import annotations

import io
import os
import signal

import pytest

from esfilerealm.cli import waiting
from esfilerealm.cli.terminal import Terminal
from esfilerealm.cli.waiting import interrupted_by_signals, undisturbed, wait_for_end


class Screen(io.StringIO):
    """A terminal that keeps what it is sent."""

    def isatty(self):
        return True


class Elsewhere(io.StringIO):
    """Not a terminal."""


@pytest.fixture
def terminal(monkeypatch):
    def terminal(stderr):
        monkeypatch.setattr("sys.stderr", stderr)
        monkeypatch.setattr("sys.stdin", Elsewhere())
        return Terminal()

    return terminal


class Time:
    """Seconds that pass by waiting only."""

    def __init__(self, left, enter_after=None):
        self.left, self.pauses, self._enter_after = left, [], enter_after

    def __call__(self):
        return self.left

    def pause(self, keyboard, seconds):
        self.pauses.append(seconds)
        self.left -= seconds
        return len(self.pauses) == self._enter_after


def test_it_counts_down_in_one_line_and_clears_it(terminal):
    screen, time = Screen(), Time(2.5)
    assert wait_for_end(time, terminal(screen), "[x]", pause=time.pause) == "time"
    lines = screen.getvalue().split("\r")
    assert [line.partition(";")[0] for line in lines if line.strip()] == [
        "[x]: 0:03 left",
        "[x]: 0:02 left",
        "[x]: 0:01 left",
    ]
    assert lines[-1] == ""
    assert lines[-2].strip() == ""
    assert len(lines[-2]) == len(lines[-3])
    assert time.pauses == [1.0, 1.0, 0.5]


@pytest.mark.parametrize("verbosity", [0, 1])
def test_it_says_nothing_where_nobody_looks(terminal, verbosity):
    stream = Elsewhere() if verbosity else Screen()
    time, silent = Time(2.0), terminal(stream)
    silent.verbosity = verbosity
    assert wait_for_end(time, silent, "[x]", pause=time.pause) == "time"
    assert stream.getvalue() == ""


def test_a_time_that_is_over_is_not_waited_for(terminal):
    time = Time(-1.0)
    assert wait_for_end(time, terminal(Screen()), "[x]", pause=time.pause) == "time"
    assert time.pauses == []


def test_a_jump_of_a_clock_ends_it(terminal):
    time = Time(600.0)

    def pause(_, seconds):
        time.left = -1.0
        return False

    assert wait_for_end(time, terminal(Screen()), "[x]", pause=pause) == "time"


def test_enter_ends_it(terminal):
    time = Time(600.0, enter_after=2)
    assert wait_for_end(time, terminal(Screen()), "[x]", pause=time.pause) == "enter"


def test_an_interrupt_ends_it(terminal):
    def pause(_, seconds):
        raise KeyboardInterrupt

    screen = Screen()
    assert wait_for_end(lambda: 9.0, terminal(screen), "[x]", pause=pause) == "signal"
    assert screen.getvalue().endswith("\r")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.2, "0:01"), (59.0, "0:59"), (60.0, "1:00"), (599.1, "10:00"), (7200.0, "2:00:00")],
)
def test_times(seconds, text):
    assert waiting._counted_down(seconds) == text


def test_a_real_pause_takes_the_line_that_was_typed():
    reading, writing = os.pipe()
    try:
        assert not waiting._pause(reading, 0.01)
        os.write(writing, b"\n")
        assert waiting._pause(reading, 5.0)
        assert not waiting._pause(reading, 0.01)
        waiting._forget_typed(reading)  # no terminal: nothing to forget
    finally:
        os.close(reading)
        os.close(writing)
    assert not waiting._pause(None, 0.01)
    assert not waiting._pause(reading, 0.01)  # a descriptor that is closed


def test_a_process_in_the_background_touches_no_keyboard(monkeypatch):
    """The system would stop it, and nobody would be removed."""
    monkeypatch.setattr(os, "tcgetpgrp", lambda _: os.getpgrp() + 1)
    reading, writing = os.pipe()
    try:
        os.write(writing, b"\n")
        assert not waiting._pause(reading, 0.01)
        waiting._forget_typed(reading)
        assert os.read(reading, 9) == b"\n"
    finally:
        os.close(reading)
        os.close(writing)


@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP"])
def test_signals_interrupt(name):
    number = getattr(signal, name)
    before = signal.getsignal(number)
    with pytest.raises(KeyboardInterrupt), interrupted_by_signals():
        signal.raise_signal(number)
    assert signal.getsignal(number) == before


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_signals_do_not_disturb(name):
    with interrupted_by_signals(), undisturbed():
        signal.raise_signal(getattr(signal, name))


def test_a_signal_that_nobody_wants_stays_ignored():
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with interrupted_by_signals():
            signal.raise_signal(signal.SIGHUP)
    finally:
        signal.signal(signal.SIGHUP, before)
