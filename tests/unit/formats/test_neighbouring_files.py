"""``roles.yml`` and ``service_tokens``: what a node does not take, as values."""

from __future__ import annotations

import pytest
from support.hashes import CHEAP_HASH

from esfilerealm.formats.role_definitions import check_role_definitions
from esfilerealm.formats.service_tokens import parse_service_tokens


def test_issues_of_roles_show_what_they_are():
    (issue,) = check_role_definitions(b"superuser:\n  cluster: [all]\n")
    expected = "'a node defines a role of this name itself', 'superuser')"
    assert repr(issue) == f"RoleIssue(1, 'reserved-name', {expected}"


@pytest.mark.parametrize(
    "text", ["- (:", "- a: {}", "- - a: {}", "[{a: {}}]", "- a:\n  cluster: [all]"]
)
def test_a_list_is_no_definition(text):
    (issue,) = check_role_definitions(text.encode())
    assert (issue.line_number, issue.kind) == (1, "unreadable")


def test_reserved_names_depend_on_the_version():
    data = b"viewer:\n  cluster: [all]\n"
    assert check_role_definitions(data, 6) == []
    assert [issue.kind for issue in check_role_definitions(data, 8)] == ["reserved-name"]


def test_tokens_show_no_hash():
    parsed = parse_service_tokens(f"elastic/fleet-server/a:{CHEAP_HASH}\n".encode())
    assert repr(parsed) == "<ParsedTokens: 1 tokens, 0 issues>"
    assert parsed.names == {"elastic/fleet-server/a": 1}


def test_a_broken_line_costs_all_tokens():
    parsed = parse_service_tokens(f"elastic/fleet-server/a:{CHEAP_HASH}\nbroken\n".encode())
    assert repr(parsed) == "<ParsedTokens: 0 tokens, 1 issues>"
    reason = "'there is no [:] between the name and the hash'"
    assert [repr(issue) for issue in parsed.issues] == [
        f"TokenIssue(2, 'malformed', {reason}, None)"
    ]
