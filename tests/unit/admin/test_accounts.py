"""Locked and expiring users: what each verb does to both files and to the record beside them."""

from __future__ import annotations

import json
from datetime import datetime, timedelta

import pytest
from crash.kit import intercepted
from support.clocks import START
from support.hashes import CHEAP_HASH, PASSWORD, SHA_HASH
from support.storing import contents

from esfilerealm import UsersTool
from esfilerealm._ground import moments
from esfilerealm.errors import (
    InvalidExpiryError,
    InvalidUsernameError,
    NoKeptHashError,
    UserExistsError,
    UserNotFoundError,
)
from esfilerealm.hashing import is_locked, locked_hash
from esfilerealm.results import AccountState

pytestmark = pytest.mark.usefixtures("clocks")

HOUR = timedelta(hours=1)


def record(realm):
    """What the record says of each user, or None if there is none."""
    path = realm / "users.accounts"
    return json.loads(path.read_bytes())["users"] if path.exists() else None


def hash_of(realm, name="bob"):
    lines = (realm / "users").read_text().splitlines()
    return next((line.partition(":")[2] for line in lines if line.startswith(f"{name}:")), None)


def with_two_roles(tool):
    """Give ``new`` an hour."""
    return tool.useradd("new", password_hash=CHEAP_HASH, roles=["viewer", "admin"], expires=HOUR)


class TestLock:
    def test_users_gets_a_hash_that_nobody_knows(self, realm, tool):
        result = tool.lock("bob")
        assert is_locked(hash_of(realm))
        assert not tool.verify("bob", PASSWORD)
        assert tool.hash_problem("bob") is None
        assert (result.changes.locked, result.changes.passwords) == (("bob",), ())
        assert [file.changed for file in (*result.files, result.accounts)] == [True, False, True]

    def test_the_own_hash_is_kept_aside(self, realm, tool):
        tool.lock("bob")
        assert record(realm) == {"bob": {"hash": CHEAP_HASH, "locked": START.isoformat()}}
        assert (realm / "users.accounts").stat().st_mode & 0o777 == 0o600

    def test_roles_stay(self, tool):
        roles = tool.list_users()
        tool.lock("bob")
        assert tool.list_users() == roles

    def test_locked_already(self, realm, tool):
        tool.lock("bob")
        before = contents(realm)
        assert not tool.lock("bob")
        assert contents(realm) == before

    def test_unlock_gives_back_what_was_there(self, realm, tool):
        before = contents(realm)
        tool.lock("bob")
        result = tool.unlock("bob")
        assert (result.changes.unlocked, result.changes.passwords) == (("bob",), ())
        assert contents(realm) == before

    def test_not_locked(self, realm, tool):
        before = contents(realm)
        assert not tool.unlock("bob")
        assert contents(realm) == before

    @pytest.mark.parametrize("verb", ["lock", "unlock"])
    def test_nobody_of_that_name(self, tool, verb):
        with pytest.raises(UserNotFoundError):
            getattr(tool, verb)("nobody")
        with pytest.raises(InvalidUsernameError):
            getattr(tool, verb)("\u00fc")

    def test_only_a_password_helps_where_no_hash_is_kept(self, realm, tool):
        tool.passwd("bob", password_hash=CHEAP_HASH)
        tool.useradd("new", password_hash=locked_hash())
        with pytest.raises(NoKeptHashError, match=r"\[new\].*users.accounts\].*passwd"):
            tool.unlock("new")
        assert tool.passwd("new", password_hash=SHA_HASH).changes.passwords == ("new",)
        assert is_locked(hash_of(realm, "new"))
        tool.unlock("new")
        assert hash_of(realm, "new") == SHA_HASH


class TestPasswordOfALockedUser:
    def test_it_is_kept_and_the_user_stays_locked(self, realm, tool):
        tool.lock("bob")
        result = tool.passwd("bob", password_hash=SHA_HASH)
        assert is_locked(hash_of(realm))
        assert record(realm)["bob"]["hash"] == SHA_HASH
        assert result.changes.passwords == ("bob",)
        remark = "user [bob] stays locked, and can log in with the new password once it is unlocked"
        assert result.remarks == (f"{remark} (unlock)",)
        assert tool.unlock("bob").changes.passwords == ()
        assert hash_of(realm) == SHA_HASH


