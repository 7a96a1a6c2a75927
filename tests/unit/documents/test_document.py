"""Bytes of YAML, JSON and TOML: all formats are read alike, and refusals name their place."""

from __future__ import annotations

import json
import re

import pytest

from esfilerealm.documents.document import Document, format_of
from esfilerealm.errors import InvalidDesiredStateError
from esfilerealm.provisioning import DesiredState

#: One that grows to a billion values.
BOMB = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{name}: &{name} [{','.join([f'*{before}'] * 9)}]\n"
    for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)
#: The same in the place of a list that is known.
BOMB_OF_USERS = BOMB + "users: *i\n"
ANCHORED = "anchors and aliases are not supported; put text that begins with [&] or [*] in quotes"


def parse(data, source="state.yaml", **how):
    return DesiredState.parse(
        data if isinstance(data, bytes) else data.encode(), source=source, **how
    )


def issues_of(data, source="state.yaml", **how):
    with pytest.raises(InvalidDesiredStateError) as caught:
        parse(data, source, **how)
    return caught.value.issues


STATE = {
    "users": [
        {"name": "bob", "password": "12345678", "roles": ["viewer", "admin"]},
        {"name": "al", "state": "absent"},
    ],
    "purge": "managed",
    "protect": ["ops-*"],
    "hash_policy": {"algorithm": "bcrypt12", "minimum_cost": 11},
    "attributes": {"owner": 0, "group": "root", "mode": "0640"},
}
YAML = """\
# what we want
users:
- name: bob
  password: "12345678"
  roles: [viewer, admin]
- {name: al, state: absent}
purge: managed
protect: ["ops-*"]
hash_policy: {algorithm: bcrypt12, minimum_cost: 11}
attributes:
  owner: 0
  group: root
  mode: "0640"
"""
TOML = """\
purge = "managed"
protect = ["ops-*"]
[[users]]
name = "bob"
password = "12345678"
roles = ["viewer", "admin"]
[[users]]
name = "al"
state = "absent"
[hash_policy]
algorithm = "bcrypt12"
minimum_cost = 11
[attributes]
owner = 0
group = "root"
mode = "0640"
"""


class TestFormats:
    @pytest.mark.parametrize(
        ("source", "text"),
        [
            ("x.yaml", YAML),
            ("x.yml", YAML),
            ("x.yaml", json.dumps(STATE)),
            ("x.json", json.dumps(STATE)),
            ("x.toml", TOML),
            ("X.TOML", TOML),
            ("standard input", YAML),
            ("standard input", json.dumps(STATE)),
            ("standard input", "\n\t " + json.dumps(STATE)),
            ("x.yaml", "\ufeff" + YAML),
            ("x.json", "\ufeff" + json.dumps(STATE)),
            ("x.toml", "\ufeff" + TOML),
            ("x.yaml", YAML.replace("\n", "\r\n")),
            ("x.toml", TOML.replace("\n", "\r\n")),
        ],
    )
    def test_all_formats_describe_the_same(self, source, text):
        state = parse(text, source)
        expected = DesiredState.from_dict(STATE, source=source)
        assert (state.users, state.purge, state.protect) == (
            expected.users,
            expected.purge,
            expected.protect,
        )
        assert (state.hash_policy, state.attributes) == (expected.hash_policy, expected.attributes)
        assert state.users[0].password.reveal() == "12345678"
        assert state.attributes.mode == 0o640

    @pytest.mark.parametrize(
        ("format", "text"), [("yaml", YAML), ("json", json.dumps(STATE)), ("toml", TOML)]
    )
    def test_a_format_may_be_named(self, format, text):
        assert parse(text, "x.unknown", format=format).purge == "managed"

    @pytest.mark.parametrize(
        ("path", "data", "format"),
        [
            ("a.yaml", b"{", "yaml"),
            ("a.json", b"x", "json"),
            ("a.toml", b"{", "toml"),
            ("a.txt", b" \n{", "json"),
            ("a.txt", b"", "yaml"),
            ("json", b"[", "yaml"),
        ],
    )
    def test_a_name_decides_then_the_first_character(self, path, data, format):
        assert format_of(path, data) == format


