"""A user whose time is over is refused at that moment, although nobody has removed it yet."""

from __future__ import annotations

import asyncio
import logging
from datetime import UTC, datetime, timedelta

import pytest
from support.hashes import CHEAP_HASH, PASSWORD
from support.threads import wait_until

from esfilerealm import RealmChain, UsersTool
from esfilerealm._ground import moments

NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)
WRONG = "wrong-password"


class Clocks:
    def __init__(self):
        self.wall, self.uptime, self.boot = NOON, 1000.0, "boot-1"

    def now(self):
        return moments.Moment(self.wall, self.boot, self.uptime)


@pytest.fixture
def clocks(monkeypatch):
    clocks = Clocks()
    monkeypatch.setattr(moments, "now", clocks.now)
    return clocks


@pytest.fixture
def tool(folder):
    return UsersTool(folder)


@pytest.fixture
def hour(tool, clocks):
    """Let bob end in an hour."""
    tool.expire("bob", timedelta(hours=1))


def is_refused(result):
    return (result.reason, result.http_status, result.user) == ("expired", 401, None)


class TestTheMoment:
    def test_ends_logins(self, realm, hour, clocks):
        assert realm.authenticate("bob", PASSWORD)
        clocks.wall += timedelta(minutes=59)
        assert realm.authenticate("bob", PASSWORD)
        clocks.wall += timedelta(minutes=1)
        result = realm.authenticate("bob", PASSWORD)
        assert is_refused(result)
        assert result.message == "the time of the user is over for [bob]"
        assert realm.authenticate("jane", PASSWORD)

    def test_ends_lookups(self, realm, hour, clocks):
        assert realm.lookup_user("bob")
        clocks.wall += timedelta(hours=1)
        assert realm.lookup_user("bob") is None
        assert realm.lookup_user("jane")

    @pytest.mark.parametrize("options", [{}, {"cache_ttl": 0.0}, {"cache_hash_algo": "pbkdf2"}])
    def test_does_not_depend_on_the_cache(self, make, hour, clocks, options):
        realm = make(**options)
        assert realm.authenticate("bob", PASSWORD)
        clocks.wall += timedelta(hours=1)
        assert is_refused(realm.authenticate("bob", PASSWORD))
        assert is_refused(realm.authenticate("bob", WRONG))
        assert is_refused(asyncio.run(realm.authenticate_async("bob", PASSWORD)))

    def test_comes_by_the_clock_that_nobody_sets(self, realm, hour, clocks):
        clocks.wall -= timedelta(days=300)
        assert realm.authenticate("bob", PASSWORD)
        clocks.uptime += 3600
        assert is_refused(realm.authenticate("bob", PASSWORD))

    def test_takes_as_long_as_a_wrong_password(self, make, hour, clocks, verified):
        clocks.wall += timedelta(hours=1)
        make().authenticate("bob", PASSWORD)
        assert len(verified) == 1
        make(conceal_unknown_users=False).authenticate("bob", PASSWORD)
        assert len(verified) == 1

    def test_may_come_during_a_login(self, realm, hour, clocks, monkeypatch):
        from esfilerealm.realms.file import login

        def slow(password, stored):
            clocks.wall += timedelta(hours=1)
            return True

        monkeypatch.setattr(login, "verify_hash", slow)
        assert is_refused(realm.authenticate("bob", PASSWORD))

    def test_ends_logins_in_a_chain(self, folder, hour, clocks):
        (folder / "elasticsearch.yml").write_text("")
        chain = RealmChain.from_settings(folder, may_run_as=lambda *_: True)
        assert chain.authenticate("bob", PASSWORD)
        assert chain.authenticate("bob", PASSWORD)  # remembered
        clocks.wall += timedelta(hours=1)
        result = chain.authenticate("bob", PASSWORD)
        assert not result
        assert [step.reason for step in result.steps if step.type == "file"] == ["expired"]
        assert chain.lookup_user("bob") is None


class TestTheRecord:
    def test_is_read_with_the_files(self, realm, tool, clocks):
        assert realm.snapshot.expires("bob") is None
        tool.expire("bob", timedelta(hours=1))
        assert realm.reload()
        assert realm.snapshot.expires("bob") == NOON + timedelta(hours=1)
        assert not realm.reload()

    def test_is_watched(self, make, tool, clocks):
        with make(reload_interval_high=0.05) as realm:
            tool.expire("bob", timedelta(hours=1))
            wait_until(lambda: realm.snapshot.expires("bob"))
            tool.expire("bob", None)
            wait_until(lambda: realm.snapshot.expires("bob") is None)

    def test_that_is_none_leaves_what_was_known(self, realm, hour, folder, clocks, caplog):
        assert realm.snapshot.expires("bob")
        (folder / "users.accounts").write_text("none")
        with caplog.at_level(logging.WARNING):
            realm.reload()
            realm.reload()
        assert len([text for text in caplog.messages if "users.accounts" in text]) == 1
        clocks.wall += timedelta(hours=1)
        assert is_refused(realm.authenticate("bob", PASSWORD))

    def test_that_is_none_stops_nobody(self, realm, folder):
        (folder / "users.accounts").write_text("none")
        assert realm.authenticate("bob", PASSWORD)

    def test_is_kept_while_a_file_cannot_be_read(self, make, hour, folder, clocks):
        realm = make(on_unreadable="node")
        assert realm.authenticate("bob", PASSWORD)
        (folder / "users_roles").write_bytes(b"\xff")
        realm.reload()
        clocks.wall += timedelta(hours=1)
        assert is_refused(realm.authenticate("bob", PASSWORD))
        (folder / "users").write_bytes(b"\xff")
        realm.reload()
        assert realm.authenticate("bob", PASSWORD).reason == "files_unreadable"

    def test_says_who_is_locked_and_when_users_end(self, realm, tool, clocks):
        realm.reload()
        changes = []
        realm.on_change(changes.append)
        tool.lock("bob")
        realm.reload()
        tool.expire("jane", timedelta(hours=1))
        realm.reload()
        tool.unlock("bob")
        realm.reload()
        locked, expires, unlocked = changes
        assert (locked.locked, locked.passwords, unlocked.unlocked) == (("bob",), (), ("bob",))
        assert expires.expiries == {"jane": (None, NOON + timedelta(hours=1))}


def test_a_locked_user_cannot_log_in(realm, tool):
    tool.lock("bob")
    realm.reload()
    for password in (PASSWORD, "", WRONG, "esfilerealm/locked"):
        assert realm.authenticate("bob", password).reason == "wrong_password"
    assert realm.lookup_user("bob")
    tool.unlock("bob")
    realm.reload()
    assert realm.authenticate("bob", PASSWORD)


def test_nobody_asks_the_clock_for_users_without_a_time(realm, monkeypatch):
    realm.authenticate("bob", PASSWORD)
    monkeypatch.setattr(moments, "now", lambda: pytest.fail("it costs time"))
    assert realm.authenticate("bob", PASSWORD)
    assert realm.lookup_user("jane")
    assert CHEAP_HASH not in repr(realm.snapshot)
