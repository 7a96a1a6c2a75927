"""Rules about ``users`` and ``users_roles``: ``EFR1xx``."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from ..._ground.showing import is_shown_whole, shown_name
from ...findings import Fix
from ...names import broken_rule
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


@rule("EFR106", "file that is not text", severity="error", source="FileUserPasswdStore.parseFile")
def not_text(node: Node) -> Iterator[Finding | Unreadable]:
    """
    A node reads these files as UTF-8. One invalid byte, even in a comment, and it takes nothing of
    the file: at a start nobody of it can log in, later it stays with what it read before.

    Advice: Correct or remove the line.
    """
    for fault in node.faults_of_text:
        yield not_text.finding(fault.reason, path=fault.path, line=fault.line_number)


@rule("EFR107", "user on several lines", severity="warning", source="FileUserPasswdStore.parseFile")
def repeated_user(node: Node) -> Iterator[Finding | Unreadable]:
    """
    A node takes the last line of a user, whatever stands in the others: an old password is kept in
    the file, and comes back when the last line is removed.

    Advice: Remove the lines that do not count; `esfilerealm passwd` does so too.
    """
    for name, lines in node.repeated_users.items():
        message = f"[{shown_name(name)}] has [{len(lines)}] lines, and only the last counts"
        yield repeated_user.finding(
            message, path=node.paths.users, line=lines[0], subject=shown_name(name)
        )


@rule("EFR108", "role on several lines", severity="info", source="FileUserRolesStore.parseFile")
def repeated_role(node: Node) -> Iterator[Finding | Unreadable]:
    """
    A node joins the lines of a role. People who look at one of them miss the users of the others.

    Advice: Write the users of the role into one line.
    """
    for role, lines in node.lines_of_roles.items():
        if len(lines) > 1:
            message = f"the role [{shown_name(role)}] has [{len(lines)}] lines"
            yield repeated_role.finding(
                message, path=node.paths.users_roles, line=lines[0], subject=shown_name(role)
            )


@rule("EFR109", "name that other tools break", severity="warning", source="Validation.Users")
def fragile_name(node: Node) -> Iterator[Finding | Unreadable]:
    """
    A node takes such a name, and elasticsearch-users writes it, but no line of users_roles can hold
    it: the next tool that writes the roles gives them to other names.

    Advice: Give the user or role another name, without commas and colons.
    """
    hashes = node.realm.hashes
    may_break = b"," in node.realm_files.users.data  # hashes have none, and nor do most names
    fragile = [name for name in hashes if _breaks(name)] if may_break else []
    for name, line in node.lines_of_users(fragile).items():
        yield _fragile("user", name, node.paths.users, line)
    for role, lines in node.lines_of_roles.items():
        if _breaks(role):
            yield _fragile("role", role, node.paths.users_roles, lines[0])


@rule("EFR111", "roles of a name without a user", severity="warning")
def roles_without_user(node: Node) -> Iterator[Finding | Unreadable]:
    """
    users_roles gives roles to a name that is not in users. Whoever adds such a user with another
    program gives it these roles.

    Advice: Add the user, or remove the name with --fix.
    """
    yield from orphan_findings(node.realm, node.paths.users_roles)


@rule("EFR117", "no users_roles file", severity="warning", source="FileUserRolesStore.parseFile")
def no_users_roles(node: Node) -> Iterator[Finding | Unreadable]:
    """
    Without users_roles, no user of this file has any role. elasticsearch-users fails where it has
    to change the roles of a user.

    Advice: Make the file with `esfilerealm init`, and give roles with `esfilerealm roles`.
    """
    if not node.realm_files.users_roles.exists:
        count = len(node.realm.hashes)
        yield no_users_roles.finding(
            f"there is no such file, so none of [{count}] users has a role",
            path=node.paths.users_roles,
            severity=None if count else "info",
        )


@rule("EFR118", "no users file", severity="info", source="FileUserPasswdStore.parseFile")
def no_users(node: Node) -> Iterator[Finding | Unreadable]:
    """
    A node takes a missing file for an empty one, and says nothing: the file realm has no users, and
    so no way back in when every other realm fails.

    Advice: Make the file with `esfilerealm init`, or check the path of the directory.
    """
    if not node.realm_files.users.exists:
        yield no_users.finding("there is no such file", path=node.paths.users)


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


def _breaks(name: str) -> bool:
    return "," in name or ":" in name


def _fragile(what: str, name: str, path: str, line: int) -> Finding:
    shown = shown_name(name)
    rule = broken_rule(name, writable=True) or "cannot be written"
    message = f"the name of the {what} [{shown}] {rule}"
    return fragile_name.finding(message, path=path, line=line, subject=shown)


def _skipped_lines(node: Node, kind: LineKind) -> Iterator[Finding]:
    paths = {"users": node.paths.users, "users_roles": node.paths.users_roles}
    for name, issues in node.realm.issues.items():
        for issue in issues:
            if issue.kind == kind:
                yield line_finding(issue, paths[name])
