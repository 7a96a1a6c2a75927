"""Identical questions get one answer, and only so much work runs at once."""

from __future__ import annotations

import threading
from contextlib import nullcontext
from types import SimpleNamespace

import pytest
from support.threads import PATIENCE, together, wait_until

from esfilerealm.realms.file import concurrency
from esfilerealm.realms.file.concurrency import BusyError, HashingSlots, SingleFlight


class Work:
    """Work that goes on until it may end."""

    def __init__(self, result="answer"):
        self.started = threading.Event()
        self.may_end = threading.Event()
        self.calls = 0
        self.result = result

    def __call__(self):
        self.calls += 1
        self.started.set()
        assert self.may_end.wait(PATIENCE)
        if isinstance(self.result, BaseException):
            raise self.result
        return self.result


def in_thread(call):
    """Start *call* in a thread; the list gets what it returns or raises."""
    outcomes = []

    def run():
        try:
            outcomes.append(call())
        except BaseException as error:  # noqa: BLE001 - it is an outcome
            outcomes.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    return thread, outcomes


@pytest.fixture
def flights():
    return SingleFlight(PATIENCE)


@pytest.mark.parametrize("result", ["answer", ValueError("a fault")], ids=["answer", "fault"])
def test_followers_get_what_the_leader_gets(flights, result):
    work = Work(result)
    leader, answer = in_thread(lambda: flights.do("q", work))
    assert work.started.wait(PATIENCE)
    followers = [in_thread(lambda: flights.do("q", Work("other"))) for _ in range(8)]
    wait_until(lambda: flights.waits == 8)
    assert flights.in_flight == 1
    work.may_end.set()
    for thread, outcomes in [(leader, answer), *followers]:
        thread.join(PATIENCE)
        assert outcomes == [result]
    assert work.calls == 1
    assert flights.in_flight == 0


def test_other_questions_run_beside(flights):
    slow = Work()
    thread, _ = in_thread(lambda: flights.do("slow", slow))
    assert slow.started.wait(PATIENCE)
    assert flights.do("other", lambda: 7) == 7
    slow.may_end.set()
    thread.join(PATIENCE)


def test_nothing_is_remembered(flights):
    assert [flights.do("q", lambda i=i: i) for i in range(3)] == [0, 1, 2]


def test_an_interrupted_leader_leaves_its_followers_to_ask_anew(flights):
    interrupted = Work(KeyboardInterrupt())
    leader, leaders_outcome = in_thread(lambda: flights.do("q", interrupted))
    assert interrupted.started.wait(PATIENCE)
    follower, followers_outcome = in_thread(lambda: flights.do("q", lambda: "own"))
    wait_until(lambda: flights.waits == 1)
    interrupted.may_end.set()
    leader.join(PATIENCE)
    follower.join(PATIENCE)
    assert isinstance(leaders_outcome[0], KeyboardInterrupt)
    assert followers_outcome == ["own"]
    assert flights.in_flight == 0


def test_a_follower_does_not_wait_for_ever():
    flights = SingleFlight(0.01)
    work = Work()
    thread, answer = in_thread(lambda: flights.do("q", work))
    assert work.started.wait(PATIENCE)
    with pytest.raises(BusyError):
        flights.do("q", work)
    work.may_end.set()
    thread.join(PATIENCE)
    assert answer == ["answer"]


def test_a_timeout_of_the_work_is_no_timeout_of_the_wait(flights):
    work = Work(TimeoutError("of the work"))
    leader, _ = in_thread(lambda: flights.do("q", work))
    assert work.started.wait(PATIENCE)
    follower, outcome = in_thread(lambda: flights.do("q", work))
    wait_until(lambda: flights.waits == 1)
    work.may_end.set()
    for thread in (leader, follower):
        thread.join(PATIENCE)
    assert outcome == [work.result]


class TestSlots:
    def test_no_more_than_so_many_at_once(self):
        slots = HashingSlots(3, PATIENCE)
        inside, most = [], []
        lock = threading.Lock()

        def work():
            with slots:
                with lock:
                    inside.append(1)
                    most.append(len(inside))
                with lock:
                    inside.pop()

        assert together([work] * 32) == [None] * 32
        assert max(most) <= 3

    def test_the_longest_waiting_thread_is_next(self):
        slots, order, threads = HashingSlots(1, PATIENCE), [], []

        def work(number):
            with slots:
                order.append(number)

        with slots:
            for number in range(8):
                threads.append(threading.Thread(target=work, args=(number,)))
                threads[-1].start()
                wait_until(lambda: len(slots._waiting) == len(threads))
        for thread in threads:
            thread.join(PATIENCE)
        assert order == list(range(8))

    def test_a_waiting_thread_is_not_overtaken(self):
        slots, may_end = HashingSlots(1, PATIENCE), threading.Event()

        def work():
            with slots:
                assert may_end.wait(PATIENCE)

        thread = threading.Thread(target=work)
        with slots:
            thread.start()
            wait_until(lambda: slots._waiting)
        slots.timeout = 0.0
        with pytest.raises(BusyError), slots:
            pass  # pragma: no cover
        may_end.set()
        thread.join(PATIENCE)
        with slots:
            pass

    @pytest.mark.parametrize("is_handed_over", [True, False])
    @pytest.mark.parametrize("error", [None, KeyboardInterrupt])
    def test_a_slot_that_comes_as_the_wait_ends_is_not_lost(
        self, monkeypatch, is_handed_over, error
    ):
        slots = HashingSlots(1, PATIENCE)

        class Turn:
            """Times out or is interrupted; the slot may come at that very moment."""

            def acquire(self, timeout=None):
                if timeout is None:
                    return True
                if is_handed_over:
                    slots._hand_over()
                if error is not None:
                    raise error
                return False

            def release(self):
                pass

        slots.__enter__()
        monkeypatch.setattr(concurrency, "threading", SimpleNamespace(Lock=Turn))
        enters = is_handed_over and error is None
        with nullcontext() if enters else pytest.raises(error or BusyError):
            slots.__enter__()
        assert not slots._waiting
        assert slots._free == (is_handed_over and not enters)

    def test_the_wait_is_bounded(self):
        slots = HashingSlots(1, 0.01)
        with slots, pytest.raises(BusyError), slots:
            pass  # pragma: no cover
        with slots:  # free again
            pass