class TestExpiry:
    def test_a_user_for_an_hour(self, realm, tool):
        result = with_two_roles(tool)
        assert result.changes.expiries == {"new": (None, START + HOUR)}
        assert record(realm) == {
            "new": {
                "made": START.isoformat(),
                "expires": (START + HOUR).isoformat(),
                "boot": "first start",
                "uptime": 1000.0,
            }
        }

    def test_nobody_goes_too_early(self, realm, tool, clocks):
        with_two_roles(tool)
        clocks.pass_by(minutes=59)
        assert not tool.sweep()
        assert hash_of(realm, "new") == CHEAP_HASH

    @pytest.mark.parametrize(
        "write",
        [
            pytest.param(lambda tool: tool.sweep(), id="sweep"),
            pytest.param(lambda tool: tool.userdel("al"), id="userdel"),
            pytest.param(lambda tool: tool.userdel("new"), id="userdel, the same"),
            pytest.param(lambda tool: tool.lock("al"), id="lock"),
            pytest.param(lambda tool: tool.roles("al", add=["viewer"]).write, id="roles"),
        ],
    )
    def test_every_write_removes_who_is_over(self, realm, tool, clocks, write):
        with_two_roles(tool)
        clocks.pass_by(hours=1)
        result = write(tool)
        assert result.changes.expired == ("new",)
        assert "new" in result.changes.removed
        assert "user [new] removed: the time is over" in result.remarks
        assert "new" not in (realm / "users").read_text() + (realm / "users_roles").read_text()
        assert "new" not in (record(realm) or {})

    def test_a_new_user_of_the_same_name(self, realm, tool, clocks):
        with_two_roles(tool)
        with pytest.raises(UserExistsError):
            with_two_roles(tool)
        clocks.pass_by(hours=2)
        tool.useradd("new", password_hash=SHA_HASH, roles=["other"])
        assert hash_of(realm, "new") == SHA_HASH
        assert tool.list_users("new") == {"new": ("other",)}
        assert record(realm) is None

    @pytest.mark.parametrize("verb", ["passwd", "lock", "expire", "roles"])
    def test_who_is_over_is_nobody(self, realm, tool, clocks, verb):
        with_two_roles(tool)
        clocks.pass_by(hours=1)
        before = contents(realm)
        arguments = {
            "passwd": {"password_hash": SHA_HASH},
            "expire": {"expires": HOUR},
            "roles": {"add": ["x"]},
        }
        with pytest.raises(UserNotFoundError):
            getattr(tool, verb)("new", **arguments.get(verb, {}))
        assert contents(realm) == before

    def test_a_better_hash_brings_nobody_back(self, realm, tool, clocks):
        """A login may ask for one at the moment at which the time is over."""
        with_two_roles(tool)
        clocks.pass_by(hours=1)
        with tool.transaction() as change:
            change.replace_hash("new", CHEAP_HASH, SHA_HASH)
        assert change.result.changes.removed == ("new",)
        assert hash_of(realm, "new") is None

    def test_moved_and_dropped(self, realm, tool, clocks):
        with_two_roles(tool)
        clocks.pass_by(minutes=30)
        moved = tool.expire("new", HOUR).changes.expiries
        assert moved == {"new": (START + HOUR, START + 1.5 * HOUR)}
        dropped = tool.expire("new", None)
        assert dropped.changes.expiries == {"new": (START + 1.5 * HOUR, None)}
        assert record(realm) is None

    @pytest.mark.parametrize(
        ("expires", "reason"),
        [
            pytest.param(timedelta(0), "in the future", id="now"),
            pytest.param(-HOUR, "in the future", id="ago"),
            pytest.param(START, "in the future", id="at this moment"),
            pytest.param(datetime(2030, 1, 1), "zone", id="no zone"),  # noqa: DTZ001
            pytest.param(timedelta.max, "too far", id="for ever"),
        ],
    )
    def test_times_that_are_none(self, realm, tool, expires, reason):
        before = contents(realm)
        for verb in ("useradd", "expire"):
            arguments = {"useradd": {"password_hash": CHEAP_HASH}}.get(verb, {})
            with pytest.raises(InvalidExpiryError, match=reason):
                getattr(tool, verb)("bob2", expires=expires, **arguments)
        assert contents(realm) == before

    def test_a_text_is_no_time(self, tool):
        with pytest.raises(TypeError, match="datetime or timedelta, not str"):
            tool.expire("bob", "8h")


class TestStates:
    def test_of_users_like_most(self, tool):
        assert tool.accounts() == {}

    def test_of_all_kinds(self, tool, clocks):
        with_two_roles(tool)
        tool.lock("bob")
        with tool.transaction() as change:
            change.useradd("help", password_hash=CHEAP_HASH, expires=HOUR / 2, is_emergency=True)
        clocks.pass_by(minutes=45)
        assert tool.accounts() == {
            "bob": AccountState(None, is_locked=True, is_emergency=False, is_over=False),
            "help": AccountState(START + HOUR / 2, False, is_emergency=True, is_over=True),
            "new": AccountState(START + HOUR, False, is_emergency=False, is_over=False),
        }

    def test_fit_for_json(self, tool):
        with_two_roles(tool)
        assert tool.accounts()["new"].to_dict() == {
            "expires": "2026-06-01T13:00:00Z",
            "is_locked": False,
            "is_emergency": False,
            "is_over": False,
        }


def test_a_dry_run_writes_nothing_and_tells_the_same(realm, tool, clocks):
    with_two_roles(tool)
    clocks.pass_by(hours=1)
    before = contents(realm)
    foreseen = UsersTool(realm, dry_run=True).lock("bob")
    assert contents(realm) == before
    done = tool.lock("bob")
    assert foreseen.changes == done.changes
    assert foreseen.remarks == done.remarks


class Mentions:
    """Lets all calls through, and remembers those that are about the record."""

    def __init__(self):
        self.names = []

    def __call__(self, call):
        if any("users.accounts" in str(argument) for argument in call.args):
            self.names.append(call.name)
        return call.make()


@pytest.mark.parametrize(
    "write",
    [
        pytest.param(lambda tool: tool.useradd("new", password_hash=SHA_HASH), id="useradd"),
        pytest.param(lambda tool: tool.passwd("bob", password_hash=SHA_HASH), id="passwd"),
        pytest.param(lambda tool: tool.roles("bob", add=["x"]), id="roles"),
        pytest.param(lambda tool: tool.userdel("bob"), id="userdel"),
    ],
)
def test_without_a_record_a_write_only_looks_whether_there_is_one(tool, monkeypatch, write):
    def unneeded():
        raise AssertionError("nobody needs the time")

    monkeypatch.setattr(moments, "now", unneeded)
    calls = Mentions()
    with intercepted(calls):
        write(tool)
    assert calls.names == ["open"]
