"""Writes: all changes of one land together, or none, and no update is lost."""

from __future__ import annotations

import errno
import json
import os
import pickle
import threading
from hashlib import sha256

import pytest
from crash.kit import intercepted
from support.hashes import CHEAP_HASH
from support.hashes import HASH_OF_TEST123 as OTHER_HASH
from support.storing import contents

from esfilerealm import UsersTool, errors
from esfilerealm._storage import lock, system
from esfilerealm._storage.lock import write_lock
from esfilerealm.formats import parse_users, parse_users_roles


class TestNothingToDo:
    """If nothing changes, nothing is written: same inode, same time."""

    def test_inode_and_time(self, tool, realm):
        before = {name: os.stat(realm / name) for name in ("users", "users_roles")}
        tool.roles("bob", add=["admin"], remove=["never held"])
        tool.passwd("bob", password_hash=CHEAP_HASH)
        with tool.transaction():
            pass
        for name, status in before.items():
            after = os.stat(realm / name)
            assert (after.st_ino, after.st_mtime_ns) == (status.st_ino, status.st_mtime_ns)

    def test_users_roles_is_created_when_needed_only(self, tool, realm):
        (realm / "users_roles").unlink()
        tool.userdel("bob")
        assert not (realm / "users_roles").exists()
        tool.roles("al", add=["admin"])
        assert (realm / "users_roles").read_text() == "admin:al\n"


