"""The strict reader of YAML: with and without the C library, against hostile files."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from esfilerealm import errors
from esfilerealm.exchange._yaml import read_documents

CANARY = "canary-$2y$04$secret"


@pytest.fixture(params=["c", "python"], autouse=True)
def _loader(request, monkeypatch):
    if request.param == "python":
        monkeypatch.delattr(yaml, "CSafeLoader", raising=False)
    elif not hasattr(yaml, "CSafeLoader"):
        pytest.skip("PyYAML without libyaml")


def plain(node):
    """A node as plain values; what is neither text nor a collection by its kind."""
    if node.kind == "mapping":
        return {key: plain(value) for key, value in node.entries("it").items()}
    if node.kind == "list":
        return [plain(item) for item in node.items("it")]
    return node.scalar if node.kind == "text" else f"<{node.kind}>"


def test_values():
    (node,) = read_documents(
        b"\xef\xbb\xbfa: x\nb: [1, 1.5, true, ~, 2001-01-01, '1', =, !!str 1, ! 1]\n'1': {}\n"
        b'c: "\\u00e9"\nd: !!map {e: !!seq []}\n',
        "x",
    )
    scalars = ["<number>", "<number>", "<boolean>", "<null>", "<date>", "1", "<sign of YAML>"]
    assert plain(node) == {
        "a": "x",
        "b": [*scalars, "1", "<number>"],
        "1": {},
        "c": "é",
        "d": {"e": []},
    }


def test_documents_have_lines():
    documents = read_documents(b"# x\na: b\n---\n\nc:\n  - d\n---\n", "x")
    assert [(node.kind, node.line_number) for node in documents] == [
        ("mapping", 2),
        ("mapping", 5),
        ("null", 8),
    ]
    assert documents[1].entries("it")["c"].items("it")[0].line_number == 6
    assert read_documents(b"", "x") == []
    assert read_documents(b"# x\n", "x") == []


def test_a_node_shows_nothing():
    (node,) = read_documents(f"{{a: '{CANARY}'}}".encode(), "x")
    assert CANARY not in repr([node, node.entries("it")])


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        (f"a: {CANARY}\na: b", 2, "a key that is given twice: it is in line [1] already"),
        (f"a: &x {CANARY}\nb: *x", 1, "anchors and aliases are not read"),
        (f"a: &x {CANARY}", 1, "anchors and aliases are not read"),
        ("a: &x [1]\nb: [*x, *x]", 1, "anchors and aliases are not read"),
        ("b: c\na: &x\n  b: *x", 2, "anchors and aliases are not read"),
        (f"*{CANARY.replace('$', '')}: b", 1, "anchors and aliases are not read"),
        ("x:\n  <<: {a: b}", 2, "a key must be text, and this is read as a sign of YAML"),
        (f"x:\n  ? [{CANARY}]\n  : b", 2, "a key must be text, and this is read as a list"),
        ("12: b", 1, "a key must be text, and this is read as a number: use quotes"),
        ("yes: b", 1, "a key must be text, and this is read as a boolean"),
        ("~: b", 1, "a key must be text, and this is read as a null"),
        (f"a: !!python/object/apply:os.system ['{CANARY}']", 1, "tags that make another type"),
        (f"a: !{CANARY.replace('$', '')} b", 1, "tags that make another type"),
        ("a: !!binary YQ==", 1, "tags that make another type"),
        ("a: !!set {x}", 1, "tags that make another type"),
        ("\n" + "[" * 33, 2, "nested too deeply"),
        ("[" * 200_000, 1, "not YAML"),
        ("\n".join("[" * 100_000), 33, "nested too deeply"),
        ("{a: " * 100_000, 1, ""),
        ("- " * 100_000, 1, "nested too deeply"),
        (f"a: {CANARY}\n\tb: c", 2, "not YAML here: a tab must not indent"),
        (f"a: b\n{CANARY}\nc: d", 3, "not YAML here: text with special characters"),
        (f"a: '{CANARY}", 1, "not YAML here"),
        (f"a: {CANARY}: {CANARY}", 1, "not YAML here"),
        (f"a: @{CANARY}", 1, "not YAML here"),
        (f"a: b\nc: {CANARY}\x07", 2, "not YAML here"),
        (f"%{CANARY} b\n---\n", 1, ""),
        (f"a: b\nc: {CANARY}\0", 2, "a byte 0: this is no text file"),
    ],
)
def test_what_is_refused(text, line, reason):
    with pytest.raises(errors.FileFormatError) as caught:
        read_documents(text.encode(), "x")
    assert caught.value.path == "x"
    if reason:
        assert caught.value.reason.startswith(reason) or "nested too deeply" in caught.value.reason
        assert abs(caught.value.line_number - line) <= (reason == "not YAML here")
    for part in (CANARY, "canary", "$2y$"):
        assert part not in str(caught.value)
    assert caught.value.__context__ is None


def test_what_is_not_utf_8():
    with pytest.raises(errors.FileFormatError, match=r"line \[2\], byte \[4\]: not UTF-8"):
        read_documents(b"a: \n\xff", "x")


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
def test_what_yaml_writes_is_read_as_it_was(value):
    (node,) = read_documents(yaml.safe_dump(value).encode(), "x")
    assert plain(node) == value
