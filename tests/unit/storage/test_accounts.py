"""The record of locked and expiring users: what it says, when it is over, and whom it believes."""

from __future__ import annotations

import json
import os
import pickle
from datetime import timedelta

import pytest
from support.clocks import START
from support.hashes import CHEAP_HASH
from support.storing import STRANGER, posix, root

from esfilerealm._ground.moments import Moment
from esfilerealm._storage import Account, Accounts, RealmFolder
from esfilerealm._storage import read as reading
from esfilerealm.errors import FileAccessError, FileFormatError, FilePermissionError

HOUR = timedelta(hours=1)
MADE = {"made": START.isoformat(), "expires": (START + HOUR).isoformat()}
FULL = Account(START, START + HOUR, True, "a start", 1000.5, CHEAP_HASH, START)


@pytest.fixture
def users(realm):
    return str(realm / "users")


def write(realm, data):
    path = realm / "users.accounts"
    path.write_bytes(data if isinstance(data, bytes) else json.dumps(data).encode())
    path.chmod(0o600)
    return path


def of_users(**users):
    return {"version": 1, "users": users}


class TestContent:
    def test_a_missing_one_names_nobody(self, realm, users):
        record = Accounts.read(users)
        assert (record.by_name, record.fault, record.file.exists) == ({}, None, False)
        assert record.usable() is record
        assert record.edited({}) is None

    def test_all_comes_back(self, realm, users):
        data = Accounts.none(users).edited({"bob": FULL, "al": Account(kept_hash="x")})
        write(realm, data)
        record = Accounts.read(users)
        assert record.by_name == {"al": Account(kept_hash="x"), "bob": FULL}
        assert record.edited({}) == data

    def test_what_says_nothing_goes(self, realm, users):
        write(realm, Accounts.none(users).edited({"bob": FULL}))
        record = Accounts.read(users)
        assert record.edited({"bob": None}) is None
        assert record.edited({"bob": Account(START)}) is None
        assert record.edited({"al": FULL, "bob": None}) == Accounts.none(users).edited({"al": FULL})

    def test_nothing_shows_a_hash(self, realm, users):
        assert CHEAP_HASH not in f"{FULL!r}{FULL}{Accounts.none(users)!r}"
        with pytest.raises(TypeError, match="hash"):
            pickle.dumps(FULL)

    @pytest.mark.parametrize(
        "data",
        [
            pytest.param(b"", id="nothing"),
            pytest.param(b"\xff", id="not UTF-8"),
            pytest.param(b"bob", id="no JSON"),
            pytest.param(b"[" * 100_000, id="nested deeply"),
            pytest.param([], id="a list"),
            pytest.param({"users": {}}, id="no version"),
            pytest.param({"version": True, "users": {}}, id="a version that is none"),
            pytest.param({"version": 2, "users": {}}, id="a later version"),
            pytest.param({"version": 1}, id="no users"),
            pytest.param({"version": 1, "users": ["bob"]}, id="users in a list"),
            pytest.param(of_users(bob=[]), id="an account that is a list"),
            pytest.param(of_users(bob=None), id="an account that is null"),
            pytest.param(of_users(bob={"new": 1}), id="an unknown key"),
            pytest.param(of_users(bob={"hash": 7}), id="a hash that is a number"),
            pytest.param(of_users(bob={"hash": ""}), id="an empty hash"),
            pytest.param(of_users(bob={"expires": MADE["expires"]}), id="a time that began never"),
            pytest.param(of_users(bob={"made": MADE["made"]}), id="a time that ends never"),
            pytest.param(of_users(bob={**MADE, "expires": "soon"}), id="no time"),
            pytest.param(of_users(bob={**MADE, "expires": "2026-06-01T12:00"}), id="no zone"),
            pytest.param(
                of_users(bob={**MADE, "made": "0001-01-01T00:00:00+10:00"}), id="no such year"
            ),
            pytest.param(of_users(bob={**MADE, "uptime": "1"}), id="an uptime that is text"),
            pytest.param(of_users(bob={**MADE, "uptime": True}), id="an uptime that is true"),
            pytest.param(of_users(bob={**MADE, "uptime": 10**400}), id="an endless uptime"),
            pytest.param(of_users(bob={**MADE, "emergency": 1}), id="an emergency that is 1"),
        ],
    )
    def test_malformed(self, realm, users, data):
        write(realm, data)
        record = Accounts.read(users)
        assert record.by_name == {}
        assert isinstance(record.fault, FileFormatError)
        assert record.fault.__context__ is record.fault.__cause__ is None
        with pytest.raises(FileFormatError, match=r"users.accounts.*if it is removed"):
            record.usable()

    def test_too_large(self, realm, users, monkeypatch):
        write(realm, b"x" * 100)
        monkeypatch.setattr("esfilerealm._storage.accounts.LARGEST_RECORD", 99)
        assert "at most [99]" in str(Accounts.read(users).fault)
        assert reading.LARGEST_RECORD == 2**26


