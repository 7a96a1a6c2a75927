"""
In which order a restore replaces the files that say who may do what.

A node may read between two of its writes, or start after a kill in the middle. Nobody must hold
more then than before or after. So all that both states have in common is left for a while: first
come the writes that only take something, then the users and everything else, and at last the
writes that only give.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from ..formats import ParsedRealm
from ..formats.roles_yml import first_key, segments

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["WATCHED", "definitions", "ordered", "parsed"]

WATCHED: Final = ("users", "users_roles", "roles.yml", "role_mapping.yml", "service_tokens")
"""The files that say who may do what, which a node reads while it runs."""

_ROLES: Final = "roles.yml"
_MAPPING: Final = "role_mapping.yml"
_TOKENS: Final = "service_tokens"

Step = tuple[str, bytes]


def ordered(
    before: Mapping[str, bytes], after: Mapping[str, bytes], *, others_change: bool
) -> tuple[list[Step], list[Step]]:
    """
    Return the writes that come first, and those that come after all other files.

    Args:
        before: From each name of ``WATCHED`` to its content, which is empty if it is missing.

        after: Likewise.

        others_change: Whether other files change in between, such as those that say whose
            certificates count.
    """
    if before == after and not others_change:
        return [], []
    # In the order of the writes that give: no role is given before its definition is there.
    common = {
        _ROLES: _common_definitions(before[_ROLES], after[_ROLES], is_strict=others_change),
        "users_roles": _common_roles(before, after),
        _MAPPING: b"" if others_change or _both_change(before, after) else before[_MAPPING],
        _TOKENS: _common_tokens(before[_TOKENS], after[_TOKENS]),
    }
    first = [(name, data) for name, data in common.items() if data != before[name]]
    if before["users"] != after["users"]:
        first.append(("users", after["users"]))
    return first, [(name, after[name]) for name in common if after[name] != common[name]]


def parsed(users: bytes, users_roles: bytes) -> ParsedRealm:
    """Return what a node makes of both files; it reads none that is not UTF-8."""
    both = (data if _is_utf_8(data) else b"" for data in (users, users_roles))
    return ParsedRealm.parse(*both, allow_reserved=True)


def _is_utf_8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def _common_roles(before: Mapping[str, bytes], after: Mapping[str, bytes]) -> bytes:
    """Return a ``users_roles`` with the roles that users with the same hash have in both."""
    old, new = (parsed(state["users"], state["users_roles"]) for state in (before, after))
    common = {
        name: kept
        for name, stored in old.hashes.items()
        if new.hashes.get(name) == stored
        and (kept := set(old.roles_of(name)).intersection(new.roles_of(name)))
    }
    for state, realm in ((before, old), (after, new)):
        if {name: set(roles) for name, roles in realm.roles_by_user.items() if roles} == common:
            return state["users_roles"]
    names_by_role: dict[str, list[str]] = {}
    for name, roles in common.items():
        for role in sorted(roles):
            names_by_role.setdefault(role, []).append(name)
    lines = (f"{role}:{','.join(names)}\n" for role, names in sorted(names_by_role.items()))
    return "".join(lines).encode()


def _both_change(before: Mapping[str, bytes], after: Mapping[str, bytes]) -> bool:
    """Check whether roles change, and also who gets them by a mapping."""
    differ = definitions(before[_ROLES]) != definitions(after[_ROLES])
    return differ and before[_MAPPING] != after[_MAPPING]


def _common_definitions(before: bytes, after: bytes, *, is_strict: bool) -> bytes:
    """
    Return a ``roles.yml`` with the definitions that are the same in both.

    The other roles that are defined before, or with *is_strict* in either, have no privileges:
    without a definition, the role of that name in the index would count.
    """
    old, new = definitions(before), definitions(after)
    names = {**old, **new} if is_strict else old
    if all(old.get(name) == new.get(name) for name in names):
        return before
    kept = {name: text for name, text in old.items() if new.get(name) == text}
    common = (kept.get(name) or f"{json.dumps(name)}:\n  cluster: []" for name in names)
    return "".join(f"{text}\n" for text in common).encode()


def definitions(data: bytes) -> dict[str, str]:
    """Return the text of each role; of a name that comes twice, the last one counts."""
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return {}
    found = ((first_key(each.text), each.text) for each in segments(text))
    return {name: text for name, text in found if name}


def _common_tokens(before: bytes, after: bytes) -> bytes:
    new = set(after.splitlines())
    lines = before.splitlines(keepends=True)
    kept = [line for line in lines if line.rstrip(b"\r\n") in new]
    return before if len(kept) == len(lines) else b"".join(kept)
