"""Patterns of rules: wildcards, Lucene's regular expressions, and their limits."""

from __future__ import annotations

import pytest
from support.pki import rows

from esfilerealm.role_mapping import automaton
from esfilerealm.role_mapping.automaton import Automaton, TooComplexError
from esfilerealm.role_mapping.patterns import InvalidPatternError, compile_pattern, is_pattern

ASTRAL = "\U0001f600"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a*", True),
        ("*", True),
        ("//", True),
        ("/a/", True),
        (r"a\*", True),
        ("/a*", True),
        ("/a", False),
        ("/", False),
        ("", False),
        ("/a?", False),
        ("a?", False),
    ],
)
def test_what_is_a_pattern(text, expected):
    assert is_pattern(text) == expected


@pytest.mark.parametrize(
    ("pattern", "matching", "others"),
    [
        ("a*", ["a", "ab", "a\n*"], ["", "ba", "A"]),
        (r"x\?*", ["x?", "x?y"], ["xy"]),
        (r"a\*", ["a*"], ["a", "ab", "b"]),
        (r"*\\", ["\\", "a\\"], ["a"]),
        ("*\\", ["\\", "a\\"], ["a"]),
        ("B?b*", ["Bob", "Bxby"], ["bob", "Bb"]),
        ("*?", ["a", ASTRAL, "ab"], [""]),
        (f"{ASTRAL}*", [], [ASTRAL, f"{ASTRAL}a"]),
        ("//", [""], ["a", "/"]),
        ("/a|b/", ["a", "b"], ["", "ab"]),
        ("/ab*/", ["a", "abb"], ["b"]),
        ("/(ab)+/", ["ab", "abab"], ["", "a"]),
        ("/ab?/", ["a", "ab"], ["abb"]),
        ("/a{2}/", ["aa"], ["a", "aaa"]),
        ("/a{2,}/", ["aa", "aaaa"], ["a"]),
        ("/a{1,2}/", ["a", "aa"], ["", "aaa"]),
        ("/a{2,1}/", [], ["", "a", "aa"]),
        ("/a{0}/", [""], ["a"]),
        ("/a??/", ["", "a"], ["aa"]),
        ("/a*+/", ["", "aa"], ["b"]),
        ("/./", ["a", "\n", ASTRAL], ["", "ab"]),
        ("/@/", ["", "ab", "\n"], []),
        ("/#/", [], ["", "#"]),
        ("/a#|b/", ["b"], ["a"]),
        ("/#?/", [""], ["#"]),
        ("/#*|b/", ["b"], [""]),
        ("/(a&b)*/", [], ["", "a"]),
        ("/(~(.|..*)&a)+|b/", ["b"], ["", "a"]),
        ("/(a&a)*/", ["", "aa"], ["b"]),
        ("/()/", [""], ["a"]),
        ("/~a/", ["", "b", "aa"], ["a"]),
        ("/~~a/", ["a"], ["", "b"]),
        ("/~(ab)c/", ["c", "ac"], ["abc"]),
        ("/~a*/", ["", "b", "bc"], []),
        ("/.*&~(a.*)/", ["", "b"], ["a", "ab"]),
        ("/[ab]+&[bc]+/", ["b", "bb"], ["ab", "c"]),
        ("/[a-c]/", ["a", "b"], ["d", "-"]),
        ("/[^a-c]/", ["d", ASTRAL], ["a", ""]),
        (r"/[\]\-^]/", ["]", "-", "^"], ["a"]),
        ("/[a.]/", ["a", "."], ["b"]),
        ("/^a$/", ["^a$"], ["a"]),
        ("/a$/", ["a$"], ["a"]),
        ('/"a*"/', ["a*"], ["a", "aa"]),
        ('/""/', [""], ["a"]),
        (r"/\"/", ['"'], ["a"]),
        (r"/\@\#\&\<\~/", ["@#&<~"], ["a"]),
        ("/<1-12>/", ["1", "9", "12", "007"], ["0", "13", "a"]),
        ("/<01-12>/", ["01", "09", "12"], ["1", "00", "13", "012"]),
        ("/<12-1>/", ["1", "12"], ["13"]),
        ("/<0-0>/", ["0"], ["1", "", "00"]),
        ("/<98-1203>/", ["98", "99", "100", "999", "1203"], ["97", "1204"]),
        (r"/\d\w\s/", ["1_ ", "0a\t"], ["1-a", "aa "]),
        (r"/\D\W\S/", ["a-a"], ["1-a", "aaa"]),
        (r"/[\da]/", ["1", "a"], ["d"]),
        (r"/[^\d]/", ["d"], ["1"]),
        (r"/[a-\d]/", ["a", "d"], ["1", "e"]),
        (r"/[\\-z]/", ["\\", "-", "z"], ["a"]),
        (r"/\\/", ["\\"], ["/"]),
        ("/a/b/", ["a/b"], ["a"]),
        (f"/{ASTRAL}/", [ASTRAL], ["a"]),
        ("/é|ß/", ["é", "ß"], ["e", "ss"]),
    ],
)
def test_what_a_pattern_matches(pattern, matching, others):
    compiled = compile_pattern(pattern)
    assert [text for text in matching if not compiled.accepts(text)] == []
    assert [text for text in others if compiled.accepts(text)] == []