class TestBelief:
    @root
    def test_of_a_stranger(self, realm, users):
        os.chown(write(realm, of_users(bob=MADE)), STRANGER, -1)
        fault = Accounts.read(users).fault
        assert isinstance(fault, FileAccessError)
        assert f"user [{STRANGER}]" in str(fault)

    @posix
    def test_one_that_others_could_have_written(self, realm, users):
        write(realm, of_users(bob=MADE)).chmod(0o606)
        (realm / "users").chmod(0o600)
        assert "0606" in str(Accounts.read(users).fault)

    @posix
    def test_a_link(self, realm, users):
        write(realm, of_users(bob=MADE)).rename(realm / "elsewhere")
        (realm / "users.accounts").symlink_to("elsewhere")
        assert "is a link" in str(Accounts.read(users).fault)

    @posix
    def test_any_file_by_a_second_name(self, realm, users, tmp_path):
        os.link(write(realm, of_users(bob=MADE)), tmp_path / "of another realm")
        assert "second name" in str(Accounts.read(users).fault)

    @posix
    def test_a_second_name_that_a_killed_writer_left(self, realm, users):
        os.link(write(realm, of_users(bob=MADE)), realm / "users.accounts.0123456789abcdef.tmp")
        assert set(Accounts.read(users).by_name) == {"bob"}

    def test_a_directory(self, realm, users):
        (realm / "users.accounts").mkdir()
        assert isinstance(Accounts.read(users).fault, FileAccessError | FilePermissionError)

    def test_readers_get_both_files_all_the_same(self, realm):
        write(realm, b"")
        files, record = RealmFolder(realm).read_with_accounts()
        assert b"bob:" in files.users.data
        assert isinstance(record.fault, FileFormatError)


def moment(wall, boot="a start", passed=None):
    """Return one so long after the time was set, by each of both clocks."""
    uptime = None if boot is None else 1000.0 + (wall if passed is None else passed)
    return Moment(START + timedelta(seconds=wall), boot, uptime)


ACCOUNT = Account(START, START + HOUR, False, "a start", 1000.0)
EMERGENCY = Account(START, START + HOUR, True, "a start", 1000.0)
BY_WALL_CLOCK = Account(START, START + HOUR, False)


class TestOver:
    @pytest.mark.parametrize(
        ("account", "at", "is_over"),
        [
            pytest.param(ACCOUNT, moment(0), False, id="at once"),
            pytest.param(ACCOUNT, moment(3599.9), False, id="just before"),
            pytest.param(ACCOUNT, moment(3600), True, id="then"),
            pytest.param(ACCOUNT, moment(9999), True, id="long after"),
            pytest.param(ACCOUNT, moment(3600, passed=10), True, id="the wall clock jumps on"),
            pytest.param(ACCOUNT, moment(-9999, passed=3600), True, id="it jumps back"),
            pytest.param(ACCOUNT, moment(-9999, passed=10), False, id="it jumps back, not yet"),
            pytest.param(ACCOUNT, moment(10, "another", 99999), False, id="another start"),
            pytest.param(ACCOUNT, moment(3600, "another", 1), True, id="another start, then"),
            pytest.param(ACCOUNT, moment(-10, "another", 1), False, id="nobody can tell"),
            pytest.param(EMERGENCY, moment(-10, "another", 1), True, id="emergency: nobody can"),
            pytest.param(EMERGENCY, moment(-10, None), True, id="emergency: no such clock"),
            pytest.param(EMERGENCY, moment(-10, passed=5), False, id="emergency: same start"),
            pytest.param(EMERGENCY, moment(10, "another", 1), False, id="emergency: later"),
            pytest.param(BY_WALL_CLOCK, moment(3599, None), False, id="one clock, before"),
            pytest.param(BY_WALL_CLOCK, moment(3600, None), True, id="one clock, then"),
            pytest.param(BY_WALL_CLOCK, moment(10, passed=9999), False, id="only one knew"),
            pytest.param(Account(kept_hash="x"), moment(9999), False, id="never"),
        ],
    )
    def test_the_earlier_clock_decides(self, realm, users, account, at, is_over):
        assert account.is_over(at) == is_over
        record = Accounts(Accounts.none(users).file, {"bob": account})
        assert record.due(at) == ({"bob"} if is_over else set())
