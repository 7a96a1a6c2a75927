"""
A moment by two clocks, and the times at which people let something end.

The wall clock may be set, by people or by a time server; the clock since the system started may
not, but it says nothing once the system has started again. Whoever asks whether a time is over
needs both.
"""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from ..errors import InvalidExpiryError

__all__ = ["TIME", "Moment", "expiry_of", "is_duration", "now", "parse_expiry", "shown_time"]

_BOOT_ID: Final = "/proc/sys/kernel/random/boot_id"

_DURATION: Final = re.compile(r"([0-9]{1,12})([smhd])")
_UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
TIME: Final = (
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
    r"([T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?(Z|[+-][0-9]{2}:?[0-9]{2})?)?"
)
"""A pattern of the dates and times that ``parse_expiry`` reads."""
_FORMS: Final = (
    "must be a duration such as 90s, 10m, 8h or 2d, or a time such as 2026-12-01 or "
    "2026-12-01T08:00+01:00; without a zone it is UTC"
)
_TOO_FAR: Final = "is too far in the future: no year has more than 4 digits"


@dataclass(frozen=True, slots=True)
class Moment:
    """
    A moment.

    Attributes:
        time: By the wall clock, in UTC.
        boot: Of which start of the system; None where the system does not tell.
        uptime: Seconds since that start, with those in which the system slept; None likewise.
    """

    time: datetime
    boot: str | None
    uptime: float | None


def now() -> Moment:
    """Return this moment."""
    boot, clock = _boot(), getattr(time, "CLOCK_BOOTTIME", None)
    uptime = None if boot is None or clock is None else time.clock_gettime(clock)
    return Moment(datetime.now(UTC), None if uptime is None else boot, uptime)


def _boot() -> str | None:
    """Return what the system calls its present start; only Linux does."""
    try:
        with open(_BOOT_ID, encoding="ascii") as file:
            return file.read(64).strip() or None
    except (OSError, ValueError):
        return None


def is_duration(text: str) -> bool:
    """Check whether a text is one that ``parse_expiry`` reads as a duration."""
    return _DURATION.fullmatch(text) is not None


def parse_expiry(text: str, moment: Moment) -> datetime:
    """
    Read a time that a person has typed, as one in UTC.

    Args:
        text: A whole number of seconds, minutes, hours or days, such as ``90s``, ``10m``, ``8h`` or
            ``2d``, from *moment* on; or a date or time of ISO 8601. Without a zone it is in UTC.

        moment: Now.

    Raises:
        InvalidExpiryError: If it is neither.
    """
    duration = _DURATION.fullmatch(text)
    try:
        if duration is not None:
            return moment.time + timedelta(**{_UNITS[duration[2]]: int(duration[1])})
        if not re.fullmatch(TIME, text):
            raise InvalidExpiryError(text, _FORMS)
        found = datetime.fromisoformat(text)
        return found.replace(tzinfo=found.tzinfo or UTC).astimezone(UTC)
    except OverflowError:
        raise InvalidExpiryError(text, _TOO_FAR) from None
    except ValueError as error:
        if isinstance(error, InvalidExpiryError):
            raise
        raise InvalidExpiryError(text, _FORMS) from None


def expiry_of(wanted: datetime | timedelta, moment: Moment) -> datetime:
    """
    Return the time, in UTC, that a program gives as a time or as what is left from *moment* on.

    Raises:
        TypeError: If it is neither.
        InvalidExpiryError: If it has no zone, is not in the future or is too far in it.
    """
    if not isinstance(wanted, datetime | timedelta):
        what = type(wanted).__name__
        raise TypeError(f"a time that ends something must be a datetime or timedelta, not {what}")
    try:
        if isinstance(wanted, timedelta):
            found = moment.time + wanted
        elif wanted.tzinfo is None:
            raise InvalidExpiryError(wanted.isoformat(), "has no zone: give it a tzinfo")
        else:
            found = wanted.astimezone(UTC)
    except OverflowError:
        raise InvalidExpiryError(str(wanted), _TOO_FAR) from None
    if found <= moment.time:
        rule = "must be in the future; to remove a user at once, use userdel"
        raise InvalidExpiryError(shown_time(found), rule)
    return found


def shown_time(time: datetime) -> str:
    """Return a time as ``2026-12-01T08:00:00Z``."""
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
