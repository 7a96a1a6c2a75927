"""Variables in the text of a settings file."""

from __future__ import annotations

import pytest

from esfilerealm.settings.substitution import substituted

ENVIRON = {"A": "x", "LIST": "[a, b]", "EMPTY": "", "LINES": "b: 1\nc: 2", "NESTED": "${A}"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""),
        ("a: ${A}", "a: x\n"),
        ("a: ${A}${A} ${A}\n", "a: xx x\n"),
        ("a: ${LIST}\n", "a: [a, b]\n"),
        ("a: ${EMPTY}\n", "a: \n"),
        ("a: ${NOPE}\n", "a: ${NOPE}\n"),
        ("a: ${NOPE} ${A}\n", "a: ${NOPE} x\n"),
        ("a: ${A:default}\n", "a: ${A:default}\n"),
        ("a: ${A\n}", "a: ${A\n}\n"),
        ("a: $A {A}\n", "a: $A {A}\n"),
        ("a: ${B${A}}\n", "a: ${B${A}}\n"),
        ("a: ${NESTED}\n", "a: ${A}\n"),
        ("# ${A}\n", "# x\n"),
        ("a\r\nb\rc\n\n", "a\nb\nc\n\n"),
        ("a\u2028b\x85c", "a\u2028b\x85c\n"),
    ],
)
def test_text(text, expected):
    assert substituted(text, ENVIRON)[0] == expected


def test_braces_that_are_not_closed_cost_little():
    text = "${" * 200_000
    assert substituted(f"{text}\n", {})[0] == f"{text}\n"


def test_lines_are_those_of_the_old_text():
    text, lines = substituted("a: 0\n${LINES}\nd: 3\n", ENVIRON)
    assert list(zip(text.splitlines(), lines, strict=True)) == [
        ("a: 0", 1),
        ("b: 1", 2),
        ("c: 2", 2),
        ("d: 3", 3),
    ]
