"""``list``, and what else shows users and their roles."""

from __future__ import annotations

from .._ground.showing import shown_name
from ..errors import UserNotFoundError
from .exits import OK
from .terminal import VERBOSE

__all__ = ["run_list", "show_users"]

TYPE_CHECKING = False  # see `_ground`
if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from .._storage.paths import RealmPaths
    from ..formats import ParsedRealm
    from .arguments import Invocation


def run_list(invocation: Invocation) -> int:
    """List all users, or one."""
    return show_users(invocation, invocation.optional_username)


def show_users(invocation: Invocation, username: str | None) -> int:
    """
    Print users with their roles, marking the roles that are not known.

    Raises:
        UserNotFoundError: If *username* is no user.
    """
    listing = invocation.tool.listing()
    users = listing.users
    if username is not None:
        if username not in users:
            raise UserNotFoundError(username, invocation.tool.paths.users)
        users = {username: users[username]}
    known = invocation.tool.known_roles()
    unknown = {role for roles in users.values() for role in roles if role not in known}
    _print_users(invocation, users, unknown)
    if username is None:
        _warn_of_oddities(invocation, listing)
    if invocation.has("json"):
        invocation.result.update(_for_programs(users, unknown, listing, invocation.tool.paths))
    return OK


def _print_users(
    invocation: Invocation, users: Mapping[str, Collection[str]], unknown: Collection[str]
) -> None:
    def marked(role: str) -> str:
        return role + "*" if role in unknown else role

    lines = [
        f"{name:<15}: {','.join(map(marked, roles)) if roles else '-'}"
        for name, roles in users.items()
    ]
    if unknown:
        where = f"Role is not in the [{invocation.tool.paths.roles_yml}] file"
        lines += ["", f" [*]   {where}. That is fine if the role API defines it."]
    invocation.terminal.print("\n".join(lines) if lines else "No users found")


def _warn_of_oddities(invocation: Invocation, listing: ParsedRealm) -> None:
    terminal = invocation.terminal
    if listing.orphans:
        path = invocation.tool.paths.users_roles
        names = ", ".join(map(shown_name, listing.orphans))
        terminal.warn(f"[{path}] gives roles to names that are no users: [{names}]")
    for name, issues in listing.issues.items():
        path = getattr(invocation.tool.paths, name)
        for issue in issues:
            terminal.warn(
                f"[{path}], line [{issue.line_number}]: {issue.reason}; a node skips the line",
                VERBOSE,
            )


def _for_programs(
    users: Mapping[str, Collection[str]],
    unknown: Collection[str],
    listing: ParsedRealm,
    paths: RealmPaths,
) -> dict[str, object]:
    return {
        "users": [{"username": name, "roles": list(roles)} for name, roles in users.items()],
        "unknown_roles": sorted(unknown),
        "orphans": [shown_name(name) for name in listing.orphans],
        "skipped_lines": [
            {
                "path": getattr(paths, name),
                "line": issue.line_number,
                "kind": issue.kind,
                "reason": issue.reason,
            }
            for name, issues in listing.issues.items()
            for issue in issues
        ],
    }
