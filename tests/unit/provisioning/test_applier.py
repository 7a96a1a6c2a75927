"""Applying a plan to the files that it was made from, or not at all."""

from __future__ import annotations

import errno
import subprocess
import sys
import threading

import pytest
from support.hashes import CHEAP_HASH
from support.storing import OTHER_HASH, statuses
from unit.provisioning.kit import NEW, OLD, State, assert_predicted, desired

from esfilerealm import UsersTool
from esfilerealm._storage import RealmFolder
from esfilerealm._storage.change import Move
from esfilerealm._storage.lock import write_lock
from esfilerealm.errors import (
    FileAccessError,
    FileChangedError,
    LockTimeoutError,
    PlanOutdatedError,
    UnsafePlanError,
    UserNotFoundError,
)
from esfilerealm.hashing.policy import Policy
from esfilerealm.provisioning import (
    AddUser,
    RemoveUser,
    SetManaged,
    apply,
    ensure_absent,
    ensure_user,
    plan,
)

TWO_NEW = desired(
    {"name": "jane", "password": NEW, "roles": ["viewer"]}, {"name": "zoe", "password": OLD}
)


@pytest.fixture
def hashed(monkeypatch):
    """The passwords that were hashed, in order."""
    passwords = []
    original = Policy.hash

    def hash(self, password):
        passwords.append(password)
        return original(self, password)

    monkeypatch.setattr(Policy, "hash", hash)
    return passwords


@pytest.fixture
def before_the_lock(monkeypatch):
    """Act before the write lock is taken: one action each time, then always the last one."""

    def prepare(*acts):
        waiting = list(acts)
        original = RealmFolder.locked

        def access(*args):
            act = waiting[0] if len(waiting) == 1 else waiting.pop(0)
            with monkeypatch.context() as patch:
                patch.setattr(RealmFolder, "locked", original)
                act()
            return original(*args)

        monkeypatch.setattr(RealmFolder, "locked", access)

    return prepare


def change_users(realm):
    with (realm / "users").open("a") as file:
        file.write("# by hand\n")


def change_users_roles(realm):
    with (realm / "users_roles").open("a") as file:
        file.write("# by hand\n")


def remove_users_roles(realm):
    (realm / "users_roles").unlink()


def rewrite_at_the_same_size(realm):
    path = realm / "users"
    path.write_bytes(path.read_bytes().replace(b"# people", b"# PEOPLE"))


CHANGES = pytest.mark.parametrize(
    ("change", "name"),
    [
        (change_users, "users"),
        (change_users_roles, "users_roles"),
        (remove_users_roles, "users_roles"),
        (rewrite_at_the_same_size, "users"),
    ],
)


