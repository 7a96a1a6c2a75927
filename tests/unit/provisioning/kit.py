"""A realm kept by hand, its state, and the test of every plan: plan, apply, apply again."""

from __future__ import annotations

import copy
import os
import stat
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from support.hashes import CHEAP_HASH
from support.storing import statuses

from esfilerealm import UsersTool
from esfilerealm._ground.moments import shown_time
from esfilerealm._ground.showing import shown_name
from esfilerealm._storage import RealmFolder
from esfilerealm._storage.managed import ManagedUsers
from esfilerealm.errors import FileRealmError
from esfilerealm.formats import parse_users, parse_users_roles
from esfilerealm.hashing import is_locked
from esfilerealm.provisioning import (
    AddRoles,
    AddUser,
    DesiredState,
    LockUser,
    Plan,
    RehashPassword,
    RemoveOrphan,
    RemoveRoles,
    RemoveUser,
    SetAttributes,
    SetExpiry,
    SetManaged,
    SetPassword,
    UnlockUser,
    apply,
    plan,
)

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from esfilerealm._storage.options import Tolerance
    from esfilerealm.provisioning import Change

#: The password of CHEAP_HASH, and another password with its hash.
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
    A realm as read by other means than a plan.

    Attributes:
        roles: From each user to the roles.
        hashes: From each user to the hash; of a locked one, the hash that is kept aside.
        orphans: From each other name in ``users_roles`` to its roles. The empty name, between two
            commas, is left out: it disappears with a line that names nobody else.
        managed: The users who are listed as managed.
        attributes: From each file to owner, group and mode, in the form of a plan.
        locked: The users who are locked.
        expiries: From each user who expires to the time, in the form of a plan.
    """

    roles: dict[str, frozenset[str]]
    hashes: dict[str, str]
    orphans: dict[str, frozenset[str]]
    managed: set[str]
    attributes: dict[str, dict[str, str]]
    locked: set[str] = field(default_factory=set)
    expiries: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, folder: Path) -> State:
        files = {name: folder / name for name in ("users", "users_roles")}
        data = {name: path.read_bytes() if path.exists() else b"" for name, path in files.items()}
        hashes = dict(parse_users(data["users"]).users)
        by_name = parse_users_roles(data["users_roles"]).roles_by_user
        listed = UsersTool(folder).list_users()
        assert listed == {name: by_name.get(name, ()) for name in hashes}
        locked = {name for name, text in hashes.items() if is_locked(text)}
        expiries = {}
        record = RealmFolder(folder).read_with_accounts(may_be_missing=True)[1].by_name
        for name in hashes.keys() & record.keys():
            expires = record[name].expires
            if expires is not None:
                expiries[name] = shown_time(expires)
            if name in locked:
                hashes[name] = record[name].kept_hash or hashes[name]
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
            locked,
            expiries,
        )

    def after(self, changes: Iterable[Change]) -> State:
        """Return the state that the changes announce; ``?`` stands for a new hash."""
        expected = copy.deepcopy(self)
        for change in changes:
            expected.make(change)
        return expected

    def make(self, change: Change) -> None:
        """Make one change, which must fit the state."""
        match change:
            case AddUser(name, roles):
                assert name not in self.roles
                self.roles[name], self.hashes[name] = frozenset(roles), "?"
                self.orphans.pop(name, None)
            case RemoveUser(name):
                del self.roles[name], self.hashes[name]
                self.locked.discard(name)
                self.expiries.pop(name, None)
            case LockUser(name):
                assert name in self.roles
                assert name not in self.locked
                self.locked.add(name)
            case UnlockUser(name):
                self.locked.remove(name)
            case SetExpiry(name, before, after):
                assert name in self.roles
                assert self.expiries.get(name) == before != after
                self.expiries |= {} if after is None else {name: after}
                if after is None:
                    del self.expiries[name]
            case RemoveOrphan(name, roles):
                # A change shows no hash, nor what follows a colon.
                same = [orphan for orphan in self.orphans if shown_name(orphan) == name]
                shown = {orphan: set(map(shown_name, self.orphans[orphan])) for orphan in same}
                del self.orphans[next(orphan for orphan in same if shown[orphan] == set(roles))]
            case SetPassword(name) | RehashPassword(name):
                assert self.hashes[name] != "?"
                self.hashes[name] = "?"
            case AddRoles(name, roles):
                assert not self.roles[name] & set(roles)
                self.roles[name] |= set(roles)
            case RemoveRoles(name, roles):
                assert self.roles[name] >= set(roles)
                self.roles[name] -= set(roles)
            case SetAttributes(path, before, after):
                assert before == {name: self.attributes[path][name] for name in after}
                assert all(before[name] != after[name] for name in after)
                self.attributes[path] |= after
            case SetManaged(_, added, removed):
                assert not self.managed & set(added)
                assert self.managed >= set(removed)
                self.managed = (self.managed | set(added)) - set(removed)
            case other:
                raise AssertionError(other)

    def without_new_hashes(self, expected: State, before: State) -> State:
        """Return the same state with ``?`` for each expected new hash that is there."""
        hashes = {
            name: "?"
            if expected.hashes.get(name) == "?" and text != before.hashes.get(name)
            else text
            for name, text in self.hashes.items()
        }
        return replace(self, hashes=hashes)


def assert_predicted(before: State, planned: Plan, after: State) -> None:
    """Check that a plan announced all changes of a realm, and no other one."""
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

    The plan writes nothing and announces what then changes. The second time nothing changes.
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
