"""Expensive questions: each asked once at a time, and only so many of them at once."""

from __future__ import annotations

import threading
from concurrent.futures import CancelledError, Future
from typing import TYPE_CHECKING, Generic, Self, TypeVar

from ._forks import renew_after_fork

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable
    from types import TracebackType

__all__ = ["BusyError", "HashingSlots", "SingleFlight"]

T = TypeVar("T")


class BusyError(Exception):
    """The wait for others took too long."""


class HashingSlots:
    """
    A context manager that at most *count* threads are inside of.

    Args:
        count: So many.

        patience: Seconds to wait for a slot.

    Entering raises ``BusyError`` if none became free in time.

    Raises:
        ValueError: If nobody could ever enter.
    """

    def __init__(self, count: int, patience: float) -> None:
        if count < 1 or not 0 <= patience <= threading.TIMEOUT_MAX:
            raise ValueError(
                f"[{count}] passwords at a time, each waiting for [{patience}] seconds at most: "
                "must be 1 or more, and a time that a thread can wait"
            )
        self.count = count
        self.patience = patience
        self.after_fork()
        renew_after_fork(self)

    def after_fork(self) -> None:
        """Free all slots."""
        self._free = threading.BoundedSemaphore(self.count)

    def __enter__(self) -> Self:
        if not self._free.acquire(timeout=self.patience):
            raise BusyError
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._free.release()


class SingleFlight(Generic[T]):
    """
    Gives everyone who asks the same at the same time the answer of the first.

    The first to ask, the leader, does the work on its own thread; the others, its followers, wait.
    Nothing is remembered: whoever asks when the answer is there asks anew.

    Args:
        patience: Seconds that a follower waits.

    Attributes:
        waits: How often somebody waited.
    """

    def __init__(self, patience: float) -> None:
        self.waits = 0
        self._patience = patience
        self.after_fork()
        renew_after_fork(self)

    def after_fork(self) -> None:
        """Forget the flights, whose leaders are not here, and renew the lock."""
        self._flights: dict[Hashable, Future[T]] = {}
        self._lock = threading.Lock()

    @property
    def in_flight(self) -> int:
        """How many questions are being answered."""
        return len(self._flights)

    def do(self, question: Hashable, work: Callable[[], T]) -> T:
        """
        Give what *work* returns, or what it returned to a leader who was asked the same.

        Raises:
            BusyError: If the leader took too long.
            Exception: Whatever *work* raised, to the leader and to all its followers.
        """
        while True:
            with self._lock:
                flight = self._flights.get(question)
                if flight is None:
                    mine: Future[T] = Future()
                    self._flights[question] = mine
                    break
                self.waits += 1
            try:
                return self._awaited(flight)
            except CancelledError:
                continue  # the leader was interrupted, which is no answer for its followers
        return self._led(question, mine, work)

    def _led(self, question: Hashable, flight: Future[T], work: Callable[[], T]) -> T:
        try:
            answer = work()
        except Exception as error:
            self._land(question)
            flight.set_exception(error)
            raise
        except BaseException:
            self._land(question)
            flight.cancel()
            raise
        self._land(question)
        flight.set_result(answer)
        return answer

    def _land(self, question: Hashable) -> None:
        with self._lock:
            del self._flights[question]

    def _awaited(self, flight: Future[T]) -> T:
        try:
            return flight.result(self._patience)
        except TimeoutError:
            if flight.done():  # just now, or it is the work that raised this
                return flight.result()
        raise BusyError
