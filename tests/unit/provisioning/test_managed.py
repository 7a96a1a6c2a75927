"""The list of users that provisioning created, and the purge that uses it."""

from __future__ import annotations

import errno
import hashlib
import json
import os

import pytest
from support.hashes import CHEAP_HASH
from support.storing import STRANGER, refusing, root, statuses
from unit.provisioning.kit import NEW, NEW_HASH, check_apply_again, desired

from esfilerealm import UsersTool
from esfilerealm._storage import RealmFolder, system
from esfilerealm._storage.managed import ManagedUsers
from esfilerealm.errors import FileAccessError, FileFormatError, FileRealmError, PlanOutdatedError
from esfilerealm.provisioning import (
    RemoveUser,
    SetManaged,
    apply,
    ensure_absent,
    ensure_user,
    plan,
    rehearse,
)

JANE = {"name": "jane", "password": NEW}
BOB = {"name": "bob"}


def managed(realm):
    """Return the names in the list, or None if there is none."""
    path = realm / "users.managed"
    return json.loads(path.read_bytes())["users"] if path.exists() else None


def diff_of(realm, wanted, **how):
    text = check_apply_again(realm, wanted, **how).diff()
    return text.replace(str(realm), "{}").splitlines()


UNUSABLE = pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="0 bytes"),
        pytest.param(b"\n", id="a line end"),
        pytest.param(b"jane\n", id="no JSON"),
        pytest.param(b'{"version": 1, "users": ["jane"]', id="torn"),
        pytest.param(b"\xff", id="not UTF-8"),
        pytest.param(b"[]", id="a list"),
        pytest.param(b"null", id="null"),
        pytest.param(b'"jane"', id="text"),
        pytest.param(b"{}", id="an empty mapping"),
        pytest.param(b'{"version": 1}', id="no users"),
        pytest.param(b'{"users": ["jane"]}', id="no version"),
        pytest.param(b'{"version": 1, "users": "jane"}', id="users are text"),
        pytest.param(b'{"version": 1, "users": {"jane": 1}}', id="users are a mapping"),
        pytest.param(b'{"version": 1, "users": [7]}', id="a user is a number"),
        pytest.param(b'{"version": 1, "users": [null]}', id="a user is null"),
        pytest.param(b'{"version": 2, "users": ["jane"]}', id="a later version"),
        pytest.param(b'{"version": "1", "users": []}', id="a version that is text"),
        pytest.param(b"[" * 100_000, id="nested deeply"),
        pytest.param(b'{"version": ' + b"9" * 5000 + b"}", id="a long number"),
    ],
)


def digest(data):
    return hashlib.sha256(data).hexdigest()


class TestPurge:
    def test_it_removes_only_users_that_it_created(self, realm):
        assert diff_of(realm, desired(BOB, JANE, purge="managed")) == [
            "+ jane: -",
            "~ [{}/users.managed]: +jane",
        ]
        assert managed(realm) == ["jane"]
        assert diff_of(realm, desired(BOB, purge="managed")) == [
            "- jane (purged)",
            "~ [{}/users.managed]: -jane",
        ]
        assert set(UsersTool(realm).list_users()) == {"bob", "al", "ops-1"}
        assert managed(realm) == []

    def test_who_was_there_before_is_not_made_by_it(self, realm):
        diff_of(realm, desired({"name": "al", "password": NEW, "roles": ["a"]}, purge="managed"))
        assert diff_of(realm, desired(BOB, purge="managed")) == []
        assert "al" in UsersTool(realm).list_users()

    def test_protected_names_stay(self, realm, set_managed):
        set_managed("al", "ops-1")
        wanted = desired(BOB, purge="managed", protect=["ops-*"])
        assert diff_of(realm, wanted) == ["- al (purged)", "~ [{}/users.managed]: -al"]
        assert managed(realm) == ["ops-1"]

    @pytest.mark.parametrize("purge", [None, "none", "all"])
    def test_another_purge_lists_nobody(self, realm, purge):
        diff_of(realm, desired(BOB, JANE, purge=purge, protect=["ghost"]))
        assert managed(realm) is None

    @pytest.mark.parametrize(
        "wanted",
        [
            desired({"name": "al", "state": "absent"}),
            desired(BOB, {"name": "al", "state": "absent"}, purge="managed", protect=["ops-1"]),
            desired(BOB, purge="all", protect=["ops-1", "ghost"]),
        ],
        ids=["absent", "absent, managed", "all"],
    )
    def test_who_goes_leaves_the_list_whatever_the_reason(self, realm, set_managed, wanted):
        set_managed("al", "ops-1")
        assert diff_of(realm, wanted)[-1] == "~ [{}/users.managed]: -al"
        assert managed(realm) == ["ops-1"]

    def test_who_went_by_hand_is_forgotten(self, realm, set_managed):
        set_managed("al", "gone")
        wanted = desired(BOB, {"name": "al"}, purge="managed")
        assert diff_of(realm, wanted) == ["~ [{}/users.managed]: -gone"]
        assert managed(realm) == ["al"]

    def test_who_comes_and_is_listed_already_is_no_change_of_the_list(self, realm, set_managed):
        set_managed("al", "jane")
        before = statuses(realm)["users.managed"]
        assert diff_of(realm, desired(BOB, JANE, {"name": "al"}, purge="managed")) == ["+ jane: -"]
        assert statuses(realm)["users.managed"] == before
        assert diff_of(realm, desired(BOB, {"name": "al"}, purge="managed")) == [
            "- jane (purged)",
            "~ [{}/users.managed]: -jane",
        ]

    @pytest.mark.parametrize(
        "wanted",
        [
            desired({**BOB, "password": NEW}, purge="managed"),
            desired(BOB, {"name": "al", "state": "absent"}, purge="managed"),
            desired(BOB, purge="managed", attributes={"mode": "0600"}),
        ],
        ids=["password", "absent", "attributes"],
    )
    def test_an_empty_list_is_not_created(self, realm, wanted):
        assert diff_of(realm, wanted)
        assert managed(realm) is None

    def test_a_change_by_another_program_keeps_the_list(self, realm, set_managed):
        set_managed("al", "gone")
        before = (realm / "users.managed").stat()
        assert diff_of(realm, desired({**BOB, "roles": ["a"]}, purge="none"))
        assert (realm / "users.managed").stat() == before


