"""
Regular expressions in the syntax of Java, translated to Python's.

Every character and class is translated to the set of characters that it matches, with the flags
that hold at its place; so no flag of Python decides anything.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from typing import TYPE_CHECKING, Final, NoReturn

from .._ground.java import upper_case

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["UnsupportedPatternError", "translate"]

_LAST: Final = 0x10FFFF
#: No character from here on has another case.
_LAST_CASED: Final = 0x20000
_DEEPEST: Final = 100
_FLAGS: Final = frozenset("idmsuxU")

#: Sorted ranges of code points that do not touch, both ends included.
_Set = tuple[tuple[int, int], ...]


class UnsupportedPatternError(ValueError):
    """
    A pattern that Java refuses, or that Python cannot express.

    Attributes:
        rule: What is wrong, and where.
    """

    def __init__(self, rule: str) -> None:
        super().__init__(rule)
        self.rule = rule


def translate(pattern: str, flags: str = "i") -> re.Pattern[str]:
    r"""
    Translate a pattern.

    Args:
        pattern: In the syntax of ``java.util.regex``.

        flags: The letters of the flags that hold from the start.

    Raises:
        UnsupportedPatternError: If Java refuses it, or if Python cannot express it.

    Source:
        ``java.util.regex.Pattern`` of Java 17.
    """
    source = _Translator(pattern, frozenset(flags)).translate()
    try:
        return re.compile(source, re.ASCII)
    except (re.error, RecursionError, OverflowError) as error:
        rule = f"Python cannot express it: {error}"
    raise UnsupportedPatternError(rule)


def _union(ranges: Iterable[tuple[int, int]]) -> _Set:
    joined: list[tuple[int, int]] = []
    for low, high in sorted(ranges):
        if joined and low <= joined[-1][1] + 1:
            joined[-1] = (joined[-1][0], max(high, joined[-1][1]))
        else:
            joined.append((low, high))
    return tuple(joined)


def _outside(ranges: _Set) -> _Set:
    starts = [0, *(high + 1 for _, high in ranges)]
    ends = [*(low - 1 for low, _ in ranges), _LAST]
    return tuple((low, high) for low, high in zip(starts, ends, strict=True) if low <= high)


def _common(one: _Set, other: _Set) -> _Set:
    return _outside(_union(_outside(one) + _outside(other)))


def _of(characters: str) -> _Set:
    return _union((ord(sign), ord(sign)) for sign in characters)


_DIGITS: Final = _union([(0x30, 0x39)])
_UPPER: Final = _union([(0x41, 0x5A)])
_LOWER: Final = _union([(0x61, 0x7A)])
_ALPHA: Final = _union(_UPPER + _LOWER)
_WORD: Final = _union((*_ALPHA, *_DIGITS, *_of("_")))
_SPACE: Final = _of("\t\n\x0b\f\r ")
_HORIZONTAL: Final = _union((*_of("\t \xa0\u1680\u180e\u202f\u205f\u3000"), (0x2000, 0x200A)))
_VERTICAL: Final = _of("\n\x0b\f\r\x85\u2028\u2029")
#: What ``\\v`` is as an end of a range.
_VERTICAL_TAB: Final = 0x0B
_PUNCTUATION: Final = _of("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~")
_GRAPH: Final = _union((*_ALPHA, *_DIGITS, *_PUNCTUATION))
_CLASSES: Final = {
    "d": _DIGITS,
    "h": _HORIZONTAL,
    "s": _SPACE,
    "v": _VERTICAL,
    "w": _WORD,
}
_POSIX: Final = {
    "ASCII": ((0, 0x7F),),
    "Alnum": _union(_ALPHA + _DIGITS),
    "Alpha": _ALPHA,
    "Blank": _of(" \t"),
    "Cntrl": _union([(0, 0x1F), (0x7F, 0x7F)]),
    "Digit": _DIGITS,
    "Graph": _GRAPH,
    "Lower": _LOWER,
    "Print": _union((*_GRAPH, *_of(" "))),
    "Punct": _PUNCTUATION,
    "Space": _SPACE,
    "Upper": _UPPER,
    "XDigit": _union((*_DIGITS, (0x41, 0x46), (0x61, 0x66))),
}
_CONTROLS: Final = {"t": "\t", "n": "\n", "r": "\r", "f": "\f", "a": "\x07", "e": "\x1b"}
_LINE_ENDS: Final = "\\n\\r\\x85\\u2028\\u2029"
#: Before one line terminator at the very end; CR LF is one.
_BEFORE_LAST_END: Final = r"(?:(?=\r\n\Z)|(?=[\r\x85\u2028\u2029]\Z)|(?<!\r)(?=\n\Z)|\Z)"
_AT_LINE_END: Final = r"(?:(?=[\r\x85\u2028\u2029])|(?<!\r)(?=\n)|\Z)"
_AT_LINE_START: Final = r"(?:\A|(?<=[\n\x85\u2028\u2029])(?!\Z)|(?<=\r)(?![\n]|\Z))"
#: What ``\\R`` matches.
_LINE_END: Final = r"(?:\r\n|[\n\x0b\f\r\x85\u2028\u2029])"
_NEVER: Final = "(?!)"
_QUOTATION: Final = re.compile(r"\\Q(.*?)(?:\\E|\Z)|\\.", re.DOTALL)
_ESCAPED: Final = re.compile("[^a-zA-Z0-9\x80-\U0010ffff]")
_QUANTIFIER: Final = re.compile(r"[?*+]|\{(\d+)(,(\d*))?\}", re.ASCII)


@cache
def _categories() -> list[tuple[str, int, int]]:
    """Return the runs of characters of the same general category."""
    names = list(map(unicodedata.category, map(chr, range(_LAST + 1))))
    starts = [n for n in range(_LAST + 1) if n == 0 or names[n] != names[n - 1]]
    ends = [*(start - 1 for start in starts[1:]), _LAST]
    return [(names[low], low, high) for low, high in zip(starts, ends, strict=True)]


@cache
def _category(name: str) -> _Set:
    """Return the characters whose general category begins with *name*."""
    return _union((low, high) for each, low, high in _categories() if each.startswith(name))


@cache
def _boundary(*, is_wanted: bool) -> str:
    """
    Return what matches at each end of a word, or everywhere else.

    Source:
        ``Pattern.Bound``; here a mark such as an accent belongs to a word in any case, there only
        behind a letter or a digit.
    """
    word = _python_set(_union((*_category("L"), *_category("Nd"), *_category("Mn"), *_of("_"))))
    after, before = ("!", "=") if is_wanted else ("=", "!")
    return f"(?:(?<={word})(?{after}{word})|(?<!{word})(?{before}{word}))"


class _Translator:
    """The way through one pattern."""

    def __init__(self, pattern: str, flags: frozenset[str]) -> None:
        self._pattern = _QUOTATION.sub(_without_quotation, pattern)
        self._at = 0
        self._flags = flags
        self._depth = 0
        self._groups = 0
        self._is_behind = False
        self._open: list[int] = []
        self._names: dict[str, int] = {}

    def translate(self) -> str:
        """Return the pattern in Python's syntax."""
        source = self._choice()
        if self._at < len(self._pattern):
            self._refuse("a [)] that nothing opened")
        return source

    # Structure

    def _choice(self) -> str:
        """Translate up to the end of a group. Its flags end with it."""
        self._depth += 1
        if self._depth > _DEEPEST:
            self._refuse("nested too deeply")
        flags = self._flags
        parts: list[str] = []
        while (sign := self._peek()) not in ("", ")"):
            if sign == "|":
                self._at += 1
                parts.append("|")
            elif self._skip_comment():
                continue
            else:
                parts.append(self._quantified(self._atom()))
        self._flags = flags
        self._depth -= 1
        return "".join(parts)

    def _quantified(self, atom: str) -> str:
        """Translate the quantifier of an atom. Java lets a repetition of nothing follow it."""
        self._skip_comments()
        match = _QUANTIFIER.match(self._pattern, self._at)
        if match is None:
            if self._peek() == "{":
                self._refuse("a repetition that is not [{n}], [{n,}] or [{n,m}]")
            return atom
        if not atom and not match[1]:
            self._refuse("a repetition of nothing")
        if match[1] and match[3] and int(match[3]) < int(match[1]):
            self._refuse("a repetition whose end is below its start")
        self._at = match.end()
        mark = self._peek()
        mark = mark if mark in ("?", "+") else ""
        self._at += len(mark)
        start = "(?>" if atom == _LINE_END else "(?:"  # which takes both or none of CR LF then
        return f"{start}{atom}){match[0]}{mark}" if atom else ""

    def _atom(self) -> str:
        if self._peek() == "{":
            return ""  # a repetition of nothing
        sign = self._next()
        if sign == "(":
            return self._group()
        if sign == "[":
            return _python_set(self._class())
        if sign == "\\":
            return self._escape()
        if sign in ".^$":
            return self._by_flags(sign)
        if sign in "*+?":
            self._refuse(f"a [{sign}] that nothing precedes")
        return _python_set(self._folded(ord(sign), ord(sign)))

    def _by_flags(self, sign: str) -> str:
        if sign == ".":
            return self._any_character()
        return self._line_start() if sign == "^" else self._line_end()

    def _any_character(self) -> str:
        if "s" in self._flags:
            return r"[\x00-\U0010ffff]"
        return r"[^\n]" if "d" in self._flags else f"[^{_LINE_ENDS}]"

    def _line_start(self) -> str:
        if "m" not in self._flags:
            return r"\A"
        return r"(?:\A|(?<=\n)(?!\Z))" if "d" in self._flags else _AT_LINE_START

    def _line_end(self) -> str:
        if "d" in self._flags:
            return r"(?:(?=\n)|\Z)" if "m" in self._flags else r"(?:(?=\n\Z)|\Z)"
        return _AT_LINE_END if "m" in self._flags else _BEFORE_LAST_END

    def _group(self) -> str:
        if self._peek() != "?":
            return self._capture("(")
        for mark in ("?:", "?=", "?!", "?>", "?<=", "?<!"):
            if self._take(mark):
                return self._within(mark)
        if match := self._match(r"\?<([a-zA-Z][a-zA-Z0-9]*)>"):
            if match[1] in self._names:
                self._refuse(f"the name [{match[1]}] is given to two groups")
            self._names[match[1]] = self._groups + 1
            return self._capture("(")
        return self._flag_group()

    def _within(self, mark: str) -> str:
        """Translate a group that is not captured, after its mark."""
        before, was_behind = self._groups, self._is_behind
        self._is_behind |= "<" in mark
        source = self._closed(f"({mark}{self._choice()})")
        self._is_behind = was_behind
        if "!" in mark and not before and self._groups:
            self._refuse("the first group stands where nothing must match")
        return source

    def _capture(self, start: str) -> str:
        self._groups += 1
        self._open.append(self._groups)
        source = self._closed(f"{start}{self._choice()})")
        self._open.pop()
        return source

    def _flag_group(self) -> str:
        match = self._match(r"\?([a-zA-Z]*)(?:-([a-zA-Z]*))?([:)])")
        if match is None or not _FLAGS.issuperset(match[1] + (match[2] or "")):
            self._refuse("a group of an unknown kind")
        flags = self._flags
        self._flags = (flags | _with_implied(match[1])) - _with_implied(match[2] or "")
        if match[3] == ")":
            return ""  # for the rest of the group around it
        source = self._closed(f"(?:{self._choice()})")
        self._flags = flags
        return source

    def _closed(self, source: str) -> str:
        if not self._take(")"):
            self._refuse("a [(] that is not closed")
        return source

    # Escapes

    def _escape(self) -> str:
        sign = self._peek()
        anchors = {"A": r"\A", "Z": _BEFORE_LAST_END, "z": r"\Z"}
        if sign in anchors:
            self._at += 1
            return anchors[sign]
        if sign in ("b", "B"):
            self._at += 1
            if self._pattern.startswith("b{g", self._at - 1):
                self._refuse(r"[\b{g}] is not supported")
            return _boundary(is_wanted=sign == "b")
        if sign == "R":
            self._at += 1
            return _LINE_END
        if match := self._match(r"k<([a-zA-Z][a-zA-Z0-9]*)>"):
            if match[1] not in self._names:
                self._refuse(f"there is no group named [{match[1]}] before")
            return self._reference(self._names[match[1]])
        if sign in "123456789" and sign:
            return self._reference(self._reference_number())
        characters = self._predefined()
        if characters is None:
            number = self._escaped_character()
            characters = self._folded(number, number)
        return _python_set(characters)

    def _reference_number(self) -> int:
        number = int(self._next())
        while self._peek() in "0123456789" and self._peek():
            longer = number * 10 + int(self._peek())
            if longer > self._groups:
                break
            number = longer
            self._at += 1
        return number

    def _reference(self, number: int) -> str:
        if self._is_behind:
            self._refuse("a reference within a look behind has no known length")
        if "u" in self._flags:
            self._refuse("a reference with the flag [u] is not supported")
        if number in self._open:
            self._refuse(f"a reference to group {number} within itself is not supported")
        if number > self._groups:
            return _NEVER  # a group that has not taken part
        return f"(?i:\\{number})" if "i" in self._flags else f"(?:\\{number})"

    def _predefined(self) -> _Set | None:
        r"""Return the characters of ``\d``, ``\p{L}`` and the like, or None for other escapes."""
        sign = self._peek()
        if sign.lower() in _CLASSES and sign:
            if "U" in self._flags and sign.lower() in "dsw":
                self._refuse(r"the flag [U] with [\d], [\s] or [\w] is not supported")
            self._at += 1
            characters = _CLASSES[sign.lower()]
            return characters if sign.islower() else _outside(characters)
        match = self._match(r"([pP])(?:\{([^}]*)\}|(.))")
        if match is None:
            return None
        characters = self._property(match[2] or match[3] or "")
        return characters if match[1] == "p" else _outside(characters)

    def _property(self, name: str) -> _Set:
        if name in _POSIX and "U" not in self._flags:
            characters = _POSIX[name]
            is_cased = name in ("Lower", "Upper") and "i" in self._flags
            return _ALPHA if is_cased else characters
        bare = name.removeprefix("Is")
        bare = bare.partition("=")[2] if bare.startswith(("gc=", "general_category=")) else bare
        if re.fullmatch(r"L|M|N|P|S|Z|C|[LMNPSZC][a-z]", bare):
            is_cased = bare in ("Lu", "Ll", "Lt") and "i" in self._flags
            names = ("Lu", "Ll", "Lt") if is_cased else (bare,)
            return _union(span for one in names for span in _category(one))
        return self._refuse(f"the property [{name}] is not supported")

    def _escaped_character(self) -> int:
        """Return the code point of an escape for one character."""
        patterns = (
            (r"0([0-3][0-7]{2}|[0-7]{1,2})", 8),
            (r"x([0-9a-fA-F]{2})", 16),
            (r"x\{([0-9a-fA-F]+)\}", 16),
            (r"u([0-9a-fA-F]{4})", 16),
        )
        for pattern, base in patterns:
            if match := self._match(pattern):
                number = int(match[1], base)
                if number > _LAST:
                    self._refuse("a character above U+10FFFF")
                return self._joined(number) if pattern[0] == "u" else number
        if match := self._match(r"c(.)"):
            return ord(match[1]) ^ 64
        sign = self._next()
        if sign in _CONTROLS:
            return ord(_CONTROLS[sign])
        if sign.isascii() and sign.isalnum():
            self._refuse(f"the escape [\\{sign}] is not supported")
        return ord(sign)

    def _joined(self, number: int) -> int:
        """Return the character whose first half is given, if the escape of the other follows."""
        low = re.compile(r"\\u([dD][c-fC-F][0-9a-fA-F]{2})").match(self._pattern, self._at)
        if low is None or number >> 10 != 0xD800 >> 10:
            return number
        self._at = low.end()
        return 0x10000 + ((number & 0x3FF) << 10 | int(low[1], 16) & 0x3FF)

    # Classes

    def _class(self) -> _Set:
        """Return the characters of a class, after its opening bracket."""
        self._depth += 1
        if self._depth > _DEEPEST:
            self._refuse("nested too deeply")
        is_negated = self._take("^")
        characters = self._class_part(is_first=True)
        while self._take("&&"):
            if self._peek() == "&":
                self._refuse("three [&] in a row are not supported")
            following = self._class_part(is_first=False)
            if following is None:
                self._refuse("nothing behind [&&]")
            characters = following if characters is None else _common(characters, following)
        if not self._take("]"):
            self._refuse("a [[] that is not closed")
        if characters is None:
            return self._refuse("a class of no characters")
        self._depth -= 1
        return _outside(characters) if is_negated else characters

    def _class_part(self, *, is_first: bool) -> _Set | None:
        """Return the union of what stands up to the end or ``&&``, or None if it is nothing."""
        ranges: list[tuple[int, int]] = []
        is_empty = True
        while True:
            self._skip_comments()
            sign = self._peek()
            ends = sign == "]" and not (is_first and is_empty)
            if not sign or ends or self._pattern.startswith("&&", self._at):
                return None if is_empty else _union(ranges)
            if sign == "&" and not is_first and self._pattern[self._at - 1] == "]":
                self._refuse("an [&] behind a class that is a part of an intersection")
            is_empty = False
            ranges += self._class_item()

    def _class_item(self) -> _Set:
        if self._take("["):
            return self._class()
        low = self._class_character()
        if low == _VERTICAL and self._peek() == "-":
            low = _VERTICAL_TAB
        if not isinstance(low, int):
            return low
        self._skip_comments()
        if self._peek() == "-" and self._pattern[self._at + 1 : self._at + 2] not in ("", "[", "]"):
            self._at += 1
            self._skip_comments()
            high = self._class_character()
            high = _VERTICAL_TAB if high == _VERTICAL else high
            if not isinstance(high, int) or high < low:
                self._refuse("a range that does not end after its start")
            return self._folded(low, high)
        return self._folded(low, low)

    def _class_character(self) -> int | _Set:
        """Return one character of a class, or the characters of a class within it."""
        if not self._take("\\"):
            return ord(self._next())
        characters = self._predefined()
        return self._escaped_character() if characters is None else characters

    def _folded(self, low: int, high: int) -> _Set:
        """Return a range, with the other case of its letters where case does not matter."""
        ranges = [(low, high)]
        if "i" in self._flags:
            for first, last, distance in ((0x41, 0x5A, 32), (0x61, 0x7A, -32)):
                start, end = max(low, first), min(high, last)
                if start <= end:
                    ranges.append((start + distance, end + distance))
            if "u" in self._flags:
                ranges += _of_another_case(low, high)
        return _union(ranges)

    # The text of the pattern

    def _skip_comments(self) -> None:
        while self._skip_comment():
            pass

    def _skip_comment(self) -> bool:
        """Skip a blank, or a comment up to the end of its line, where the flag ``x`` holds."""
        if "x" not in self._flags:
            return False
        return self._match(f"[ \\t\\x0b\\f\\n\\r]|#[^{_LINE_ENDS}]*") is not None

    def _peek(self) -> str:
        return self._pattern[self._at : self._at + 1]

    def _next(self) -> str:
        sign = self._peek()
        if not sign:
            self._refuse("the end where a character is missing")
        self._at += 1
        return sign

    def _take(self, text: str) -> bool:
        is_there = self._pattern.startswith(text, self._at)
        self._at += len(text) * is_there
        return is_there

    def _match(self, pattern: str) -> re.Match[str] | None:
        match = re.compile(pattern).match(self._pattern, self._at)
        self._at = match.end() if match else self._at
        return match

    def _refuse(self, rule: str) -> NoReturn:
        raise UnsupportedPatternError(f"character {self._at + 1}: {rule}")


