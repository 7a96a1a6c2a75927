"""
What the command reports is what becomes of both files, under the faults that once broke it.

Each case runs the command under ``strace``. An error means that the change does not count: the next
use of the directory leaves both files as before. Exit code 0 means that it is made. Files that are
half changed have a journal, by which every reader of this package sees them as before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from strace.tracing import Tracer, why_not
from support.hashes import CHEAP_HASH, SHA_HASH
from support.storing import contents

from esfilerealm import UsersTool
from esfilerealm.cli.exits import INTERRUPTED, IO, OK

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(300),
    pytest.mark.skipif(why_not() is not None, reason=str(why_not())),
]

NEW_PASSWORD = ("passwd", "al", "--hash", SHA_HASH)
NEW_USER = ("useradd", "bob", "--hash", CHEAP_HASH, "-r", "superuser")


class Realm:
    """A realm with one user, and the command under ``strace`` in it."""

    def __init__(self, place: Path) -> None:
        self.folder = place / "config"
        self._tracer = Tracer(place / "strace")
        UsersTool(self.folder).init()
        UsersTool(self.folder).useradd("al", password_hash=CHEAP_HASH, roles=["viewer"])
        self.before = contents(self.folder)

    def run(self, words, *injections):
        return self._tracer.run([*words, "-c", str(self.folder)], injections)[0]

    def number(self, words, name, is_meant):
        """Return the number of the last such call; the command changes nothing for good."""
        _, calls = self._tracer.trace([*words, "-c", str(self.folder)], calls=[name, "rename"])
        for file, data in self.before.items():
            (self.folder / file).write_bytes(data)
        return [c.number for c in calls if c.name == name and is_meant(c.text)][-1]

    def both(self):
        return {name: (self.folder / name).read_bytes() for name in ("users", "users_roles")}

    def is_as_before(self):
        return self.both() == {name: self.before[name] for name in ("users", "users_roles")}


@pytest.fixture
def realm(tmp_path):
    return Realm(tmp_path)


class TestErrorMeansTakenBack:
    @pytest.mark.parametrize("words", [NEW_PASSWORD, NEW_USER], ids=["one file", "two files"])
    @pytest.mark.parametrize("first", range(1, 9))
    @pytest.mark.parametrize("then", ["check", "recover", "useradd other"])
    def test_no_fsync_works_from_one_on(self, realm, words, first, then):
        """Not in the rollback either. What cannot be made durable is put back all the same."""
        ended = realm.run(words, f"fsync:error=EIO:when={first}+")
        assert ended.code in (OK, IO)
        is_made = ended.code == OK
        assert realm.is_as_before() != is_made
        if then == "check":
            realm.run(["check"])
        elif then == "recover":
            UsersTool(realm.folder).recover()
            assert set(contents(realm.folder)) == set(realm.before)
        else:
            UsersTool(realm.folder).useradd("other", password_hash=CHEAP_HASH)
            UsersTool(realm.folder).userdel("other")
        assert realm.is_as_before() != is_made

    @pytest.mark.parametrize("words", [NEW_PASSWORD, NEW_USER], ids=["one file", "two files"])
    def test_the_message_says_what_comes_next(self, realm, words):
        """And that is so: until then, `check` reports the journal, if there is one."""
        ended = realm.run(words, f"fsync:error=EIO:when={2 if words is NEW_PASSWORD else 6}+")
        assert ended.code == IO
        assert "it was rolled back, but the rollback is not durable yet" in ended.err
        assert "the next write or `esfilerealm recover` makes it durable" in ended.err
        found = UsersTool(realm.folder).check()
        assert [f.code for f in found] == ([] if words is NEW_PASSWORD else ["EFR121"])

    @pytest.mark.parametrize("words", [NEW_PASSWORD, NEW_USER], ids=["one file", "two files"])
    def test_no_descriptor_is_free_from_one_on(self, realm, words):
        last = realm.number(words, "openat", lambda text: "O_DIRECTORY" in text)
        for number in range(last - 3, last + 2):
            ended = realm.run(words, f"openat:error=EMFILE:when={number}+")
            UsersTool(realm.folder).check()
            assert realm.is_as_before() == (ended.code != OK)
            for file, data in realm.before.items():
                (realm.folder / file).write_bytes(data)

    @pytest.mark.parametrize("first", range(1, 6))
    def test_no_rename_works_from_one_on(self, realm, first):
        ended = realm.run(NEW_USER, f"rename:error=EROFS:when={first}+")
        assert ended.code in (OK, IO)
        UsersTool(realm.folder).recover()
        assert realm.is_as_before() == (ended.code != OK)


class TestInterrupt:
    @pytest.mark.parametrize("second", ["KILL", "INT"])
    @pytest.mark.parametrize("at", range(4, 13))
    def test_while_the_journal_goes_and_once_more(self, realm, at, second):
        """The files are not half way, or a journal says so."""
        realm.run(NEW_USER, "rename:signal=INT:when=4", f"fsync:signal={second}:when={at}")
        has_journal = (realm.folder / "users.journal").exists()
        users = UsersTool(realm.folder).list_users()
        assert users in ({"al": ("viewer",)}, {"al": ("viewer",), "bob": ("superuser",)})
        if has_journal:
            assert "bob" not in users
            assert UsersTool(realm.folder).recover().outcome == "rolled_back"
            assert realm.is_as_before()
        else:
            assert (b"bob" in realm.both()["users"]) == (b"bob" in realm.both()["users_roles"])
        UsersTool(realm.folder).recover()
        assert set(contents(realm.folder)) == set(realm.before)
        assert UsersTool(realm.folder).list_users() == users

    def test_once_the_journal_is_gone_the_change_is_made(self, realm):
        ended = realm.run(NEW_USER, "rename:signal=INT:when=4")
        assert ended.code == INTERRUPTED
        assert "both files may have changed" in ended.err
        assert UsersTool(realm.folder).list_users()["bob"] == ("superuser",)


class TestAfterTheChange:
    """What fails once a change is made is a warning: the change stays."""

    @pytest.mark.parametrize("words", [NEW_PASSWORD, NEW_USER], ids=["one file", "two files"])
    @pytest.mark.parametrize("when", ["2", "2+"])
    def test_releasing_the_lock(self, realm, words, when):
        ended = realm.run(words, f"flock:error=EIO:when={when}")
        assert ended.code == OK
        assert "releasing the write lock failed (Input/output error)" in ended.err
        assert not realm.is_as_before()

    @pytest.mark.parametrize("words", [NEW_PASSWORD, NEW_USER], ids=["one file", "two files"])
    def test_removing_what_is_left(self, realm, words):
        ended = realm.run(words, "unlink:error=EIO:when=1+")
        assert ended.code == OK
        assert not realm.is_as_before()
        UsersTool(realm.folder).recover()
        assert set(contents(realm.folder)) == set(realm.before)
        assert not realm.is_as_before()
