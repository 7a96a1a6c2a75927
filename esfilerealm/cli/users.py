"""``useradd``, ``userdel``, ``passwd`` and ``roles``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..formats.writable import check_writable_role_name, check_writable_username
from ..names import validate_role_name, validate_username
from .exits import OK
from .listing import show_users
from .output import tell_written
from .passwords import new_secret, truncation_shown

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .arguments import Invocation
    from .passwords import Secret

__all__ = [
    "role_names",
    "run_passwd",
    "run_roles",
    "run_useradd",
    "run_userdel",
    "warn_of_unknown_roles",
]


def run_useradd(invocation: Invocation) -> int:
    """Add a user."""
    tool = invocation.tool
    username = check_writable_username(_valid_username(invocation))
    secret = new_secret(invocation)
    roles = role_names(invocation, "roles", check_writable_role_name)
    warn_of_unknown_roles(invocation, roles)
    with truncation_shown(invocation), tool.transaction() as change:
        change.useradd(username, secret.password, password_hash=secret.password_hash, roles=roles)
        _print_generated(invocation, secret)
    invocation.result["roles"] = roles
    effect = f"add user [{username}] with the roles [{','.join(roles)}]"
    tell_written(invocation, change.result, effect)
    _, users_roles = change.result.files
    is_created = users_roles.changed and users_roles.before is None
    if is_created and not invocation.has("dry-run"):
        invocation.terminal.print(f"Created [{tool.paths.users_roles}]")
    return OK


def run_userdel(invocation: Invocation) -> int:
    """Remove a user."""
    username = _valid_username(invocation)
    with invocation.tool.transaction() as change:
        change.userdel(username)
    tell_written(invocation, change.result, f"remove user [{username}]")
    return OK


def run_passwd(invocation: Invocation) -> int:
    """Change a password."""
    username = _valid_username(invocation)
    secret = new_secret(invocation)
    with truncation_shown(invocation), invocation.tool.transaction() as change:
        change.passwd(username, secret.password, password_hash=secret.password_hash)
        _print_generated(invocation, secret)
    tell_written(invocation, change.result, f"change the password of user [{username}]")
    return OK


def run_roles(invocation: Invocation) -> int:
    """Add and remove roles, or show them."""
    username = _valid_username(invocation)
    added = role_names(invocation, "add", check_writable_role_name)
    removed = role_names(invocation, "remove", validate_role_name)
    warn_of_unknown_roles(invocation, [*added, *removed])
    if not added and not removed:
        return show_users(invocation, username)
    with invocation.tool.transaction() as change:
        change.roles(username, add=added, remove=removed)
    roles = change.roles_of(username)
    invocation.result["roles"] = roles
    effect = f"give user [{username}] the roles [{','.join(roles)}]"
    tell_written(invocation, change.result, effect)
    return OK


def _valid_username(invocation: Invocation) -> str:
    invocation.result["username"] = invocation.username
    return validate_username(invocation.username, **invocation.tool.settings.name_rules)


def role_names(invocation: Invocation, key: str, check: Callable[[str], str]) -> list[str]:
    """Split a list at its commas: trailing empty names vanish, others are refused."""
    names = (invocation.value(key) or "").split(",")
    while names and not names[-1]:
        names.pop()
    return [check(name) for name in dict.fromkeys(names)]


def warn_of_unknown_roles(invocation: Invocation, roles: Sequence[str]) -> None:
    """Warn of roles that no file defines; they may be misspelt."""
    if not roles:
        return
    known = invocation.tool.known_roles()
    unknown = [role for role in roles if role not in known]
    if unknown:
        invocation.result["unknown_roles"] = unknown
        invocation.terminal.warn(
            f"WARNING: roles [{','.join(unknown)}] are not defined in "
            f"[{invocation.tool.paths.roles_yml}]; that is fine if the role API defines them\n"
            f"Known roles: [{', '.join(sorted(known))}]"
        )


def _print_generated(invocation: Invocation, secret: Secret) -> None:
    """Show a password before anything is written: if nobody can see it, nothing is."""
    if invocation.has("generate") and not invocation.has("dry-run") and secret.password:
        invocation.terminal.print_secret(secret.password)
