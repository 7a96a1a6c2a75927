"""
Limits for expensive work: how much of it runs at once, and how often the same is computed.

``HashingSlots`` bounds the threads that hash, and ``SingleFlight`` lets identical logins share one
verification.

An exception may come between any two instructions, from the handler of a signal: a time limit,
Ctrl-C. None loses a slot or a flight. A slot is always in exactly one place, and one call that runs
in C moves it from there to the next. Whoever waits looks again now and then, so that nobody depends
on being woken.

None of this survives a fork: a slot may be held by a thread that the child does not have. Whoever
owns them builds new ones there.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from typing import TYPE_CHECKING, Final, Generic, Self, TypeVar

from ..._ground.holding import Mutex

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

__all__ = ["BusyError", "HashingSlots", "SingleFlight"]

T = TypeVar("T")

#: Seconds after which a thread that waits looks again.
_LOOK: Final = 0.2

#: Ends the list of the slots that somebody holds.
_END: Final = object()

_FIRST: Final = deque.popleft
_LAST: Final = list.pop


class BusyError(Exception):
    """A wait for other logins took too long."""


class _Place:
    """
    A place in line, which gets a slot when its turn comes.

    Attributes:
        held: The slot, after a mark at which giving back ends.
        give_back: Yields the slot, if there is one, and takes it from here.
        turn: Locked until it is worth looking whether the slot is here.
        has_left: Whether nobody waits here any more.
    """

    __slots__ = ("give_back", "has_left", "held", "turn")

    def __init__(self) -> None:
        self.held: list[object] = [_END]
        self.give_back = iter(self.held.pop, _END)
        self.turn = threading.Lock()
        self.turn.acquire()
        self.has_left = False

    @property
    def has_slot(self) -> bool:
        """Whether the slot is here."""
        return self.held[-1:] not in ([], [_END])

    def wake(self) -> None:
        """Wake the thread that waits here."""
        try:  # noqa: SIM105 - a context manager would be most of what this costs
            self.turn.release()
        except RuntimeError:  # it is about to look anyway
            pass


class HashingSlots:
    """
    At most *count* threads are inside at the same time.

    A leaving thread hands its slot to the thread that has waited longest. ``threading.Semaphore``
    favours threads that are running, and when a realm is flooded with wrong passwords, those are
    the attacker's.

    ``run`` makes a call inside. A thread that is inside may call it again, from the handler of a
    signal or a finalizer: it needs no second slot. As a context manager, each entry takes a slot of
    its own, which belongs to no thread, and an exception at the end of the block may lose it.

    Entering raises ``BusyError`` if no slot became free in time.

    Args:
        count: The number of slots.
        timeout: Seconds that a thread waits for a slot.

    Raises:
        ValueError: If no thread could ever enter, or *timeout* is not a time that a thread can
            wait.
    """

    def __init__(self, count: int, timeout: float) -> None:
        if count % 1 or count < 1 or not 0 <= timeout <= threading.TIMEOUT_MAX / 2:
            raise ValueError(
                f"[{count}] passwords at a time, each waiting up to [{timeout}] seconds: "
                "must be a whole number from 1 on, and a time that a thread can wait"
            )
        self.count: Final = int(count)
        self.timeout = timeout
        self._slots: deque[object] = deque(range(self.count))
        self._waiting: deque[_Place] = deque()
        self._of_thread = threading.local()
        self._entered: list[_Place] = []
        #: Held while free slots are handed out; nobody waits for it.
        self._lock = Mutex()

    @property
    def _free(self) -> int:
        return len(self._slots)

    def run(self, call: Callable[[], T]) -> T:
        """
        Return the result of a *call* that is made inside.

        Raises:
            BusyError: If no slot became free in time.
            Exception: Whatever *call* raises.
        """
        place = _Place()
        try:
            self._take(place, self._places_of_this_thread())
            result = call()
            self._leave(place)
            return result  # noqa: TRY300 - outside of the block, an exception might come before it
        except BaseException:
            place.has_left = True
            self._slots.extend(place.give_back)  # at once: another signal may come at any call
            self._leave(place)
            raise

    def __enter__(self) -> Self:
        place = _Place()
        try:
            self._take(place, [])
            self._entered.append(place)
            return self  # noqa: TRY300 - as above
        except BaseException:
            self._leave(place)
            raise

    def __exit__(self, *_: object) -> None:
        self._leave(self._entered.pop())

    def _places_of_this_thread(self) -> list[_Place]:
        places: list[_Place] = self._of_thread.__dict__.setdefault("places", [])
        # A place that is just being left may still have its slot.
        places[:] = [place for place in places if place.has_slot or not place.has_left]
        return places

    def _take(self, place: _Place, places: list[_Place]) -> None:
        """Wait until *place*, or another one of the *places* of this thread, has a slot."""
        if any(one.has_slot for one in places):
            return
        places.append(place)
        self._waiting.append(place)
        deadline = time.monotonic() + self.timeout
        self._hand_out()
        while not any(one.has_slot for one in places):
            left = deadline - time.monotonic()
            if left <= 0:
                raise BusyError
            place.turn.acquire(timeout=min(left, _LOOK))
            self._hand_out()

    def _leave(self, place: _Place) -> None:
        """Return the slot of *place*, if it has one, and leave the line."""
        place.has_left = True
        self._slots.extend(place.give_back)
        _drop(self._waiting, place)
        self._hand_out()

    def _hand_out(self) -> None:
        """Hand free slots to the threads that have waited longest."""
        # Again: one may have become free at the end of the call that made another thread go on.
        while self._slots and self._waiting and self._lock.run_if_free(self._hand_out_all):
            pass

    def _hand_out_all(self) -> None:
        while self._slots and self._waiting:
            try:
                self._hand_to(self._waiting[0])
            except IndexError:  # the last one has left or was served just now
                continue

    def _hand_to(self, place: _Place) -> None:
        try:
            if not (place.has_left or place.has_slot):
                place.held.extend(map(_FIRST, (self._slots,)))
            if place.has_left:
                self._take_back(place)
        except BaseException:
            if place.has_left:
                self._take_back(place)
            raise
        place.wake()
        _drop(self._waiting, place)

    def _take_back(self, place: _Place) -> None:
        """Take a slot from a place whose thread has left before it came."""
        if place.has_slot:
            self._slots.extend(map(_LAST, (place.held,)))


def _drop(waiting: deque[_Place], place: _Place) -> None:
    try:  # noqa: SIM105 - a context manager would be most of what this costs
        waiting.remove(place)
    except ValueError:
        pass


class _Flight(Generic[T]):
    """
    A question whose answer is being computed.

    Attributes:
        leader: The thread that computes it.
        answers: The answer, when it is there.
        is_over: Whether the leader has ended, with an answer or without.
        turns: For each follower a lock, which is locked until the leader has ended.
    """

    __slots__ = ("answers", "is_over", "leader", "turns")

    def __init__(self) -> None:
        self.leader = threading.get_ident()
        self.answers: list[T] = []
        self.is_over = False
        self.turns: list[threading.Lock] = []


class SingleFlight(Generic[T]):
    """
    Answers identical questions that are asked at the same time by computing the answer once.

    The first caller, the leader, does the work on its own thread; the others, its followers, wait
    for its answer. Answers are not kept: a question that is asked after its answer came is computed
    anew. If the leader raises, whatever it is, its followers ask again: what a time limit raises
    there is no answer for them.

    A thread that leads never waits for another flight, nor for its own. The handler of a signal
    that asks meanwhile gets an answer that is computed for it alone.

    Args:
        follower_timeout: Seconds that a follower waits for its leader.

    Attributes:
        waits: How many followers there have been. Counted without a lock, so only nearly exact on
            a free-threaded interpreter.
    """

    def __init__(self, follower_timeout: float) -> None:
        self.waits = 0
        self._follower_timeout = follower_timeout
        self._flights: dict[Hashable, _Flight[T]] = {}

    @property
    def in_flight(self) -> int:
        """The number of questions whose answer is being computed."""
        return len(self._flights)

    def do(self, question: Hashable, work: Callable[[], T]) -> T:
        """
        Return what *work* returns, or what it returned to a leader with the same question.

        Raises:
            BusyError: If the leader took too long.
            Exception: Whatever *work* raises.
        """
        if self._is_leading():
            return work()
        while True:
            mine: _Flight[T] = _Flight()
            try:
                flight = self._flights.setdefault(question, mine)
                if flight is mine:
                    answer = work()
                    self._forget(question, mine)
                    mine.answers.append(answer)
                    _land(mine)
                    return answer
            except BaseException:
                mine.is_over = True  # first, and no call: another signal may come at any call
                self._forget(question, mine)
                _land(mine)
                raise
            self._follow(flight)
            if flight.answers:
                return flight.answers[0]
            self._forget(question, flight)

    def _is_leading(self) -> bool:
        this = threading.get_ident()
        return any(flight.leader == this for flight in tuple(self._flights.values()))

    def _forget(self, question: Hashable, flight: _Flight[T]) -> None:
        if self._flights.get(question) is flight:
            self._flights.pop(question, None)

    def _follow(self, flight: _Flight[T]) -> None:
        """Wait until the leader has ended."""
        self.waits += 1
        turn = threading.Lock()
        turn.acquire()
        flight.turns.append(turn)
        deadline = time.monotonic() + self._follower_timeout
        while not flight.is_over:
            left = deadline - time.monotonic()
            if left <= 0:
                raise BusyError
            turn.acquire(timeout=min(left, _LOOK))


def _land(flight: _Flight[T]) -> None:
    """End a flight, and wake its followers; those that come later see that it has ended."""
    flight.is_over = True
    while flight.turns:
        flight.turns.pop().release()
