"""What becomes of the record when both files go back, or when other programs change them."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from support.hashes import CHEAP_HASH, SHA_HASH

from esfilerealm import UsersTool
from esfilerealm.errors import NoKeptHashError
from esfilerealm.hashing import is_locked

HOUR = timedelta(hours=1)


@pytest.fixture
def tool(realm, clocks):
    return UsersTool(realm, keep=1)


def hash_of(realm, name="bob"):
    lines = (realm / "users").read_text().splitlines()
    return next((line.partition(":")[2] for line in lines if line.startswith(f"{name}:")), None)


def record(realm):
    path = realm / "users.accounts"
    return json.loads(path.read_bytes())["users"] if path.exists() else {}


def without(realm, name, text=""):
    """Write ``users`` as another program would, with another line for a user."""
    lines = (realm / "users").read_text().splitlines(keepends=True)
    (realm / "users").write_text("".join(ln for ln in lines if not ln.startswith(name)) + text)


class TestUndo:
    def test_of_a_lock_unlocks(self, realm, tool):
        tool.lock("bob")
        undone = tool.undo()
        assert undone.changes.unlocked == ("bob",)
        assert undone.changes.passwords == ()
        assert hash_of(realm) == CHEAP_HASH
        assert not undone.remarks

    def test_of_that_locks_again_and_nothing_is_lost(self, realm, tool):
        tool.lock("bob")
        tool.undo()
        assert tool.undo().changes.locked == ("bob",)
        assert is_locked(hash_of(realm))
        tool.unlock("bob")
        assert hash_of(realm) == CHEAP_HASH

    def test_of_an_unlock_locks_and_nothing_is_lost(self, realm, tool):
        tool.lock("bob")
        tool.unlock("bob")
        assert tool.undo().changes.locked == ("bob",)
        assert "locked" in record(realm)["bob"]
        tool.unlock("bob")
        assert hash_of(realm) == CHEAP_HASH

    def test_of_an_unlock_with_a_change_of_the_record_in_between(self, realm, tool):
        tool.lock("bob")
        tool.unlock("bob")
        tool.expire("al", HOUR)  # which leaves both files, and so their versions
        tool.undo()
        tool.unlock("bob")
        assert hash_of(realm) == CHEAP_HASH

    def test_a_hash_is_dropped_when_no_version_has_its_lock(self, realm, tool):
        tool.lock("bob")
        tool.unlock("bob")
        assert record(realm)["bob"] == {"hash": CHEAP_HASH}
        tool.roles("al", add=["viewer"])
        assert record(realm) == {}

    def test_a_hash_is_dropped_at_once_where_no_version_is_kept(self, realm):
        tool = UsersTool(realm)
        tool.lock("bob")
        tool.unlock("bob")
        assert not (realm / "users.accounts").exists()

    def test_of_a_lock_that_nobody_knew_a_hash_of(self, realm, tool):
        tool.lock("bob")
        tool.unlock("bob")
        (realm / "users.accounts").unlink()
        tool.undo()
        with pytest.raises(NoKeptHashError):
            tool.unlock("bob")

    def test_nobody_comes_back_whose_time_is_over(self, realm, tool, clocks):
        tool.useradd("new", password_hash=CHEAP_HASH, roles=["viewer"], expires=HOUR)
        clocks.pass_by(hours=1)
        assert tool.sweep().changes.expired == ("new",)
        undone = tool.undo()
        assert undone.changes.added == {}
        assert "new" not in (realm / "users").read_text() + (realm / "users_roles").read_text()

    def test_nobody_comes_back_whose_time_is_over_meanwhile(self, realm, tool, clocks):
        tool.useradd("new", password_hash=CHEAP_HASH, roles=["viewer"], expires=HOUR)
        tool.userdel("new")
        clocks.pass_by(hours=1)
        tool.undo()
        assert hash_of(realm, "new") is None

    def test_who_comes_back_still_expires(self, realm, tool, clocks):
        tool.useradd("new", password_hash=CHEAP_HASH, roles=["viewer"], expires=HOUR)
        tool.userdel("new")
        tool.undo()
        assert tool.accounts()["new"].expires is not None
        clocks.pass_by(hours=1)
        tool.sweep()
        assert hash_of(realm, "new") is None

    def test_a_new_user_inherits_nothing(self, realm, tool, clocks):
        tool.useradd("new", password_hash=CHEAP_HASH, expires=HOUR)
        tool.lock("new")
        tool.userdel("new")
        tool.useradd("new", password_hash=SHA_HASH)
        clocks.pass_by(hours=2)
        tool.sweep()
        assert hash_of(realm, "new") == SHA_HASH
        assert record(realm) == {}

    def test_all_other_bytes_are_restored(self, realm, tool, clocks):
        tool.useradd("new", password_hash=CHEAP_HASH, expires=HOUR)
        before = (realm / "users").read_bytes()
        tool.userdel("bob")
        clocks.pass_by(hours=1)
        tool.undo()
        assert (realm / "users").read_bytes() == before.replace(f"new:{CHEAP_HASH}\n".encode(), b"")


class TestOtherPrograms:
    def test_another_password_unlocks(self, realm, tool):
        tool.lock("bob")
        without(realm, "bob", f"bob:{SHA_HASH}\n")
        assert tool.accounts() == {}
        result = tool.roles("al", add=["viewer"]).write
        assert result.remarks[-1] == (
            "user [bob] had been locked, and another program has set another password since: no "
            "longer locked"
        )
        assert record(realm) == {}
        assert hash_of(realm) == SHA_HASH
        assert not tool.roles("al", remove=["viewer"]).write.remarks

    def test_it_is_said_of_each_once(self, realm, tool):
        tool.lock("bob")
        tool.lock("al")
        (realm / "users").write_text(f"bob:{SHA_HASH}\nal:{SHA_HASH}\n")
        assert tool.sweep().remarks[0].startswith("users [al], [bob] had been locked")
        assert tool.sweep().remarks == ()

    @pytest.mark.parametrize("verb", ["passwd", "lock", "unlock"])
    def test_then_verbs_are_about_the_new_password(self, realm, tool, verb):
        tool.lock("bob")
        without(realm, "bob", f"bob:{SHA_HASH}\n")
        arguments = {"password_hash": CHEAP_HASH} if verb == "passwd" else {}
        getattr(tool, verb)("bob", **arguments)
        if verb == "lock":
            assert record(realm)["bob"]["hash"] == SHA_HASH
        else:
            assert hash_of(realm) == (CHEAP_HASH if verb == "passwd" else SHA_HASH)

    def test_a_user_is_removed(self, realm, tool):
        tool.lock("bob")
        without(realm, "bob")
        tool.roles("al", add=["viewer"])
        assert record(realm) == {}

    def test_a_user_with_a_time_gets_another_password(self, realm, tool, clocks):
        tool.expire("bob", HOUR)
        without(realm, "bob", f"bob:{SHA_HASH}\n")
        tool.roles("al", add=["viewer"])
        clocks.pass_by(hours=1)
        assert tool.sweep().changes.expired == ("bob",)

    def test_a_locked_hash_comes_from_another_machine(self, realm, tool):
        tool.lock("bob")
        locked = hash_of(realm)
        tool.unlock("bob")
        assert tool.passwd("bob", password_hash=locked).changes.locked == ("bob",)
        assert tool.unlock("bob").changes.unlocked == ("bob",)
        assert hash_of(realm) == CHEAP_HASH

    def test_locked_by_another_hash_is_locked(self, realm, tool):
        tool.lock("bob")
        before, other = hash_of(realm), hash_of(realm)[:-1] + "e"
        assert not tool.passwd("bob", password_hash=other)
        assert hash_of(realm) == before


class TestOneTransaction:
    def test_a_new_user_is_locked_from_the_start(self, realm, tool):
        with tool.transaction() as change:
            change.useradd("new", password_hash=SHA_HASH, roles=["viewer"], expires=HOUR)
            change.lock("new")
        assert change.result.changes.added == {"new": ("viewer",)}
        assert change.result.changes.locked == ("new",)
        assert is_locked(hash_of(realm, "new"))
        tool.unlock("new")
        assert hash_of(realm, "new") == SHA_HASH
        assert tool.accounts()["new"].expires is not None

    def test_password_and_lock(self, realm, tool):
        with tool.transaction() as change:
            change.passwd("bob", password_hash=SHA_HASH)
            change.lock("bob")
        assert (change.result.changes.passwords, change.result.changes.locked) == (("bob",),) * 2
        assert record(realm)["bob"]["hash"] == SHA_HASH

    def test_locked_and_unlocked_is_nothing(self, realm, tool):
        before = (realm / "users").read_bytes()
        with tool.transaction() as change:
            change.lock("bob")
            change.unlock("bob")
        assert not change.changed
        assert (realm / "users").read_bytes() == before

    def test_an_exception_leaves_all_as_it_was(self, realm, tool):
        before = {path.name: path.read_bytes() for path in realm.iterdir()}
        with pytest.raises(ZeroDivisionError), tool.transaction() as change:
            change.lock("bob")
            change.expire("al", HOUR)
            raise ZeroDivisionError
        assert {path.name: path.read_bytes() for path in realm.iterdir()} == before


class TestVersions:
    """What is kept of both files holds nobody whose time is over."""

    @pytest.mark.parametrize(
        "write",
        [
            pytest.param(lambda tool: tool.sweep(), id="sweep"),
            pytest.param(lambda tool: tool.undo(), id="undo"),
            pytest.param(
                lambda tool: tool.useradd("new", password_hash=SHA_HASH), id="another of that name"
            ),
        ],
    )
    def test_nobody_is_kept_who_is_over(self, realm, tool, clocks, write):
        tool.useradd("new", password_hash=CHEAP_HASH, roles=["viewer", "last"], expires=HOUR)
        clocks.pass_by(hours=1)
        write(tool)
        kept = (realm / "users.1~").read_text() + (realm / "users_roles.1~").read_text()
        assert "new" not in kept
        assert "# people" in kept
        tool.undo()
        assert "new" not in tool.list_users()


def test_the_password_of_the_version_comes_back_and_that_is_told(realm, tool):
    tool.lock("bob")
    tool.passwd("bob", password_hash=SHA_HASH)
    undone = tool.undo()
    assert (undone.changes.unlocked, undone.changes.passwords) == (("bob",), ("bob",))
    assert hash_of(realm) == CHEAP_HASH
