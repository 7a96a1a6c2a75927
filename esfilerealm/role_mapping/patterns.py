"""The patterns of rules: wildcards, and regular expressions in the syntax of Lucene."""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING, Final, NoReturn

from .._ground.java import read_int
from . import automaton as _
from .automaton import Automaton, Expression

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["InvalidPatternError", "compile_pattern", "is_pattern"]

#: Limits of a pattern that somebody wrote.
_LONGEST: Final = 8_192
_DEEPEST: Final = 100

_DIGITS: Final = ((ord("0"), ord("9")),)
_WORD: Final = (*_DIGITS, (ord("A"), ord("Z")), (ord("_"), ord("_")), (ord("a"), ord("z")))
_SPACE: Final = tuple((ord(sign), ord(sign)) for sign in "\t\n\r ")
_CLASSES: Final = {"d": _DIGITS, "w": _WORD, "s": _SPACE}


_OPERATORS: Final = {".": _.ANY_CHARACTER, "#": _.NOTHING, "@": _.ANY_STRING}


class InvalidPatternError(ValueError):
    """
    A pattern that a node would not take.

    Attributes:
        rule: What is wrong. The pattern is not quoted.
    """

    def __init__(self, rule: str) -> None:
        super().__init__(rule)
        self.rule = rule


def is_pattern(text: str) -> bool:
    """
    Check whether a string in a rule is a pattern: with ``*``, or between slashes.

    Source:
        ``FieldExpression.FieldValue``.
    """
    return "*" in text or (len(text) > 1 and text[0] == text[-1] == "/")


@functools.lru_cache(maxsize=1024)
def compile_pattern(text: str, *, has_classes: bool = True) -> Automaton:
    r"""
    Compile a pattern.

    Args:
        text: The pattern. It is a regular expression if it starts with a slash, or else wildcards:
            ``*`` is any text, ``?`` any character, and a backslash escapes.

        has_classes: Whether ``\d``, ``\w`` and ``\s`` are classes, as in Elasticsearch 8 and newer,
            or plain letters.

    Raises:
        InvalidPatternError: If a node would not take it, or if it is too complex.

    Source:
        ``Automatons``, ``RegExp`` of Lucene 9, with all its optional operators.
    """
    if len(text) > _LONGEST:
        raise InvalidPatternError(f"a pattern must not exceed {_LONGEST} characters")
    if text.startswith("/") and not (is_pattern(text) and text.endswith("/")):
        raise InvalidPatternError("a pattern that starts with [/] must also end with [/]")
    try:
        if text.startswith("/"):
            return Automaton(_RegularExpression(text[1:-1], has_classes=has_classes).parse())
        return Automaton(_wildcards(text))
    except _.TooComplexError:
        pass
    raise InvalidPatternError("the pattern is too complex: use a simpler one, or several")


def _wildcards(text: str) -> Expression:
    parts: list[Expression] = []
    units = iter(_java_characters(text))
    for unit in units:
        if unit == "*":
            parts.append(_.ANY_STRING)
        elif unit == "?":
            parts.append(_.ANY_CHARACTER)
        else:
            parts.append(_literal(next(units, unit) if unit == "\\" else unit))
    return _sequence(parts)


def _java_characters(text: str) -> Iterator[str]:
    """Yield the characters of Java, of which two surrogates stand for one above U+FFFF."""
    encoded = text.encode("utf-16-be", "surrogatepass")
    return (chr(high << 8 | low) for high, low in zip(encoded[::2], encoded[1::2], strict=True))


def _literal(sign: str) -> Expression:
    return _.characters([(ord(sign), ord(sign))])


def _sequence(parts: list[Expression]) -> Expression:
    return functools.reduce(
        lambda rest, part: _.concatenation(part, rest), reversed(parts), _.EMPTY_STRING
    )


