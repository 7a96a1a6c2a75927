"""
Regular expressions with complement and intersection, compiled to a deterministic automaton.

An expression is a value. Its derivative by a character is the expression for what may follow that
character, so the derivatives of an expression are the states of its automaton. All of them are made
when a pattern is compiled, within a limit; a match then is one look-up a character.

Source:
    Brzozowski, Derivatives of Regular Expressions (1964); Owens, Reppy and Turon,
    Regular-expression Derivatives Re-examined (2009).
"""

from __future__ import annotations

from bisect import bisect_right
from math import inf
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = [
    "ANY_CHARACTER",
    "ANY_STRING",
    "EMPTY_STRING",
    "NOTHING",
    "Automaton",
    "Expression",
    "TooComplexError",
    "all_of",
    "any_of",
    "characters",
    "complement",
    "concatenation",
    "repetition",
]

#: Ranges of code points: sorted, not adjacent, both ends included.
Ranges = tuple[tuple[int, int], ...]

_LAST: Final = 0x10FFFF
#: Limits of one pattern. A node allows 100 000 states; an automaton of that size takes a minute.
_MOST_STATES: Final = 5_000
_MOST_STEPS: Final = 300_000


class TooComplexError(Exception):
    """The automaton of an expression would exceed the limits."""


class Expression:
    """
    A regular expression.

    Two expressions that are built alike are equal, whatever the order of alternatives.

    Attributes:
        matches_empty: Whether the empty string matches.
    """

    __slots__ = ("_hash", "cuts", "key", "matches_empty", "weight")

    def __init__(
        self, key: tuple[object, ...], cuts: frozenset[int], weight: int, *, matches_empty: bool
    ) -> None:
        self.key = key
        #: How many expressions a derivative has to look at.
        self.weight = weight
        #: Code points from which on the derivative may differ from that by the one before.
        self.cuts = cuts
        self.matches_empty = matches_empty
        self._hash = hash(key)

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        return isinstance(other, type(self)) and self._hash == other._hash and self.key == other.key

    def __hash__(self) -> int:
        return self._hash

    def derivative(self, code_point: int) -> Expression:
        """Return the expression of what may follow *code_point*."""
        raise NotImplementedError


class _Characters(Expression):
    """One character of a set; the empty set matches nothing."""

    __slots__ = ("ranges",)

    def __init__(self, ranges: Ranges) -> None:
        ends = {low for low, _ in ranges} | {high + 1 for _, high in ranges}
        super().__init__(ranges, frozenset(ends), 1, matches_empty=False)
        self.ranges = ranges

    def derivative(self, code_point: int) -> Expression:
        at = bisect_right(self.ranges, (code_point, _LAST)) - 1
        return EMPTY_STRING if at >= 0 and code_point <= self.ranges[at][1] else NOTHING


class _EmptyString(Expression):
    __slots__ = ()

    def derivative(self, code_point: int) -> Expression:  # noqa: ARG002 -- it has none
        return NOTHING


class _Concatenation(Expression):
    """Two expressions, one after the other. The first one is not a concatenation itself."""

    __slots__ = ("first", "rest")

    def __init__(self, first: Expression, rest: Expression) -> None:
        cuts, weight = first.cuts, first.weight + 1
        if first.matches_empty:
            cuts, weight = cuts | rest.cuts, weight + rest.weight
        both = first.matches_empty and rest.matches_empty
        super().__init__((first, rest), cuts, weight, matches_empty=both)
        self.first = first
        self.rest = rest

    def derivative(self, code_point: int) -> Expression:
        choices = []
        expression: Expression = self
        while isinstance(expression, _Concatenation):
            choices.append(concatenation(expression.first.derivative(code_point), expression.rest))
            if not expression.first.matches_empty:
                return any_of(choices)
            expression = expression.rest
        return any_of([*choices, expression.derivative(code_point)])


