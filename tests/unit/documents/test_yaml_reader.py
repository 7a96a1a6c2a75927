"""The YAML reader and its nodes: with and without the C library, against hostile files."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from esfilerealm import errors
from esfilerealm.documents.document import read_yaml
from esfilerealm.documents.nodes import read_nodes
from esfilerealm.documents.yaml import Unread, YamlReader
from esfilerealm.exchange._shared import decode_text

pytestmark = pytest.mark.usefixtures("yaml_loader")

CANARY = "canary-$2y$04$secret"
NOT_YAML = "not YAML here"
OTHER_TYPE = "this tag is not supported; put text that contains [!] in quotes"


ANCHORED = "anchors and aliases are not supported; put text that begins with [&] or [*] in quotes"

#: 10, 100, 1000 … times as many values as it shows.
BOMB = "a0: &a0 [x]\n" + "".join(
    f"a{step}: &a{step} [{', '.join([f'*a{step - 1}'] * 10)}]\n" for step in range(1, 9)
)


def plain(node):
    """A node as plain values. A value that is neither a string nor a collection is its kind."""
    kind = kind_of(node)
    if kind == "a mapping":
        return {key: plain(value) for key, value in node.entries().items()}
    if kind == "a list":
        return [plain(item) for item in node.items()]
    return node.string() if kind == "a string" else f"<{kind}>"


def kind_of(node):
    """The kind of a node, which its ``repr`` shows."""
    return repr(node).removeprefix("<Node: ").partition(" in line ")[0]


def read_documents(data, source):
    return read_nodes(decode_text(data, source), source)


def test_values():
    (node,) = read_documents(
        b"\xef\xbb\xbfa: x\nb: [1, 1.5, true, ~, 2001-01-01, '1', =, !!str 1, ! 1]\n'1': {}\n"
        b'c: "\\u00e9"\nd: !!map {e: !!seq []}\n',
        "x",
    )
    scalars = ["<a number>", "<a number>", "<a boolean>", "<null>", "<a date>", "1"]
    assert plain(node) == {
        "a": "x",
        "b": [*scalars, "<a special value of YAML>", "1", "<a number>"],
        "1": {},
        "c": "é",
        "d": {"e": []},
    }


def test_documents_have_lines():
    documents = read_documents(b"# x\na: b\n---\n\nc:\n  - d\n---\n", "x")
    assert [(kind_of(node), node.line_number) for node in documents] == [
        ("a mapping", 2),
        ("a mapping", 5),
        ("null", 8),
    ]
    assert documents[1].entries()["c"].items()[0].line_number == 6
    assert read_documents(b"", "x") == []
    assert read_documents(b"# x\n", "x") == []


def test_a_node_shows_nothing():
    (node,) = read_documents(f"{{a: '{CANARY}'}}".encode(), "x")
    assert CANARY not in repr([node, node.entries()])


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a: &canary b", 1),
        ("a: b\nc: *canary", 2),
        ("a: &Can ary", 1),
        ("&canary a: b", 1),
        ("*canary : b", 1),
        ("a: b\n? *canary\n: c", 2),
        ("a: [b, &canary [c]]", 1),
        ("a: b\nc: &canary\n  d: e", 2),
        ("a:\n- &canary\n- b", 2),
        ("&canary", 1),
        ("a: &canary !secret b", 1),
        ("a: b\n---\nc: &canary d", 3),
        ("a: b\n---\n--- &canary\nc: d", 3),
        ("b: c\na: &x\n  b: [*x, canary]", 2),
        (BOMB, 1),
        ("---\n".join([BOMB] * 20), 1),
        ("a: b\n---\n" + BOMB * 500, 3),
    ],
)
def test_anchors_and_aliases_are_refused(text, line):
    """They are the only issue, found before anything can grow. It shows nothing of them."""
    documents, (issue,) = read_yaml(text, "x")
    assert (issue.line_number, issue.path, issue.rule) == (line, (), ANCHORED)
    assert documents == []
    with pytest.raises(errors.FileFormatError) as caught:
        read_documents(text.encode(), "x")
    assert (caught.value.line_number, caught.value.reason) == (line, ANCHORED)
    assert "anary" not in str(caught.value)
    assert caught.value.__context__ is None


def test_nothing_is_read_behind_an_alias():
    """A large file costs no more than the part before the alias."""
    assert len(list(YamlReader("a: *x\n" + "b: c\n" * 100_000))) <= 2


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("0x" + "f" * 5000, "a number"),
        ("1:" * 5000 + "1.5", "a number"),
        ("!!int x", "a number"),
        ("!!float ''", "a number"),
        ("!!bool maybe", "a boolean"),
        ("2001-99-99", "a date"),
        ("<<", "a special value of YAML"),
    ],
)
def test_unread_values_have_a_kind(text, kind):
    (node,) = read_documents(text.encode(), "x")
    assert (kind_of(node), node.scalar, node.is_true, node.is_false) == (kind, "", False, False)
    with pytest.raises(errors.FileFormatError, match=f"must be a string, not {kind}"):
        node.string()


@pytest.mark.parametrize(
    ("text", "is_true", "is_false"),
    [
        *((text, True, False) for text in ("true", "Yes", "ON", "'true'", "'YES'")),
        *((text, False, True) for text in ("false", "No", "OFF", "'False'", "'off'")),
        *((text, False, False) for text in ("", "1", "0", "''", "x", "[]", "{}", "[true]")),
    ],
)
def test_truth(text, is_true, is_false):
    (node,) = read_documents(f"---\n{text}".encode(), "x")
    assert (node.is_true, node.is_false) == (is_true, is_false)


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        (f"a: {CANARY}\na: b", 2, "duplicate key, already in line [1]"),
        ("a: b\n---\n- c: d\n  c: e", 4, "duplicate key, already in line [3]"),
        ("x:\n  <<: {a: b}", 2, "the merge key [<<] is not supported: write its entries out"),
        (f"x:\n  ? [{CANARY}, [b]]\n  : b", 2, "a key must be a string, not a list"),
        (f"x: {{{{ {CANARY} }}}}", 1, "a key must be a string, not a mapping"),
        ("12: b", 1, "a key must be a string, not a number: put it in quotes"),
        ("yes: b", 1, "a key must be a string, not a boolean: put it in quotes"),
        ("~: b", 1, "a key must be a string, not null: put it in quotes"),
        ("=: b", 1, "a key must be a string, not a special value of YAML: put it in quotes"),
        (f"a: !!python/object/apply:os.system ['{CANARY}']", 1, OTHER_TYPE),
        (f"a: !{CANARY.replace('$', '')} b", 1, OTHER_TYPE),
        (f"!{CANARY[:6]} a: b", 1, OTHER_TYPE),
        ("a: !!binary YQ==", 1, OTHER_TYPE),
        ("a: !!set {x}", 1, OTHER_TYPE),
        ("a: !!map [x]", 1, OTHER_TYPE),
        ("\n" + "[" * 34 + "]" * 34, 2, "nested too deeply"),
        ("[" * 200_000, 1, "nested too deeply"),
        ("\n".join("[" * 100_000), 34, "nested too deeply"),
        ("{a: " * 100_000, 1, "nested too deeply"),
        ("- " * 100_000, 1, "nested too deeply"),
        ("? " * 100_000, 1, ""),
        (f"a: {CANARY}\n\tb: c", 2, "not YAML here: use blanks in place of the tab"),
        (f"a: {CANARY}\n  \tb: c", 2, "not YAML here: use blanks in place of the tab"),
        (f"\ufeffé: {CANARY}\n\tb: c", 2, "not YAML here: use blanks in place of the tab"),
        (f"a: b\n{CANARY}\nc: d", 2, NOT_YAML),
        (f"a: b\n---\n@{CANARY}", 3, NOT_YAML),
        (f"a: '{CANARY}", 1, NOT_YAML),
        (f"a: [{CANARY}\n", 1, NOT_YAML),
        (f"a: {CANARY}: {CANARY}", 1, NOT_YAML),
        (f"a: @{CANARY}", 1, NOT_YAML),
        (f"a: b\nc: {CANARY}\x07", 2, "not YAML: there is a control character in it"),
        (f"%{CANARY} b\n---\n: - :", 3, ""),
        (f"a: b\nc: {CANARY}\0", 2, "a byte 0: not a text file"),
    ],
)
def test_refusals(text, line, reason):
    with pytest.raises(errors.FileFormatError) as caught:
        read_documents(text.encode(), "x")
    assert caught.value.path == "x"
    if reason:
        assert caught.value.reason.startswith(reason)
        # One of the parsers tells the line where the text ends.
        assert caught.value.line_number == line
    for part in (CANARY, "canary", "$2y$"):
        assert part not in str(caught.value)
    assert caught.value.__context__ is None


def test_invalid_utf_8():
    with pytest.raises(errors.FileFormatError, match=r"line \[2\], byte \[4\]: not UTF-8"):
        read_documents(b"a: \n\xff", "x")


class TestAsWritten:
    """As Elasticsearch reads its settings."""

    @staticmethod
    def read(text):
        reader = YamlReader(text, as_written=True, one_document=True)
        values = [
            (path, value.kind if isinstance(value, Unread) else value) for path, value in reader
        ]
        return values, [(issue.line_number, issue.path, issue.rule) for issue in reader.issues]

    def test_scalars(self):
        values, issues = self.read(
            "a: [007, yes, 1.50, 2001-01-01, '~', ~, !!int x, !secret y, <<]"
        )
        items = ["007", "yes", "1.50", "2001-01-01", "~", None, "x", "y", "<<"]
        assert [value for _, value in values[2:]] == items
        assert issues == []

    def test_duplicate_keys_and_keys_of_other_kinds_are_passed_on(self):
        assert self.read("1: a\nyes: b\n1: c\n<<: d") == (
            [((), {}), (("1",), "a"), (("yes",), "b"), (("1",), "c"), (("<<",), "d")],
            [],
        )

    @pytest.mark.parametrize(
        ("text", "is_valid"), [("a: |\n \t\n  b", True), ("x\t", True), ("'x'\t", False)]
    )
    def test_tabs_are_read_as_in_java(self, text, is_valid):
        _, issues = self.read(text)
        assert (issues == []) == is_valid

    def test_aliases_are_not_followed(self):
        values, issues = self.read("a: &x [b]\nc: *x\nd: *y\n*x : e")
        assert values[3:] == [(("c",), "an alias"), (("d",), "an alias")]
        assert issues == [(4, (), "a key must be a string, not an alias")]

    def test_the_value_of_an_unusable_key_is_skipped(self):
        values, issues = self.read("a:\n  ? [b]\n  : {c: [d]}\n  e: f")
        assert values == [((), {}), (("a",), {}), (("a", "e"), "f")]
        assert issues == [(2, ("a",), "a key must be a string, not a list")]

    def test_places(self):
        reader = YamlReader("a:\n  b\nc:", as_written=True)
        places = [
            (path, reader.key_line_number, reader.line_number, reader.column) for path, _ in reader
        ]
        assert places[1:] == [(("a",), 1, 2, 3), (("c",), 3, 3, 3)]

    @pytest.mark.parametrize("text", ["a: b\n---\n", "a: b\n--- [", " a: b\nc: d"])
    def test_only_one_document(self, text):
        values, ((line_number, path, rule),) = self.read(text)
        assert values == [((), {}), (("a",), "b")]
        assert (line_number, path) == (2, ())
        assert rule.startswith("there is more behind the end of the document: ")


@pytest.mark.property
@given(st.binary() | st.text(st.sampled_from("ab:-?[]{},&*!|>'\"%@` \t\n#\x85\ufeff\u2028é0~")))
def test_any_input_is_read_or_one_clear_error(data):
    data = data.encode() if isinstance(data, str) else data
    try:
        read_documents(data, "x")
    except errors.FileFormatError as error:
        assert 1 <= error.line_number <= data.count(b"\n") + data.count(b"\r") + 200


_values = st.recursive(
    st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab1~", max_size=3), inner),
    max_leaves=10,
)


@pytest.mark.property
@given(_values)
def test_what_pyyaml_writes_is_read_back(value):
    (node,) = read_documents(yaml.safe_dump(value).encode(), "x")
    assert plain(node) == value