def _with_implied(flags: str) -> set[str]:
    return set(flags) | ({"u"} if "U" in flags else set())


def _without_quotation(match: re.Match[str]) -> str:
    r"""Return a quotation from ``\Q`` to ``\E`` with escapes instead; keep any other escape."""
    quoted = match[1]
    if quoted is None:
        return match[0]
    text = "".join(f"\\{sign}" if _ESCAPED.match(sign) else sign for sign in quoted)
    return f"\\x3{text}" if text[:1].isascii() and text[:1].isdigit() else text


@cache
def _cases() -> list[tuple[int, int, int]]:
    """Return each character that has another case, with its upper case and the lower of that."""
    cases = []
    for number in range(_LAST_CASED):
        upper = upper_case(chr(number))
        lower = upper.lower()[0]
        if not upper == lower == chr(number):
            cases.append((number, ord(upper), ord(lower)))
    return cases


def _of_another_case(low: int, high: int) -> list[tuple[int, int]]:
    """
    Return the characters that are in a range in another case.

    Source:
        ``Pattern.CIRangeU``, ``Pattern.SingleU``.
    """
    found = [
        number for number, upper, lower in _cases() if low <= upper <= high or low <= lower <= high
    ]
    if low == high:
        upper = upper_case(chr(low))
        wanted = upper.lower()[0]
        alike = (number for number, _, lower in _cases() if lower == ord(wanted))
        found = [] if upper == wanted else list(alike)
    return [(number, number) for number in found]


def _python_set(characters: _Set) -> str:
    if not characters:
        return _NEVER
    if len(characters) == 1 and characters[0][0] == characters[0][1]:
        return re.escape(chr(characters[0][0]))
    return "".join(("[", *(_python_range(low, high) for low, high in characters), "]"))


def _python_range(low: int, high: int) -> str:
    return f"\\U{low:08x}" if low == high else f"\\U{low:08x}-\\U{high:08x}"
