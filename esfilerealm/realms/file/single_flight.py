"""Expensive questions, each asked once at a time."""

from __future__ import annotations

import threading
from concurrent.futures import CancelledError, Future
from typing import TYPE_CHECKING, Generic, TypeVar

from ..._ground.forks import renew_after_fork
from .hashing_slots import BusyError

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

__all__ = ["SingleFlight"]

T = TypeVar("T")


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
            mine: Future[T] = Future()
            try:
                with self._lock:
                    flight = self._flights.setdefault(question, mine)
                    self.waits += flight is not mine
                if flight is mine:
                    return self._led(question, mine, work)
            finally:
                self._land(question, mine)
                mine.cancel()  # if it has no answer, its followers ask anew
            try:
                return self._awaited(flight)
            except CancelledError:
                continue  # the leader was interrupted, which is no answer for its followers

    def _led(self, question: Hashable, flight: Future[T], work: Callable[[], T]) -> T:
        try:
            answer = work()
        except Exception as error:
            self._land(question, flight)
            flight.set_exception(error)
            raise
        self._land(question, flight)
        flight.set_result(answer)
        return answer

    def _land(self, question: Hashable, flight: Future[T]) -> None:
        """End a flight, before its answer is there: who asks then asks anew."""
        with self._lock:
            if self._flights.get(question) is flight:
                del self._flights[question]

    def _awaited(self, flight: Future[T]) -> T:
        try:
            return flight.result(self._patience)
        except TimeoutError:
            if flight.done():  # just now, or it is the work that raised this
                return flight.result()
        raise BusyError
