"""``role_mapping.yml``: what a node takes from it, and where each role comes from."""

from __future__ import annotations

import json

import pytest

from esfilerealm.certificates import DistinguishedName
from esfilerealm.errors import InvalidDistinguishedNameError
from esfilerealm.role_mapping import parse_role_mapping, resolve_roles, role_sources


def mapped(text, **options):
    mapping = parse_role_mapping(text.encode(), **options)
    return {dn: sorted(roles) for dn, roles in mapping.roles_by_dn.items()}


def issues(data):
    data = data.encode() if isinstance(data, str) else data
    return [(issue.line_number, issue.kind) for issue in parse_role_mapping(data).issues]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", {}),
        ("# nothing\n", {}),
        ("{}", {}),
        ("a: []\n", {}),
        ("a: ''\n", {}),
        ("a: ['']\n", {"": ["a"]}),
        ("a: cn=x,\n", {"cn=x": ["a"]}),
        ("a: ',cn=x,,'\n", {"": ["a"], "cn=x": ["a"]}),
        ('a: "cn=x,\\tcn=y\\t"\n', {"cn=x": ["a"], "cn=y": ["a"]}),
        ("a.0: cn=x\na.1: cn=y\na.3: cn=z\n", {"cn=x": ["a"], "cn=y": ["a"]}),
        ("a: {'0': cn=x}\n", {"cn=x": ["a"]}),
        ("a: {b: [cn=x]}\n", {}),
        ("a: [cn=x]\nb: [CN=X]\n", {"cn=x": ["a", "b"]}),
        ("a.0: []\n", {"": ["a"]}),
    ],
    ids=repr,
)
def test_what_is_mapped(text, expected):
    assert mapped(text) == expected


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ("---\n", [(2, "unusable-file")]),
        ("- a\n", [(1, "unusable-file")]),
        ("text\n", [(1, "unusable-file")]),
        ("a: [cn=x]\na: [cn=y]\n", [(2, "unusable-file")]),
        ("a: [cn=x]\nb:\n", [(2, "unusable-file")]),
        ("a: [cn=x, null]\n", [(1, "unusable-file")]),
        ("a: [[cn=x]]\n", [(1, "unusable-file")]),
        ("a:\n  - b: c\n", [(2, "unusable-file")]),
        ("a: [cn=x]\n---\nb: [cn=y]\n", [(2, "unusable-file")]),
        ("a: [cn=x\n", [(1, "unusable-file")]),
        ("a: cn=x\na.0: cn=y\n", [(2, "unusable-file")]),
        ("a: cn=x\na.0: []\n", [(1, "unusable-file")]),
        (b"a: [cn=x]\n# \xff\n", [(2, "unusable-file")]),
        ("a:\n - cn=x\n - 1\n - true\n - x\n", [(n, "invalid-name") for n in (3, 4, 5)]),
        ("a.b: [cn=x]\nc.d: []\n", [(1, "lost-role"), (1, "lost-role")]),
        ("a: &x cn=x\nb: *x\n", [(2, "invalid-name")]),
    ],
    ids=repr,
)
def test_what_a_node_does_not_take(data, expected):
    assert issues(data) == expected


def test_a_file_that_is_not_usable_maps_nothing():
    mapping = parse_role_mapping(b"a: [cn=x]\nb:\n")
    assert not mapping.is_usable
    assert mapping.roles_by_dn == {}
    assert "maps no role" in mapping.issues[0].reason


@pytest.mark.parametrize("name", ["cn=é", "cn=\U0001f600", 'cn=\\"', "cn=\x7f", "cn=a b"])
def test_json_is_read_too(name):
    text = f"// who\n{json.dumps({'a': [name], 'b': 'cn=z'}, ensure_ascii=False)}"
    key = DistinguishedName.parse(name).normalized
    assert mapped(text, is_json=True) == {key: ["a"], "cn=z": ["b"]}


@pytest.mark.parametrize("text", ["{", "[]", '{"a": null}', '{"a": 1, "a": 2}', "{} x"])
def test_bad_json_maps_nothing(text):
    assert not parse_role_mapping(text.encode(), is_json=True).is_usable


@pytest.mark.parametrize(
    ("group", "role"),
    [
        ("cn=ops,o=b", "ops"),
        (" groupName = captains , ou = ships", "captains"),
        ('cn="a\\,b",o=c', '"a\\,b"'),
        ("cn=a+ou=b", "a+ou"),
        ("cn=a=b", "a"),
    ],
)
def test_the_name_of_an_unmapped_group(group, role):
    mapping = parse_role_mapping(b"")
    assert resolve_roles(mapping, None, [group], unmapped_groups_as_roles=True) == {role}
    (source,) = role_sources(mapping, None, [group], unmapped_groups_as_roles=True)
    assert (source.role, source.dn, source.line_number) == (role, group, None)


@pytest.mark.parametrize("group", ["", " ", "cn=", "cn = ,o=b"])
def test_an_unmapped_group_without_a_value_is_an_error(group):
    mapping = parse_role_mapping(b"")
    assert resolve_roles(mapping, None, [group]) == frozenset()
    with pytest.raises(InvalidDistinguishedNameError):
        resolve_roles(mapping, None, [group], unmapped_groups_as_roles=True)


def test_sources_are_those_of_the_roles():
    mapping = parse_role_mapping(b"a:\n  - cn=x\n  - CN=X\nb: [cn=y]\n")
    found = [(s.role, s.dn, s.line_number) for s in role_sources(mapping, "CN=Y", ["cn=x"])]
    assert found == [("a", "cn=x", 2), ("a", "cn=x", 3), ("b", "CN=Y", 4)]
    assert resolve_roles(mapping, "CN=Y", ["cn=x"]) == {"a", "b"}


@pytest.mark.parametrize(
    "text",
    [
        "a: &a [cn=x]\n" + "".join(f"b{n}: [*a, *a]\n" for n in range(1000)),
        "a: " + "[" * 100_000,
        "a: " + "{b: " * 20_000,
        "a: [" + "x, " * 50_000 + "]",
        "? " * 20_000,
        "a: '" + "x" * 1_000_000 + "'",
    ],
    ids=lambda text: text[:12],
)
@pytest.mark.slow
def test_a_bomb_maps_nothing(text):
    mapping = parse_role_mapping(text.encode())
    assert mapping.issues
    assert set(mapping.roles_by_dn) <= {"cn=x"}


def test_objects_show_what_they_are():
    mapping = parse_role_mapping(b"a: [cn=x]\nb: [x]\n")
    assert repr(mapping) == "<ParsedRoleMapping: 1 names, 1 issues>"
    assert repr(mapping.names[0]) == "MappedName('a', 'cn=x', line_number=1)"
    assert repr(mapping.issues[0]).startswith("MappingIssue(2, 'invalid-name', ")
    (source,) = role_sources(mapping, "cn=x")
    assert repr(source) == "RoleSource('a', 'cn=x', 1)"
