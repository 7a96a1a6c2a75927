"""The roles of ``roles.yml``: EFR480 to EFR489."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..._ground.showing import shown_name
from ..registry import rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ...findings import Finding
    from ...formats.role_definitions import RoleIssue
    from ..node import Node
    from ..registry import Rule


@rule("EFR480", "unusable roles.yml", severity="error", source="FileRolesStore")
def unusable_file(node: Node) -> Iterator[Finding]:
    """
    A node takes no role at all from a file that is not UTF-8, and only writes that to its log.

    Advice: Save the file as UTF-8.
    """
    yield from _findings(unusable_file, node, "not-utf-8")


@rule("EFR481", "definition that is not YAML", severity="warning", source="FileRolesStore")
def broken_definition(node: Node) -> Iterator[Finding]:
    """
    A node skips this role and takes the others, so people lack the rights that it gives.

    Advice: Correct the definition.
    """
    yield from _findings(broken_definition, node, "unreadable")


@rule("EFR482", "invalid name of a role", severity="warning", source="FileRolesStore")
def invalid_name(node: Node) -> Iterator[Finding]:
    """
    A node skips a role whose name breaks the rules of names.

    Advice: Rename the role, here and in users_roles.
    """
    yield from _findings(invalid_name, node, "invalid-name")


@rule("EFR483", "definition of a built-in role", severity="warning", source="FileRolesStore")
def reserved_name(node: Node) -> Iterator[Finding]:
    """
    A node ignores the definition: the built-in role of that name counts, which may give more or
    less than was meant.

    Advice: Rename the role, here and in users_roles.
    """
    yield from _findings(reserved_name, node, "reserved-name")


@rule("EFR484", "role defined twice", severity="warning", source="FileRolesStore")
def repeated_name(node: Node) -> Iterator[Finding]:
    """
    The later definition replaces the earlier one as a whole, without a word.

    Advice: Combine both definitions.
    """
    yield from _findings(repeated_name, node, "repeated-name")


@rule("EFR485", "definition that a node skips", severity="warning", source="RoleDescriptor")
def invalid_body(node: Node) -> Iterator[Finding]:
    """
    A node skips a role that has unknown fields or lacks necessary ones, so people lack the rights
    that it gives.

    Advice: Correct the definition.
    """
    yield from _findings(invalid_body, node, "invalid-body")


def _findings(rule: Rule, node: Node, kind: str) -> Iterator[Finding]:
    """Iterate over the findings about the issues of one kind."""
    for issue in node.role_issues:
        if issue.kind == kind:
            yield rule.finding(
                _message(issue),
                path=node.paths.roles_yml,
                line=issue.line_number,
                subject=issue.role,
            )


def _message(issue: RoleIssue) -> str:
    return issue.reason if issue.role is None else f"[{shown_name(issue.role)}]: {issue.reason}"
