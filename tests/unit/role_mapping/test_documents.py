"""Rules, documents of the API and templates: what a node would take, and what it would not."""

from __future__ import annotations

import json

import pytest

from esfilerealm.errors import InvalidRoleMappingError, InvalidUserDataError
from esfilerealm.role_mapping import RoleTemplate, UserData, parse_role_mappings, parse_rule
from esfilerealm.role_mapping.json_text import read_json

RULE = {"field": {"username": "x"}}
VARIABLES = UserData(
    "jane", "cn=jane,o=b", ["cn=ops", "crew"], {"n": [1, 'q"'], "ok": True, "none": None}, "pki1"
)


def matches(name, value, **user):
    return parse_rule(json.dumps({"field": {name: value}})).matches(UserData(**user))


@pytest.mark.parametrize(
    ("own", "value", "expected"),
    [
        (1, 1, True),
        (1.0, 1, True),
        (1.5, 1, False),
        (1, True, False),
        (True, 1, False),
        (True, True, True),
        (False, None, False),
        (-0.0, 0, False),
        (0.0, 0, True),
        ("1", 1, False),
        (None, None, True),
        (["a", None], None, True),
        ([], None, False),
        ([1, [2]], 2, True),
        ("a", ["b", "a*"], True),
        (2**63, "x", False),
    ],
    ids=repr,
)
def test_a_value(own, value, expected):
    assert matches("metadata.k", value, metadata={"k": own}) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1.9", True),
        ("1e0", True),
        ("9223372036854775807.5", False),
        ("-9223372036854775808", False),
    ],
)
def test_a_number_of_a_rule_is_whole(text, expected):
    rule = parse_rule(f'{{"field": {{"metadata.k": {text}}}}}')
    assert rule.matches(UserData(metadata={"k": 1})) == expected


@pytest.mark.parametrize("text", ["9223372036854775808", "1e400", "-1e19"])
def test_a_number_beyond_64_bits_is_an_error(text):
    with pytest.raises(InvalidRoleMappingError, match="64 bits"):
        parse_rule(f'{{"field": {{"metadata.k": {text}}}}}')


@pytest.mark.parametrize("own", [2**63, {"a": 1}, b"a", [{"a": 1}], ...], ids=repr)
def test_metadata_that_no_node_could_compare_is_an_error(own):
    with pytest.raises(InvalidUserDataError, match=r"\[k\]"):
        matches("metadata.k", 1, metadata={"k": own})


@pytest.mark.parametrize(
    ("dn", "value", "expected"),
    [
        ("cn=a,o=b", "CN=A, O=B", True),
        ("cn=a,o=b", "*,o=b", True),
        ("cn=a , o=b", "*,O=B", True),
        ("o=b", "*,o=b", False),
        ("CN=A,O=B", "cn=a*", True),
        ("cn=a,o=b", "CN=A*", True),
        ("cn=a", "*,", True),
        ("", "*,", False),
        ("jane", "*,", False),
        ("jane", "*,jane", False),
        ("cn=jane", "*,jane", False),
        ("JANE", "jane", True),
        ("foo=", "foo=", True),
        ("=bar", "foo=", False),
        ("cn=a", 1, False),
        ("cn=a", None, False),
        (None, None, True),
        (None, "*", False),
        ("cn=a\\,dc=x", "*,dc=x", True),
    ],
    ids=repr,
)
def test_a_distinguished_name(dn, value, expected):
    assert matches("dn", value, dn=dn) == expected
    if dn is not None:
        assert matches("groups", value, groups=["other", dn]) == expected


@pytest.mark.parametrize(
    ("rule", "where"),
    [
        ([], "rules"),
        ({"all": [{"except": RULE}, {"any": [{"except": RULE}]}]}, "rules.all[1].any[0].except"),
        ({"except": RULE}, "rules.except"),
        ({"field": {}}, "rules.field"),
        ({"field": {"": "x"}}, "rules.field"),
        ({"field": {"a": []}}, "rules.field.a"),
        ({"field": {"a": {}}}, "rules.field.a"),
        ({"field": {"a": "/a*"}}, "rules.field.a"),
        ({"field": {"a": "x", "b": "y"}}, "rules.field"),
        ({"any": {}}, "rules.any"),
    ],
    ids=str,
)
def test_a_rule_that_a_node_would_not_take(rule, where):
    with pytest.raises(InvalidRoleMappingError) as caught:
        parse_rule(json.dumps(rule))
    assert caught.value.where == where


