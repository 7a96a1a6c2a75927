"""``useradd``, ``userdel``, ``passwd`` and ``roles``."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ..formats.users import check_writable_username
from ..formats.users_roles import check_writable_role_name
from ..validation import validate_role_name, validate_username
from .exits import OK
from .listing import known_roles, show_users
from .passwords import new_secret, truncation_shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ..transaction import Transaction
    from .invocation import Invocation
    from .passwords import Secret

__all__ = ["run_passwd", "run_roles", "run_useradd", "run_userdel"]


def run_useradd(invocation: Invocation) -> int:
    """Add a user."""
    username = check_writable_username(_valid_username(invocation))
    secret = new_secret(invocation)
    roles = _role_names(invocation, "roles", check_writable_role_name)
    _warn_of_unknown(invocation, roles)
    creates_users_roles = bool(roles) and not os.path.exists(invocation.tool.paths.users_roles)
    with _change(invocation, f"add user [{username}] with roles [{','.join(roles)}]") as add:
        add.useradd(username, secret.password, password_hash=secret.password_hash, roles=roles)
    invocation.result["roles"] = roles
    if creates_users_roles and not invocation.has("dry-run"):
        invocation.terminal.print(f"Created [{invocation.tool.paths.users_roles}]")
    _print_generated(invocation, secret)
    return OK


def run_userdel(invocation: Invocation) -> int:
    """Remove a user."""
    username = _valid_username(invocation)
    with _change(invocation, f"remove user [{username}]") as remove:
        remove.userdel(username)
    return OK


def run_passwd(invocation: Invocation) -> int:
    """Change a password."""
    username = _valid_username(invocation)
    secret = new_secret(invocation)
    with _change(invocation, f"change the password of user [{username}]") as change:
        change.passwd(username, secret.password, password_hash=secret.password_hash)
    _print_generated(invocation, secret)
    return OK


def run_roles(invocation: Invocation) -> int:
    """Add and remove roles, or show them."""
    username = _valid_username(invocation)
    added = _role_names(invocation, "add", check_writable_role_name)
    removed = _role_names(invocation, "remove", validate_role_name)
    _warn_of_unknown(invocation, [*added, *removed])
    if not added and not removed:
        return show_users(invocation, username)
    what = f"add roles [{','.join(added)}] to and remove [{','.join(removed)}] from [{username}]"
    with _change(invocation, what) as change:
        invocation.result["roles"] = change.roles(username, add=added, remove=removed)
    return OK


def _valid_username(invocation: Invocation) -> str:
    invocation.result["username"] = invocation.username
    return validate_username(invocation.username, **invocation.tool.settings.name_rules)


def _role_names(invocation: Invocation, key: str, check: Callable[[str], str]) -> list[str]:
    """Split a list at its commas: trailing empty names vanish, others are refused."""
    names = (invocation.value(key) or "").split(",")
    while names and not names[-1]:
        names.pop()
    return [check(name) for name in dict.fromkeys(names)]


def _warn_of_unknown(invocation: Invocation, roles: list[str]) -> None:
    if not roles:
        return
    known = known_roles(invocation.tool)
    unknown = [role for role in roles if role not in known]
    if unknown:
        invocation.result["unknown_roles"] = unknown
        invocation.terminal.warn(
            f"WARNING: roles [{','.join(unknown)}] are not defined in "
            f"[{invocation.tool.paths.roles_yml}]; that is fine if the role API defines them\n"
            f"Known roles: [{', '.join(sorted(known))}]"
        )


@contextmanager
def _change(invocation: Invocation, what: str) -> Iterator[Transaction]:
    """Make one change and tell what became of it."""
    with truncation_shown(invocation), invocation.tool.transaction() as transaction:
        yield transaction
    invocation.result["changed"] = transaction.changed
    invocation.result["dry_run"] = invocation.has("dry-run")
    if invocation.has("dry-run"):
        invocation.terminal.print(f"Dry run, nothing is written: would {what}")


def _print_generated(invocation: Invocation, secret: Secret) -> None:
    if invocation.has("generate") and not invocation.has("dry-run") and secret.password:
        invocation.terminal.print_secret(secret.password)