class _Repetition(Expression):
    """An expression from *least* to *most* times; without a limit if *most* is None."""

    __slots__ = ("least", "most", "repeated")

    def __init__(self, repeated: Expression, least: int, most: int | None) -> None:
        key = (repeated, least, most)
        super().__init__(key, repeated.cuts, repeated.weight + 1, matches_empty=least == 0)
        self.repeated = repeated
        self.least = least
        self.most = most

    def derivative(self, code_point: int) -> Expression:
        most = None if self.most is None else self.most - 1
        remainder = repetition(self.repeated, max(self.least - 1, 0), most)
        return concatenation(self.repeated.derivative(code_point), remainder)


class _Choice(Expression):
    """Any one of several expressions."""

    __slots__ = ("choices",)

    def __init__(self, choices: frozenset[Expression]) -> None:
        cuts = frozenset().union(*(choice.cuts for choice in choices))
        empty = any(choice.matches_empty for choice in choices)
        weight = sum(choice.weight for choice in choices)
        super().__init__((choices,), cuts, weight, matches_empty=empty)
        self.choices = choices

    def derivative(self, code_point: int) -> Expression:
        return any_of(choice.derivative(code_point) for choice in self.choices)


class _Intersection(Expression):
    """All of several expressions."""

    __slots__ = ("parts",)

    def __init__(self, parts: frozenset[Expression]) -> None:
        cuts = frozenset().union(*(part.cuts for part in parts))
        empty = all(part.matches_empty for part in parts)
        weight = sum(part.weight for part in parts)
        super().__init__((parts,), cuts, weight, matches_empty=empty)
        self.parts = parts

    def derivative(self, code_point: int) -> Expression:
        return all_of(part.derivative(code_point) for part in self.parts)


class _Complement(Expression):
    """Every string that an expression does not match."""

    __slots__ = ("excluded",)

    def __init__(self, excluded: Expression) -> None:
        empty = not excluded.matches_empty
        super().__init__((excluded,), excluded.cuts, excluded.weight + 1, matches_empty=empty)
        self.excluded = excluded

    def derivative(self, code_point: int) -> Expression:
        return complement(self.excluded.derivative(code_point))


NOTHING: Final[Expression] = _Characters(())
EMPTY_STRING: Final[Expression] = _EmptyString((), frozenset(), 1, matches_empty=True)
ANY_CHARACTER: Final[Expression] = _Characters(((0, _LAST),))
ANY_STRING: Final[Expression] = _Complement(NOTHING)


def characters(ranges: Iterable[tuple[int, int]]) -> Expression:
    """Return the expression for one character of any of the ranges, both ends included."""
    joined: list[tuple[int, int]] = []
    for low, high in sorted(ranges):
        if low > high:
            continue
        if joined and low <= joined[-1][1] + 1:
            joined[-1] = (joined[-1][0], max(high, joined[-1][1]))
        else:
            joined.append((low, high))
    return _Characters(tuple(joined))


def concatenation(first: Expression, rest: Expression) -> Expression:
    """Return the expression for *first*, followed by *rest*."""
    firsts = []
    while isinstance(first, _Concatenation):
        firsts.append(first.first)
        first = first.rest
    for part in [first, *reversed(firsts)]:
        if NOTHING in (part, rest):
            rest = NOTHING
        elif rest is EMPTY_STRING or (part == rest == ANY_STRING):
            rest = part
        elif part is not EMPTY_STRING:
            rest = _Concatenation(part, rest)
    return rest


def repetition(repeated: Expression, least: int, most: int | None) -> Expression:
    """Return the expression for *repeated*, *least* to *most* times, or any number from *least*."""
    if most is not None and least > most:
        return NOTHING
    if most == 0 or repeated == EMPTY_STRING:
        return EMPTY_STRING
    if repeated.matches_empty:
        least = 0
    if repeated == NOTHING:
        return NOTHING if least else EMPTY_STRING
    if most is None and least == 0 and repeated in (ANY_CHARACTER, ANY_STRING):
        return ANY_STRING
    return repeated if least == most == 1 else _Repetition(repeated, least, most)


