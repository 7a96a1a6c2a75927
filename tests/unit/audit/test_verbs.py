"""Every verb of the library that writes leaves one line for its change, and no other verb any."""

from __future__ import annotations

from datetime import timedelta

import pytest
from support.hashes import CHEAP_HASH, SHA_HASH

from esfilerealm import FileRealm, RealmSettings, UsersTool
from esfilerealm.admin import Transaction
from esfilerealm.audit import AuditLog, verify
from esfilerealm.findings import Fix
from esfilerealm.keystore import Keystore
from esfilerealm.provisioning import DesiredState, apply, apply_all, plan, plan_all

#: Of ``UsersTool``: what to do before, without a log, and what changes something.
WRITES = {
    "useradd": (None, lambda tool: tool.useradd("new", password_hash=CHEAP_HASH)),
    "userdel": (None, lambda tool: tool.userdel("bob")),
    "passwd": (None, lambda tool: tool.passwd("bob", password_hash=SHA_HASH)),
    "roles": (None, lambda tool: tool.roles("bob", add=["new"])),
    "lock": (None, lambda tool: tool.lock("bob")),
    "unlock": (lambda tool: tool.lock("bob"), lambda tool: tool.unlock("bob")),
    "expire": (None, lambda tool: tool.expire("bob", timedelta(hours=1))),
    "undo": (
        lambda tool: UsersTool(tool.config_dir, keep=1).roles("bob", add=["x"]),
        lambda tool: tool.undo(),
    ),
}
#: Those that are tried elsewhere, since they need more.
ELSEWHERE = {"transaction", "init", "recover", "sweep", "rescue"}

#: Of a transaction: what changes something beside the verbs above.
STEPS = {
    "fix": lambda change: change.fix(Fix(name="ghost")),
    "fix, mode": lambda change: change.fix(
        Fix(kind="set_mode", path=change._folder.paths.users, mode=0o600)
    ),
    "replace_hash": lambda change: change.replace_hash("bob", CHEAP_HASH, SHA_HASH),
    "set_managed": lambda change: change.set_managed(["bob"], ()),
    "replace_keystore": lambda change: change.replace_keystore(None, b"content"),
    "set_attributes": lambda change: change.set_attributes(),
}

READS = {
    *("accounts", "check", "export", "hash_problem", "known_roles", "list_users", "listing"),
    *("overview", "paths", "unknown_roles", "unknown_roles_text", "verify"),
}


def public(kind):
    return {name for name in vars(kind) if not name.startswith("_")}


def test_every_verb_is_known():
    assert public(UsersTool) == {*WRITES, *ELSEWHERE, *READS}
    steps = {name.partition(",")[0] for name in STEPS}
    others = {"changed", "expect", "require_no_user", "require_user", "result", "roles_of"}
    assert public(Transaction) - {*WRITES, *ELSEWHERE} == {*steps, *others}


@pytest.fixture
def realm(realm):
    (realm / "users_roles").write_text("viewer:bob,ghost\n")
    for name in ("users", "users_roles"):
        (realm / name).chmod(0o644)
    return realm


@pytest.mark.parametrize("verb", WRITES)
def test_a_verb(tool, realm, log, lines, verb):
    before, act = WRITES[verb]
    if before is not None:
        before(UsersTool(realm))
    act(tool)
    assert [line["command"] for line in lines()] == [f"UsersTool.{verb}"]
    assert verify(log, folders=[realm])


@pytest.mark.parametrize("verb", STEPS)
def test_a_step_of_a_transaction(realm, log, lines, verb):
    tool = UsersTool(realm, audit=log, mode=0o604 if verb == "set_attributes" else None)
    with tool.transaction() as change:
        STEPS[verb](change)
    assert [line["command"] for line in lines()] == ["Transaction"]
    assert verify(log, folders=[realm])


def test_many_changes_are_one_line(tool, realm, lines):
    with tool.transaction() as change:
        change.useradd("new", password_hash=CHEAP_HASH, roles=["viewer"])
        change.roles("bob", add=["x"])
        change.userdel("al")
        change.fix(Fix(name="ghost"))
        change.fix(Fix(kind="set_mode", path=str(realm / "users"), mode=0o600))
    (line,) = lines()
    assert line["changes"] == {
        "added": {"new": ["viewer"]},
        "removed": ["al"],
        "orphans": ["ghost"],
        "role_changes": {"bob": {"roles_before": ["viewer"], "roles_after": ["viewer", "x"]}},
        "modes": [{"path": str(realm / "users"), "before": "0644", "after": "0600"}],
    }


