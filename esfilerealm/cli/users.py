"""``useradd``, ``userdel``, ``passwd`` and ``roles``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._ground.showing import shown_name
from ..names import validate_role_name
from .accounts import expiry
from .exits import OK
from .listing import show_users
from .output import print_written
from .passwords import new_secret, truncation_shown
from .terminal import VERBOSE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .arguments import Arguments
    from .passwords import Secret
    from .target import Target
    from .terminal import Terminal

__all__ = [
    "role_names",
    "run_passwd",
    "run_roles",
    "run_useradd",
    "run_userdel",
    "split_list",
    "warn_of_unknown_roles",
]


def run_useradd(arguments: Arguments, target: Target, terminal: Terminal) -> int:
    """Add a user."""
    tool = target.tool
    username = _username(arguments, terminal)
    with truncation_shown(terminal), tool.transaction() as change:
        change.require_no_user(username)
        roles = role_names(arguments, "roles", writable=True)
        warn_of_unknown_roles(target, terminal, roles)
        expires = expiry(arguments)
        secret = new_secret(arguments, terminal)
        change.useradd(
            username,
            secret.password,
            password_hash=secret.password_hash,
            roles=roles,
            expires=expires,
        )
        _print_generated(arguments, terminal, secret)
    terminal.result["roles"] = roles
    with_roles = f" with the roles [{','.join(roles)}]" if roles else " without roles"
    print_written(arguments, target, terminal, change.result, f"add user [{username}]{with_roles}")
    _, users_roles = change.result.files
    is_created = users_roles.changed and users_roles.before is None
    if is_created and not arguments.has("dry-run"):
        terminal.print(f"Created [{tool.paths.users_roles}]")
    return OK


def run_userdel(arguments: Arguments, target: Target, terminal: Terminal) -> int:
    """Remove a user."""
    username = _username(arguments, terminal)
    with target.tool.transaction() as change:
        roles = change.roles_of(username)
        change.userdel(username)
    changes = change.result.changes
    what = "user" if username in changes.removed else "name"
    print_written(arguments, target, terminal, change.result, f"remove {what} [{username}]")
    if changes.orphans:
        listed = ",".join(map(shown_name, roles))
        terminal.note(
            f"NOTE: [{shown_name(username)}] was not a user, but had the roles [{listed}] in "
            f"[{target.tool.paths.users_roles}]"
        )
    return OK


def run_passwd(arguments: Arguments, target: Target, terminal: Terminal) -> int:
    """Change a password."""
    username = _username(arguments, terminal)
    with truncation_shown(terminal), target.tool.transaction() as change:
        change.require_user(username)
        secret = new_secret(arguments, terminal)
        change.passwd(username, secret.password, password_hash=secret.password_hash)
        _print_generated(arguments, terminal, secret)
    effect = f"change the password of user [{username}]"
    print_written(arguments, target, terminal, change.result, effect)
    return OK


def run_roles(arguments: Arguments, target: Target, terminal: Terminal) -> int:
    """Add and remove roles, or show them."""
    username = _username(arguments, terminal)
    added = role_names(arguments, "add", writable=True)
    removed = role_names(arguments, "remove")
    warn_of_unknown_roles(target, terminal, [*added, *removed])
    if not added and not removed:
        return show_users(arguments, target, terminal, username)
    with target.tool.transaction() as change:
        change.roles(username, add=added, remove=removed)
    roles = change.roles_of(username)
    terminal.result["roles"] = roles
    effect = f"set the roles of user [{username}] to [{','.join(roles)}]"
    print_written(arguments, target, terminal, change.result, effect)
    return OK


def split_list(text: str) -> list[str]:
    """Split a list at its commas; empty items at the end are dropped, others are kept."""
    names = text.split(",")
    while names and not names[-1]:
        names.pop()
    return names


def warn_of_unknown_roles(target: Target, terminal: Terminal, roles: Sequence[str]) -> None:
    """Warn of roles that no file defines; they may be misspelled."""
    tool = target.tool
    unknown = tool.unknown_roles(roles)
    terminal.result["unknown_roles"] = list(unknown)
    if unknown:
        terminal.warn(f"WARNING: {tool.unknown_roles_text(unknown)}")
        terminal.note(f"Known roles: [{', '.join(sorted(tool.known_roles()))}]", VERBOSE)


def _username(arguments: Arguments, terminal: Terminal) -> str:
    terminal.result["username"] = arguments.first
    return arguments.first


def role_names(arguments: Arguments, key: str, *, writable: bool = False) -> list[str]:
    """Return the roles that an option lists, each once."""
    names = dict.fromkeys(split_list(arguments.value(key) or ""))
    return [validate_role_name(name, writable=writable) for name in names]


def _print_generated(arguments: Arguments, terminal: Terminal, secret: Secret) -> None:
    """Print a password before anything is written: if that fails, nothing is written."""
    if arguments.has("generate") and not arguments.has("dry-run") and secret.password:
        terminal.print_secret(secret.password)