def test_rules_that_are_nested_too_deeply_are_refused():
    text = '{"any":[' * 200 + json.dumps(RULE) + "]}" * 200
    with pytest.raises(InvalidRoleMappingError, match="deeply"):
        parse_rule(text)


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"enabled": None}, "m.enabled"),
        ({"rules": None}, "m.rules"),
        ({"roles": []}, "m"),
        ({"roles": [1]}, "m.roles"),
        ({"more": 1}, "m"),
        ({"metadata": []}, "m.metadata"),
        ({"role_templates": ["x"]}, "m.role_templates[0]"),
        ({"role_templates": [{"format": "json"}]}, "m.role_templates[0]"),
        ({"role_templates": [{"template": "x", "a": 1}]}, "m.role_templates[0]"),
        ({"role_templates": [{"template": {}, "format": "xml"}]}, "m.role_templates[0].format"),
        ({"role_templates": [{"template": {"id": "x"}}]}, "m.role_templates[0].template"),
        (
            {"role_templates": [{"template": {"source": "x", "params": 1}}]},
            "m.role_templates[0].template",
        ),
        (
            {"role_templates": [{"template": {"source": "x", "lang": "painless"}}]},
            "m.role_templates[0].template.lang",
        ),
    ],
    ids=str,
)
def test_a_document_that_a_node_would_not_take(change, where):
    document = {"enabled": True, "roles": ["a"], "rules": RULE, **change}
    with pytest.raises(InvalidRoleMappingError) as caught:
        parse_role_mappings(json.dumps({"m": document}))
    assert caught.value.where == where


@pytest.mark.parametrize("text", ["[]", '{"m": 1}', "{} {}"])
def test_mappings_are_an_object_of_objects(text):
    with pytest.raises(InvalidRoleMappingError):
        parse_role_mappings(text)


@pytest.mark.parametrize(
    "template",
    ['{"source": "r_{{username}}"}', '"r_{{username}}"', {"source": "r_{{username}}"}],
    ids=repr,
)
def test_a_template_in_each_spelling(template):
    rules = {"field": {"username": "*"}}
    document = {"enabled": True, "role_templates": {"template": template}, "rules": rules}
    (mapping,) = parse_role_mappings(json.dumps({"m": document}))
    assert mapping.roles_of(VARIABLES) == {"r_jane"}
    assert repr(mapping) == "RoleMapping('m', enabled=True)"
    assert "r_" in repr(mapping.role_templates[0])


@pytest.mark.parametrize(
    ("source", "kind", "expected"),
    [
        ("{{realm.name}}", "string", ["pki1"]),
        ("{{metadata.ok}}", "STRING", ["true"]),
        ("{{metadata.none}}", "string", [""]),
        ("{{#groups}}[{{.}}]{{/groups}}", "string", ["[cn=ops][crew]"]),
        ("{{#join}}groups{{/join}}", "string", ["cn=ops,crew"]),
        ("{{#join delimiter='-'}}groups{{/join delimiter='-'}}", "string", ["cn=ops-crew"]),
        ("{{#join}}username{{/join}}{{#join}}none{{/join}}", "string", ["jane"]),
        ("{{#join}}metadata.n{{/join}}", "string", ['1,q"']),
        ("{{#url}}{{dn}} x{{/url}}", "string", ["cn%3Djane%2Co%3Db+x"]),
        ("{{metadata.n.1}}", "string", ['q\\"']),
        ("{{{metadata.n.1}}}", "string", ['q"']),
        ("{{#toJson}}groups.1{{/toJson}}", "json", ["crew"]),
        ("{{#toJson}}groups.7{{/toJson}}", "string", ["null"]),
        ('["a", null, "{{username}}"]', "json", ["a", "jane"]),
        ('"a"', "json", ["a"]),
    ],
    ids=str,
)
def test_what_a_template_yields(source, kind, expected):
    assert RoleTemplate(source, kind).role_names(VARIABLES) == expected


@pytest.mark.parametrize("source", ["[1]", "1", "null", "[", '{"a": 1}'])
def test_a_template_that_yields_something_else_is_an_error(source):
    with pytest.raises(InvalidRoleMappingError):
        RoleTemplate(source, "json").role_names(VARIABLES)


@pytest.mark.parametrize("source", ["{{#a}}", "{{/a}}", "{{}}", "{{#a}}{{/b}}", "{{#a}}" * 2000])
def test_a_template_that_is_not_mustache_is_an_error(source):
    with pytest.raises(InvalidRoleMappingError, match="Mustache"):
        RoleTemplate(source).role_names(VARIABLES)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("/* a */ [1, // b\n2]", [1, 2]),
        ('{"a//b": "/*c*/"} // d', {"a//b": "/*c*/"}),
        ('"\\"//"', '"//'),
        ("1 /* not closed", 1),
    ],
)
def test_json_may_have_comments(text, expected):
    assert read_json(text, whole=True) == expected


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("[NaN]", "NaN"),
        ('{"a": 1, "b": 2, "a": 3}', r"\[a\]"),
        ("[1\n/*\n*/ 2]", "line 3, column 4"),
        ("1 2", "more text"),
        ("[" * 100_000, "deeply"),
        ("1" * 5000, "too long"),
        ('"' + '\\"' * 100_000, "Unterminated"),
        ("/*" * 100_000, "not JSON"),
        ('"\\', "not JSON"),
    ],
    ids=lambda text: text[:12],
)
def test_bad_json_is_an_error(text, rule):
    with pytest.raises(InvalidRoleMappingError, match=rule):
        read_json(text, whole=True)
