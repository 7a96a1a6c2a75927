"""Type-checked and never run: the half that writes, as a caller uses it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Literal, assert_type

from esfilerealm import RealmSettings, UsersTool
from esfilerealm.admin import RealmPaths, Transaction
from esfilerealm.findings import Finding
from esfilerealm.formats import ParsedRealm
from esfilerealm.results import (
    AccountState,
    FileResult,
    Recovery,
    UserChanges,
    WriteResult,
    WrittenRoles,
)

if TYPE_CHECKING:
    from esfilerealm.admin import Strategy, Tolerance, WriteArguments

tool = UsersTool(Path("config"), settings=RealmSettings.load("config", {"key": "value"}))
assert_type(tool.config_dir, str)
assert_type(tool.paths, RealmPaths)
assert_type(tool.paths.users, str)
added = tool.useradd("bob", "secret", roles=["admin"])
assert_type(added, WriteResult)
assert_type(tool.useradd("al", password_hash="hash", roles={"admin"}), WriteResult)
assert_type(tool.passwd("bob", "another"), WriteResult)
assert_type(tool.userdel("bob"), WriteResult)
roles = tool.roles("bob", add=("a",), remove=["b"])
assert_type(roles, WrittenRoles)
as_tuple: tuple[str, ...] = roles
assert_type(roles.write, WriteResult)
assert_type(tool.list_users(), dict[str, tuple[str, ...]])
assert_type(tool.listing(), ParsedRealm)
assert_type(tool.known_roles(), frozenset[str])
assert_type(tool.verify("bob", "secret"), bool)
assert_type(tool.hash_problem("bob"), str | None)
assert_type(tool.init(owner="elasticsearch", group=1000, mode=0o640).created, tuple[str, ...])
assert_type(tool.useradd("ann", "secret", expires=timedelta(hours=8)), WriteResult)
assert_type(tool.expire("ann", datetime(2026, 12, 1, tzinfo=UTC)), WriteResult)
assert_type(tool.expire("ann", None).accounts, FileResult | None)
assert_type(tool.lock("ann").changes.locked, tuple[str, ...])
assert_type(tool.unlock("ann").changes.unlocked, tuple[str, ...])
assert_type(tool.sweep().changes.expired, tuple[str, ...])
for before, after in tool.sweep().changes.expiries.values():
    assert_type((before, after), tuple[datetime | None, datetime | None])
for state in tool.accounts().values():
    assert_type(state, AccountState)
    assert_type(state.expires, datetime | None)
    assert_type(state.is_locked, bool)
assert_type(tool.undo().changes, UserChanges)
assert_type(tool.recover(), Recovery)
assert_type(tool.recover().outcome, Literal["none", "rolled_back", "completed", "quarantined"])
assert_type(tool.check(), tuple[Finding, ...])

strategy: Strategy = "auto"
attributes: Tolerance = "warn"
how: WriteArguments = {"strategy": strategy, "attributes": attributes, "keep": 3}
careful = UsersTool("config", dry_run=True, owner="elasticsearch", group=1000, mode=0o640, **how)
for file in careful.userdel("bob").files:
    assert_type(file, FileResult)
    assert_type(file.strategy, Literal["rename", "in_place"] | None)
    assert_type(file.lost, tuple[str, ...])

with tool.transaction() as change:
    assert_type(change, Transaction)
    change.useradd("ann", "secret", roles=["admin"])
    change.userdel("al")
    change.passwd("bob", "another")
    assert_type(change.roles("bob", add=["c"]), tuple[str, ...])
    change.useradd("tom", "secret", expires=timedelta(minutes=10), is_emergency=True)
    change.lock("bob")
    change.unlock("bob")
    change.expire("bob", None)
    change.sweep()
assert_type(change.changed, bool)
assert_type(change.result, WriteResult)
assert_type(change.result.to_dict(), dict[str, object])
