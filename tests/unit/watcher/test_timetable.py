"""Fixed delay for every frequency; wakes are gathered, limited, and move no poll."""

from __future__ import annotations

import threading

import pytest

from esfilerealm.watcher.timetable import Frequency, Timetable

HIGH, MEDIUM, LOW = Frequency
#: Seconds that are promised: how long a wake is gathered, and the pause between two woken passes.
GATHERING, PAUSE = 0.02, 0.05
INTERVALS = {HIGH: 5.0, MEDIUM: 30.0, LOW: 60.0}


class Bell:
    """Nobody rings in time: each wait lets the clock go on."""

    def __init__(self, clock):
        self.clock = clock

    def acquire(self, timeout):
        self.clock.now += timeout

    def release(self):
        raise RuntimeError("it rings already")


@pytest.fixture
def timetable(clock):
    timetable = Timetable(INTERVALS, clock)
    timetable._bell = Bell(clock)
    return timetable


def due(timetable, clock, *, lasting=0.0):
    """Wait for a pass that lasts some seconds: when it began, and whose it was."""
    frequency = timetable.wait()
    began = clock.now - 100
    clock.now += lasting
    timetable.done(frequency)
    return round(began, 3), frequency


def test_each_frequency_in_its_turn(timetable, clock):
    passes = [due(timetable, clock) for _ in range(15)]
    assert [moment for moment, whose in passes if whose is HIGH] == list(range(5, 61, 5))
    assert [moment for moment, whose in passes if whose is MEDIUM] == [30, 60]
    assert [moment for moment, whose in passes if whose is LOW] == [60]


def test_the_delay_is_from_end_to_start(timetable, clock):
    assert [due(timetable, clock, lasting=2)[0] for _ in range(3)] == [5, 12, 19]


def test_a_wake_moves_no_poll(timetable, clock):
    clock.now += 1
    timetable.wake()
    assert due(timetable, clock) == (1 + GATHERING, HIGH)
    assert due(timetable, clock) == (5, HIGH)


def test_a_woken_pass_that_lasts_until_the_poll_is_one(timetable, clock):
    timetable.wake()
    assert due(timetable, clock, lasting=6) == (GATHERING, HIGH)
    assert due(timetable, clock) == (11 + GATHERING, HIGH)


def test_many_wakes_are_one(timetable, clock):
    for _ in range(3):
        timetable.wake()
        clock.now += GATHERING / 4
    assert due(timetable, clock) == (GATHERING, HIGH)
    assert due(timetable, clock) == (5, HIGH)


def test_a_wake_during_a_pass_leads_to_another(timetable, clock):
    timetable.wake()
    assert timetable.wait() is HIGH
    timetable.wake()
    timetable.done(HIGH)
    assert due(timetable, clock) == (GATHERING + PAUSE, HIGH)


def test_a_storm(timetable, clock):
    """No more than twenty passes a second, and the other frequencies have their turn."""
    passes = []
    while clock.now < 161:
        timetable.wake()
        passes.append(due(timetable, clock))
    assert 19 * 61 <= len(passes) <= 20 * 61 + 15  # the polls among them
    assert {whose for _, whose in passes} == set(Frequency)


def test_a_poll_covers_a_wake(timetable, clock):
    clock.now += 5 - GATHERING / 2
    timetable.wake()
    assert due(timetable, clock) == (5, HIGH)
    assert due(timetable, clock) == (10, HIGH)


@pytest.mark.parametrize("interval", [0.0, -1.0])
def test_no_interval_is_too_short(clock, interval):
    timetable = Timetable(dict.fromkeys(Frequency, interval), clock)
    timetable._bell = Bell(clock)
    moments = [due(timetable, clock)[0] for _ in range(9)]
    assert moments[-1] > 0.02


def test_no_interval_is_too_long():
    timetable = Timetable(dict.fromkeys(Frequency, 1e12))
    thread = threading.Thread(target=timetable.wait)
    thread.start()
    timetable.close()
    thread.join(30)
    assert not thread.is_alive()


def test_closed(timetable):
    timetable.wake()
    timetable.close()
    assert timetable.wait() is None


def test_abandoned():
    """In the child of a fork, there is no thread that waits; a later one must not."""
    timetable = Timetable(INTERVALS)
    timetable.abandon()
    assert timetable.wait() is None


def test_a_wake_that_was_interrupted_before_it_rang_is_made_up_by_the_next(clock):
    timetable = Timetable(INTERVALS, clock)
    timetable._wake_time = clock.now
    timetable.wake()
    assert timetable._bell.acquire(blocking=False)