class _RegularExpression:
    """The way through one regular expression."""

    def __init__(self, text: str, *, has_classes: bool) -> None:
        self._text = text
        self._at = 0
        self._depth = 0
        self._has_classes = has_classes
        #: Whether an operator was read with which an expression may match nothing at all.
        self._may_be_empty = False

    def parse(self) -> Expression:
        """Return the expression of the whole text; the empty text is the empty string."""
        if not self._text:
            return _.EMPTY_STRING
        expression = self._union()
        if self._at < len(self._text):
            self._refuse("a [)] that nothing opened")
        return expression

    def _union(self) -> Expression:
        self._depth += 1
        if self._depth > _DEEPEST:
            self._refuse("nested too deeply")
        choices = [self._intersection()]
        while self._take("|"):
            choices.append(self._intersection())
        self._depth -= 1
        return _.any_of(choices)

    def _intersection(self) -> Expression:
        parts = [self._concatenation()]
        while self._take("&"):
            self._may_be_empty = True
            parts.append(self._concatenation())
        return _.all_of(parts)

    def _concatenation(self) -> Expression:
        parts = [self._repetition()]
        while self._peek() not in ("", ")", "|", "&"):
            parts.append(self._repetition())
        return _sequence(parts)

    def _repetition(self) -> Expression:
        expression = self._complement()
        while True:
            if self._take("?"):
                expression = _.repetition(expression, 0, 1)
            elif self._take("*"):
                expression = self._repeated(expression, 0, None)
            elif self._take("+"):
                expression = self._repeated(expression, 1, None)
            elif self._take("{"):
                expression = self._repeated(expression, *self._counts())
            else:
                return expression

    def _repeated(self, expression: Expression, least: int, most: int | None) -> Expression:
        """
        Return an expression as often as it is wanted.

        What matches nothing does so if it is repeated without an end, even from zero times on.

        Source:
            ``Operations.repeat``.
        """
        may_be_empty = self._may_be_empty or expression == _.NOTHING
        if most is None and may_be_empty and Automaton(expression).is_empty:
            return _.NOTHING
        return _.repetition(expression, least, most)

    def _counts(self) -> tuple[int, int | None]:
        least = self._count()
        if least is None:
            self._refuse("a number is missing after [{]")
        most: int | None = least
        if self._take(","):
            most = self._count()
        if not self._take("}"):
            self._refuse("a [{] that is not closed")
        return least, most

    def _count(self) -> int | None:
        match = re.compile("[0-9]*").match(self._text, self._at)
        digits = match[0] if match else ""
        self._at += len(digits)
        if not digits:
            return None
        number = read_int(digits)
        if number is None:
            self._refuse("a count that is too large")
        return number

    def _complement(self) -> Expression:
        marks = 0
        while self._take("~"):
            marks += 1
            self._may_be_empty = True
        expression = self._character_class() if self._take("[") else self._simple()
        return _.complement(expression) if marks % 2 else expression

    def _character_class(self) -> Expression:
        start = self._at
        is_negated = self._take("^")
        choices = [self._class_item()]
        while self._peek() not in ("", "]"):
            choices.append(self._class_item())
        if not self._take("]"):
            self._refuse(f"a [[] that is not closed, at character {start}")
        expression = _.any_of(choices)
        return _outside(expression) if is_negated else expression

    def _class_item(self) -> Expression:
        if (predefined := self._predefined_class()) is not None:
            return predefined
        first = self._character()
        if not self._take("-"):
            return _literal(first)
        last = self._character(ends_range=True)  # where a node takes any letter as itself
        if last < first:
            self._refuse("a range that ends before it starts")
        return _.characters([(ord(first), ord(last))])

    def _predefined_class(self) -> Expression | None:
        letter = self._text[self._at + 1 : self._at + 2]
        if self._has_classes and self._peek() == letter == "\\":
            self._at += 2
            return _literal(letter)  # which starts no range
        if not self._has_classes or self._peek() != "\\" or letter.lower() not in _CLASSES:
            return None
        self._at += 2
        expression = _.characters(_CLASSES[letter.lower()])
        return expression if letter.islower() else _outside(expression)

    def _simple(self) -> Expression:
        operator = _OPERATORS.get(self._peek())
        if operator is not None:
            self._at += 1
            return operator
        if self._take('"'):
            return _sequence([_literal(sign) for sign in self._until('"')])
        if self._take("("):
            return self._group()
        if self._take("<"):
            return self._interval(self._until(">"))
        predefined = self._predefined_class()
        return _literal(self._character()) if predefined is None else predefined

    def _group(self) -> Expression:
        start = self._at
        if self._take(")"):
            return _.EMPTY_STRING
        expression = self._union()
        if not self._take(")"):
            self._refuse(f"a [(] that is not closed, at character {start}")
        return expression

    def _interval(self, text: str) -> Expression:
        ends = text.split("-")
        low, high = (read_int(end) for end in ends) if len(ends) == 2 else (None, None)  # noqa: PLR2004
        if low is None or high is None:
            self._refuse(
                "[<] must begin an interval such as [<1-31>]; a backslash makes it a letter"
            )
        digits = len(ends[0]) if len(ends[0]) == len(ends[1]) else 0
        return _numbers(min(low, high), max(low, high), digits)

    def _character(self, *, ends_range: bool = False) -> str:
        is_escaped = self._take("\\")
        sign = self._peek()
        if not sign:
            self._refuse("the end where a character is missing")
        is_class = is_escaped and self._has_classes and not ends_range
        if is_class and sign.isascii() and sign.isalpha():
            self._refuse(f"[\\{sign}] is not a class of characters")
        self._at += 1
        return sign

    def _until(self, end: str) -> str:
        start = self._at
        stop = self._text.find(end, start)
        if stop < 0:
            self._refuse(f"[{end}] is missing")
        self._at = stop + 1
        return self._text[start:stop]

    def _peek(self) -> str:
        return self._text[self._at : self._at + 1]

    def _take(self, sign: str) -> bool:
        is_there = self._peek() == sign
        self._at += is_there
        return is_there

    def _refuse(self, rule: str) -> NoReturn:
        raise InvalidPatternError(f"regular expression, character {self._at + 1}: {rule}")


