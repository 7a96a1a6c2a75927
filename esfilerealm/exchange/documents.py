"""Desired-state documents in JSON and YAML: users with their hashes and roles."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from ._names import role_of, role_problem, user, written_name_problem
from .losses import Exported, Loss

if TYPE_CHECKING:
    from ._realm import Realm

__all__ = ["export_json", "export_yaml"]


def export_json(realm: Realm) -> Exported:
    """
    Write *realm* as JSON, in the order of the ``users`` file.

    Args:
        realm: What a node knows.
    """
    users, losses = _users(realm)
    text = json.dumps({"users": users}, indent=2)
    return Exported(f"{text}\n".encode("ascii"), losses)


def export_yaml(realm: Realm) -> Exported:
    """
    Write *realm* as YAML in block style, in the order of the ``users`` file.

    Args:
        realm: What a node knows.
    """
    users, losses = _users(realm)
    text = "users:\n" + "".join(map(_block, users)) if users else "users: []\n"
    return Exported(text.encode("ascii"), losses)


def _block(entry: dict[str, str | list[str]]) -> str:
    """Write one user. Every value is in quotes: no two versions of YAML agree on the others."""
    name, password_hash = json.dumps(entry["name"]), json.dumps(entry["password_hash"])
    roles = "".join(f"\n      - {json.dumps(role)}" for role in entry["roles"]) or " []"
    return f"  - name: {name}\n    password_hash: {password_hash}\n    roles:{roles}\n"


def _users(realm: Realm) -> tuple[list[dict[str, str | list[str]]], tuple[Loss, ...]]:
    """Give what such a document can hold: names that can be written into a realm's files."""
    users: list[dict[str, str | list[str]]] = []
    losses = list(realm.losses)
    for name, password_hash in realm.users.items():
        if reason := written_name_problem(name):
            losses.append(Loss("users", user(name), reason, is_blocking=True))
            continue
        roles = []
        for role in realm.roles_by_user[name]:
            if reason := role_problem(role):
                losses.append(Loss("users_roles", role_of(role, name), reason, is_blocking=True))
            else:
                roles.append(role)
        users.append({"name": name, "password_hash": password_hash, "roles": roles})
    return users, tuple(losses)
