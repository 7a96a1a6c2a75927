"""Role mappings as a caller uses them; checked by mypy and pyright, never run."""

from __future__ import annotations

from typing import Literal, assert_type

from esfilerealm.realms import RoleMapper, role_mapping_failure
from esfilerealm.role_mapping import (
    ParsedRoleMapping,
    RoleMapping,
    RoleSource,
    Rule,
    UserData,
    parse_role_mapping,
    parse_role_mappings,
    parse_rule,
    resolve_roles,
    role_sources,
)

mapping = parse_role_mapping(b"")
assert_type(mapping, ParsedRoleMapping)
assert_type(parse_role_mapping(b"{}", is_json=True).is_usable, bool)
assert_type(resolve_roles(mapping, None, ["cn=a"], unmapped_groups_as_roles=True), frozenset[str])
assert_type(role_sources(mapping, "cn=a"), list[RoleSource])
for issue in mapping.issues:
    assert_type(issue.kind, Literal["unusable-file", "invalid-name", "lost-role"])

user = UserData(username="a", dn=None, groups=("cn=a",), metadata={"a": [1, None]}, realm="r")
rule = parse_rule("{}", has_classes=False)
assert_type(rule, Rule)
assert_type(rule.matches(user), bool)
documents = parse_role_mappings("{}")
assert_type(documents, tuple[RoleMapping, ...])

with RoleMapper("role_mapping.yml", documents, on_unusable="node") as mapper:
    assert_type(mapper, RoleMapper)
    assert_type(mapper.roles_of(user), frozenset[str])
    assert_type(mapper.problem, str | None)
    assert_type(mapper.reload(), bool)
    mapper.on_change(lambda: None)
    mapper.replace_documents(documents)
assert_type(role_mapping_failure(None, "pki1", enabled=False), str | None)