class TestTransaction:
    def test_all_verbs_land_together(self, tool):
        with tool.transaction() as change:
            change.useradd("ann", "secret", roles=["viewer"])
            change.passwd("ann", "another")
            assert change.roles("ann", add=["x"]) == ("viewer", "x")
            change.userdel("bob")
            change.useradd("bob", "secret")
            assert "ann" not in tool.list_users()
        assert change.changed
        assert tool.list_users() == {"bob": (), "al": ("admin",), "ann": ("viewer", "x")}
        assert tool.verify("ann", "another")

    def test_an_error_lands_nothing(self, tool, realm):
        before = contents(realm)
        with pytest.raises(errors.UserExistsError), tool.transaction() as change:
            change.userdel("bob")
            change.useradd("al", "secret")
        assert contents(realm) == before
        assert not change.changed

    def test_the_changes_are_checked_again_under_the_lock(self, tool, realm):
        with pytest.raises(errors.UserExistsError), tool.transaction() as change:
            change.useradd("ann", "secret")
            UsersTool(realm).useradd("ann", "meanwhile")
        assert tool.verify("ann", "meanwhile")

    def test_what_others_wrote_meanwhile_stays(self, tool, realm):
        with tool.transaction() as change:
            change.useradd("ann", "secret")
            UsersTool(realm).roles("al", add=["meanwhile"])
        assert tool.list_users()["al"] == ("admin", "meanwhile")
        assert "ann" in tool.list_users()

    def test_attributes_that_others_changed_meanwhile_stay(self, tool, realm):
        with tool.transaction() as change:
            change.userdel("bob")
            (realm / "users").chmod(0o600)
        assert (realm / "users").stat().st_mode & 0o777 == 0o600

    def test_what_others_wrote_of_the_same_user_stays(self, tool, realm):
        """Even if only ``users_roles`` has changed since the start."""
        with tool.transaction() as change:
            assert change.roles("al", add=["x"]) == ("admin", "x")
            UsersTool(realm).roles("al", add=["meanwhile"])
        assert change.roles_of("al") == ("admin", "meanwhile", "x")
        assert tool.list_users()["al"] == ("admin", "meanwhile", "x")

    def test_a_link_that_was_moved_on_meanwhile(self, tool, realm):
        """The same content elsewhere is another file."""
        for name in ("old", "new"):
            (realm / name).mkdir()
            (realm / name / "users").write_bytes((realm / "users").read_bytes())
        (realm / "users").unlink()
        (realm / "users").symlink_to("old/users")
        with tool.transaction() as change:
            change.userdel("bob")
            (realm / "users").unlink()
            (realm / "users").symlink_to("new/users")
        assert b"bob" in (realm / "old" / "users").read_bytes()
        assert b"bob" not in (realm / "new" / "users").read_bytes()
        assert not (realm / "old" / "users.lock").exists()

    def test_a_link_that_is_moved_on_while_it_waits(self, tool, realm, monkeypatch):
        """Both the lock and the file are those of the directory that the link names in the end."""
        for name in ("old", "new"):
            (realm / name).mkdir()
            (realm / name / "users").write_bytes((realm / "users").read_bytes())
        (realm / "users").unlink()
        (realm / "users").symlink_to("old/users")
        waits = threading.Event()
        monkeypatch.setattr(
            lock, "_create", lambda path, real=lock._create: (real(path), waits.set())
        )
        waiting = threading.Thread(target=tool.userdel, args=["bob"])
        with write_lock(lambda: str(realm / "old" / "users.lock"), 1.0):
            waits.clear()
            waiting.start()
            assert waits.wait(10)
            (realm / "users").unlink()
            (realm / "users").symlink_to("new/users")
        waiting.join(10)
        assert b"bob" in (realm / "old" / "users").read_bytes()
        assert b"bob" not in (realm / "new" / "users").read_bytes()
        assert (realm / "new" / "users.lock").exists()

    def test_it_can_be_used_again_but_not_inside_itself(self, tool):
        transaction = tool.transaction()
        with transaction:
            transaction.userdel("bob")
            with pytest.raises(RuntimeError, match="while it is open"), transaction:
                pass
        with transaction:
            pass
        assert not transaction.changed

    def test_many_changes(self, tool):
        """More than a file is searched for one by one."""
        with tool.transaction() as change:
            for n in range(50):
                change.useradd(f"user{n}", password_hash=CHEAP_HASH, roles=["many"])
            change.userdel("user7")
            with pytest.raises(errors.UserExistsError):
                change.useradd("user8", password_hash=CHEAP_HASH)
        assert len(tool.list_users()) == 51
        assert tool.list_users("user8") == {"user8": ("many",)}

    def test_one_lock_one_read_and_one_write(self, tool, monkeypatch):
        opened, renamed = [], []
        open_, rename = system.open, system.rename
        with tool.transaction() as change:
            for n in range(20):
                change.useradd(f"user{n}", password_hash=CHEAP_HASH, roles=["many"])
            monkeypatch.setattr(
                system,
                "open",
                lambda path, *args: opened.append(os.path.basename(path)) or open_(path, *args),
            )
            monkeypatch.setattr(
                system,
                "rename",
                lambda old, new: renamed.append(os.path.basename(new)) or rename(old, new),
            )
        # For its content, and for its attributes, which are those of the same file.
        assert opened.count("users") == opened.count("users_roles") == 2
        assert renamed[:3] == ["users.journal", "users_roles", "users"]
        assert len([name for name in renamed if name in ("users", "users_roles")]) == 2

    def test_a_fault_at_the_last_moment_takes_all_three_writes_back(self, tool, realm):
        """When both files are exchanged, one of them twice, and that cannot be made durable."""
        before, renamed = contents(realm), []
        faults = [OSError(errno.EIO, "Input/output error")]

        def fail_in_the_end(call):
            if call.name == "rename":
                renamed.append(os.path.basename(call.args[1]))
            if call.name == "fsync" and renamed.count("users_roles") == 2 and faults:
                raise faults.pop()
            return call.make()

        with pytest.raises(errors.FileAccessError, match="Input/output error"):
            with intercepted(fail_in_the_end), tool.transaction() as change:
                change.passwd("bob", password_hash=OTHER_HASH)
                change.roles("bob", add=["x"], remove=["viewer"])
        assert not faults
        assert contents(realm) == before

    def test_what_killed_writers_left_is_removed(self, tool, realm):
        """Of both files, whichever is written."""
        for name in ("users", "users_roles"):
            (realm / f"{name}.0123456789abcdef.tmp").touch()
        tool.roles("bob", add=["x"])
        assert not list(realm.glob("*.tmp"))

    def test_changes_outside_of_its_block(self, tool):
        transaction = tool.transaction()
        with pytest.raises(RuntimeError, match="inside its with block"):
            transaction.roles_of("bob")
        with pytest.raises(RuntimeError, match="inside its with block"):
            transaction.userdel("bob")

    def test_hashing_holds_no_lock(self, tool, realm, monkeypatch):
        def hash_password(password, algorithm):
            with write_lock(lambda: str(realm / "users.lock"), 0.0):
                return CHEAP_HASH

        monkeypatch.setattr("esfilerealm.hashing.hash_password", hash_password)
        tool.useradd("ann", "secret")
        assert "ann" in tool.list_users()

    def test_existence_is_checked_before_hashing(self, tool, monkeypatch):
        monkeypatch.setattr("esfilerealm.hashing.hash_password", lambda *_: pytest.fail("hashed"))
        with pytest.raises(errors.UserExistsError):
            tool.useradd("bob", "secret")
        with pytest.raises(errors.UserNotFoundError):
            tool.passwd("ghost", "secret")


