"""
Limits for expensive work: how much of it runs at once, and how often the same is computed.

``HashingSlots`` bounds the threads that hash, ``SingleFlight`` lets identical logins share one
verification, and ``LoginPool`` moves the logins of an event loop to threads.

None of these survives a fork: locks may be held by threads that the child does not have. Whoever
owns them builds new ones there.
"""

from __future__ import annotations

import threading
from collections import deque
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Final, Generic, Self, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

__all__ = ["BusyError", "HashingSlots", "LoginPool", "SingleFlight", "in_thread"]

T = TypeVar("T")

#: How many logins may wait for a thread of the pool; each holds a password.
_LONGEST_QUEUE: Final = 1000


class BusyError(Exception):
    """A wait for other logins took too long."""


class HashingSlots:
    """
    A context manager that at most *count* threads are inside at the same time.

    A leaving thread hands its slot to the thread that has waited longest. ``threading.Semaphore``
    favours threads that are running, and when a realm is flooded with wrong passwords, those are
    the attacker's.

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
        self.count: Final = count
        self.timeout = timeout
        self._lock = threading.Lock()
        self._free = count
        self._waiting: deque[threading.Lock] = deque()

    def __enter__(self) -> Self:
        turn = threading.Lock()
        turn.acquire()
        with self._lock:
            if self._free:
                self._free -= 1
                return self
            self._waiting.append(turn)
        try:
            is_in_time = turn.acquire(timeout=self.timeout)
        except BaseException:  # an interrupt
            if self._was_handed_over(turn):
                self._hand_over()
            raise
        if not is_in_time and not self._was_handed_over(turn):
            raise BusyError
        return self

    def __exit__(self, *_: object) -> None:
        self._hand_over()

    def _was_handed_over(self, turn: threading.Lock) -> bool:
        """Stop waiting, and return whether the slot came at this very moment."""
        with self._lock:
            if turn in self._waiting:
                self._waiting.remove(turn)
                return False
            return True

    def _hand_over(self) -> None:
        with self._lock:
            if self._waiting:
                self._waiting.popleft().release()
            else:
                self._free += 1


class SingleFlight(Generic[T]):
    """
    Answers identical questions that are asked at the same time by computing the answer once.

    The first caller, the leader, does the work on its own thread; the others, its followers, wait
    for its answer. Answers are not kept: a question that is asked after its answer came is computed
    anew.

    Args:
        follower_timeout: Seconds that a follower waits for its leader.

    Attributes:
        waits: How many followers there have been.
    """

    def __init__(self, follower_timeout: float) -> None:
        self.waits = 0
        self._follower_timeout = follower_timeout
        self._flights: dict[Hashable, Future[T]] = {}
        self._lock = threading.Lock()

    @property
    def in_flight(self) -> int:
        """The number of questions whose answer is being computed."""
        return len(self._flights)

    def do(self, question: Hashable, work: Callable[[], T]) -> T:
        """
        Return what *work* returns, or what it returned to a leader with the same question.

        Raises:
            BusyError: If the leader took too long.
            Exception: Whatever *work* raised, in the leader and in all its followers.
        """
        while True:
            mine: Future[T] = Future()
            try:
                with self._lock:
                    flight = self._flights.setdefault(question, mine)
                    self.waits += flight is not mine
                if flight is mine:
                    return self._lead(question, mine, work)
            finally:
                self._end(question, mine)
                mine.cancel()  # without an answer, its followers ask again
            try:
                return self._follow(flight)
            except CancelledError:
                continue  # the leader was interrupted, which is not an answer for its followers

    def _lead(self, question: Hashable, flight: Future[T], work: Callable[[], T]) -> T:
        try:
            answer = work()
        except Exception as error:
            self._end(question, flight)
            flight.set_exception(error)
            raise
        self._end(question, flight)
        flight.set_result(answer)
        return answer

    def _end(self, question: Hashable, flight: Future[T]) -> None:
        """End a flight before its answer is set: callers that come later compute anew."""
        with self._lock:
            if self._flights.get(question) is flight:
                del self._flights[question]

    def _follow(self, flight: Future[T]) -> T:
        try:
            return flight.result(self._follower_timeout)
        except TimeoutError:
            if flight.done():  # at this very moment, or the work itself raised TimeoutError
                return flight.result()
        raise BusyError


class LoginPool:
    """
    A fixed number of threads, started when they are first needed, with a bounded queue.

    Args:
        workers: The number of threads.
    """

    def __init__(self, workers: int) -> None:
        self._workers = workers
        self._executor: ThreadPoolExecutor | None = None
        self._is_closed = False
        self._queued = 0
        self._lock = threading.Lock()

    def submit(self, call: Callable[[], T]) -> Future[T] | None:
        """
        Have a thread of the pool make *call*; return None if the queue is full.

        Raises:
            RuntimeError: If the pool is closed, or the interpreter is shutting down.
        """
        with self._lock:
            if self._is_closed:
                raise RuntimeError("the pool is closed")
            if self._queued >= _LONGEST_QUEUE:
                return None
            if self._executor is None:
                self._executor = ThreadPoolExecutor(self._workers, "esfilerealm-hashing")
            work = self._executor.submit(call)
            self._queued += 1
        work.add_done_callback(self._leave_queue)
        return work

    def close(self) -> None:
        """Accept no more calls; the threads finish those in the queue and then end."""
        with self._lock:
            self._is_closed = True
            executor, self._executor = self._executor, None
        if executor is not None:
            executor.shutdown(wait=False)

    def _leave_queue(self, _work: Future[T]) -> None:
        with self._lock:
            self._queued -= 1


def in_thread(call: Callable[[], T]) -> Future[T]:
    """Have a new thread make one *call*."""
    executor = ThreadPoolExecutor(1, "esfilerealm-call")
    work = executor.submit(call)
    executor.shutdown(wait=False)  # the thread ends after the call
    return work