class TestOutdated:
    @CHANGES
    def test_files_that_changed_since_the_plan(self, realm, change, name):
        planned = plan(realm, TWO_NEW)
        change(realm)
        before = statuses(realm)
        with pytest.raises(PlanOutdatedError) as caught:
            apply(planned)
        assert caught.value.path == str(realm / name)
        assert statuses(realm) == before

    @CHANGES
    def test_files_that_change_while_passwords_are_hashed(
        self, realm, before_the_lock, change, name
    ):
        planned = plan(realm, TWO_NEW)
        before_the_lock(lambda: change(realm))
        with pytest.raises(PlanOutdatedError) as caught:
            apply(planned)
        assert caught.value.path == str(realm / name)
        assert "jane" not in UsersTool(realm).list_users()
        assert not (realm / "users.journal").exists()

    def test_a_file_that_another_process_changes_before_the_lock(self, realm, before_the_lock):
        words = ["-m", "esfilerealm", "-c", str(realm), "roles", "bob", "-a", "late"]
        before_the_lock(lambda: subprocess.run([sys.executable, *words], check=True))
        with pytest.raises(PlanOutdatedError):
            apply(plan(realm, TWO_NEW))
        assert set(UsersTool(realm).list_users()) == {"bob", "al", "ops-1"}
        assert "late" in UsersTool(realm).list_users()["bob"]

    def test_a_file_that_appears(self, realm):
        (realm / "users_roles").unlink()
        planned = plan(realm, TWO_NEW)
        (realm / "users_roles").touch()
        with pytest.raises(PlanOutdatedError):
            apply(planned)

    def test_a_touch_is_no_change(self, realm):
        planned = plan(realm, TWO_NEW)
        for name in ("users", "users_roles"):
            data = (realm / name).read_bytes()
            (realm / name).unlink()
            (realm / name).write_bytes(data)
        assert apply(planned).changed

    def test_a_plan_is_used_once(self, realm):
        planned = plan(realm, TWO_NEW)
        apply(planned)
        before = statuses(realm)
        with pytest.raises(PlanOutdatedError):
            apply(planned)
        assert statuses(realm) == before

    def test_an_outdated_plan_is_not_tried_again(self, realm, monkeypatch):
        made = []

        def tool(*args, **options):
            made.append(1)
            return UsersTool(*args, **options)

        planned = plan(realm, TWO_NEW)
        change_users(realm)
        monkeypatch.setattr("esfilerealm.provisioning.applier.UsersTool", tool)
        with pytest.raises(PlanOutdatedError):
            apply(planned)
        assert len(made) == 1

    def test_a_plan_that_changes_nothing_is_outdated_too(self, realm):
        planned = plan(realm, desired({"name": "bob"}))
        change_users(realm)
        with pytest.raises(PlanOutdatedError):
            apply(planned)


class TestReplan:
    def test_the_new_plan_is_applied_and_returned(self, realm):
        planned = plan(
            realm, desired({"name": "bob", "roles": ["a"]}, {"name": "al", "state": "absent"})
        )
        UsersTool(realm).roles("bob", add=["a"])
        UsersTool(realm).userdel("al")
        before = State.of(realm)
        applied = apply(planned, replan=True)
        assert applied.diff() == "~ bob: roles -viewer -admin"
        assert_predicted(before, applied, State.of(realm))

    def test_nothing_is_hashed_twice(self, realm, hashed, before_the_lock):
        planned = plan(realm, TWO_NEW)
        before_the_lock(
            lambda: change_users(realm), lambda: change_users_roles(realm), lambda: None
        )
        assert apply(planned, replan=True).changed
        assert sorted(hashed) == sorted([NEW, OLD])
        assert UsersTool(realm).verify("jane", NEW)
        assert UsersTool(realm).verify("zoe", OLD)

    def test_new_passwords_in_the_new_plan_are_hashed(self, realm, hashed, before_the_lock):
        wanted = desired({"name": "bob", "password": OLD}, {"name": "jane", "password": NEW})
        planned = plan(realm, wanted)
        before_the_lock(lambda: UsersTool(realm).passwd("bob", "a-third-password"), lambda: None)
        apply(planned, replan=True)
        assert hashed == [NEW, OLD]
        assert UsersTool(realm).verify("bob", OLD)

    def test_an_old_plan_does_nothing_again(self, realm, hashed):
        planned = plan(realm, TWO_NEW)
        apply(planned)
        before = statuses(realm)
        again = apply(planned, replan=True)
        assert (again.changed, bool(again.result), again.changes) == (False, False, ())
        assert statuses(realm) == before

    def test_it_ends_if_somebody_writes_all_the_time(self, realm, hashed, before_the_lock):
        attempts = []

        def write():
            attempts.append(1)
            change_users(realm)

        planned = plan(realm, TWO_NEW)
        before_the_lock(write)
        with pytest.raises(PlanOutdatedError):
            apply(planned, replan=True)
        assert 5 <= len(attempts) <= 20
        assert len(hashed) == 2
        assert "jane" not in UsersTool(realm).list_users()

    @pytest.mark.parametrize("force", [False, True])
    def test_guards_count_again_unless_forced(self, realm, force):
        (realm / "users_roles").write_text("superuser:bob,al\n")
        planned = plan(realm, desired({"name": "al", "state": "absent"}), force=force)
        UsersTool(realm).roles("bob", remove=["superuser"])
        before = statuses(realm)
        if force:
            assert apply(planned, replan=True).changed
            return
        with pytest.raises(UnsafePlanError):
            apply(planned, replan=True)
        assert statuses(realm) == before

    def test_settings_and_policy_count_again(self, realm, before_the_lock):
        wanted = desired(
            {"name": "jane", "password": NEW}, hash_policy={"algorithm": "pbkdf2_1000"}
        )
        before_the_lock(lambda: change_users(realm), lambda: None)
        apply(plan(realm, wanted), replan=True)
        assert "jane:{PBKDF2}1000$" in (realm / "users").read_text()