def test_the_roles_of_a_removed_user_are_told(tool, lines):
    tool.userdel("bob")
    told = {"bob": {"roles_before": ["viewer"], "roles_after": []}}
    assert lines()[0]["changes"] == {"removed": ["bob"], "role_changes": told}


def test_new_attributes_are_told(realm, log, lines):
    with UsersTool(realm, audit=log, mode=0o604).transaction() as change:
        change.set_attributes()
    assert {file["mode"] for file in lines()[0]["files"].values()} == {"0604"}


def test_a_fix_whose_record_cannot_be_written_leaves_no_line(tool, realm, log, monkeypatch):
    from esfilerealm._storage import ModeRecord
    from esfilerealm.errors import FileAccessError

    def write(*_):
        raise FileAccessError("users.modes", 28, "full")

    monkeypatch.setattr(ModeRecord, "write", write)
    with pytest.raises(FileAccessError), tool.transaction() as change:
        change.fix(Fix(kind="set_mode", path=str(realm / "users"), mode=0o600))
    assert log.read_bytes() == b""


def test_an_emergency_user_comes_and_goes(tool, realm, log, lines):
    with tool.rescue(check=False) as user:
        assert [list(line["changes"]["added"]) for line in lines()] == [[user.username]]
    assert lines()[1]["changes"]["removed"] == [user.username]
    assert len(lines()) == 2
    assert verify(log, folders=[realm])


def test_init(tmp_path, log, lines):
    tool = UsersTool(tmp_path / "new", audit=log)
    tool.init()
    tool.init()
    assert [line["command"] for line in lines()] == ["UsersTool.init"]


DOCUMENT = {
    "users": [{"name": "new", "password_hash": CHEAP_HASH}],
    "keystore": {"a.b": {"value": "secret"}},
}


def test_apply(realm, log, lines):
    desired = DesiredState.from_dict(DOCUMENT)
    apply(plan(realm, desired), audit=log)
    apply(plan(realm, desired), audit=log)
    (line,) = lines()
    assert line["command"] == "apply"
    assert line["changes"]["settings_added"] == ["a.b"]
    assert "secret" not in log.read_text()
    assert verify(log, folders=[realm])


def test_apply_on_several_nodes_is_a_line_for_each(tmp_path, log, lines):
    nodes = [tmp_path / "a", tmp_path / "b"]
    for node in nodes:
        UsersTool(node).init()
    desired = DesiredState.from_dict({"users": DOCUMENT["users"]})
    apply_all(plan_all(nodes, desired), audit=log)
    apply_all(plan_all(nodes, desired), audit=log)
    assert [line["folder"] for line in lines()] == list(map(str, nodes))


def test_a_keystore(realm, log, lines):
    path = realm / "elasticsearch.keystore"
    store = Keystore.create()
    store.set("a.b", "one")
    store.save(path, audit=log)
    store.save(path, audit=log)
    store.set("a.b", "two")
    store.set("c.d", "three")
    store.change_password("secret-1")
    store.save(audit=AuditLog(log))
    assert [line["changes"] for line in lines()] == [
        {"settings_added": ["a.b", "keystore.seed"]},
        {
            "settings_added": ["c.d"],
            "settings_changed": ["a.b"],
            "keystore_password": ["changed"],
        },
    ]
    assert verify(log)


class EverythingIsWeak:
    def needs_update(self, _stored):
        return True

    def hash(self, _password):
        return SHA_HASH


def test_a_hash_that_is_upgraded_at_a_login(realm, log, lines, monkeypatch):
    monkeypatch.setenv("ESFILEREALM_AUDIT", str(log))
    with FileRealm(
        realm,
        settings=RealmSettings(),
        watch_events=False,
        upgrade_hashes=True,
        hash_policy=EverythingIsWeak(),
    ) as file_realm:
        assert file_realm.authenticate("bob", "test-password")
    (line,) = lines()
    assert line["changes"] == {"passwords": ["bob"]}
