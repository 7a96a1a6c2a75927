"""When the next pass is due, and of which frequency. A service shares it with its thread."""

from __future__ import annotations

import threading
import time
from enum import Enum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["Frequency", "Timetable"]

#: Seconds between a wake and its pass: two files that are renamed in a row are one change.
GATHERING: Final = 0.02

#: Seconds between a pass and the next one after a wake: at most twenty passes a second.
PAUSE: Final = 0.05

#: Seconds. With an interval of zero, the thread would keep a processor busy.
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
    Schedules the passes of a thread, which other threads may wake or end.

    The delay is fixed: a pass is due one interval after the end of the pass before, and the first
    one an interval after the start. A wake adds a pass of the highest frequency and delays no
    other.

    Nobody waits for a lock here: the handler of a signal or the garbage collector may call any
    method at any line of another, and an exception at any line leaves it usable.

    Args:
        intervals: Seconds for each frequency.
        timer: Seconds from any origin, never going back.
    """

    def __init__(
        self, intervals: Mapping[Frequency, float], timer: Callable[[], float] = time.monotonic
    ) -> None:
        self._intervals = {f: max(i, _SHORTEST_INTERVAL) for f, i in intervals.items()}
        self._timer = timer
        now = timer()
        self._due = {frequency: now + self._intervals[frequency] for frequency in self._intervals}
        self._quiet_until = now
        self._wake_time: float | None = None
        self._is_closed = False
        #: Locked until the thread that waits has something new to look at.
        self._bell = _locked()

    def wake(self) -> None:
        """Ask for a pass of the highest frequency soon."""
        if self._wake_time is None:
            self._wake_time = self._timer()
        self._ring()  # in any case: another wake may have been interrupted before that

    def close(self) -> None:
        """End the wait of the thread, now and later."""
        self._is_closed = True
        self._ring()

    def abandon(self) -> None:
        """Close in a child process, which lacks the thread."""
        self._is_closed = True

    def wait(self) -> Frequency | None:
        """Wait until a pass is due and return its frequency, or None after ``close``."""
        while not self._is_closed:
            moment, frequency = self._next()
            left = moment - self._timer()
            if left <= 0:
                if frequency is Frequency.HIGH:
                    self._wake_time = None  # before the pass, so that a wake during it counts
                return frequency
            self._bell.acquire(timeout=min(left, threading.TIMEOUT_MAX))
        return None

    def done(self, frequency: Frequency) -> None:
        """Note the end of a pass. If a poll became due meanwhile, restart its interval."""
        now = self._timer()
        if self._due[frequency] <= now:
            self._due[frequency] = now + self._intervals[frequency]
        if frequency is Frequency.HIGH:
            self._quiet_until = now + PAUSE

    def _ring(self) -> None:
        try:  # noqa: SIM105 - a context manager is more that may be interrupted
            self._bell.release()
        except RuntimeError:  # it rings already
            pass

    def _next(self) -> tuple[float, Frequency]:
        frequency = min(self._due, key=self._due.__getitem__)
        moment = self._due[frequency]
        wake_time = self._wake_time
        if wake_time is not None:
            wake = max(wake_time + GATHERING, self._quiet_until)
            if wake < moment:
                return wake, Frequency.HIGH
        return moment, frequency


def _locked() -> threading.Lock:
    lock = threading.Lock()
    lock.acquire()
    return lock