def _outside(expression: Expression) -> Expression:
    return _.all_of([_.ANY_CHARACTER, _.complement(expression)])


def _numbers(low: int, high: int, digits: int) -> Expression:
    """
    Return the expression for the decimal numbers of an interval.

    Args:
        low: The lowest number.

        high: The highest number.

        digits: How many digits there must be; 0 for any number of leading zeros.
    """
    if digits:
        return _between(str(low).zfill(digits), str(high).zfill(digits))
    lengths = range(1, len(str(high)) + 1)
    lowest = {size: max(low, 10 ** (size - 1) if size > 1 else 0) for size in lengths}
    highest = {size: min(high, 10**size - 1) for size in lengths}
    spans = [_between(str(lowest[n]), str(highest[n])) for n in lengths if lowest[n] <= highest[n]]
    return _.concatenation(_.repetition(_literal("0"), 0, None), _.any_of(spans))


def _between(low: str, high: str) -> Expression:
    """Return the expression for the numbers of an interval, all with as many digits as its ends."""
    size = len(low)
    if (low, high) == ("0" * size, "9" * size):
        return _.repetition(_.characters(_DIGITS), size, size)
    if low[0] == high[0]:
        return _.concatenation(_literal(low[0]), _between(low[1:], high[1:]))
    lowest = _.concatenation(_literal(low[0]), _between(low[1:], "9" * (size - 1)))
    highest = _.concatenation(_literal(high[0]), _between("0" * (size - 1), high[1:]))
    others = _.characters([(ord(low[0]) + 1, ord(high[0]) - 1)])
    digits = _.repetition(_.characters(_DIGITS), size - 1, size - 1)
    return _.any_of([lowest, highest, _.concatenation(others, digits)])