@pytest.mark.parametrize(
    ("pattern", "rule"),
    [
        ("/a*", "must also end"),
        ("/(a/", "not closed"),
        ("/a)/", "nothing opened"),
        ("/[a/", "not closed"),
        ("/[a-]/", "range"),
        ("/[]/", "not closed"),
        ("/[b-a]/", "range"),
        ("/a{,2}/", "number is missing"),
        ("/a{2/", "not closed"),
        ("/a{x}/", "number is missing"),
        ("/a{99999999999}/", "too large"),
        ("/a{2,99999999999}/", "too large"),
        ("/<name>/", "interval"),
        ("/<1-2-3>/", "interval"),
        ("/<1-2/", "missing"),
        ('/"a/', "missing"),
        (r"/\q/", "not a class"),
        (r"/[\q]/", "not a class"),
        ("/a\\/", "end"),
        ("/a|/", "end"),
        ("/~/", "end"),
        ("/" + "(" * 101 + ")" * 101 + "/", "nested too deeply"),
        ("*" * 8193, "8192 characters"),
    ],
    ids=lambda text: text[:12],
)
def test_what_is_no_pattern(pattern, rule):
    with pytest.raises(InvalidPatternError) as caught:
        compile_pattern(pattern)
    assert rule in str(caught.value)
    assert caught.value.rule == str(caught.value)


def test_letters_behind_a_backslash_are_letters_before_version_8():
    compiled = compile_pattern(r"/\d\q/", has_classes=False)
    assert compiled.accepts("dq")
    assert not compiled.accepts("1q")


@pytest.mark.slow
@pytest.mark.parametrize(
    "pattern",
    [
        "/(a|b)*a(a|b){20}/",
        "/((a{99}){99}){99}/",
        "/.*a.{14}/",
        "/~(.*a.{14}.*)/",
        "/(.*a.{9})&(.*b.{10})&(.*c.{11})/",
        "/(" + "(a?){40}" * 40 + ")/",
        "/" + "|".join(f".*{a}{b}.*{b}{a}.*" for a in "abcdefgh" for b in "abcdefgh") + "/",
        "/[^a]{1,3000}(b|[^c]{2000}){0,999}/",
        "*a" * 4000,
        "*" + "?" * 5000 + "a*" * 1000,
    ],
    ids=lambda text: text[:20],
)
def test_a_bomb_is_refused_within_the_limits(pattern, monkeypatch):
    """Work is counted in steps: looks at an expression for one class of characters."""
    made = count_derivatives(monkeypatch)
    try:
        compile_pattern.__wrapped__(pattern)
    except InvalidPatternError as error:
        assert "too complex" in error.rule
    assert made[0] <= automaton._MOST_STEPS * 2


def count_derivatives(monkeypatch):
    made = [0]
    original = automaton._Characters.derivative

    def counted(self, code_point):
        made[0] += 1
        return original(self, code_point)

    monkeypatch.setattr(automaton._Characters, "derivative", counted)
    return made


def test_too_many_states_are_refused(monkeypatch):
    monkeypatch.setattr(automaton, "_MOST_STATES", 3)
    with pytest.raises(TooComplexError):
        Automaton(automaton.repetition(automaton.ANY_CHARACTER, 9, 9))


def test_a_match_looks_at_each_character_once():
    compiled = compile_pattern("/(a|aa)*b/")
    looked_at = []

    class Spy(str):
        __slots__ = ()

        def __iter__(self):
            for sign in str.__iter__(self):
                looked_at.append(1)
                yield sign

    assert not compiled.accepts(Spy("a" * 10_000))
    assert len(looked_at) == 10_000


def test_expressions_that_are_built_alike_are_equal():
    a, b = (automaton.characters([(n, n)]) for n in (97, 98))
    assert automaton.any_of([a, automaton.concatenation(a, b)]) == automaton.any_of(
        [automaton.concatenation(a, b), a]
    )
    assert automaton.EMPTY_STRING != automaton.NOTHING
    assert (a == 97) is False
    assert automaton.characters([(5, 4)]) == automaton.NOTHING


def test_an_expression_as_such_has_no_derivative():
    with pytest.raises(NotImplementedError):
        automaton.Expression((), frozenset(), 1, matches_empty=False).derivative(0)


@pytest.mark.parametrize("row", rows("lucene-patterns.json"), ids=lambda row: row["pattern"])
def test_what_lucene_made_of_a_pattern(row):
    """Lucene 8.7, which knows no predefined classes."""
    if "refused" in row:
        with pytest.raises(InvalidPatternError):
            compile_pattern(row["pattern"], has_classes=False)
        return
    compiled = compile_pattern(row["pattern"], has_classes=False)
    assert [text for text in row["accepts"] if not compiled.accepts(text)] == []
    assert [text for text in row["rejects"] if compiled.accepts(text)] == []