class TestOrderOfReplaces:
    """At no moment does anyone hold more than before or after (guarantee 3)."""

    @pytest.fixture
    def moments(self, monkeypatch, realm):
        """What a node sees after each replace: for each user its hash and its roles."""
        seen = []
        real = system.rename

        def rename(old, new):
            real(old, new)
            if os.path.basename(new) in ("users", "users_roles"):
                users = parse_users((realm / "users").read_bytes()).users
                roles = parse_users_roles((realm / "users_roles").read_bytes()).roles_by_user
                seen.append({name: (users[name], set(roles.get(name, ()))) for name in users})

        monkeypatch.setattr(system, "rename", rename)
        return seen

    @pytest.fixture
    def leftover_roles(self, realm):
        with (realm / "users_roles").open("a") as file:
            file.write("superuser:ann\n")

    def test_grant(self, tool, moments, leftover_roles):
        tool.useradd("ann", password_hash=CHEAP_HASH, roles=["viewer"])
        assert [m.get("ann") for m in moments] == [None, (CHEAP_HASH, {"viewer"})]

    def test_removal(self, tool, moments):
        tool.userdel("bob")
        assert [m.get("bob") for m in moments] == [None, None]

    def test_grant_and_removal(self, tool, moments, leftover_roles):
        with tool.transaction() as change:
            change.userdel("bob")
            change.useradd("ann", password_hash=OTHER_HASH)
        assert [m.get("ann") for m in moments] == [None, (OTHER_HASH, set())]
        assert [m.get("bob") for m in moments] == [(CHEAP_HASH, set()), None]

    @pytest.mark.parametrize(
        "verbs",
        [
            lambda t: (
                t.userdel("bob"),
                t.useradd("bob", password_hash=OTHER_HASH, roles=["viewer", "superuser"]),
            ),
            lambda t: (
                t.passwd("bob", password_hash=OTHER_HASH),
                t.roles("bob", add=["superuser"], remove=["admin"]),
                t.useradd("ann", password_hash=OTHER_HASH, roles=["viewer"]),
            ),
            lambda t: (
                t.roles("bob", remove=["admin", "viewer"]),
                t.passwd("bob", password_hash=OTHER_HASH),
            ),
        ],
        ids=["another of the same name", "password and roles", "password and fewer roles"],
    )
    def test_hash_and_roles(self, tool, realm, moments, verbs):
        """Whoever knows a password holds what it gave before, or what it gives afterwards."""
        before = tool.list_users()["bob"]
        with tool.transaction() as change:
            verbs(change)
        allowed = {CHEAP_HASH: set(before), OTHER_HASH: set(tool.list_users()["bob"])}
        for moment in moments:
            password_hash, roles = moment["bob"]
            assert roles <= allowed[password_hash]
        assert moments[-1]["bob"] == (OTHER_HASH, allowed[OTHER_HASH])


class TestDryRun:
    def test_checks_and_writes_nothing(self, realm):
        tool = UsersTool(realm, dry_run=True)
        before = contents(realm)
        tool.useradd("ann", "secret", roles=["new"])
        tool.userdel("bob")
        assert tool.roles("al", add=["x"]) == ("admin", "x")
        with pytest.raises(errors.UserExistsError):
            tool.useradd("bob", "secret")
        with tool.transaction() as change:
            change.roles("al", add=["admin"])
        assert not change.changed
        with tool.transaction() as change:
            change.roles("al", add=["x"])
        assert change.changed
        assert contents(realm) == before
        assert not (realm / "users.lock").exists()

    def test_a_folder_that_could_not_be_written(self, realm, monkeypatch):
        monkeypatch.setattr(system, "access", lambda *_, **__: False)
        tool = UsersTool(realm, dry_run=True)
        with pytest.raises(errors.FilePermissionError, match="not writable"):
            tool.userdel("bob")
        assert tool.roles("bob", add=["admin"]) == ("admin", "viewer")


