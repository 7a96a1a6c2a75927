"""A realm kept by hand, its state, and what every plan is put to: plan, apply, apply again."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from support.hashes import CHEAP_HASH
from support.storing import statuses

from esfilerealm import UsersTool
from esfilerealm._storage.managed import ManagedUsers
from esfilerealm.errors import FileRealmError
from esfilerealm.formats import parse_users, parse_users_roles
from esfilerealm.provisioning import DesiredState, Plan, SetManaged, apply, plan

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from esfilerealm._storage.options import Tolerance
    from esfilerealm.provisioning import Change

#: What CHEAP_HASH is of, and another password with its hash.
OLD = "test-password"
NEW = "other-password"
NEW_HASH = "$2a$04$rjrbz4QpmlefPQXBLS1Cb.ZLOlDpYFflw9.ZC9bxc3FhdVWJfI.a2"

USERS = f"# people\nbob:{CHEAP_HASH}\n\nodd line\nal:{CHEAP_HASH}\n# machines\nops-1:{CHEAP_HASH}\n"
USERS_ROLES = "# who may what\nviewer: bob, al\nodd line\nadmin:bob\n# nobody: left\nold:ghost\n"


def managed_names(users: str) -> set[str]:
    """Return the names in the list of managed users; none if the list cannot be read."""
    try:
        return set(ManagedUsers.read(users).names)
    except FileRealmError:
        return set()


@dataclass
class State:
    """
    A realm as others see it.

    Attributes:
        roles: Of each user.
        hashes: Of each user.
        orphans: Names that only ``users_roles`` knows, with their roles; not that of nobody, which
            stands between two commas and goes with the line that names nobody else.
        managed: The users who are listed as managed.
        attributes: Owner, group and mode of each file, as a plan shows them.
    """

    roles: dict[str, frozenset[str]]
    hashes: dict[str, str]
    orphans: dict[str, frozenset[str]]
    managed: set[str]
    attributes: dict[str, dict[str, str]]

    @classmethod
    def of(cls, folder: Path) -> State:
        files = {name: folder / name for name in ("users", "users_roles")}
        data = {name: path.read_bytes() if path.exists() else b"" for name, path in files.items()}
        hashes = dict(parse_users(data["users"]).users)
        by_name = parse_users_roles(data["users_roles"]).roles_by_user
        listed = UsersTool(folder).list_users()
        assert listed == {name: by_name.get(name, ()) for name in hashes}
        attributes = {}
        for path in files.values():
            if path.exists():
                s = path.stat()
                mode = f"{stat.S_IMODE(s.st_mode):04o}"
                attributes[str(path)] = {
                    "owner": str(s.st_uid),
                    "group": str(s.st_gid),
                    "mode": mode,
                }
        return cls(
            {name: frozenset(roles) for name, roles in listed.items()},
            hashes,
            {name: frozenset(of) for name, of in by_name.items() if name and name not in hashes},
            managed_names(os.path.realpath(folder / "users")),
            attributes,
        )

    def after(self, changes: Iterable[Change]) -> State:
        """Return the state after *changes*; a hash that changes is ``?``."""
        roles, hashes = dict(self.roles), dict(self.hashes)
        orphans, managed = dict(self.orphans), set(self.managed)
        attributes = {path: dict(of) for path, of in self.attributes.items()}
        for change in changes:
            match change.to_dict():
                case {"kind": "add_user", "username": name, "roles": given}:
                    assert name not in roles
                    roles[name], hashes[name] = frozenset(given), "?"
                    orphans.pop(name, None)
                case {"kind": "remove_user", "username": name}:
                    del roles[name], hashes[name]
                case {"kind": "set_password" | "rehash_password", "username": name}:
                    assert hashes[name] != "?"
                    hashes[name] = "?"
                case {"kind": "add_roles", "username": name, "roles": given}:
                    assert not roles[name] & set(given)
                    roles[name] |= set(given)
                case {"kind": "remove_roles", "username": name, "roles": taken}:
                    assert roles[name] >= set(taken)
                    roles[name] -= set(taken)
                case {"kind": "set_attributes", "path": path, "before": had, "after": has}:
                    assert had == {name: attributes[path][name] for name in has}
                    assert all(had[name] != has[name] for name in has)
                    attributes[path] |= has
                case {"kind": "set_managed", "add": added, "remove": removed}:
                    assert not managed & set(added)
                    assert managed >= set(removed)
                    managed = (managed | set(added)) - set(removed)
                case other:
                    raise AssertionError(other)
        return State(roles, hashes, orphans, managed, attributes)

    def without_new_hashes(self, expected: State, before: State) -> State:
        """Return the same with a ``?`` where a changed hash was expected and is there."""
        hashes = {
            name: "?"
            if expected.hashes.get(name) == "?" and text != before.hashes.get(name)
            else text
            for name, text in self.hashes.items()
        }
        return replace(self, hashes=hashes)


def assert_predicted(before: State, planned: Plan, after: State) -> None:
    """Make sure that a plan has said all that became of a realm, and nothing else."""
    expected = before.after(planned.changes)
    known = {path: of for path, of in after.attributes.items() if path in before.attributes}
    actual = replace(after, attributes=known)
    assert actual.without_new_hashes(expected, before) == expected
    assert planned.changed == (bool(planned.changes))


def desired(*users: dict[str, Any], **more: Any) -> DesiredState:
    return DesiredState.from_dict({"users": list(users), **more})


def check_apply_again(
    folder: Path,
    wanted: DesiredState,
    *,
    force: bool = False,
    attributes: Tolerance = "refuse",
    **how: Any,
) -> Plan:
    """
    Plan, apply and apply again, as a module of Ansible is tested.

    The plan changes nothing and says what then happens; the second time nothing at all happens.
    """
    files, before = statuses(folder), State.of(folder)
    planned = plan(folder, wanted, force=force, attributes=attributes)
    again = plan(folder, wanted, force=force, attributes=attributes)
    assert again.to_dict() == planned.to_dict()
    assert statuses(folder) == files
    assert planned.result is None

    applied = apply(planned, **how)
    assert applied.to_dict() | {"result": None} == planned.to_dict()
    assert (applied.diff(), applied.changed) == (planned.diff(), planned.changed)
    assert applied.result is not None
    assert applied.result.changed == planned.changed
    assert_predicted(before, planned, State.of(folder))
    if not planned.changed:
        assert statuses(folder) == files
    if not any(isinstance(change, SetManaged) for change in planned.changes):
        assert statuses(folder).get("users.managed") == files.get("users.managed")

    files = statuses(folder)
    again = apply(plan(folder, wanted, force=force, attributes=attributes), **how)
    assert (again.changes, again.changed, bool(again.result)) == ((), False, False)
    assert statuses(folder) == files
    return applied