class TestYaml:
    @pytest.mark.parametrize(
        ("text", "issue"),
        [
            pytest.param("", ": empty document: add [users]", id="empty"),
            pytest.param("# users: []\n", ": empty document", id="only a comment"),
            pytest.param("---\n", ": empty document", id="only a mark"),
            pytest.param("{}", ", line [1]: empty document", id="an empty mapping"),
            pytest.param("users:\n", ", line [1]: empty document", id="null"),
            pytest.param("- bob", ", line [1]: must be a mapping, not a list", id="a list"),
            pytest.param("bob", ", line [1]: must be a mapping, not a string", id="text"),
            pytest.param("42", ", line [1]: must be a mapping, not a number", id="a number"),
            pytest.param("true", ", line [1]: must be a mapping, not a boolean", id="boolean"),
            pytest.param("2020-01-01", ", line [1]: must be a mapping, not a date", id="a date"),
            pytest.param(
                "users:\n\t- name: bob\n",
                ", line [2]: not YAML here: use blanks in place of the tab",
                id="a tab",
            ),
            pytest.param("users: [\n", ", line [1]: not YAML here", id="not closed"),
            pytest.param("users: 'bob\n", ", line [1]: not YAML here", id="a quote not closed"),
            pytest.param(
                "users: @bob", ", line [1]: not YAML here; put text with", id="an at sign"
            ),
            pytest.param(
                "users: %bob", ", line [1]: not YAML here; put text with", id="a percent sign"
            ),
            pytest.param(
                "users: []\n---\nusers: []\n",
                ", line [2]: there is more behind the end of the document: a second document",
                id="two documents",
            ),
            pytest.param(
                "users: []\n---\n",
                ", line [2]: there is more behind the end of the document: a second document",
                id="a second, empty document",
            ),
            pytest.param(
                "users: []\npurge: all\nusers: []\n",
                ", line [3], users: duplicate key, already in line [1]",
                id="a key twice",
            ),
            pytest.param(
                "users:\n- name: bob\n  name: al\n",
                ", line [3], users[0].name: duplicate key, already in line [2]",
                id="a key twice, within",
            ),
            pytest.param(
                'users: []\n"users": []\n',
                ", line [2], users: duplicate key, already in line [1]",
                id="a key twice, once in quotes",
            ),
            pytest.param(
                "protect: []\nusers:\n- <<: {name: bob}\n",
                ", line [3], users[0]: the merge key [<<] is not supported",
                id="a merge key",
            ),
            pytest.param(
                "users:\n- name: bob\n  password: !vault |\n    $ANSIBLE_VAULT;1.1\n    6162\n",
                ", line [3], users[0].password: this tag is not supported",
                id="a tag",
            ),
            pytest.param(
                "? [a]\n: 1", ", line [1]: a key must be a string", id="a key that is a list"
            ),
            pytest.param(
                "? {a: b}\n: 1", ", line [1]: a key must be a string", id="a key, a mapping"
            ),
            pytest.param("1: 1", ", line [1]: a key must be a string", id="a key that is a number"),
            pytest.param("~: 1", ", line [1]: a key must be a string", id="a key that is null"),
            pytest.param("!x a: 1", ", line [1]: this tag is not supported", id="a key with a tag"),
            pytest.param(
                "users: !!binary aGk=", ", line [1], users: this tag is not supported", id="bytes"
            ),
            pytest.param(
                'users: "a\0b"', ", line [1]: not YAML: there is a control character", id="NUL"
            ),
            pytest.param(
                "users: \x1b[2J", ", line [1]: not YAML: there is a control character", id="ESC"
            ),
            pytest.param("[" * 900 + "]" * 900, ", line [1]: nested too deeply", id="deep"),
            pytest.param("[" * 9000 + "]" * 9000, ", line [1]: nested too deeply", id="deeper"),
            pytest.param("- " * 200_000, ", line [1]: nested too deeply", id="deep blocks"),
            pytest.param(
                "a: " + "{a: " * 100_000, ", line [1]: nested too deeply", id="deep mappings"
            ),
            pytest.param(
                "users: " + "9" * 5000, ", line [1], users: must be a list", id="a huge int"
            ),
            pytest.param("users: .nan", ", line [1], users: must be a list", id="not a number"),
        ],
    )
    def test_one_issue(self, text, issue):
        (reported,) = issues_of(text)
        head, _, rule = issue.partition(": ")
        assert reported.startswith(f"[state.yaml]{head}")
        assert rule in reported
        assert "\n" not in reported

    def test_lines_are_counted_with_any_line_end_and_characters(self):
        (issue,) = issues_of("# é\r\n\r\nusers: []\r\npurge: al\r\n")
        assert issue.startswith("[state.yaml], line [4], purge: [al] must be one of")

    def test_all_issues_except_of_syntax_are_reported_at_once(self):
        text = "users: !one []\npurge: all\npurge: !two x\nprotect: !three x\n? [a]\n: 1\n"
        issues = issues_of(text)
        assert [re.search(r"line \[(\d)", issue)[1] for issue in issues][-3:] == ["3", "4", "5"]

    @pytest.mark.parametrize("value", ["[bob]", "{name: bob}"], ids=["list", "mapping"])
    def test_a_tag_of_a_list_or_mapping_is_refused_too(self, value):
        (issue,) = issues_of(f"users: []\nprotect: !include {value}")
        assert issue.startswith("[state.yaml], line [2], protect: this tag is not supported")

    @pytest.mark.parametrize(
        "value",
        ["!!int ''", "!!int _", "!!int '-'", "!!float ''", "!!bool maybe", "!!null x", "!!int x"],
    )
    def test_a_value_that_contradicts_its_tag(self, value):
        issues = issues_of(f"users: []\npurge: {value}\nprotect: [{value}]\nx: y")
        assert "unknown field" in issues[-1] or "must be" in issues[-1]

    @pytest.mark.parametrize(
        ("text", "line"),
        [
            pytest.param("users: &hidden []", 1, id="an anchor that nothing needs"),
            pytest.param("&hidden {users: []}", 1, id="an anchor of all"),
            pytest.param("users: *hidden", 1, id="an alias to nothing"),
            pytest.param("*hidden", 1, id="an alias for all"),
            pytest.param("users:\n- name: bob\n  password: &Hidden ret1\n", 3, id="a password"),
            pytest.param("users:\n- name: bob\n  password: *hidden\n", 3, id="a password, star"),
            pytest.param("users:\n- name: bob\n  roles: [a, *hidden]\n", 3, id="in a list"),
            pytest.param("# x\nusers: [{name: &hidden bob, roles: [*hidden]}]", 2, id="a text"),
            pytest.param("protect:\n- &hidden purge\n*hidden : all\n", 2, id="a key, later"),
            pytest.param("users: []\n*hidden : all\n", 2, id="an alias as a key"),
            pytest.param("users: []\n&hidden purge: all\n", 2, id="a key with an anchor"),
            pytest.param("users: []\n? &hidden [x]\n: all\n", 2, id="a key that is a list"),
            pytest.param("users: []\n? *hidden\n: all\n", 2, id="a key after a question mark"),
            pytest.param("users: &hidden\n", 1, id="of null"),
            pytest.param("users: &hidden !vault x\n", 1, id="before a tag"),
            pytest.param("users: !vault &hidden x\n", 1, id="behind a tag"),
            pytest.param("protect: &hidden []\nusers:\n- <<: *hidden\n", 1, id="a merge key"),
            pytest.param("protect: [&hidden x, &hidden y]", 1, id="an anchor twice"),
            pytest.param("users: &hidden [*hidden]", 1, id="a loop"),
            pytest.param("&hidden {users: *hidden}", 1, id="a loop, mapping"),
            pytest.param("users:\n- &hidden\n  name: bob\n- *hidden\n", 2, id="a user"),
            pytest.param(BOMB, 1, id="a bomb"),
            pytest.param(BOMB_OF_USERS, 1, id="a bomb of users"),
            pytest.param("users: []\n" + BOMB * 500, 2, id="a large bomb"),
            pytest.param("# x\n" + "&hidden [" * 9000, 2, id="nested deeply"),
        ],
    )
    def test_anchors_and_aliases_are_refused(self, text, line):
        """Needed or not, they neither grow nor loop, and the message names missing quotes."""
        assert issues_of(text) == (f"[state.yaml], line [{line}]: {ANCHORED}",)

    @pytest.mark.parametrize(
        "text", ["'&Sec ret1'", '"*secret1"', "Sec&ret1 *x", "R&D*secret", "|-\n    *secret &x"]
    )
    def test_their_signs_are_text_in_quotes_and_inside_words(self, text):
        (user,) = parse(f"users:\n- name: bob\n  password: {text}\n").users
        assert user.password.reveal() == text.strip("'\"|-\n ")

    @pytest.mark.parametrize(
        "word", ["yes", "no", "on", "off", "null", "~", "1_000", "0x10", "1.5"]
    )
    def test_an_unquoted_word_of_another_kind_is_not_taken_for_a_string(self, word):
        (issue,) = issues_of(f"users:\n- name: {word}\n")
        assert issue.startswith("[state.yaml], line [2], users[0]")

    @pytest.mark.parametrize("key", ["? [[b], c]", "? {b: {c: d}}", "? [&a [b], *a]"])
    def test_a_key_that_is_not_a_string_is_skipped(self, key):
        (issue,) = issues_of(f"users: []\n{key}\n: [x, {{y: z}}]\npurge: 7\n")
        assert issue.startswith("[state.yaml], line [2]: ")

    def test_a_string_may_have_the_tag_of_strings(self):
        assert parse("users: [{name: !!str 42}]").users[0].name == "42"

    def test_a_tag_is_one_line_of_a_message(self):
        (issue,) = issues_of("users: !a%0Ab%1B%5B2J x")
        assert issue.isprintable()


