"""Where a text is not YAML, the message says what was met in which line, and never a value."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from esfilerealm.documents.nodes import kind_rule
from esfilerealm.documents.syntax import fault_of_line, syntax_issue
from esfilerealm.documents.yaml import YamlReader
from esfilerealm.errors import InvalidDesiredStateError
from esfilerealm.provisioning import DesiredState

SECRET = "hunter2"

TAB = "use blanks in place of the tab"
NO_BLANK = "a [:] without a blank after it"
NO_COLON = "a line without [:]"
ALIAS = "a bare [*], which begins an alias"
ANCHOR = "a bare [&], which begins an anchor"
OPEN_QUOTE = "a quote that is not closed"
OPEN_BRACKET = "a bracket that is not closed"
INDENTATION = "an indentation that fits no line above"
BELOW_VALUE = "a key that is indented below a value"
AFTER_QUOTE = "text after a closing quote"
AFTER_BRACKET = "text after a closing bracket"
SECOND = "a second [:] in a line"
ESCAPE = "a [\\] with no meaning in double quotes"
BAR = "text after [|]: put all of it in quotes, or begin it in the next line"
FOLD = "text after [>]: put all of it in quotes, or begin it in the next line"
CONFLICT = "a mark of a merge conflict"
TEMPLATE = "[{%], a mark of a template"
COMMENT = "a comment that does not begin with [#]"
PERCENT = "a line that begins with [%]"
LIST_AFTER_KEY = "an item of a list in the line of its key"
LIST_AMONG_KEYS = "an item of a list among keys"
KEY_IN_LIST = "a key among the items of a list"
MORE = "there is more behind the end of the document"

CASES = [
    # a colon
    ("a:hunter2\nb: 2\n", 1, NO_BLANK),
    ("a: 1\nb:hunter2\nc: 3\n", 2, NO_BLANK),
    ("a: 1\nb:hunter2\n", 2, NO_BLANK),
    ("'a':hunter2\nb: 2\n", 1, NO_BLANK),
    ("a:hunter2\nb:hunter2\nc: 3\n", 1, NO_BLANK),
    ("x:\n  a:hunter2\n  b: 2\n", 2, NO_BLANK),
    ("users:\n- name:hunter2\n  roles: [x]\n", 2, NO_BLANK),
    ("${A}:hunter2\nb: 2\n", 1, NO_BLANK),
    ("a: hunter2: b\n", 1, SECOND),
    ("a: [x]: hunter2\n", 1, SECOND),
    ("a: http://hunter2: y\n", 1, SECOND),
    ("a = hunter2\nb: 1\n", 1, "a [=] in place of [:]"),
    ("hunter2=1\na: 2\n", 1, "a [=] in place of [:]"),
    ("a: 1\nb=hunter2\nc: 1\n", 2, "a [=] in place of [:]"),
    ("a hunter2\nb: 1\n", 1, NO_COLON),
    ("a: 1\nhunter2\nb: 2\n", 2, NO_COLON),
    ("a: 1\nhunter2\n", 2, NO_COLON),
    ("users:\n  hunter2\n    roles: [a]\n", 2, NO_COLON),
    ("http://hunter2\na: 1\n", 1, NO_COLON),
    # brackets
    ("a: [", 1, OPEN_BRACKET),
    ("a: [\n", 1, OPEN_BRACKET),
    ("b: 1\na: {\n\n\n", 2, OPEN_BRACKET),
    ("a: [hunter2, 1\nb: 1\n", 1, OPEN_BRACKET),
    ("a: [hunter2, y\n\nb: 1\nc: 2\n", 1, OPEN_BRACKET),
    ("a: [hunter2\nb: [y]\n", 1, OPEN_BRACKET),
    ("a: {hunter2: 1\n", 1, OPEN_BRACKET),
    ("a: {hunter2: 1\nb: {c: 2}\n", 1, OPEN_BRACKET),
    ("users:\n- roles: [a, hunter2\n- name: [eve]\n", 2, OPEN_BRACKET),
    ("a: [x}\n", 1, "a [}] for the [[] of line 1"),
    ("a: {x\n  ]\n", 2, "a []] for the [{] of line 1"),
    ("a: [x,,]\n", 1, "a [,] where a value is missing"),
    ("a: ]hunter2\n", 1, "a []] that nothing opened"),
    ("a: [x]]\n", 1, "a []] that nothing opened"),
    ("[a]]\n", 1, "a []] that nothing opened"),
    ("a: 1\n}\n", 2, "a [}] that nothing opened"),
    ("a: [x, y] hunter2\n", 1, AFTER_BRACKET),
    ("a: [x],\nb: 1\n", 1, AFTER_BRACKET),
    ('a: ["x" "hunter2"]\n', 1, "two values without [,] between them"),
    ('a: ["x",\n  "y"\n  "hunter2"]\n', 3, "two values without [,] between them"),
    ('{\n"a": 1\n"b": "hunter2"\n}\n', 3, "two values without [,] between them"),
    ("a: [x y: z hunter2: q]\n", 1, "a second [:] between two [,]"),
    ("a: , hunter2\n", 1, "a value that begins with [,]"),
    # quotes
    ("a: 'hunter2\nb: 1\n", 1, OPEN_QUOTE),
    ('a: "hunter2\nb: 1\n', 1, OPEN_QUOTE),
    ('a: "hunter2\nb: "y"\n', 1, OPEN_QUOTE),
    ("c: 1\na: 'hunter2\nb: 'y'\n", 2, OPEN_QUOTE),
    ("'a: hunter2\nb: 1\n", 1, OPEN_QUOTE),
    ("'a: 1\nb': c\n", 1, OPEN_QUOTE),
    ("a: 'hunter2\"\nb: 1\n", 1, OPEN_QUOTE),
    ("a: 'x' hunter2\n", 1, AFTER_QUOTE),
    ('a: "x" hunter2\n', 1, AFTER_QUOTE),
    ("a: 'it's hunter2'\n", 1, AFTER_QUOTE),
    ("a: 'x',\nb: 1\n", 1, AFTER_QUOTE),
    ("a: 'x\n  y' hunter2\n", 2, AFTER_QUOTE),
    ('a: "C:\\hunter2"\n', 1, ESCAPE),
    ('a: "\\d+"\n', 1, ESCAPE),
    ('a: "C:\\x\\y"\n', 1, ESCAPE),
    ('a: "\\U00110000"\n', 1, ESCAPE),
    # signs with a meaning
    ("a: *\n", 1, ALIAS),
    ("a: *, b: 1\n", 1, ALIAS),
    ("a: * hunter2\n", 1, ALIAS),
    ("a: [*]\n", 1, ALIAS),
    ("a: *.hunter2.com\n", 1, ALIAS),
    ("a: &\n", 1, ANCHOR),
    ("a: &x&hunter2\n", 1, ANCHOR),
    ("a: @hunter2\n", 1, "a value that begins with [@]"),
    ("a: `hunter2`\n", 1, "a value that begins with [`]"),
    ("a: %hunter2\n", 1, "a value that begins with [%]"),
    ("a: ? hunter2\n", 1, "a value that begins with [?]"),
    ("a: !<hunter2\n", 1, "a [!], which begins a tag"),
    ("a: | hunter2\n", 1, BAR),
    ("a: |hunter2\n", 1, BAR),
    ("b: 1\na: > hunter2\n", 2, FOLD),
    ("%hunter2\na: 1\n", 1, PERCENT),
    ("a: 1\n%hunter2\n", 2, PERCENT),
    ("%YAML 3.0\n---\na: 1\n", 1, PERCENT),
    # indentation and lists
    ("a: 1\n\tb: hunter2\n", 2, TAB),
    ("a:\n\tb: hunter2\n", 2, TAB),
    ("a: |\n\thunter2\n", 2, TAB),
    ("a: hunter2\n  b: c\n", 2, BELOW_VALUE),
    ("a:\n  x: hunter2\n   y: 1\nb: 1\n", 3, BELOW_VALUE),
    ("a:\n    b: 1\n  c: hunter2\n", 3, INDENTATION),
    ("a:\n  b: 1\n c: hunter2\n", 3, INDENTATION),
    ("a:\n  - x\n - hunter2\n", 3, INDENTATION),
    ("users:\n- name: bob\n roles: [a]\n", 3, INDENTATION),
    ("users:\n  - name: bob\n   roles: hunter2\n", 3, INDENTATION),
    ("a: - hunter2\n", 1, LIST_AFTER_KEY),
    ("a: 1\n- hunter2\n", 2, LIST_AMONG_KEYS),
    ("a:\n  x: 1\n  - hunter2\n", 3, LIST_AMONG_KEYS),
    ("- a\nb: hunter2\n", 2, KEY_IN_LIST),
    ("- a\n-hunter2\nc: 1\n", 2, "a [-] without a blank after it"),
    ("users:\n-name: hunter2\n roles: x\n", 2, "a [-] without a blank after it"),
    (" a: 1\nb: hunter2\n", 2, MORE),
    ("{a: 1}\nb: hunter2\n", 2, MORE),
    # what other programs leave
    ("a: 1\n=======\nb: 2\n", 2, CONFLICT),
    ("<<<<<<< HEAD\na: 1\n=======\na: hunter2\n>>>>>>> x\n", 1, CONFLICT),
    ("a: 1\n>>>>>>> x\n", 2, CONFLICT),
    ("{% if x %}\na: 1\n", 1, TEMPLATE),
    ("a: 1\n{% if x %}\nb: 1\n", 2, TEMPLATE),
    ("// hunter2\na: 1\n", 1, COMMENT),
    ("; hunter2\na: 1\n", 1, COMMENT),
    # line breaks
    ("a: 1\rb:hunter2\rc: 1\r", 2, NO_BLANK),
    ("a: 1\r\nb:hunter2\r\nc: 1\r\n", 2, NO_BLANK),
    ("\ufeffa:hunter2\nb: 2\n", 1, NO_BLANK),
]


def read(text, *, as_written):
    reader = YamlReader(text, as_written=as_written)
    list(reader)
    return reader


@pytest.mark.usefixtures("yaml_loader")
@pytest.mark.parametrize(("text", "line", "met"), CASES)
@pytest.mark.parametrize("as_written", [True, False], ids=["settings", "documents"])
def test_what_was_met(text, line, met, as_written):
    reader = read(text, as_written=as_written)
    assert reader.is_broken
    issue = reader.issues[-1]
    assert SECRET not in issue.rule
    assert issue.rule.startswith(("not YAML here", MORE))
    assert issue.rule.partition("met here: ")[2] == met or met in (TAB, MORE)
    assert met in issue.rule
    assert issue.line_number == line


@pytest.mark.parametrize("text", ["a:\thunter2\n", "a: 'hunter2'\t\n", "a: [x,\n\thunter2]\n"])
def test_a_tab_that_a_node_refuses(text):
    (issue,) = read(text, as_written=True).issues
    assert issue.rule == f"not YAML here: {TAB}"
    assert issue.line_number == text.rstrip().count("\n") + 1


@pytest.mark.parametrize("text", ["a: {{ hunter2 }}\n", "{{ hunter2 }}: a\n", "\ufeff{{ x }}: a\n"])
@pytest.mark.usefixtures("yaml_loader")
def test_a_template_in_place_of_a_value(text):
    (issue,) = read(text, as_written=False).issues
    assert issue.rule == (
        "a key must be a string, not a mapping; "
        "put text that begins with [{{], a mark of a template, in quotes"
    )


def test_what_only_the_parser_in_c_refuses():
    rule = "not YAML here; put text with special characters in quotes"
    assert syntax_issue("a: 1\n", 7, has_tabs=False) == (7, rule)
    assert syntax_issue("[" + " " * 2**20, 7, has_tabs=False) == (7, rule)


@pytest.mark.parametrize("text", [": a\n b\n", "a: &x *y\n", "a: [b] &c\n d"])
def test_what_has_no_words(text):
    issue = read(text, as_written=True).issues[-1]
    assert issue.rule.startswith("not YAML here; put text with special characters in quotes")


@pytest.mark.parametrize(
    ("line", "fault"),
    [("a:b", NO_BLANK), ('"a":b', NO_BLANK), ("- a.b=c", "a [=] in place of [:]"), ("", NO_COLON)],
)
def test_a_line(line, fault):
    assert fault_of_line(line) == fault


@given(st.text("ab \t\r\n:#-?,[]{}'\"&*!|>%@`\\=.0\x85\u2028é", max_size=30), st.booleans())
@example("a: \x85\u2028[", True)
@example("]", True)
def test_any_text_is_read_or_has_a_line(text, as_written):
    reader = read(text, as_written=as_written)
    for issue in reader.issues:
        assert 1 <= issue.line_number <= len(text) + 2


@pytest.mark.parametrize(
    ("value", "rule"),
    [
        ("name:hunter2", f"must be a mapping, not a string; met here: {NO_BLANK}"),
        ("name=hunter2", "must be a mapping, not a string; met here: a [=] in place of [:]"),
        ("hunter2", "must be a mapping, not a string"),
        (["name:hunter2"], "must be a mapping, not a list"),
    ],
)
def test_a_value_that_should_be_a_mapping(value, rule):
    assert kind_rule(value, "a mapping") == rule


def test_a_user_without_blanks_in_a_document():
    with pytest.raises(InvalidDesiredStateError) as caught:
        DesiredState.parse(b"users:\n- name:hunter2\n", source="users.yml")
    assert SECRET not in str(caught.value)
    assert f"line [2], users[0]: must be a mapping, not a string; met here: {NO_BLANK}" in str(
        caught.value
    )
