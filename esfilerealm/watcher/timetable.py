"""When the next pass is due, and for whom: what a service and its thread have in common."""

from __future__ import annotations

import threading
import time
from enum import Enum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["Frequency", "Timetable"]

#: Seconds that a wake waits for its like: two files renamed in a row are one change.
GATHERING: Final = 0.02

#: Seconds after a pass before a wake leads to the next one: at most twenty a second in a storm.
PAUSE: Final = 0.05

#: Seconds. An interval of zero would take a processor for itself.
_SHORTEST_INTERVAL: Final = 0.01


class Frequency(Enum):
    """
    How often a watcher is asked: by default every 5, 30 or 60 seconds.

    Source:
        ``ResourceWatcherService.Frequency``.
    """

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


class Timetable:
    """
    Tells a thread what to do next, and lets others wake or dismiss it.

    The delay is fixed: a pass is due one interval after the end of the one before, the first one
    interval after the start. A wake adds a pass of the highest frequency and moves no other.

    Args:
        intervals: Seconds for each frequency.
        timer: Seconds from anywhere on, never going back.
    """

    def __init__(
        self, intervals: Mapping[Frequency, float], timer: Callable[[], float] = time.monotonic
    ) -> None:
        self._intervals = {f: max(i, _SHORTEST_INTERVAL) for f, i in intervals.items()}
        self._timer = timer
        now = timer()
        self._due = {frequency: now + self._intervals[frequency] for frequency in self._intervals}
        self._rested = now
        self._woken: float | None = None
        self._is_closed = False
        # Re-entrant: the garbage collector may close it from within any line, those below too.
        self._condition = threading.Condition(threading.RLock())

    def wake(self) -> None:
        """Ask for a pass of the highest frequency soon."""
        with self._condition:
            if self._woken is None:
                self._woken = self._timer()
                self._condition.notify_all()

    def close(self) -> None:
        """Dismiss whoever waits, now and later."""
        with self._condition:
            self._is_closed = True
            self._condition.notify_all()

    def abandon(self) -> None:
        """Close it in the child of a fork, where the lock may be held by nobody who lives."""
        self._condition = threading.Condition(threading.RLock())
        self._is_closed = True

    def wait(self) -> Frequency | None:
        """Wait for the next pass that is due, and give its frequency; None after ``close``."""
        with self._condition:
            while not self._is_closed:
                moment, frequency = self._next()
                left = moment - self._timer()
                if left <= 0:
                    if frequency is Frequency.HIGH:
                        self._woken = None  # before the pass, so that a wake during it counts
                    return frequency
                self._condition.wait(min(left, threading.TIMEOUT_MAX))
            return None

    def done(self, frequency: Frequency) -> None:
        """Note that a pass is over. If it made a poll late or needless, the delay starts anew."""
        with self._condition:
            now = self._timer()
            if self._due[frequency] <= now:
                self._due[frequency] = now + self._intervals[frequency]
            if frequency is Frequency.HIGH:
                self._rested = now + PAUSE

    def _next(self) -> tuple[float, Frequency]:
        frequency = min(self._due, key=self._due.__getitem__)
        moment = self._due[frequency]
        if self._woken is not None:
            wake = max(self._woken + GATHERING, self._rested)
            if wake < moment:
                return wake, Frequency.HIGH
        return moment, frequency