class TestJson:
    @pytest.mark.parametrize(
        ("text", "issue"),
        [
            ("", ", line [1]: not JSON at column [1]"),
            ("[]", ": must be a mapping, not a list"),
            ("null", ": empty document"),
            ('"bob"', ": must be a mapping, not a string"),
            ("{}", ": empty document"),
            ('{"users": [],}', ", line [1]: not JSON at column"),
            ('{"users": []\n} x', ", line [2]: not JSON at column [3]"),
            ('{"users": [], "users": []}', ", users: duplicate key"),
            (
                '{"users": [{"name": "a", "name": "b"}]}',
                ", users[0].name: duplicate key",
            ),
            (
                '{"hash_policy": {"algorithm": "bcrypt", "algorithm": "bcrypt"}}',
                ", hash_policy.algorithm: duplicate key",
            ),
            ('{"users": NaN}', ": [NaN] is not JSON"),
            ('{"users": -Infinity}', ": [-Infinity] is not JSON"),
            ('{"users": [Infinity], "users": 1}', ": [Infinity] is not JSON"),
            (
                f'{{"users": {"9" * 5000}}}',
                ": a number is too long, or a value is nested too deeply",
            ),
            (
                f'{{"users": {"[" * 90_000}',
                ": a number is too long, or a value is nested too deeply",
            ),
            (f'{{"users": {"[" * 900}{"]" * 900}}}', ""),  # some versions can read it
            ('{"users": 1e999}', ", users: must be a list of mappings, not a number"),
            ('{"users": "a\0b"}', ", line [1]: not JSON at column"),
            ('{"purge": "\\ud800"}', r", purge: [\ud800] must be one of [none, managed, all]"),
        ],
    )
    def test_one_issue(self, text, issue):
        (reported,) = issues_of(text, "state.json")
        assert reported.startswith(f"[state.json]{issue}")
        assert reported.isprintable()