class TestWrittenInBetween:
    """A program that takes no lock writes while ours is at it: that is ``FileChangedError``."""

    @pytest.fixture
    def write_in_between(self, realm, monkeypatch):
        """Write a file at the last moment at which that is found, so many times."""

        def prepare(name, times):
            original, left = Move.keep_old, [times]

            def keep_old(move, earlier):
                if left[0] and move.change.target == str(realm / name):
                    left[0] -= 1
                    with (realm / name).open("a") as file:
                        file.write("# in between\n")
                original(move, earlier)

            monkeypatch.setattr(Move, "keep_old", keep_old)

        return prepare

    @pytest.mark.parametrize("strategy", ["rename", "in_place"])
    @pytest.mark.parametrize("name", ["users", "users_roles"])
    def test_it_is_reported(self, realm, write_in_between, name, strategy):
        planned = plan(realm, TWO_NEW)
        write_in_between(name, 1)
        with pytest.raises(FileChangedError) as caught:
            apply(planned, strategy=strategy)
        error = caught.value
        assert (error.path, error.errno) == (str(realm / name), errno.EAGAIN)
        assert isinstance(error, FileAccessError)
        assert "another program has just written it; try again" in str(error)
        assert "jane" not in UsersTool(realm).list_users()
        assert not list(realm.glob("*.tmp"))

    @pytest.mark.parametrize("strategy", ["rename", "in_place"])
    @pytest.mark.parametrize("name", ["users", "users_roles"])
    @pytest.mark.parametrize("times", [1, 3])
    def test_it_is_tried_again(self, realm, hashed, write_in_between, name, strategy, times):
        write_in_between(name, times)
        assert apply(plan(realm, TWO_NEW), replan=True, strategy=strategy).changed
        assert UsersTool(realm).list_users()["jane"] == ("viewer",)
        assert (realm / name).read_text().count("# in between\n") == times
        assert len(hashed) == 2

    def test_it_gives_up_after_several_attempts(self, realm, write_in_between):
        write_in_between("users", -1)
        with pytest.raises(FileChangedError):
            apply(plan(realm, TWO_NEW), replan=True)
        assert "jane" not in UsersTool(realm).list_users()

    def test_one_line_tries_again_too(self, realm, write_in_between):
        write_in_between("users", 2)
        assert ensure_user(realm, "jane", password=NEW).changed

    def test_other_methods_report_it(self, realm, write_in_between):
        write_in_between("users", 1)
        with pytest.raises(FileChangedError):
            UsersTool(realm).userdel("bob")
        assert "bob" in UsersTool(realm).list_users()

    def test_commands(self, run, realm, write_in_between, tmp_path):
        path = tmp_path / "state.yaml"
        path.write_text("users: [{name: al, state: absent}]")
        write_in_between("users", 1)
        result = run("userdel", "bob")
        assert (result.exit_code, result.out) == (75, "")
        assert "another program has just written it; try again" in result.err
        write_in_between("users", 1)
        assert run("apply", str(path)).exit_code == 0
        write_in_between("users", -1)
        assert run("ensure", "bob", "--absent").exit_code == 75


