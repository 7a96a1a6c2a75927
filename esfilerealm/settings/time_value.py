"""
Elasticsearch's time values: a whole number and a unit, such as ``20m``.

Source:
    ``TimeValue.parseTimeValue``.
"""

from __future__ import annotations

import re
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
_KNOWN: Final = ", ".join(_UNITS)
_LARGEST: Final = 2**63 - 1
_BLANKS: Final = "".join(map(chr, range(0x21)))  # what Java's trim removes

_WHOLE: Final = re.compile(r"[+-]?[0-9]+")
_FRACTION: Final = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:e[+-]?[0-9]+)?")
_WORDS: Final = re.compile(r"\+?([0-9]{1,18})\s*([a-z]*)")

#: Other spellings of units, without the ``s`` of their plural.
_SPELLINGS: Final = {
    "sec": "s",
    "second": "s",
    "m": "m",
    "min": "m",
    "minute": "m",
    "hr": "h",
    "hour": "h",
    "day": "d",
}


class TimeValueError(ValueError):
    """
    A text that is not a time value.

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
    Read a time value. One that does not fit into 64 bits is as long as these allow.

    Letter case and blanks do not matter, except that minutes end with exactly ``m``. Without a
    unit, only 0 and -1 are values. Digits outside ASCII, which Java reads, are refused.

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
    if not _WHOLE.fullmatch(plain):
        raise TimeValueError(f"must end with one of the units [{_KNOWN}]", _hint(plain))
    digits = plain.lstrip("+-0")
    hint = f"did you mean [{digits}s] or [{digits}m]?" if digits else "did you mean [0]?"
    is_readable = len(digits) < len(str(_LARGEST))
    raise TimeValueError(f"has no unit: add one of [{_KNOWN}]", hint if is_readable else "")


def _number(text: str, unit: str) -> int:
    if not _WHOLE.fullmatch(text):
        if _FRACTION.fullmatch(text):
            raise TimeValueError("fractions are not supported")
        rule = f"must be a whole number before the unit [{unit}]"
        raise TimeValueError(rule, _hint(text + unit))
    digits = text.lstrip("+-0")
    number = int(digits or "0") if len(digits) <= len(str(_LARGEST)) else _LARGEST + 1
    if text[0] == "-" and number > 1:
        hint = f"did you mean [{digits}{unit}]?" if number <= _LARGEST else ""
        raise TimeValueError("must not be negative, except for -1", hint)
    if number > _LARGEST:
        raise TimeValueError(f"must not have a number above {_LARGEST}")
    return -number if text[0] == "-" else number


def _hint(plain: str) -> str:
    """Return a question for the unit that another spelling stands for."""
    match = _WORDS.fullmatch(plain)
    unit = match and _SPELLINGS.get(match[2].removesuffix("s"))
    return f"did you mean [{int(match[1])}{unit}]?" if match and unit else ""
