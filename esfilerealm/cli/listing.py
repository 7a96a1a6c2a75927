"""``list``, and ``roles`` without a change: users and their roles."""

from __future__ import annotations

from .._ground.showing import shown_name
from ..errors import UserNotFoundError
from .exits import OK, UsageError
from .terminal import VERBOSE

__all__ = ["run_list", "show_users"]

TYPE_CHECKING = False  # see `_ground`
if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from .._storage import RealmPaths
    from ..formats import ParsedRealm
    from ..results import AccountState
    from .arguments import Arguments
    from .target import Target
    from .terminal import Terminal


def run_list(arguments: Arguments, target: Target, terminal: Terminal) -> int:
    """List all users, or one."""
    return show_users(arguments, target, terminal, arguments.optional)


def show_users(
    arguments: Arguments, target: Target, terminal: Terminal, username: str | None
) -> int:
    """
    Print all users or one with their roles, and mark unknown roles.

    Raises:
        UserNotFoundError: If there is no such user.
    """
    listing, states = _read(arguments, target, terminal)
    users = listing.users
    format_ = arguments.choice("format", ("text", "csv"))
    if format_ == "csv" and arguments.has("json"):
        raise UsageError("options [json] and [format] csv exclude each other")
    if username is not None:
        if username not in users:
            raise UserNotFoundError(username, target.tool.paths.users)
        users = {username: users[username]}
    if (role := arguments.value("role")) is not None:
        users = {name: roles for name, roles in users.items() if role in roles}
    known = target.tool.known_roles()
    if role is not None and not users and role not in known:
        terminal.warn(f"WARNING: {target.tool.unknown_roles_text([role])}")
    unknown = {role for roles in users.values() for role in roles if role not in known}
    if format_ == "csv":
        _print_csv(terminal, users)
    else:
        _print_users(target, terminal, users, unknown, states)
    terminal.summary = "1 user" if len(users) == 1 else f"{len(users)} users"
    if username is None:
        _print_issues(target, terminal, listing)
    if arguments.has("json"):
        terminal.result.update(_for_programs(users, unknown, listing, target.tool.paths))
        terminal.result["states"] = {
            name: state.to_dict() for name, state in states.items() if name in users
        }
    return OK


def _read(
    arguments: Arguments, target: Target, terminal: Terminal
) -> tuple[ParsedRealm, Mapping[str, AccountState]]:
    """Read the users and their states, once those are removed whose time is over."""
    listing, states, fault = target.tool.overview()
    if any(state.is_over for state in states.values()):
        from .accounts import sweep_quietly

        sweep_quietly(arguments, target, terminal)
        listing, states, fault = target.tool.overview()
    if fault is not None:
        terminal.note(f"NOTE: nobody knows who expires: {fault}")
    return listing, states


def _print_users(
    target: Target,
    terminal: Terminal,
    users: Mapping[str, Collection[str]],
    unknown: Collection[str],
    states: Mapping[str, AccountState],
) -> None:
    def marked(role: str) -> str:
        return role + "*" if role in unknown else role

    lines = [
        f"{name:<15}: {','.join(map(marked, roles)) if roles else '-'}{_state(states.get(name))}"
        for name, roles in users.items()
    ]
    if unknown:
        where = f"Role is not in the [{target.tool.paths.roles_yml}] file"
        lines += ["", f" [*]   {where}. That is fine if the role API defines it."]
    terminal.print(*(lines or ["No users found"]))


def _state(state: AccountState | None) -> str:
    """Return the marks of a user that is locked or expires; nothing for others."""
    if state is None:
        return ""
    marks = "(locked)" if state.is_locked else ""
    if state.expires is not None:
        from .._ground.moments import shown_time

        time = shown_time(state.expires)
        what = f"(emergency, until {time})" if state.is_emergency else f"(expires {time})"
        marks = f"{marks} {what}".strip()
    return marks and f" {marks}"


def _print_csv(terminal: Terminal, users: Mapping[str, Collection[str]]) -> None:
    """Print a line for each user and role, and one with an empty role for a user without roles."""
    import csv
    import io

    table = io.StringIO()
    writer = csv.writer(table, lineterminator="\n")
    writer.writerow(("username", "role"))
    for name, roles in users.items():
        writer.writerows((name, role) for role in roles or ("",))
    terminal.print(*table.getvalue().removesuffix("\n").split("\n"))


def _print_issues(target: Target, terminal: Terminal, listing: ParsedRealm) -> None:
    if listing.orphans:
        path = target.tool.paths.users_roles
        names = ", ".join(map(shown_name, listing.orphans))
        terminal.note(f"[{path}] gives roles to users that do not exist: [{names}]")
    for name, issues in listing.issues.items():
        path = getattr(target.tool.paths, name)
        for issue in issues:
            terminal.note(
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