class TestOtherWrites:
    """Users who are added or removed without a purge of managed users are not on the list."""

    @pytest.fixture
    def tool(self, realm, set_managed):
        """Of a realm where provisioning has made jane."""
        set_managed("al")
        apply(plan(realm, desired(BOB, JANE, {"name": "al"}, purge="managed")), keep=2)
        assert managed(realm) == ["al", "jane"]
        return UsersTool(realm)

    def assert_jane_is_nobody_s(self, realm):
        assert managed(realm) == ["al"]
        assert "jane" in UsersTool(realm).list_users()
        assert diff_of(realm, desired(BOB, {"name": "al"}, purge="managed")) == []

    def assert_told(self, result, realm, before):
        told = result.managed
        assert told.path == str(realm / "users.managed")
        data = (realm / "users.managed").read_bytes()
        assert (told.changed, told.before, told.after) == (True, digest(before), digest(data))
        assert result.to_dict()["managed"]["changed"] is True

    def test_gone_and_back_by_hand(self, realm, tool):
        before = (realm / "users.managed").read_bytes()
        self.assert_told(tool.userdel("jane"), realm, before)
        assert managed(realm) == ["al"]
        assert tool.useradd("jane", password_hash=NEW_HASH).managed is None
        self.assert_jane_is_nobody_s(realm)

    def test_a_user_removed_and_added_in_one_transaction_is_not_new(self, realm, tool):
        with tool.transaction() as transaction:
            transaction.userdel("jane")
            transaction.useradd("jane", password_hash=NEW_HASH)
        assert managed(realm) == ["al", "jane"]

    def test_purged_and_back_by_hand(self, realm, tool):
        diff_of(realm, desired(BOB, {"name": "al"}, purge="managed"))
        tool.useradd("jane", password_hash=NEW_HASH)
        self.assert_jane_is_nobody_s(realm)

    def test_gone_from_the_file_and_back_by_hand(self, realm, tool):
        """Another program has removed her, and the list does not know it."""
        path = realm / "users"
        lines = path.read_bytes().splitlines(keepends=True)
        path.write_bytes(b"".join(line for line in lines if not line.startswith(b"jane:")))
        before = (realm / "users.managed").read_bytes()
        self.assert_told(tool.useradd("jane", password_hash=NEW_HASH), realm, before)
        self.assert_jane_is_nobody_s(realm)

    def test_an_undo_of_an_added_user(self, realm, tool):
        before = (realm / "users.managed").read_bytes()
        self.assert_told(tool.undo(), realm, before)
        assert "jane" not in tool.list_users()
        assert managed(realm) == ["al"]
        assert tool.undo().managed is None
        self.assert_jane_is_nobody_s(realm)

    def test_an_undo_of_a_removed_user(self, realm, tool):
        apply(plan(realm, desired(BOB, {"name": "al"}, purge="managed")))
        assert managed(realm) == ["al"]
        assert tool.undo().managed is None
        self.assert_jane_is_nobody_s(realm)

    def test_an_undo_of_a_removed_user_who_was_not_listed(self, realm, tool, set_managed):
        tool.userdel("jane")
        set_managed("al", "jane")
        before = (realm / "users.managed").read_bytes()
        self.assert_told(tool.undo(), realm, before)
        self.assert_jane_is_nobody_s(realm)

    def test_changes_that_add_and_remove_nobody(self, realm, tool):
        before = statuses(realm)["users.managed"]
        results = [
            tool.passwd("jane", password_hash=CHEAP_HASH),
            tool.roles("jane", add=["a"]).write,
            tool.userdel("bob"),
            tool.useradd("zoe", password_hash=NEW_HASH),
            tool.undo(),
        ]
        assert [result.managed for result in results] == [None] * 5
        assert statuses(realm)["users.managed"] == before

    def test_a_dry_run(self, realm, tool):
        before = statuses(realm)
        result = UsersTool(realm, dry_run=True).userdel("jane")
        assert result.managed.changed
        assert statuses(realm) == before

    def test_a_failed_write_keeps_the_list(self, realm, tool):
        before = statuses(realm)
        with pytest.raises(ZeroDivisionError), tool.transaction() as transaction:
            transaction.userdel("jane")
            1 / 0  # noqa: B018
        assert statuses(realm) == before

    @pytest.mark.parametrize("purge", [None, "none", "all"])
    def test_another_purge(self, realm, tool, purge):
        """It tells what becomes of the list, of who goes and of who comes."""
        everybody = [BOB, {"name": "al"}, {"name": "ops-1"}]
        absent = {"name": "jane", "state": "absent"}
        line = "~ [{}/users.managed]: -jane"
        assert diff_of(realm, desired(*everybody, absent, purge=purge, protect=["ghost"])) == [
            "- jane",
            line,
        ]
        assert diff_of(realm, desired(*everybody, JANE, purge=purge, protect=["ghost"])) == [
            "+ jane: -"
        ]
        self.assert_jane_is_nobody_s(realm)

    @pytest.mark.parametrize("purge", [None, "none", "all"])
    def test_another_purge_of_a_listed_user_who_is_added(self, realm, set_managed, purge):
        set_managed("al", "jane")
        wanted = desired(
            BOB, JANE, {"name": "al"}, {"name": "ops-1"}, purge=purge, protect=["ghost"]
        )
        planned = plan(realm, wanted)
        path = str(realm / "users.managed")
        assert planned.changes[1:] == (SetManaged(path, (), ("jane",)),)
        assert diff_of(realm, wanted) == ["+ jane: -", "~ [{}/users.managed]: -jane"]
        self.assert_jane_is_nobody_s(realm)

    def test_one_line(self, realm, tool):
        before = (realm / "users.managed").read_bytes()
        self.assert_told(ensure_absent(realm, "jane").result, realm, before)
        assert ensure_user(realm, "jane", password=NEW).result.managed is None
        self.assert_jane_is_nobody_s(realm)


