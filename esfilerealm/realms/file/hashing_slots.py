"""Expensive work, of which only so much is done at the same time."""

from __future__ import annotations

import threading
from collections import deque
from typing import TYPE_CHECKING, Self

from ..._ground.forks import renew_after_fork

if TYPE_CHECKING:
    from types import TracebackType

__all__ = ["BusyError", "HashingSlots"]


class BusyError(Exception):
    """The wait for others took too long."""


class HashingSlots:
    """
    A context manager that at most *count* threads are inside of.

    Who leaves hands the slot to who has waited for longest. A semaphore would let whoever runs just
    then take it, and when others flood a realm with wrong passwords, that is one of them.

    Args:
        count: So many.

        patience: Seconds to wait for a slot.

    Entering raises ``BusyError`` if none became free in time.

    Raises:
        ValueError: If nobody could ever enter.
    """

    def __init__(self, count: int, patience: float) -> None:
        if count % 1 or count < 1 or not 0 <= patience <= threading.TIMEOUT_MAX / 2:
            raise ValueError(
                f"[{count}] passwords at a time, each waiting for [{patience}] seconds at most: "
                "must be a whole number from 1 on, and a time that a thread can wait"
            )
        self.count = count
        self.patience = patience
        self.after_fork()
        renew_after_fork(self)

    def after_fork(self) -> None:
        """Free all slots; nobody waits."""
        self._lock = threading.Lock()
        self._free = self.count
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
            is_in_time = turn.acquire(timeout=self.patience)
        except BaseException:  # an interrupt
            if self._was_handed_over(turn):
                self._hand_over()
            raise
        if not is_in_time and not self._was_handed_over(turn):
            raise BusyError
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._hand_over()

    def _was_handed_over(self, turn: threading.Lock) -> bool:
        """Wait no longer; tell whether a slot came in this very moment."""
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
