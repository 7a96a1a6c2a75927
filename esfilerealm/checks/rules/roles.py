"""Rules about who has which role: ``EFR112`` to ``EFR116``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ..._ground.showing import shown_name
from ..registry import rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ...findings import Finding
    from ..node import Node
    from ..parts import Unreadable
    from ..registry import Rule

_SUPERUSER: Final = "superuser"


@rule("EFR112", "unknown role", severity="info", source="ReservedRolesStore")
def unknown_role(node: Node) -> Iterator[Finding | Unreadable]:
    """
    Neither a node of this version nor roles.yml defines the role. If the role API does not either,
    a node gives its users nothing for it, and says so nowhere.

    Advice: Check the name; if the role API defines it, pass --known-role or list it in known_roles.
    """
    for role, hint in node.undefined_roles.items():
        if not hint:
            yield _undefined(unknown_role, node, role)


@rule("EFR113", "misspelt role", severity="warning", source="ReservedRolesStore")
def misspelt_role(node: Node) -> Iterator[Finding | Unreadable]:
    """
    Nothing defines the role, and its name is nearly that of a role that exists. A node gives its
    users nothing for it.

    Advice: Correct the name; if the role API defines it, pass --known-role.
    """
    for role, hint in node.undefined_roles.items():
        if hint:
            yield _undefined(misspelt_role, node, role, f"; {hint}")


@rule("EFR114", "user without roles", severity="info")
def user_without_roles(node: Node) -> Iterator[Finding | Unreadable]:
    """
    The user can log in and may do nothing but what a mapping of roles gives. Often a role was
    forgotten, or the user is left over.

    Advice: Give it a role with `esfilerealm roles`, or remove it with `esfilerealm userdel`.
    """
    idle = node.realm.hashes.keys() - node.realm.roles_by_user.keys()
    for name, line in node.lines_of_users(idle).items():
        message = f"user [{shown_name(name)}] has no role"
        yield user_without_roles.finding(
            message, path=node.paths.users, line=line, subject=shown_name(name)
        )


@rule("EFR115", "nobody is superuser", severity="info", source="ReservedRolesStore")
def no_superuser(node: Node) -> Iterator[Finding | Unreadable]:
    """
    The file realm is the way back in when the security index, the license or another realm fails.
    That takes a user with the role superuser in it.

    Advice: Add such a user before you need it, with `esfilerealm useradd NAME --roles superuser`.
    """
    if node.realm.hashes and not node.users_by_role.get(_SUPERUSER):
        message = f"none of [{len(node.realm.hashes)}] users has the role [{_SUPERUSER}]"
        yield no_superuser.finding(message, path=node.paths.users_roles, subject=_SUPERUSER)


@rule("EFR116", "too many superusers", severity="warning")
def many_superusers(node: Node) -> Iterator[Finding | Unreadable]:
    """
    A superuser may do everything, also change the users of other realms. Each one more is a
    password more that gives away the cluster.

    Advice: Give users only the roles that they need, with `esfilerealm roles`.
    """
    count, most = len(node.users_by_role.get(_SUPERUSER, ())), node.limits.most_superusers
    if count > most:
        message = f"[{count}] users have the role [{_SUPERUSER}], more than [{most}]"
        lines = node.lines_of_roles[_SUPERUSER]
        yield many_superusers.finding(
            message, path=node.paths.users_roles, line=lines[0], subject=_SUPERUSER
        )


def _undefined(broken: Rule, node: Node, role: str, question: str = "") -> Finding:
    users = node.users_by_role[role]
    shown = shown_name(role)
    holders = f"[{len(users)}] users" if len(users) > 1 else f"user [{shown_name(users[0])}]"
    message = f"nothing known defines the role [{shown}] of {holders}{question}"
    line = node.lines_of_roles[role][0]
    return broken.finding(message, path=node.paths.users_roles, line=line, subject=shown)
