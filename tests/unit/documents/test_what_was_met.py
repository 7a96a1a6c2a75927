"""Where a text is not YAML, the message says what was met there, and never a value."""

from __future__ import annotations

import pytest

from esfilerealm.documents.yaml import YamlReader

SECRET = "hunter2"


@pytest.mark.parametrize(
    ("text", "line", "met"),
    [
        ("http.cors.allow-origin: *\n", 1, "a bare [*]"),
        ("a: *, b: 1\n", 1, "a bare [*]"),
        ("a: * hunter2\n", 1, "a bare [*]"),
        ("a: [*]\n", 1, "a bare [*]"),
        ("a: *.hunter2.com\n", 1, "a bare [*]"),
        ("a: &\n", 1, "a bare [&]"),
        ("a:\thunter2\n", 1, "the tab"),
        ("a:\n\tb: hunter2\n", 2, "the tab"),
        ("a: 1\n\tb: hunter2\n", 2, "the tab"),
        ("node.name: @hunter2\n", 1, "[@]"),
        ("a: `hunter2`\n", 1, "[`]"),
        ("a: %hunter2\n", 1, "[%]"),
        ("a: hunter2: b\n", 1, "a second [:]"),
        ("a: hunter2\n  b: c\n", 2, "[:]"),
        ("a: 'hunter2\nb: 1\n", 3, "a quote that is not closed"),
        ('a: "hunter2\nb: 1\n', 3, "a quote that is not closed"),
        ("a: 'x' hunter2\n", 1, "text behind a closing quote"),
        ('a: "x" hunter2\n', 1, "text behind a closing quote"),
        ('a: "C:\\hunter2"\n', 1, "a [\\] with no meaning in double quotes"),
        ("a: [hunter2, 1\nb: 1\n", 2, "a bracket that is not closed"),
        ("a: {hunter2: 1\n", 2, "a bracket that is not closed"),
        ("a: ]hunter2\n", 1, "a []] that nothing opened"),
        ("a: 1\n}\n", 2, "a [}] that nothing opened"),
        ("a: 1\nhunter2\nb: 2\n", 2, "a line without [:]"),
        ("hunter2=1\na: 2\n", 2, "a [:] behind a line that is no key"),
        ("a:\n    b: 1\n  c: hunter2\n", 3, "an indentation that fits no line above"),
        ("a: !<hunter2\n", 1, "[!]"),
        ("- a\nb: hunter2\n", 2, "a key among the items of a list"),
        ("a: 1\n- hunter2\n", 2, "an item of a list among keys"),
    ],
)
@pytest.mark.parametrize("as_written", [True, False], ids=["settings", "documents"])
def test_what_was_met(text, line, met, as_written, yaml_loader):
    reader = YamlReader(text, as_written=as_written)
    list(reader)
    if not reader.is_broken:  # the parser in C accepts a tab before a value
        assert not as_written
        assert text == "a:\thunter2\n"
        return
    issue = reader.issues[-1]
    assert SECRET not in issue.rule
    assert issue.rule.startswith("not YAML here")
    assert met in issue.rule
    assert abs(issue.line_number - line) <= 1
