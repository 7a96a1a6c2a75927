"""Files of role mappings and rules mean what they mean to a node."""

from __future__ import annotations

import pytest
from support.pki import of_kind

from esfilerealm.errors import InvalidRoleMappingError
from esfilerealm.role_mapping import UserData, parse_role_mapping, parse_rule, resolve_roles


@pytest.mark.parametrize("row", of_kind("role_mapping_file"))
def test_a_file(row):
    mapping = parse_role_mapping(row["text"].encode())
    assert {dn: sorted(roles) for dn, roles in mapping.roles_by_dn.items()} == row["mappings"]
    assert sum(issue.kind != "lost-role" for issue in mapping.issues) == row["errors"]
    for case in row["cases"]:
        unmapped = case["unmapped_groups_as_roles"]
        roles = resolve_roles(
            mapping, case["dn"], case["groups"], unmapped_groups_as_roles=unmapped
        )
        assert sorted(roles) == case["roles"]


@pytest.mark.parametrize("row", of_kind("expression"))
def test_a_rule(row):
    if "parse_exception" in row:
        with pytest.raises(InvalidRoleMappingError):
            parse_rule(row["rule"])
    else:
        assert parse_rule(row["rule"]).matches(UserData(**row["user"])) == row["result"]