class TestToml:
    @pytest.mark.parametrize(
        ("text", "issue"),
        [
            ("", ": empty document"),
            ("# users", ": empty document"),
            ("users", ", line [1]: not TOML here"),
            ('purge = "all"\npurge = "none"', ", line [2]: not TOML here, or a duplicate key"),
            ("[attributes]\n[attributes]\n", ", line [2]: not TOML here, or a duplicate key"),
            ("users = [", ", line [1]: not TOML here"),
            ("users = 2020-13-45", ", line [1]: not TOML here"),
            ("users = 2020-01-01", ", users: must be a list of mappings, not a date"),
            ("users = nan", ", users: must be a list of mappings, not a number"),
            ("[attributes]\nmode = 0o640", ", attributes.mode: must be a string, not a number"),
            (f"users = {'9' * 5000}", ": a number is too long, or a value is nested too deeply"),
            (f"users = {'[' * 90_000}", ": a number is too long, or a value is nested too deeply"),
            ('purge = "a\0b"', ", line [1]: not TOML here"),
        ],
    )
    def test_one_issue(self, text, issue):
        (reported,) = issues_of(text, "state.toml")
        assert reported.startswith(f"[state.toml]{issue}")

    def test_a_key_of_many_parts_is_an_unknown_field(self):
        rule = (
            "unknown field; known are [users, purge, protect, known_roles, hash_policy, "
            "attributes, keystore, keystore_password, keystore_password_file, "
            "keystore_password_env]"
        )
        assert issues_of(f"{'a.' * 99}a = 1", "state.toml") == (f"[state.toml]: {rule}",)