class TestFile:
    def read(self, realm):
        return ManagedUsers.read(str(realm / "users"))

    def test_a_missing_list_is_empty(self, realm):
        assert self.read(realm).names == frozenset()

    def test_its_content(self, realm):
        apply(plan(realm, desired(BOB, JANE, {**JANE, "name": "ann"}, purge="managed")))
        text = (realm / "users.managed").read_text()
        assert json.loads(text) == {"version": 1, "users": ["ann", "jane"]}
        assert text.endswith("}\n")
        assert self.read(realm).names == {"ann", "jane"}

    def test_its_bytes_stay_if_the_names_do(self, realm):
        (realm / "users.managed").write_text('{"users":["b","a"],"version":1}')
        file = self.read(realm)
        assert file.edited(["a"], ["c"]) == file.file.data
        assert json.loads(file.edited(["c"], ["a"])) == {"version": 1, "users": ["b", "c"]}

    def test_who_comes_and_goes_at_once_goes(self, realm):
        assert json.loads(self.read(realm).edited(["a", "b"], ["b"]))["users"] == ["a"]

    def test_it_keeps_its_mode(self, realm, set_managed):
        set_managed("gone")
        (realm / "users.managed").chmod(0o604)
        apply(plan(realm, desired(BOB, purge="managed")))
        assert (realm / "users.managed").stat().st_mode & 0o777 == 0o604

    def test_a_new_one_has_the_mode_of_users(self, realm):
        (realm / "users").chmod(0o604)
        apply(plan(realm, desired(BOB, JANE, purge="managed")))
        assert (realm / "users.managed").stat().st_mode & 0o777 == 0o604

    @root
    def test_a_new_one_has_owner_and_group_of_users(self, realm):
        os.chown(realm / "users", STRANGER, STRANGER + 1)
        apply(plan(realm, desired(BOB, JANE, purge="managed")))
        status = (realm / "users.managed").stat()
        assert (status.st_uid, status.st_gid) == (STRANGER, STRANGER + 1)
        assert self.read(realm).names == {"jane"}

    @UNUSABLE
    def test_one_that_is_not_ours(self, realm, data):
        (realm / "users.managed").write_bytes(data)
        before = statuses(realm)
        with pytest.raises(
            FileFormatError, match=r"users\.managed\], line \[1\]: it is not a list"
        ):
            plan(realm, desired(BOB, JANE, purge="managed"))
        assert statuses(realm) == before

    @UNUSABLE
    def test_one_that_is_not_ours_is_left_alone_by_all_others(self, realm, data):
        (realm / "users.managed").write_bytes(data)
        self.assert_ignored(realm)

    @root
    def test_one_of_another_user_is_left_alone_by_all_others(self, realm, set_managed):
        set_managed("jane", "al", "ops-1")
        os.chown(realm / "users.managed", STRANGER, -1)
        self.assert_ignored(realm)

    def assert_ignored(self, realm):
        """Other ways to add and remove users do not change it."""
        tool, before = UsersTool(realm, keep=2), statuses(realm)["users.managed"]
        al = {"name": "al", "state": "absent"}
        assert diff_of(realm, desired(BOB, JANE, al)) == ["+ jane: -", "- al"]
        results = [
            ensure_absent(realm, "jane").result,
            tool.useradd("jane", password_hash=NEW_HASH),
            tool.userdel("jane"),
            tool.undo(),
        ]
        assert [(result.changed, result.managed) for result in results] == [(True, None)] * 4
        assert diff_of(realm, desired(BOB, JANE, purge="all", protect=["ghost"])) == [
            "- ops-1 (purged)"
        ]
        assert statuses(realm)["users.managed"] == before
        assert set(tool.list_users()) == {"bob", "jane"}

    def test_one_that_is_spoilt_after_the_plan(self, realm):
        planned = plan(realm, desired(BOB, JANE, purge="managed"))
        (realm / "users.managed").touch()
        before = statuses(realm)
        with pytest.raises(FileFormatError):
            apply(planned)
        assert {n: i for n, i in statuses(realm).items() if n in before} == before

    def test_one_that_changed_since_the_plan(self, realm, set_managed):
        set_managed("al")
        planned = plan(realm, desired(BOB, JANE, {"name": "al"}, purge="managed"))
        set_managed("al", "ops-1")
        before = statuses(realm)
        for act in (apply, rehearse):
            with pytest.raises(PlanOutdatedError) as caught:
                act(planned)
            assert caught.value.path == str(realm / "users.managed")
        assert statuses(realm) == before
        again = apply(planned, replan=True)
        assert RemoveUser("ops-1", "purge") in again.changes
        assert managed(realm) == ["al", "jane"]

    @pytest.mark.parametrize("change", ["comes", "goes", "changes"])
    def test_one_that_changes_while_passwords_are_hashed(
        self, realm, set_managed, monkeypatch, change
    ):
        """It is looked at again under the lock, where nobody can change it any more."""
        path, original = realm / "users.managed", RealmFolder.locked

        def access(*args):
            path.unlink() if change == "goes" else set_managed("ops-1")
            return original(*args)

        if change != "comes":
            set_managed("al")
        planned = plan(realm, desired(BOB, JANE, {"name": "al"}, purge="managed"))
        monkeypatch.setattr(RealmFolder, "locked", access)
        with pytest.raises(PlanOutdatedError, match=r"users\.managed"):
            apply(planned)
        assert "jane" not in UsersTool(realm).list_users()

    @pytest.mark.parametrize("purge", [None, "none", "all"])
    def test_another_purge_does_not_depend_on_it(self, realm, set_managed, purge):
        others = ({"name": "al"}, {"name": "ops-1"})
        planned = plan(realm, desired(BOB, JANE, *others, purge=purge, protect=["ghost"]))
        set_managed("al")
        assert apply(planned).changed

    def test_an_empty_list_that_is_missing_is_not_created(self, realm):
        """Whatever is asked, unless the plan says it."""
        assert self.read(realm).edited([], ["jane"]) == b""
        with UsersTool(realm).transaction() as change:
            change.useradd("zoe", password_hash=NEW_HASH)
            change.set_managed([], ["zoe", "ghost"])
        assert not change.result.managed.changed
        assert managed(realm) is None

    def test_who_goes_and_comes_in_one_transaction_is_listed(self, realm, set_managed):
        """Whom a transaction lists stays on the list, though it has come by it."""
        set_managed("al")
        with UsersTool(realm).transaction() as change:
            change.useradd("zoe", password_hash=NEW_HASH)
            change.useradd("ann", password_hash=NEW_HASH)
            change.userdel("al")
            change.set_managed(["zoe"], [])
        assert managed(realm) == ["zoe"]

    def test_it_gets_the_mode_that_is_asked_for(self, realm):
        wanted = desired(BOB, JANE, purge="managed", attributes={"mode": "0604"})
        apply(plan(realm, wanted))
        names = ("users", "users_roles", "users.managed")
        assert [(realm / name).stat().st_mode & 0o777 for name in names] == [0o604] * 3

    def test_one_that_is_there_gets_it_too(self, realm, set_managed):
        set_managed("gone")
        (realm / "users.managed").chmod(0o600)
        apply(plan(realm, desired(BOB, purge="managed", attributes={"mode": "0604"})))
        assert (realm / "users.managed").stat().st_mode & 0o777 == 0o604

    @root
    def test_it_gets_owner_and_group_that_are_asked_for(self, realm, set_managed):
        set_managed("al")
        wish = {"owner": STRANGER, "group": STRANGER + 1}
        apply(plan(realm, desired(BOB, JANE, {"name": "al"}, purge="managed", attributes=wish)))
        status = (realm / "users.managed").stat()
        assert (status.st_uid, status.st_gid) == (STRANGER, STRANGER + 1)
        assert self.read(realm).names == {"al", "jane"}

    @root
    def test_an_owner_that_cannot_be_set_is_no_error(self, realm, set_managed):
        """Both files have it already; the list does not, and who writes may not give it away."""
        set_managed("al")
        asked = {"owner": STRANGER}
        for name in ("users", "users_roles"):
            os.chown(realm / name, STRANGER, -1)
        planned = plan(realm, desired(BOB, JANE, {"name": "al"}, purge="managed", attributes=asked))
        refused = refusing(errno.EPERM)

        def fchown(descriptor, *args):
            path = os.readlink(f"/proc/self/fd/{descriptor}")
            return (refused if "managed" in path else os.fchown)(descriptor, *args)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(system, "fchown", fchown)
            assert apply(planned).changed
        assert managed(realm) == ["al", "jane"]

    @root
    def test_one_of_another_user(self, realm, set_managed):
        set_managed("al")
        os.chown(realm / "users.managed", STRANGER, -1)
        reason = rf"it is from user \[{STRANGER}\], who does not own .*users\]: remove it"
        with pytest.raises(FileAccessError, match=reason):
            plan(realm, desired(BOB, purge="managed"))

    @root
    @pytest.mark.parametrize("owned", [".", "users"])
    def test_one_of_who_owns_the_realm(self, realm, set_managed, owned):
        set_managed("al")
        for path in (realm / "users.managed", realm / owned):
            os.chown(path, STRANGER, -1)
        assert self.read(realm).names == {"al"}

    @pytest.mark.parametrize("kind", ["link", "folder", "pipe"])
    def test_something_else_in_its_place(self, realm, kind):
        path = realm / "users.managed"
        {
            "link": lambda: path.symlink_to("users"),
            "folder": path.mkdir,
            "pipe": lambda: os.mkfifo(path),
        }[kind]()
        with pytest.raises(FileRealmError, match=r"users\.managed"):
            plan(realm, desired(BOB, purge="managed"))
        assert apply(plan(realm, desired(BOB, {"name": "al", "state": "absent"}))).changed
        assert UsersTool(realm).userdel("bob").managed is None
        assert path.is_symlink() == (kind == "link")

    def test_it_is_beside_the_real_file(self, realm):
        (realm / "other").mkdir()
        (realm / "users").rename(realm / "other" / "real")
        (realm / "users").symlink_to("other/real")
        apply(plan(realm, desired(BOB, JANE, purge="managed")))
        assert (realm / "other" / "real.managed").exists()
