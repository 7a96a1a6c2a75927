"""Rules about ``users`` and ``users_roles``: ``EFR1xx``."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from ..._ground.showing import is_shown_whole, shown_name
from ...findings import Fix
from ..registry import rule

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ...findings import Finding
    from ...formats import LineIssue, ParsedRealm
    from ...formats.lines import LineKind
    from ..node import Node
    from ..parts import Unreadable
    from ..registry import Rule

__all__ = ["LINE_RULES", "line_finding", "orphan_findings"]


@rule("EFR101", "malformed line", severity="warning", source="FileUserPasswdStore.parseFile")
def malformed_line(node: Node) -> Iterator[Finding | Unreadable]:
    """
    A node skips a line that it cannot read, so the user or role of that line does not exist.

    Advice: Correct or remove the line.
    """
    return _skipped_lines(node, "malformed")


@rule("EFR102", "invalid username", severity="warning", source="Validation.Users")
def invalid_username(node: Node) -> Iterator[Finding | Unreadable]:
    """
    A node skips the line of a name that is not allowed, so its user does not exist.

    Advice: Correct or remove the line.
    """
    return _skipped_lines(node, "invalid-username")


@rule("EFR103", "reserved username", severity="warning", source="ClientReservedRealm")
def reserved_username(node: Node) -> Iterator[Finding | Unreadable]:
    """
    A node skips the line of a name such as elastic, which belongs to a built-in user. Whoever
    wrote it probably believes that it sets the password of that user.

    Advice: Correct or remove the line.
    """
    return _skipped_lines(node, "reserved-username")


@rule("EFR104", "invalid role name", severity="warning", source="Validation.Roles")
def invalid_role_name(node: Node) -> Iterator[Finding | Unreadable]:
    """
    A node skips the line of a role whose name is not allowed, so nobody gets the role.

    Advice: Correct or remove the line.
    """
    return _skipped_lines(node, "invalid-role-name")


@rule("EFR105", "role without users", severity="warning", source="FileUserRolesStore.parseFile")
def role_without_users(node: Node) -> Iterator[Finding | Unreadable]:
    """
    A node skips the line of a role that names nobody.

    Advice: Correct or remove the line.
    """
    return _skipped_lines(node, "no-users")


@rule("EFR111", "roles of a name without a user", severity="warning")
def roles_without_user(node: Node) -> Iterator[Finding | Unreadable]:
    """
    users_roles gives roles to a name that is not in users. Whoever adds such a user with another
    program gives it these roles.

    Advice: Add the user, or remove the name with --fix.
    """
    yield from orphan_findings(node.realm, node.paths.users_roles)


@rule("EFR121", "interrupted write", severity="error")
def interrupted_write(node: Node) -> Iterator[Finding | Unreadable]:
    """
    A writer was killed or lost power, and its change is half made. The next write rolls it back.

    Advice: Finish or undo it with `esfilerealm recover`.
    """
    if node.interrupted_write is not None:
        message = "a write was interrupted, or takes unusually long"
        yield interrupted_write.finding(message, path=node.interrupted_write)


@rule("EFR122", "unusable journal of an interrupted write", severity="warning")
def rejected_journal(node: Node) -> Iterator[Finding | Unreadable]:
    """
    The record of an interrupted write was damaged or not to be trusted, so nothing could be rolled
    back. Both files are as that write left them.

    Advice: Check that both files are as intended, then remove it and the other [.rejected] files.
    """
    message = "the journal of an interrupted write could not be used"
    for path in node.rejected_journals:
        yield rejected_journal.finding(message, path=path)


#: A blank line breaks no rule.
LINE_RULES: Final[Mapping[LineKind, Rule]] = MappingProxyType(
    {
        "malformed": malformed_line,
        "invalid-username": invalid_username,
        "reserved-username": reserved_username,
        "invalid-role-name": invalid_role_name,
        "no-users": role_without_users,
    }
)


def line_finding(issue: LineIssue, path: str) -> Finding:
    """Return the finding that a node skips a line, which is not blank."""
    message = f"a node skips the line: {issue.reason}"
    return LINE_RULES[issue.kind].finding(message, path=path, line=issue.line_number)


def orphan_findings(parsed: ParsedRealm, path: str) -> Iterator[Finding]:
    """Yield a finding for each name in ``users_roles``, at *path*, that is not a user."""
    for name in parsed.orphans:
        shown = shown_name(name)
        roles = ",".join(map(shown_name, parsed.roles_of(name)))
        message = f"[{shown}] is not a user, and whoever adds that name gets the roles [{roles}]"
        # A hash there means that lines are in the wrong file, which a person should look at.
        fix = Fix(name=name) if is_shown_whole(name) else None
        yield roles_without_user.finding(message, path=path, subject=shown, fix=fix)


def _skipped_lines(node: Node, kind: LineKind) -> Iterator[Finding]:
    paths = {"users": node.paths.users, "users_roles": node.paths.users_roles}
    for name, issues in node.realm.issues.items():
        for issue in issues:
            if issue.kind == kind:
                yield line_finding(issue, paths[name])