@pytest.mark.parametrize("format", ["yaml", "json", "toml"])
@pytest.mark.parametrize(
    ("data", "line", "offset"),
    [(b"\xff", 1, 0), (b"# one\n# caf\xe9\n", 2, 11), (b"\xff\xfeu\0s\0", 1, 0)],
)
def test_invalid_utf_8(data, line, offset, format):
    assert issues_of(data, format=format) == (
        f"[state.yaml], line [{line}]: not UTF-8 at byte [{offset}]",
    )


@pytest.mark.parametrize(
    ("source", "text", "line"),
    [
        ("x.yaml", "users:\n- name: bob\n  password:\n", 3),
        ("x.yaml", "users:\n- name: bob\n  password: #secret\n", 3),
        ("x.yaml", "users:\n- name: bob\n  password: ~\n  roles: [a]\n", 3),
        ("x.yaml", "users:\n- {name: bob, password: null}\n", 2),
        ("x.yaml", "users:\n- {name: bob, password: !!null x}\n", 2),
        ("x.json", '{"users": [{"name": "bob", "password": null}]}', None),
    ],
)
def test_a_password_without_a_value_is_a_mistake(source, text, line):
    place = f"[{source}], line [{line}], users[0]" if line else f"[{source}], users[0]"
    rule = "has no value: put it in quotes, or leave the field out"
    assert issues_of(text, source) == (f"{place}.password: {rule}",)


@pytest.mark.parametrize("format", ["ini", "YAML", "yml"])
def test_an_unknown_format(tmp_path, format):
    """It is a mistake of the program, not of the document."""
    (tmp_path / "x.yaml").write_text("users: []")
    rule = rf"format is \[{format}\]: must be one of yaml, json, toml"
    for read in (lambda: parse("users: []", format=format), lambda: load(tmp_path, format)):
        with pytest.raises(ValueError, match=rule) as caught:
            read()
        assert not isinstance(caught.value, InvalidDesiredStateError)


def load(folder, format):
    return DesiredState.load(folder / "x.yaml", format=format)


@pytest.mark.parametrize("format", ["yaml", "json"])
def test_a_duplicate_key_hides_no_other_issue(format):
    users = '[{"name": "bob", "name": "al", "rolse": []}, {"name": "al"}, {"name": "a:b"}]'
    issues = "\n".join(issues_of(f'{{"users": {users}}}', f"state.{format}"))
    for issue in ("duplicate key", "[roles]", "[al] is already at", "[a:…]"):
        assert issue in issues


def test_a_document_shows_no_values():
    document = Document({"users": [{"password": "kanarienvogel"}]}, "x", {("users",): 1})
    assert repr(document) == "Document(source='x', folder='', issues=())"
    assert document.place(("users", 0)) == "[x], line [1], users[0]"