def any_of(choices: Iterable[Expression]) -> Expression:
    """Return the expression that matches what any of *choices* matches."""
    parts = _flat(choices, lambda part: part.choices if isinstance(part, _Choice) else None)
    sets = [part for part in parts if isinstance(part, _Characters)]
    if len(sets) > 1 or NOTHING in parts:
        parts.difference_update(sets)
        parts.add(characters(span for part in sets for span in part.ranges))
        parts.discard(NOTHING)
    if ANY_STRING in parts:
        return ANY_STRING
    if len(parts) > 1:
        parts = _without_shorter_repetitions(parts)
    if len(parts) > 1:
        return _Choice(frozenset(parts))
    return parts.pop() if parts else NOTHING


def _without_shorter_repetitions(parts: set[Expression]) -> set[Expression]:
    """Drop every ``x{0,3}y`` beside an ``x{0,5}y``, which matches all that the first one does."""
    longest: dict[tuple[Expression, Expression], tuple[float, Expression]] = {}
    others = set()
    for part in parts:
        first, rest = (
            (part.first, part.rest) if isinstance(part, _Concatenation) else (part, EMPTY_STRING)
        )
        if not isinstance(first, _Repetition) or first.least:
            others.add(part)
            continue
        most = inf if first.most is None else first.most
        key = (first.repeated, rest)
        if key not in longest or most > longest[key][0]:
            longest[key] = (most, part)
    return others | {part for _, part in longest.values()}


def all_of(parts: Iterable[Expression]) -> Expression:
    """Return the expression that matches what all of *parts* match."""
    flat = _flat(parts, lambda part: part.parts if isinstance(part, _Intersection) else None)
    flat.discard(ANY_STRING)
    if NOTHING in flat:
        return NOTHING
    if len(flat) > 1:
        return _Intersection(frozenset(flat))
    return flat.pop() if flat else ANY_STRING


def complement(excluded: Expression) -> Expression:
    """Return the expression that matches what *excluded* does not match."""
    return excluded.excluded if isinstance(excluded, _Complement) else _Complement(excluded)


def _flat(
    parts: Iterable[Expression], inner: Callable[[Expression], frozenset[Expression] | None]
) -> set[Expression]:
    flat: set[Expression] = set()
    for part in parts:
        flat |= inner(part) or {part}
    return flat


class Automaton:
    """
    A deterministic automaton.

    Args:
        expression: What it accepts.

    Raises:
        TooComplexError: If it would exceed the limits.
    """

    __slots__ = ("_accepting", "_cuts", "_next")

    def __init__(self, expression: Expression) -> None:
        states = {expression: 0}
        pending = [expression]
        self._accepting: list[bool] = []
        self._cuts: list[list[int]] = []
        self._next: list[list[int]] = []
        steps = 0
        for state in pending:  # which grows meanwhile
            cuts: list[int] = []
            following: list[int] = []
            for cut in sorted(state.cuts | {0}):
                steps += state.weight
                if steps > _MOST_STEPS or len(states) > _MOST_STATES:
                    raise TooComplexError
                target = state.derivative(cut) if cut <= _LAST else NOTHING
                number = states.setdefault(target, len(states))
                if number == len(pending):
                    pending.append(target)
                if not following or following[-1] != number:
                    cuts.append(cut)
                    following.append(number)
            self._accepting.append(state.matches_empty)
            self._cuts.append(cuts)
            self._next.append(following)

    @property
    def is_empty(self) -> bool:
        """Whether it accepts nothing."""
        return not any(self._accepting)

    def accepts(self, text: str) -> bool:
        """Check whether the whole *text* matches. The time is linear in its length."""
        state = 0
        for sign in text:
            state = self._next[state][bisect_right(self._cuts[state], ord(sign)) - 1]
        return self._accepting[state]
