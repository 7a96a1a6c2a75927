"""Regular expressions of rules agree with a matcher that shares no code with them."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from esfilerealm.role_mapping.patterns import InvalidPatternError, compile_pattern

pytestmark = pytest.mark.property

LETTERS = "ab1"
ENDLESS = 99

#: Each expression is its text, and a function from a text and a start to all possible ends.


def literal(letter):
    def ends(text, start):
        return {start + 1} if text[start : start + 1] == letter else set()

    return letter, ends


def char_class(letters, negated):
    def ends(text, start):
        found = text[start : start + 1]
        return {start + 1} if found and (found in letters) != negated else set()

    return f"[{'^' * negated}{''.join(sorted(letters))}]", ends


def interval(one, other):
    low, high = sorted((int(one), int(other)))
    digits = len(one) if len(one) == len(other) else None

    def ends(text, start):
        found = set()
        for end in range(start + 1, len(text) + 1):
            number = text[start:end]
            if not number.isdecimal():
                break
            if low <= int(number) <= high and digits in (None, len(number)):
                found.add(end)
        return found

    return f"<{one}-{other}>", ends


SIMPLE = st.one_of(
    st.sampled_from(LETTERS).map(literal),
    st.builds(char_class, st.sets(st.sampled_from(LETTERS), min_size=1), st.booleans()),
    st.just((".", lambda text, start: {start + 1} if start < len(text) else set())),
    st.just(("@", lambda text, start: set(range(start, len(text) + 1)))),
    st.just(("#", lambda text, start: set())),
    st.just(("()", lambda text, start: {start})),
    st.builds(interval, st.sampled_from(["0", "1", "10", "01"]), st.sampled_from(["1", "11", "7"])),
    st.text("ab*", max_size=3).map(
        lambda quoted: (
            f'"{quoted}"',
            lambda text, start: {start + len(quoted)} if text.startswith(quoted, start) else set(),
        )
    ),
)


def both(one, other):
    return (
        f"({one[0]})({other[0]})",
        lambda text, start: {
            end for middle in one[1](text, start) for end in other[1](text, middle)
        },
    )


def either(one, other):
    return f"({one[0]}|{other[0]})", lambda text, at: one[1](text, at) | other[1](text, at)


def each(one, other):
    return f"(({one[0]})&({other[0]}))", lambda text, at: one[1](text, at) & other[1](text, at)


def no(one):
    return (
        f"~({one[0]})",
        lambda text, at: set(range(at, len(text) + 1)) - one[1](text, at),
    )


#: Enough to find one that an expression with intersections and complements matches, if any does.
SHORT = ["".join(signs) for size in range(5) for signs in product(LETTERS + "0", repeat=size)]


def is_empty(one):
    """Check whether an expression matches nothing; give up if that cannot be told."""
    if not any(sign in one[0] for sign in "#&~"):
        return False
    if any(len(text) in one[1](text, 0) for text in SHORT):
        return False
    assume(not any(sign in one[0] for sign in "&~"))
    return True


def repeated(one, mark):
    least, most = {"?": (0, 1), "*": (0, ENDLESS), "+": (1, ENDLESS)}.get(mark) or counts(mark)
    if most == ENDLESS and is_empty(one):
        return f"({one[0]}){mark}", lambda text, start: set()

    def ends(text, start):
        found, now, seen = set(), {start}, 0
        while now and seen <= min(most, len(text) + least + 1):
            if seen >= least:
                found |= now
            now = {end for at in now for end in one[1](text, at)}
            seen += 1
        return found if least <= most else set()

    return f"({one[0]}){mark}", ends


def counts(mark):
    least, comma, most = mark[1:-1].partition(",")
    return int(least), int(most) if most else ENDLESS if comma else int(least)


MARKS = st.sampled_from(["?", "*", "+", "{2}", "{1,}", "{0,2}", "{1,3}", "{2,1}"])
EXPRESSIONS = st.recursive(
    SIMPLE,
    lambda inner: st.one_of(
        st.builds(both, inner, inner),
        st.builds(either, inner, inner),
        st.builds(each, inner, inner),
        st.builds(no, inner),
        st.builds(repeated, inner, MARKS),
    ),
    max_leaves=6,
)


@settings(max_examples=1500, deadline=None)
@given(EXPRESSIONS, st.lists(st.text(LETTERS + "07*", max_size=6), max_size=8))
def test_a_regular_expression_agrees_with_a_naive_matcher(expression, texts):
    pattern, ends = expression
    try:
        compiled = compile_pattern(f"/{pattern}/")
    except InvalidPatternError as error:
        assert "too complex" in error.rule
        return
    for text in texts:
        assert compiled.accepts(text) == (len(text) in ends(text, 0)), (pattern, text)


@settings(max_examples=500, deadline=None)
@given(st.text("ab*?\\", max_size=8), st.text("ab*?\\", max_size=8))
def test_wildcards_agree_with_a_naive_matcher(pattern, text):
    def fits(at, start):
        if at == len(pattern):
            return start == len(text)
        if pattern[at] == "*":
            return any(fits(at + 1, end) for end in range(start, len(text) + 1))
        escapes = pattern[at] == "\\" and at + 1 < len(pattern)
        at += escapes
        is_same = start < len(text) and (
            (pattern[at] == "?" and not escapes) or text[start] == pattern[at]
        )
        return is_same and fits(at + 1, start + 1)

    assert compile_pattern(pattern).accepts(text) == fits(0, 0)


@given(st.text('ab\\[](){}<>|&~@#."?*+-^$,19', max_size=20), st.booleans())
def test_any_text_between_slashes_is_a_pattern_or_an_error(text, has_classes):
    try:
        compile_pattern(f"/{text}/", has_classes=has_classes).accepts(text)
    except InvalidPatternError as error:
        assert error.rule
