"""Identical questions get one answer, and only so much work runs at once."""

from __future__ import annotations

import threading

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


class Raise:
    """Work that raises at once."""

    def __init__(self, error):
        self.error = error

    def __call__(self):
        raise self.error


@pytest.fixture
def flights():
    return SingleFlight(PATIENCE)


def test_followers_get_what_the_leader_gets(flights):
    work = Work()
    leader, answer = in_thread(lambda: flights.do("q", work))
    assert work.started.wait(PATIENCE)
    followers = [in_thread(lambda: flights.do("q", Work("other"))) for _ in range(8)]
    wait_until(lambda: flights.waits == 8)
    assert flights.in_flight == 1
    work.may_end.set()
    for thread, outcomes in [(leader, answer), *followers]:
        thread.join(PATIENCE)
        assert outcomes == ["answer"]
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


@pytest.mark.parametrize(
    "interrupt", [KeyboardInterrupt(), TimeoutError("of the leader")], ids=repr
)
def test_what_strikes_the_leader_strikes_no_follower(flights, interrupt):
    """A time limit raises in one thread; the others ask again, and one of them is the leader."""
    interrupted = Work(interrupt)
    leader, leaders_outcome = in_thread(lambda: flights.do("q", interrupted))
    assert interrupted.started.wait(PATIENCE)
    followers = [in_thread(lambda: flights.do("q", lambda: "own")) for _ in range(4)]
    wait_until(lambda: flights.waits == 4)
    interrupted.may_end.set()
    leader.join(PATIENCE)
    for follower, outcome in followers:
        follower.join(PATIENCE)
        assert outcome == ["own"]
    assert leaders_outcome == [interrupt]
    assert flights.in_flight == 0


def test_a_thread_that_leads_waits_for_no_flight(flights):
    """As the handler of a signal may ask: the same question, or one that another thread leads."""
    other = Work()
    thread, _ = in_thread(lambda: flights.do("other", other))
    assert other.started.wait(PATIENCE)
    asked = []

    def work():
        asked.extend(flights.do(question, lambda: "alone") for question in ("q", "other"))
        return "answer"

    assert flights.do("q", work) == "answer"
    assert asked == ["alone", "alone"]
    other.may_end.set()
    thread.join(PATIENCE)
    assert flights.in_flight == 0


def test_a_flight_that_nobody_ended_is_forgotten(flights):
    """Its leader was interrupted, and once more before it could tell."""
    with pytest.raises(KeyboardInterrupt):
        flights.do("q", Raise(KeyboardInterrupt))
    abandoned = concurrency._Flight()
    abandoned.leader = 0
    abandoned.is_over = True
    flights._flights["q"] = abandoned
    assert flights.do("q", lambda: "new") == "new"
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


class Leaving(concurrency._Place):
    """A place whose thread leaves while it gets the slot, or is interrupted then."""

    def __init__(self, error=None):
        super().__init__()
        self.error = error

    @property
    def has_slot(self):
        has_slot = super().has_slot
        if not (has_slot or self.has_left):
            self.has_left = True
            list(self.give_back)
            self.held = HeldBy(self)
        return has_slot


class HeldBy(list):
    """What a place holds: the first that comes interrupts."""

    def __init__(self, place):
        self.place = place

    def extend(self, slots):
        super().extend(slots)
        if self.place.error is not None:
            raise self.place.error


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

    def test_a_slot_that_comes_when_nobody_waits_any_more_goes_back(self):
        """The thread that hands out has looked before, and hands over after."""
        slots = HashingSlots(1, 0.0)
        for leaves in ("before", "meanwhile"):
            place = Leaving() if leaves == "meanwhile" else concurrency._Place()
            slots._waiting.append(place)
            slots._leave(place) if leaves == "before" else None
            slots._waiting.append(place)
            slots._hand_out()
            assert (slots._free, list(slots._waiting)) == (1, [])

    def test_an_interrupt_while_it_is_handed_over_loses_nothing(self):
        slots = HashingSlots(1, 0.0)
        place = Leaving(KeyboardInterrupt)
        slots._waiting.append(place)
        with pytest.raises(KeyboardInterrupt):
            slots._hand_out()
        assert slots._free == 1
        slots._hand_out()
        assert (slots._free, list(slots._waiting)) == (1, [])

    def test_a_thread_that_is_inside_needs_no_second_slot(self):
        slots = HashingSlots(1, 0.0)
        assert slots.run(lambda: slots.run(lambda: slots._free)) == 0
        assert slots._free == 1

    def test_a_call_within_the_wait_of_its_thread_uses_the_slot_of_that(self):
        """As the handler of a signal may do while its thread waits: it is behind in the line."""
        slots = HashingSlots(1, PATIENCE)
        outer, inner = concurrency._Place(), []
        places = slots._places_of_this_thread()
        with slots:
            places.append(outer)
            slots._waiting.append(outer)
            thread, _ = in_thread(
                lambda: wait_until(lambda: len(slots._waiting) == 2) or slots.__exit__()
            )
            slots.run(lambda: inner.append(outer.has_slot))
            slots._entered.append(concurrency._Place())  # what the other thread has left
        thread.join(PATIENCE)
        slots._leave(outer)
        assert inner == [True]
        assert (slots._free, list(slots._waiting)) == (1, [])

    @pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
    def test_whatever_a_call_raises(self, error):
        slots = HashingSlots(1, 0.0)
        with pytest.raises(error):
            slots.run(Raise(error))
        with pytest.raises(error), slots:
            raise error
        assert slots._free == 1

    def test_the_wait_is_bounded(self):
        slots = HashingSlots(1, 0.01)
        with slots, pytest.raises(BusyError), slots:
            pass  # pragma: no cover
        with slots, pytest.raises(BusyError):
            slots.run(lambda: None)
        with slots:  # free again
            pass