class TestHashing:
    def test_a_plan_hashes_nothing_and_each_password_is_hashed_once(self, realm, hashed):
        wanted = desired(
            {"name": "bob", "password": OLD},
            {"name": "al", "password": NEW},
            {"name": "ops-1", "password": "a-third-password", "update_password": "on_create"},
            {"name": "jane", "password": NEW},
        )
        planned = plan(realm, wanted)
        assert hashed == []
        apply(planned, jobs=1)
        assert hashed == [NEW, NEW]

    def test_before_the_lock_is_taken(self, realm, monkeypatch):
        order = []
        original = RealmFolder.locked

        def access(*args):
            order.append("lock")
            return original(*args)

        def hash(self, password):
            order.append("hash")
            return CHEAP_HASH

        monkeypatch.setattr(RealmFolder, "locked", access)
        monkeypatch.setattr(Policy, "hash", hash)
        apply(plan(realm, TWO_NEW))
        assert order == ["hash", "hash", "lock"]

    @pytest.mark.parametrize("jobs", [1, 2, 4])
    @pytest.mark.parametrize("at", [0, 3, 19])
    def test_an_interrupt_leaves_everything_as_it_is(self, realm, monkeypatch, jobs, at):
        lock, count = threading.Lock(), iter(range(100))

        def hash(self, password):
            with lock:
                number = next(count)
            if number == at:
                raise KeyboardInterrupt
            return CHEAP_HASH

        many = desired(*({"name": f"u{n}", "password": f"password-{n}"} for n in range(20)))
        planned, before = plan(realm, many), statuses(realm)
        threads = threading.active_count()
        monkeypatch.setattr(Policy, "hash", hash)
        with pytest.raises(KeyboardInterrupt):
            apply(planned, jobs=jobs)
        assert statuses(realm) == before
        assert threading.active_count() == threads

    def test_an_interrupt_while_passwords_are_compared(self, realm, monkeypatch):
        def interrupt(*_):
            raise KeyboardInterrupt

        monkeypatch.setattr("esfilerealm.provisioning.shared_work.password_matches", interrupt)
        both = [{"name": name, "password": OLD} for name in ("bob", "al")]
        with pytest.raises(KeyboardInterrupt):
            plan(realm, desired(*both), jobs=2)

    def test_no_jobs(self, realm):
        planned = plan(realm, TWO_NEW)
        with pytest.raises(ValueError, match="jobs is"):
            apply(planned, jobs=0)


class TestHow:
    def test_versions_are_kept(self, realm):
        before = (realm / "users").read_bytes()
        apply(plan(realm, TWO_NEW), keep=1)
        assert (realm / "users.1~").read_bytes() == before
        UsersTool(realm).undo()
        assert (realm / "users").read_bytes() == before

    def test_in_place(self, realm):
        inode = (realm / "users").stat().st_ino
        apply(plan(realm, TWO_NEW), strategy="in_place")
        assert (realm / "users").stat().st_ino == inode
        assert "jane" in UsersTool(realm).list_users()

    def test_who_holds_the_lock_is_waited_for_so_long(self, realm):
        planned, before = plan(realm, TWO_NEW), (realm / "users").read_bytes()
        with write_lock(lambda: str(realm / "users.lock"), 1.0), pytest.raises(LockTimeoutError):
            apply(planned, lock_timeout=0.05)
        assert (realm / "users").read_bytes() == before

    @pytest.mark.parametrize("how", [{"strategy": "magic"}, {"keep": -1}, {"attributes": "x"}])
    def test_what_there_is_not(self, realm, how):
        before = statuses(realm)
        with pytest.raises(ValueError, match="must be"):
            apply(plan(realm, TWO_NEW), **how)
        assert statuses(realm) == before

    def test_the_result_lists_the_changed_users(self, realm):
        wanted = desired(
            {"name": "jane", "password": NEW, "roles": ["a"]},
            {"name": "al", "state": "absent"},
            {"name": "bob", "password_hash": OTHER_HASH, "roles_remove": ["admin"]},
        )
        changes = apply(plan(realm, wanted)).result.changes
        assert (changes.added, changes.removed) == ({"jane": ("a",)}, ("al",))
        assert changes.passwords == ("bob",)
        assert changes.roles == {"bob": (("viewer", "admin"), ("viewer",))}

    def test_a_link_stays(self, realm):
        real = realm / "elsewhere"
        (realm / "users").rename(real)
        (realm / "users").symlink_to("elsewhere")
        apply(plan(realm, TWO_NEW))
        assert (realm / "users").is_symlink()
        assert "jane:" in real.read_text()

    def test_a_plan_of_a_directory_that_was_removed(self, realm, tmp_path):
        planned = plan(realm, TWO_NEW)
        realm.rename(tmp_path / "gone")
        with pytest.raises(FileNotFoundError):
            apply(planned)


