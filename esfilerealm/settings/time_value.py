"""
Elasticsearch's time values: a whole number and a unit, such as ``20m``.

Source:
    ``TimeValue.parseTimeValue``.
"""

from __future__ import annotations

import re
from fractions import Fraction
from typing import TYPE_CHECKING

__all__ = ["TimeValueError", "nanoseconds"]

if TYPE_CHECKING:
    from typing import Final

#: In the order in which they are tried as the end of a text.
_UNITS: Final = {
    "nanos": 1,
    "micros": 1000,
    "ms": 10**6,
    "s": 10**9,
    "m": 60 * 10**9,
    "h": 3600 * 10**9,
    "d": 86_400 * 10**9,
}
_LARGEST: Final = 2**63 - 1
_BLANKS: Final = "".join(map(chr, range(0x21)))  # what Java's trim removes

_WHOLE: Final = re.compile(r"[+-]?[0-9]+")
_FRACTION: Final = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:e[+-]?[0-9]+)?")
_WORDS: Final = re.compile(r"\+?([0-9]{1,18})\s*([a-zµ]*)")

#: Spellings of other programs: how many of which unit.
_SPELLINGS: Final = {
    **{unit: (1, unit) for unit in _UNITS},
    **dict.fromkeys(("ns", "nanosecond", "nanoseconds"), (1, "nanos")),
    **dict.fromkeys(("us", "µs", "microsecond", "microseconds"), (1, "micros")),
    **dict.fromkeys(("msec", "millis", "millisecond", "milliseconds"), (1, "ms")),
    **dict.fromkeys(("sec", "secs", "second", "seconds"), (1, "s")),
    **dict.fromkeys(("min", "mins", "minute", "minutes"), (1, "m")),
    **dict.fromkeys(("hr", "hrs", "hour", "hours"), (1, "h")),
    **dict.fromkeys(("day", "days"), (1, "d")),
    **dict.fromkeys(("w", "week", "weeks"), (7, "d")),
    **dict.fromkeys(("y", "year", "years"), (365, "d")),
}


class TimeValueError(ValueError):
    """
    A text that is no time value.

    Attributes:
        rule: The rule that is broken.
        hint: What was probably meant, or nothing.
    """

    def __init__(self, rule: str, hint: str = "") -> None:
        super().__init__(rule)
        self.rule = rule
        self.hint = hint


def nanoseconds(text: str) -> int:
    """
    Read a time value; what is longer than 64 bits of nanoseconds is as long as these.

    The text may be of any letter case and have blanks around it and within, except that minutes
    end with just ``m``. Without a unit, only 0 and -1 are values. Digits outside ASCII, which Java
    reads, are refused.

    Raises:
        TimeValueError: With the rule that is broken.
    """
    plain = text.lower().strip(_BLANKS)
    for unit, length in _UNITS.items():
        if text.endswith("m") if unit == "m" else plain.endswith(unit):
            number = _number(plain.removesuffix(unit).strip(_BLANKS), unit)
            return min(number * length, _LARGEST)
    if re.fullmatch("-0*1", plain):
        return -_UNITS["ms"]
    if re.fullmatch("0+", plain):
        return 0
    raise _unit_error(plain)


def _number(text: str, unit: str) -> int:
    if not _WHOLE.fullmatch(text):
        if _FRACTION.fullmatch(text):
            raise TimeValueError("fractions are not supported", _hint_for_fraction(text, unit))
        rule = f"must be a whole number before the unit [{unit}]"
        raise TimeValueError(rule, _hint_for_word(text + unit))
    digits = text.lstrip("+-0")
    number = int(digits or "0") if len(digits) <= len(str(_LARGEST)) else _LARGEST + 1
    if text[0] == "-" and number > 1:
        hint = f"did you mean [{digits}{unit}]?" if number <= _LARGEST else ""
        raise TimeValueError("must not be negative, except for -1", hint)
    if number > _LARGEST:
        raise TimeValueError(f"its number must not be above {_LARGEST}")
    return -number if text[0] == "-" else number


def _unit_error(plain: str) -> TimeValueError:
    known = ", ".join(_UNITS)
    if _WHOLE.fullmatch(plain):
        number = plain.lstrip("+-0") or "0"
        hint = "did you mean [0]?" if number == "0" else f"did you mean [{number}s] or [{number}m]?"
        is_readable = len(number) < len(str(_LARGEST))
        return TimeValueError(f"has no unit: add one of [{known}]", hint if is_readable else "")
    return TimeValueError(f"must end with one of the units [{known}]", _hint_for_word(plain))


def _hint_for_word(plain: str) -> str:
    match = _WORDS.fullmatch(plain)
    if match is None or match[2] not in _SPELLINGS:
        return ""
    count, unit = _SPELLINGS[match[2]]
    return f"did you mean [{int(match[1]) * count}{unit}]?"


def _hint_for_fraction(text: str, unit: str) -> str:
    """Give the same time as a whole number of the largest unit that can, if it is no oddity."""
    exponent = text.partition("e")[2]
    if len(text) > len("1.000000000e+00") or len(exponent) > len("+00"):
        return ""
    length = Fraction(text) * _UNITS[unit]
    for smaller in reversed(_UNITS):
        count = length / _UNITS[smaller]
        if _UNITS[smaller] <= _UNITS[unit] and count.denominator == 1 and 0 < count < _LARGEST:
            return f"did you mean [{count}{smaller}]?"
    return ""
