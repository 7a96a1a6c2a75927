"""The cases about role mappings: the file, the rules, the documents, and who follows them."""

from __future__ import annotations

import json
import logging

import pytest
from support.reference import cases

from esfilerealm.errors import FileRealmError, InvalidRoleMappingError
from esfilerealm.realms import RoleMapper, role_mapping_failure
from esfilerealm.role_mapping import (
    RoleTemplate,
    UserData,
    parse_role_mappings,
    parse_rule,
)

NAME = "role_mapping.yml"
REALM = "the-realm-name"


def given_any(*keys):
    return lambda case: any(key in case.given for key in keys)


def is_of_the_file(case):
    return not case.name.startswith("bootstrap check") and (
        {NAME, "encoding", "unmapped_groups_as_roles"} & set(case.given)
    )


def write_mappings(folder, given):
    path = folder / NAME
    if given.get(NAME) is not None:
        path.write_text(given[NAME], encoding="utf-8")
    elif "encoding" in given:
        path.write_text("role:\n  - cn=a,o=b\n", encoding=given["encoding"])
    elif given.get("file") == "valid":
        path.write_text("role:\n  - cn=a,o=b\n", encoding="utf-8")
    return path


@pytest.mark.parametrize("case", cases("role-mapping", only=is_of_the_file))
def test_file(case, tmp_path, caplog):
    given, expect = case.given, case.expect
    caplog.set_level(logging.DEBUG, "esfilerealm")
    mapper = RoleMapper(
        write_mappings(tmp_path, given),
        unmapped_groups_as_roles=given.get("unmapped_groups_as_roles", False),
    )
    mapping = mapper.mapping.roles_by_dn
    checks = {
        "distinct_dns": lambda count: len(mapping) == count,
        "mappings": lambda count: len(mapping) == count,
        "mapped_dns": lambda names: sorted(mapping) == names,
        "roles_of": lambda of: all(sorted(mapping[dn]) == roles for dn, roles in of.items()),
        "roles": lambda roles: sorted(roles_of(mapper, given)) == roles,
        "debug_contains": lambda text: text in caplog.text,
        "log": lambda level: level in "".join(record.levelname for record in caplog.records),
        "raises": lambda raises: not raises,
    }
    for key, value in expect.items():
        assert checks[key](value), key


def roles_of(mapper, given):
    return mapper.roles_of(UserData(dn=given.get("dn"), groups=given["groups"]))


@pytest.mark.parametrize("case", cases("role-mapping", only=given_any("operation")))
def test_listener(case, tmp_path):
    path, heard = tmp_path / NAME, []
    path.write_text("role:\n  - cn=a,o=b\n", encoding="utf-8")
    mapper = RoleMapper(path)
    mapper.reload()
    if case.given["operation"] == "register null listener":
        with pytest.raises(TypeError):
            mapper.on_change(None)
        return
    mapper.on_change(lambda: heard.append(1))
    more = "\n" if "newline" in case.given["operation"] else "  - cn=c\n"
    with path.open("a", encoding="utf-8") as file:
        file.write(more)
    mapper.reload()
    assert bool(heard) == case.expect["listener_called"]


@pytest.mark.parametrize(
    "case",
    cases("role-mapping", only=lambda case: case.name.startswith("bootstrap check")),
)
def test_check_before_the_start(case, tmp_path):
    expect = case.expect
    path = write_mappings(tmp_path, case.given)
    is_set = "files.role_mapping" not in case.given
    failure = role_mapping_failure(path if is_set else None, REALM)
    assert (failure is not None) == expect.get("failure", False)
    for text in expect.get("message_contains", ()):
        assert text in failure
    if failure:
        assert str(path) in failure
        assert role_mapping_failure(path, REALM, enabled=False) is None


@pytest.mark.parametrize("case", cases("role-mapping", only=given_any("rules")))
def test_rule(case):
    text = json.dumps(case.given["rules"])
    if "error_contains" in case.expect:
        with pytest.raises(InvalidRoleMappingError) as caught:
            parse_rule(text)
        assert case.expect["error_contains"] in str(caught.value)
    else:
        assert parse_rule(text).matches(UserData(**case.given["user"])) == case.expect["match"]


@pytest.mark.parametrize("case", cases("role-mapping", only=given_any("model")))
def test_predicate(case):
    user = UserData(metadata=case.given["model"])
    rules = [
        parse_rule(json.dumps({"field": {"metadata.f": value}})) for value in case.given["values"]
    ]
    assert [rule.matches(user) for rule in rules] == case.expect["matches"]


@pytest.mark.parametrize("case", cases("role-mapping", only=given_any("dn_values")))
def test_malformed_names(case):
    names = case.given["dn_values"]
    assert case.expect["equal_only_to_self"]
    for name in names:
        rule = parse_rule(json.dumps({"field": {"dn": name}}))
        assert [each for each in names if rule.matches(UserData(dn=each))] == [name]


@pytest.mark.parametrize("case", cases("role-mapping", only=given_any("groups_count")))
def test_many_groups(case):
    count = case.given["groups_count"]
    user = UserData(dn="cn=a", groups=[f"cn=group {number},o=b" for number in range(count)])
    last = f"CN=Group {count - 1}, O=B"
    assert parse_rule(json.dumps({"field": {"groups": last}})).matches(user)
    assert not parse_rule('{"field": {"groups": "cn=none*"}}').matches(user)


@pytest.mark.parametrize("case", cases("role-mapping", only=given_any("template", "format")))
def test_template(case):
    given = dict(case.given)
    user = UserData(**given.pop("user", {}))
    source, kind = given.get("template", "x"), given.get("format", "string")
    if case.expect.get("error"):
        with pytest.raises(FileRealmError):
            RoleTemplate(source, kind).role_names(user)
    else:
        assert RoleTemplate(source, kind).role_names(user) == case.expect["roles"]


@pytest.mark.parametrize("case", cases("role-mapping", only=given_any("mapping")))
def test_document(case):
    assert case.expect["error"]
    with pytest.raises(InvalidRoleMappingError):
        parse_role_mappings(json.dumps({"name": case.given["mapping"]}))


@pytest.mark.parametrize("case", cases("role-mapping", only=given_any("file_roles")))
def test_union(case, tmp_path):
    path = tmp_path / NAME
    text = "".join(f"{role}:\n  - cn=a\n" for role in case.given["file_roles"])
    path.write_text(text, encoding="utf-8")
    document = {
        "enabled": True,
        "roles": case.given["api_roles"],
        "rules": {"field": {"dn": "cn=a"}},
    }
    mapper = RoleMapper(path, parse_role_mappings(json.dumps({"m": document})))
    assert sorted(mapper.roles_of(UserData(dn="cn=A"))) == case.expect["roles"]
