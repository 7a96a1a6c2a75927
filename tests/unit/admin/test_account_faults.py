"""A record that cannot be used: no reason not to write what does not depend on it."""

from __future__ import annotations

import errno
import os
from datetime import timedelta

import pytest
from crash.kit import intercepted
from crash.layouts import LAYOUTS, acting, lay_out, need
from crash.processes import open_place
from crash.scenarios import realm as lay_a_realm
from support.hashes import CHEAP_HASH, SHA_HASH
from support.storing import contents, posix, root

from esfilerealm import UsersTool
from esfilerealm.errors import FileAccessError, FileFormatError, FilePermissionError
from esfilerealm.hashing import locked_hash

HOUR = timedelta(hours=1)

#: Verbs that can do without the record.
INDEPENDENT = {
    "useradd": lambda tool: tool.useradd("new", password_hash=SHA_HASH, roles=["viewer"]),
    "userdel": lambda tool: tool.userdel("bob"),
    "passwd": lambda tool: tool.passwd("bob", password_hash=SHA_HASH),
    "roles": lambda tool: tool.roles("bob", add=["fresh"]).write,
    "unlock, not locked": lambda tool: tool.unlock("bob"),
}

#: Verbs that cannot.
DEPENDENT = {
    "useradd, expires": lambda tool: tool.useradd("new", password_hash=SHA_HASH, expires=HOUR),
    "lock": lambda tool: tool.lock("bob"),
    "unlock": lambda tool: tool.unlock("locked"),
    "passwd": lambda tool: tool.passwd("locked", password_hash=SHA_HASH),
    "expire": lambda tool: tool.expire("bob", HOUR),
    "expire, never": lambda tool: tool.expire("bob", None),
    "sweep": lambda tool: tool.sweep(),
}


@pytest.fixture(params=["malformed", "a directory"])
def broken(request, realm):
    """A realm with a locked user and a record that nobody can use."""
    UsersTool(realm).useradd("locked", password_hash=locked_hash())
    path = realm / "users.accounts"
    if request.param == "malformed":
        path.write_text("{")
    else:
        path.mkdir()
    return realm


def both(realm):
    return {name: (realm / name).read_bytes() for name in ("users", "users_roles")}


@pytest.mark.parametrize("verb", INDEPENDENT)
def test_what_can_do_without_it(broken, verb):
    result = INDEPENDENT[verb](UsersTool(broken))
    assert result.accounts is None
    [remark] = [text for text in result.remarks if "users.accounts" in text]
    assert remark.startswith("users whose time is over, if there are any, stay: ")
    assert bool(result) == (verb != "unlock, not locked")


@pytest.mark.parametrize("dry_run", [False, True], ids=["", "dry run"])
@pytest.mark.parametrize("verb", DEPENDENT)
def test_what_cannot(broken, verb, dry_run):
    before = both(broken)
    with pytest.raises((FileFormatError, FileAccessError), match=r"users\.accounts\]"):
        DEPENDENT[verb](UsersTool(broken, dry_run=dry_run))
    assert both(broken) == before


def test_reading_goes_on(broken):
    tool = UsersTool(broken)
    assert set(tool.list_users()) == {"bob", "al", "locked"}
    assert {name: state.is_locked for name, state in tool.accounts().items()} == {"locked": True}


def test_an_undo_goes_on(realm):
    tool = UsersTool(realm, keep=1)
    tool.lock("bob")
    (realm / "users.accounts").write_text("{")
    assert tool.undo().changes.unlocked == ("bob",)


def test_once_it_is_removed_all_is_well(broken):
    path = broken / "users.accounts"
    path.rmdir() if path.is_dir() else path.unlink()
    tool = UsersTool(broken)
    tool.passwd("locked", password_hash=SHA_HASH)
    assert tool.unlock("locked").changes.unlocked == ("locked",)


@posix
@root
class TestSharedDirectories:
    """Writers of several users, where the record belongs to the last of them."""

    @pytest.fixture
    def shared(self):
        layout = LAYOUTS["OpenShift"]
        for writer in layout.writers:
            need(*writer)
        with open_place() as place:
            lay_a_realm(place / "config")
            lay_out(place / "config", layout)
            yield place / "config", layout.writers

    def test_the_next_writer_is_told_and_not_kept_from_writing(self, shared):
        folder, (first, second, *_, super_user) = shared
        acting(*first, lambda: bool(UsersTool(folder).lock("bob")))
        assert (folder / "users.accounts").stat().st_uid == first[0]
        assert (folder / "users.accounts").stat().st_mode & 0o777 == 0o600
        remarks = acting(*second, lambda: UsersTool(folder).roles("al", add=["x"]).write.remarks)
        assert "users.accounts" in remarks[-1]
        states = acting(*second, lambda: dict(UsersTool(folder).accounts()))
        assert states["bob"].is_locked
        with pytest.raises(FilePermissionError, match=r"users\.accounts"):
            acting(*second, lambda: UsersTool(folder).unlock("bob"))
        acting(*super_user, lambda: bool(UsersTool(folder).unlock("bob")))
        assert f"bob:{CHEAP_HASH}" in (folder / "users").read_text()

    def test_what_root_writes_belongs_to_the_owner_of_users(self, shared):
        folder, (first, *_) = shared
        os.chown(folder / "users", first[0], 0)
        UsersTool(folder).lock("bob")
        status = (folder / "users.accounts").stat()
        assert (status.st_uid, status.st_mode & 0o777) == (first[0], 0o600)
        assert acting(*first, lambda: bool(UsersTool(folder).unlock("bob")))


class FailWhenGone:
    """Fails the first fsync after the record is removed."""

    def __init__(self, record):
        self.record = str(record)
        self.is_next = False

    def __call__(self, call):
        if call.name == "fsync" and self.is_next:
            self.is_next = False
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        self.is_next = self.is_next or (call.name, call.args[:1]) == ("unlink", (self.record,))
        return call.make()


def test_a_record_that_could_not_be_removed_is_back_at_once(realm):
    tool = UsersTool(realm)
    tool.expire("bob", HOUR)
    before = contents(realm)
    with (
        pytest.raises(FileAccessError, match=r"^cannot use \[[^]]*\]: [^;]*$"),
        intercepted(FailWhenGone(realm / "users.accounts")),
    ):
        tool.expire("bob", None)
    assert contents(realm) == before
