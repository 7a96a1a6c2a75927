"""Expensive work, of which only so much is done at the same time."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Self

from ._forks import renew_after_fork

if TYPE_CHECKING:
    from types import TracebackType

__all__ = ["BusyError", "HashingSlots"]


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