class TestOneLine:
    """``ensure_user`` and ``ensure_absent``."""

    def test_a_user_is_added_and_exists(self, realm):
        applied = ensure_user(realm, "jane", password=NEW, roles=("a", "b"))
        assert applied.changes == (AddUser("jane", ("a", "b")),)
        assert applied.result.changed
        before = statuses(realm)
        assert not ensure_user(realm, "jane", password=NEW, roles=("a", "b")).changed
        assert statuses(realm) == before

    @pytest.mark.parametrize(
        ("arguments", "diff"),
        [
            ({}, ""),
            ({"password": NEW}, "~ bob: password (changed)"),
            ({"password_env": "NEW_PASSWORD"}, "~ bob: password (changed)"),
            ({"password_hash": OTHER_HASH}, "~ bob: password (changed)"),
            ({"password": NEW, "update_password": "on_create"}, ""),
            ({"roles_add": {"a"}}, "~ bob: roles +a"),
            ({"roles_remove": iter(["admin"])}, "~ bob: roles -admin"),
            ({"roles": []}, "~ bob: roles -viewer -admin"),
        ],
    )
    def test_arguments(self, realm, arguments, diff):
        assert ensure_user(realm, "bob", **arguments).diff() == diff

    def test_a_password_file(self, realm):
        path = realm.parent / "new.txt"
        assert ensure_user(realm, "bob", password_file=str(path), keep=1).changed
        assert (realm / "users.1~").exists()

    @pytest.mark.parametrize("field", ["roles", "roles_add", "roles_remove"])
    def test_one_text_is_no_list_of_letters(self, realm, field):
        with pytest.raises(ValueError, match=rf"\[arguments\], users\[0\].{field}: must be a list"):
            ensure_user(realm, "bob", **{field: "admin"})

    def test_a_user_is_removed_and_does_not_exist(self, realm):
        assert ensure_absent(realm, "bob", keep=1).changes == (RemoveUser("bob", "absent"),)
        with pytest.raises(UserNotFoundError):
            UsersTool(realm).list_users("bob")
        before = statuses(realm)
        assert not ensure_absent(realm, "bob").changed
        assert statuses(realm) == before

    @pytest.mark.parametrize("attributes", ["refuse", "warn"])
    def test_the_plan_knows_what_is_tolerated(self, realm, attributes):
        """Or a plan that is made anew would not know it, nor one with an owner."""
        for ensure, how in ((ensure_user, {"password": NEW}), (ensure_absent, {})):
            applied = ensure(realm, "jane", attributes=attributes, **how)
            assert (applied.changed, applied._basis.attributes) == (True, attributes)
        assert ensure_user(realm, "bob")._basis.attributes == "refuse"

    def test_a_concurrent_write_is_no_error(self, realm, before_the_lock):
        before_the_lock(lambda: change_users(realm), lambda: None)
        assert ensure_user(realm, "jane", password=NEW).changed


def test_only_the_list_of_managed_users_may_change(realm, set_managed):
    set_managed("gone")
    before = {n: i for n, i in statuses(realm).items() if n in ("users", "users_roles")}
    applied = apply(plan(realm, desired({"name": "bob"}, purge="managed")))
    assert applied.changes == (SetManaged(str(realm / "users.managed"), (), ("gone",)),)
    assert applied.result.managed.changed
    assert {n: i for n, i in statuses(realm).items() if n in before} == before