class TestResults:
    def test_what_was_written(self, tool, realm):
        before = {name: sha256(data).hexdigest() for name, data in contents(realm).items()}
        result = tool.useradd("ann", password_hash=CHEAP_HASH, roles=["x"])
        after = {name: sha256(data).hexdigest() for name, data in contents(realm).items()}
        assert result
        assert [os.path.basename(file.path) for file in result.files] == ["users", "users_roles"]
        for file in result.files:
            status = os.stat(file.path)
            name = os.path.basename(file.path)
            assert (file.changed, file.strategy, file.lost) == (True, "rename", ())
            assert (file.before, file.after) == (before[name], after[name])
            assert (file.owner, file.group) == (status.st_uid, status.st_gid)
            assert file.mode == status.st_mode & 0o7777
        assert (result.created, bool(result.recovery)) == ((), False)

    def test_what_was_not(self, tool):
        result = tool.passwd("bob", password_hash=CHEAP_HASH)
        assert not result
        for file in result.files:
            assert (file.changed, file.strategy, file.before) == (False, None, file.after)

    def test_of_a_file_that_is_made(self, tool, realm):
        (realm / "users_roles").unlink()
        users, users_roles = tool.roles("bob", add=["x"]).write.files
        assert (users.changed, users_roles.changed) == (False, True)
        assert (users_roles.before, users_roles.mode) == (
            None,
            (realm / "users_roles").stat().st_mode & 0o7777,
        )

    def test_of_a_dry_run(self, realm):
        before = contents(realm)
        result = UsersTool(realm, dry_run=True).passwd("bob", password_hash=OTHER_HASH)
        assert [file.changed for file in result.files] == [True, False]
        assert result.changes.passwords == ("bob",)
        assert contents(realm) == before
        really = UsersTool(realm).passwd("bob", password_hash=OTHER_HASH)
        assert result == really

    def test_what_became_of_the_users(self, tool):
        with tool.transaction() as change:
            change.useradd("ann", password_hash=CHEAP_HASH, roles=["x"])
            change.passwd("bob", password_hash=OTHER_HASH)
            change.roles("bob", remove=["admin"])
            change.userdel("al")
        changes = change.result.changes
        assert dict(changes.added) == {"ann": ("x",)}
        assert (changes.removed, changes.passwords) == (("al",), ("bob",))
        assert dict(changes.roles) == {"bob": (("admin", "viewer"), ("viewer",))}
        assert changes.names == {"ann", "bob", "al"}

    def test_can_be_sent_and_written_down(self, tool):
        roles = tool.roles("bob", add=["x"])
        assert roles == ("admin", "viewer", "x")
        again = pickle.loads(pickle.dumps(roles))
        assert (again, again.write) == (roles, roles.write)
        told = json.loads(json.dumps(roles.write.to_dict()))
        assert told["changed"] is True
        assert told["user_changes"]["role_changes"] == {
            "bob": {"roles_before": ["admin", "viewer"], "roles_after": list(roles)}
        }

    def test_before_there_is_one(self, tool):
        transaction = tool.transaction()
        with pytest.raises(RuntimeError, match="has a result when its with block is left"):
            transaction.result  # noqa: B018 - it is asked for
        with transaction:
            assert not transaction.changed


def test_threads_lose_nothing(realm):
    def add(start):
        tool = UsersTool(realm, lock_timeout=60.0)
        for n in range(start, start + 10):
            tool.useradd(f"user{n}", password_hash=CHEAP_HASH, roles=["many"])

    threads = [threading.Thread(target=add, args=(10 * n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(UsersTool(realm).list_users()) == 42


def test_an_undo_goes_with_no_other_change(tool):
    with pytest.raises(RuntimeError, match="the only change"), tool.transaction() as change:
        change.userdel("bob")
        change.undo()
    assert "bob" in tool.list_users()
