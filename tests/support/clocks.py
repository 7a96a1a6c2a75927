"""Both clocks in the hands of a test."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from esfilerealm._ground.moments import Moment

#: When time begins for a test.
START = datetime(2026, 6, 1, 12, tzinfo=UTC)


class Clocks:
    """
    The wall clock, and the clock since the system was started; both stand still.

    Use the fixture ``clocks``, which puts them in the place of ``moments.now``.

    Attributes:
        time: By the wall clock.
        boot: Which start of the system this is; None on a system that does not tell.
        uptime: Seconds since then.
    """

    def __init__(self) -> None:
        self.time = START
        self.boot: str | None = "first start"
        self.uptime = 1000.0

    def now(self) -> Moment:
        return Moment(self.time, self.boot, None if self.boot is None else self.uptime)

    def pass_by(self, **duration: float) -> None:
        """Let both go on."""
        self.time += timedelta(**duration)
        self.uptime += timedelta(**duration).total_seconds()

    def set_wall_clock(self, **difference: float) -> None:
        """Let only the wall clock jump, forward or back."""
        self.time += timedelta(**difference)

    def reboot(self) -> None:
        self.boot, self.uptime = f"{self.boot}, another", 1.0
