"""``plan_all`` and ``apply_all``: the same users on many nodes, each of which is on its own."""

from __future__ import annotations

import errno
import itertools
import json
import os
import threading

import pytest
from support.hashes import CHEAP_HASH
from support.storing import statuses
from unit.provisioning.kit import NEW, NEW_HASH, OLD, desired

from esfilerealm import RealmSettings, UsersTool
from esfilerealm._storage import RealmFolder, WriteOptions, system
from esfilerealm.errors import (
    ConfigurationFileMissingError,
    FileAccessError,
    FileFormatError,
    InvalidDesiredStateError,
    InvalidSettingError,
    LockTimeoutError,
    PlanOutdatedError,
    UnsafePlanError,
)
from esfilerealm.hashing import pool
from esfilerealm.hashing.policy import Policy
from esfilerealm.keystore import Keystore
from esfilerealm.provisioning import apply_all, plan_all, shared_work, take_fingerprint

CHEAP = {"algorithm": "bcrypt4"}
JANE = desired({"name": "jane", "password": NEW, "roles": ["viewer"]}, hash_policy=CHEAP)


@pytest.fixture
def nodes(tmp_path):
    """Three nodes, each with the user ``bob``."""
    paths = [tmp_path / name for name in ("a", "b", "c")]
    for path in paths:
        path.mkdir()
        (path / "users").write_text(f"# {path.name}\nbob:{CHEAP_HASH}\n")
        (path / "users_roles").write_text("viewer:bob\n")
    return paths


@pytest.fixture
def hashed(monkeypatch):
    """Count the passwords that are hashed, without hashing them."""
    return counted(monkeypatch, Policy, "hash", NEW_HASH)


@pytest.fixture
def verified(monkeypatch):
    """Count the passwords that are verified."""
    return counted(monkeypatch, shared_work, "password_matches")


def counted(monkeypatch, owner, name, result=None):
    calls, original, lock = [], getattr(owner, name), threading.Lock()

    def call(*args, **more):
        with lock:
            calls.append(args)
        return result or original(*args, **more)

    monkeypatch.setattr(owner, name, call)
    return calls


def stored(node):
    return dict(line.split(":") for line in (node / "users").read_text().splitlines()[1:])


class TestOnce:
    def test_a_password_is_hashed_once_and_all_nodes_get_that_hash(self, nodes, hashed):
        done = apply_all(plan_all(nodes, JANE))
        assert len(hashed) == 1
        assert [stored(node)["jane"] for node in nodes] == [NEW_HASH] * 3
        assert [node.error for node in done.nodes] == [None] * 3
        key = b"k" * 16
        assert len({take_fingerprint(node, key=key).digest for node in nodes}) == 1

    def test_each_user_gets_a_hash_of_its_own(self, nodes):
        same = desired(*({"name": n, "password": NEW} for n in ("jane", "joe")), hash_policy=CHEAP)
        apply_all(plan_all(nodes, same))
        hashes = [(stored(node)["jane"], stored(node)["joe"]) for node in nodes]
        assert len(set(hashes)) == 1
        assert len(set(hashes[0])) == 2

    def test_a_pair_of_password_and_hash_is_verified_once(self, nodes, verified):
        wanted = desired({"name": "bob", "password": OLD})
        planned = plan_all(nodes, wanted)
        assert len(verified) == 1
        assert not planned.changed
        assert not apply_all(planned).changed

    def test_each_other_hash_is_verified(self, nodes, verified):
        (nodes[1] / "users").write_text(f"bob:{NEW_HASH}\n")
        planned = plan_all(nodes, desired({"name": "bob", "password": OLD}))
        assert len(verified) == 2
        assert [node.plan.changed for node in planned.nodes] == [False, True, False]

    def test_a_node_with_another_password_gets_the_hash_of_the_others(self, nodes, hashed):
        (nodes[0] / "users").write_text(f"bob:{NEW_HASH}\n")
        (nodes[2] / "users").write_text("# c\n")
        wanted = desired({"name": "bob", "password": OLD}, hash_policy=CHEAP)
        apply_all(plan_all(nodes, wanted))
        assert hashed == []
        assert all(UsersTool(node).verify("bob", OLD) for node in nodes)
        assert {(node / "users").read_text().split("bob:")[1] for node in nodes} == {
            f"{CHEAP_HASH}\n"
        }

    def test_but_no_weaker_hash_than_it_would_make(self, nodes, hashed):
        (nodes[0] / "users").write_text(f"bob:{NEW_HASH}\n")
        apply_all(plan_all(nodes, desired({"name": "bob", "password": OLD})))
        assert [policy.algorithm for policy, _ in hashed] == ["bcrypt"]

    def test_nodes_that_hash_otherwise_get_a_hash_of_their_own(self, nodes):
        key = "xpack.security.authc.password_hashing.algorithm"
        (nodes[1] / "elasticsearch.yml").write_text(f"{key}: pbkdf2_1000\n")
        (nodes[2] / "elasticsearch.yml").write_text(f"{key}: bcrypt4\n")
        (nodes[0] / "elasticsearch.yml").write_text(f"{key}: BCRYPT4\n")
        apply_all(plan_all(nodes, desired({"name": "jane", "password": NEW})))
        hashes = [stored(node)["jane"] for node in nodes]
        assert [text[:7] for text in hashes] == ["$2a$04$", "{PBKDF2", "$2a$04$"]
        assert hashes[0] == hashes[2]

    def test_nor_do_both_forms_of_pbkdf2_count_as_one(self, nodes):
        key = "xpack.security.authc.password_hashing.algorithm"
        (nodes[0] / "elasticsearch.yml").write_text(f"{key}: pbkdf2_1000\n")
        (nodes[1] / "elasticsearch.yml").write_text(f"{key}: pbkdf2_stretch_1000\n")
        apply_all(plan_all(nodes[:2], desired({"name": "jane", "password": NEW})))
        hashes = [stored(node)["jane"].partition("}")[0] for node in nodes[:2]]
        assert hashes == ["{PBKDF2", "{PBKDF2_STRETCH"]

    def test_a_new_plan_verifies_no_pair_again(self, nodes, verified):
        planned = plan_all(nodes, desired({"name": "bob", "password": OLD}, *JANE_AS_DICT))
        UsersTool(nodes[1]).useradd("al", password_hash=CHEAP_HASH)
        assert not apply_all(planned, replan=True).errors
        assert len(verified) == 1

    def test_a_password_that_is_wrong_is_read_once(self, nodes):
        reader, writer = os.pipe()
        try:
            os.write(writer, b"two\nlines\n")
            os.close(writer)
            user = {"name": "jane", "password_file": f"/dev/fd/{reader}"}
            planned = plan_all(nodes, desired(user))
        finally:
            os.close(reader)
        (message,) = planned.errors
        assert "line" in message

    def test_a_pipe_is_read_once(self, nodes):
        reader, writer = os.pipe()
        try:
            os.write(writer, f"{NEW}\n".encode())
            os.close(writer)
            user = {"name": "jane", "password_file": f"/dev/fd/{reader}"}
            (nodes[0] / "users").write_bytes(b"\xff")  # it fails, and the others still read it
            apply_all(plan_all(nodes, desired(user, hash_policy=CHEAP)))
        finally:
            os.close(reader)
        assert [UsersTool(node).verify("jane", NEW) for node in nodes[1:]] == [True, True]

    def test_a_pipe_of_a_node_that_fails_behind_it_is_not_read_again(self, nodes):
        """The name is reserved on one node, which has read the password by then."""
        reader, writer = os.pipe()
        try:
            os.write(writer, f"{NEW}\n".encode())
            os.close(writer)
            user = {"name": "jane", "password_file": f"/dev/fd/{reader}"}
            (nodes[0] / "elasticsearch.yml").write_text(
                "xpack.security.authc.anonymous: {username: joe, roles: r}\n"
            )
            both = desired(user, {"name": "joe", "password": NEW}, hash_policy=CHEAP)
            done = apply_all(plan_all(nodes, both))
        finally:
            os.close(reader)
        assert isinstance(done.nodes[0].error, InvalidDesiredStateError)
        assert [UsersTool(node).verify("jane", NEW) for node in nodes[1:]] == [True, True]

    def test_values_of_the_keystore_are_read_once(self, nodes):
        reader, writer = os.pipe()
        try:
            os.write(writer, b"hidden")
            os.close(writer)
            settings = [{"name": "a.b", "file": f"/dev/fd/{reader}"}]
            apply_all(plan_all(nodes, desired(keystore=settings)))
        finally:
            os.close(reader)
        stores = [Keystore.read(node / "elasticsearch.keystore", "") for node in nodes]
        assert [store.file("a.b") for store in stores] == [b"hidden"] * 3

    def test_equal_files_are_parsed_once(self, nodes, monkeypatch):
        parsed = counted(monkeypatch, shared_work, "parse_files")
        for node in nodes[:2]:
            (node / "users").write_text(f"bob:{CHEAP_HASH}\n")
        planned = plan_all(nodes, desired({"name": "bob", "roles": ["admin"]}))
        assert len(parsed) == 2
        assert [len(node.plan.changes) for node in planned.nodes] == [2] * 3

    def test_but_not_by_other_rules(self, nodes):
        for node in nodes:
            (node / "users").write_text(f"elastic:{CHEAP_HASH}\n")
        (nodes[1] / "elasticsearch.yml").write_text(
            "xpack.security.authc.reserved_realm.enabled: false\n"
        )
        planned = plan_all(nodes, desired({"name": "elastic", "state": "absent"}))
        assert [len(node.plan.changes) for node in planned.nodes] == [0, 1, 0]

    def test_nothing_is_remembered_afterwards(self, nodes):
        planned = plan_all(nodes, desired({"name": "bob", "password": OLD}, *JANE_AS_DICT))
        shared = planned._shared
        known = [value for value in vars(shared).values() if isinstance(value, dict)]
        assert any(known)
        apply_all(planned)
        assert not any(known)

    def test_nor_if_it_fails(self, nodes, monkeypatch):
        planned = plan_all(nodes, JANE)

        def interrupt(*_):
            raise KeyboardInterrupt

        monkeypatch.setattr(Policy, "hash", interrupt)
        with pytest.raises(KeyboardInterrupt):
            apply_all(planned)
        assert not any(v for v in vars(planned._shared).values() if isinstance(v, dict))

    def test_one_bar_for_all_nodes(self, nodes, monkeypatch):
        titles = []
        original = pool.HashingPool._with_progress

        def with_progress(self, done, count, title):
            assert self._show_progress
            titles.append((title, count))
            return original(self, done, count, title)

        monkeypatch.setattr(pool.HashingPool, "_with_progress", with_progress)
        (nodes[1] / "users").write_text(f"bob:{NEW_HASH}\n")
        wanted = desired({"name": "bob", "password": OLD}, *JANE_AS_DICT, hash_policy=CHEAP)
        apply_all(plan_all(nodes, wanted, show_progress=True))
        with_work = [pair for pair in titles if pair[1]]
        assert with_work == [("comparing", 2), ("hashing", 1)]


JANE_AS_DICT = [{"name": "jane", "password": NEW, "roles": ["viewer"]}]


def break_it(node, kind):
    """Let a node fail while it is planned."""
    match kind:
        case "missing":
            (node / "users").unlink()
        case "not UTF-8":
            (node / "users").write_bytes(b"\xff\n")
        case "settings":
            (node / "elasticsearch.yml").write_text(
                "xpack.security.authc.reserved_realm.enabled: perhaps\n"
            )


BROKEN = {
    "missing": ConfigurationFileMissingError,
    "not UTF-8": FileFormatError,
    "settings": InvalidSettingError,
}


class TestFailures:
    @pytest.mark.parametrize("kind", BROKEN)
    @pytest.mark.parametrize("which", range(3))
    def test_a_node_that_cannot_be_planned(self, nodes, kind, which):
        break_it(nodes[which], kind)
        before = statuses(nodes[which])
        planned = plan_all(nodes, JANE)
        done = apply_all(planned)
        for each in (planned, done):
            errors = [type(node.error) for node in each.nodes]
            assert errors == [BROKEN[kind] if n == which else type(None) for n in range(3)]
            assert [node.skipped for node in each.nodes] == [False] * 3
        assert done.changed
        for number, node in enumerate(nodes):
            if number != which:
                assert UsersTool(node).verify("jane", NEW)
        assert statuses(nodes[which]) == before

    @pytest.mark.parametrize("which", range(3))
    def test_a_node_that_cannot_be_locked(self, nodes, which):
        planned = plan_all(nodes, JANE)
        before = (nodes[which] / "users").read_bytes()
        done = []

        def apply():
            done.append(apply_all(planned, lock_timeout=0))

        with RealmFolder(str(nodes[which])).locked(WriteOptions()):
            thread = threading.Thread(target=apply)
            thread.start()
            thread.join()
        errors = [type(node.error) for node in done[0].nodes]
        assert errors == [LockTimeoutError if n == which else type(None) for n in range(3)]
        assert done[0].nodes[which].plan.result is None
        assert (nodes[which] / "users").read_bytes() == before

    @pytest.mark.parametrize("which", range(3))
    def test_a_node_that_cannot_be_written(self, nodes, which, monkeypatch):
        original = system.rename
        before = [(nodes[which] / name).read_bytes() for name in ("users", "users_roles")]

        def rename(source, target, **more):
            if str(nodes[which]) in os.fsdecode(target):
                raise OSError(errno.EIO, "Input/output error")
            return original(source, target, **more)

        planned = plan_all(nodes, JANE)
        monkeypatch.setattr(system, "rename", rename)
        done = apply_all(planned)
        errors = [type(node.error) for node in done.nodes]
        assert errors == [FileAccessError if n == which else type(None) for n in range(3)]
        monkeypatch.undo()
        UsersTool(nodes[which]).recover()
        after = [(nodes[which] / name).read_bytes() for name in ("users", "users_roles")]
        assert after == before
        others = [node for number, node in enumerate(nodes) if number != which]
        assert [UsersTool(node).verify("jane", NEW) for node in others] == [True, True]

    @pytest.mark.parametrize("replan", [False, True])
    def test_a_node_that_changed_meanwhile(self, nodes, replan):
        planned = plan_all(nodes, JANE)
        UsersTool(nodes[1]).userdel("bob")
        done = apply_all(planned, replan=replan)
        errors = [None if node.error is None else type(node.error) for node in done.nodes]
        assert errors == [None, None if replan else PlanOutdatedError, None]
        assert ("jane" in UsersTool(nodes[1]).list_users()) is replan
        assert "bob" not in UsersTool(nodes[1]).list_users()

    def test_a_node_to_whose_plan_a_guard_objects(self, nodes):
        (nodes[1] / "users_roles").write_text("superuser:bob\n")
        planned = plan_all(nodes, desired({"name": "bob", "state": "absent"}))
        assert [bool(node.plan.objections) for node in planned.nodes] == [False, True, False]
        done = apply_all(planned)
        assert [type(node.error) for node in done.nodes] == [
            type(None),
            UnsafePlanError,
            type(None),
        ]
        assert [UsersTool(node).list_users() for node in nodes] == [{}, {"bob": ("superuser",)}, {}]
        forced = plan_all(nodes, desired({"name": "bob", "state": "absent"}), force=True)
        assert not apply_all(forced).errors
        assert UsersTool(nodes[1]).list_users() == {}

    def test_a_fault_of_the_document_is_told_once(self, nodes):
        user = {"name": "jane", "password_file": "/nowhere"}
        planned = plan_all(nodes, desired(user))
        (message,) = planned.errors
        assert planned.errors[message] == tuple(map(str, nodes))
        assert not planned.changed

    def test_several_faults(self, nodes):
        break_it(nodes[0], "missing")
        break_it(nodes[2], "missing")
        errors = plan_all(nodes, JANE).errors
        assert list(errors.values()) == [(str(nodes[0]),), (str(nodes[2]),)]

    @pytest.mark.parametrize("kind", BROKEN)
    @pytest.mark.parametrize("which", range(3))
    def test_fail_fast_while_planning(self, nodes, kind, which):
        break_it(nodes[which], kind)
        before = list(map(statuses, nodes))
        planned = plan_all(nodes, JANE, fail_fast=True)
        assert [node.skipped for node in planned.nodes] == [n != which for n in range(3)]
        assert list(map(statuses, nodes)) == before
        assert not apply_all(planned, fail_fast=True).changed
        assert list(map(statuses, nodes)) == before

    def test_fail_fast_writes_nothing_if_a_node_has_no_plan(self, nodes):
        break_it(nodes[2], "missing")
        before = list(map(statuses, nodes))
        done = apply_all(plan_all(nodes, JANE), fail_fast=True)
        assert [node.skipped for node in done.nodes] == [True, True, False]
        assert not done.changed
        assert list(map(statuses, nodes)) == before

    def test_nodes_that_were_left_alone_have_nothing_to_apply(self, nodes):
        break_it(nodes[2], "missing")
        planned = plan_all(nodes, JANE, fail_fast=True)
        done = apply_all(planned)
        assert [node.skipped for node in done.nodes] == [True, True, False]
        assert not done.changed

    def test_fail_fast_writes_nothing_if_a_guard_objects(self, nodes, hashed):
        (nodes[2] / "users_roles").write_text("superuser:bob\n")
        before = list(map(statuses, nodes))
        wanted = desired({"name": "bob", "state": "absent"}, *JANE_AS_DICT)
        done = apply_all(plan_all(nodes, wanted), fail_fast=True)
        assert [node.skipped for node in done.nodes] == [True, True, False]
        assert list(map(statuses, nodes)) == before
        assert hashed == []

    def test_fail_fast_while_writing(self, nodes):
        planned = plan_all(nodes, JANE)
        UsersTool(nodes[1]).userdel("bob")
        done = apply_all(planned, fail_fast=True)
        assert [bool(node.plan.result) for node in done.nodes] == [True, False, False]
        assert [node.skipped for node in done.nodes] == [False, False, True]
        assert ["jane" in stored(node) for node in nodes] == [True, False, False]


class TestNodes:
    def test_there_is_one_at_least(self):
        with pytest.raises(ValueError, match="there is no node"):
            plan_all([], JANE)

    def test_no_name_is_empty(self):
        with pytest.raises(ValueError, match="is empty"):
            plan_all(["a", ""], JANE)

    @pytest.mark.parametrize("given", ["a", b"a", os.fsencode("a")])
    def test_a_list_is_needed(self, given):
        with pytest.raises(ValueError, match="must be a list"):
            plan_all(given, JANE)

    @pytest.mark.parametrize("how", ["the same", "spelling", "link", "missing", "through a link"])
    def test_no_directory_twice(self, nodes, tmp_path, how):
        (tmp_path / "link").symlink_to("a")
        (tmp_path / "here").symlink_to(".")
        first, other = {
            "the same": ("a", "a"),
            "spelling": ("a", "b/../a/"),
            "link": ("a", "link"),
            "missing": ("new", "./new"),
            "through a link": ("new", "here/new"),
        }[how]
        before = list(map(statuses, nodes))
        with pytest.raises(ValueError, match="are the same directory") as caught:
            plan_all([tmp_path / "b", f"{tmp_path}/{first}", f"{tmp_path}/{other}"], JANE)
        assert str(caught.value).startswith(f"[{tmp_path}/{first}] and [{tmp_path}/{other}]")
        assert list(map(statuses, nodes)) == before

    def test_missing_ones_are_created(self, nodes, tmp_path):
        new = [tmp_path / "new", tmp_path / "newer"]
        done = apply_all(plan_all([*nodes, *new], JANE, create=True))
        assert not done.errors
        assert [UsersTool(node).verify("jane", NEW) for node in new] == [True, True]

    def test_settings_of_a_node(self, nodes):
        settings = {str(nodes[1]): RealmSettings(password_hashing_algorithm="pbkdf2_1000")}
        user = {"name": "jane", "password": NEW}
        only = apply_all(plan_all([nodes[1]], desired(user), settings=settings))
        assert stored(nodes[1])["jane"].startswith("{PBKDF2}1000$")
        assert not only.errors

    def test_a_file_that_nodes_share(self, nodes):
        """The first writes it; for the second, nothing is left to do."""
        (nodes[1] / "users").unlink()
        (nodes[1] / "users").symlink_to(nodes[0] / "users")
        (nodes[1] / "users_roles").unlink()
        (nodes[1] / "users_roles").symlink_to(nodes[0] / "users_roles")
        done = apply_all(plan_all(nodes, JANE), replan=True)
        assert [node.plan.changed for node in done.nodes] == [True, False, True]

    def test_how_to_write(self, nodes):
        before = [(node / "users").read_text() for node in nodes]
        apply_all(plan_all(nodes, JANE), keep=1)
        assert [(node / "users.1~").read_text() for node in nodes] == before

    @pytest.mark.parametrize("jobs", [0, -1])
    def test_jobs(self, nodes, jobs):
        with pytest.raises(ValueError, match="jobs is"):
            plan_all(nodes, JANE, jobs=jobs)


class TestValue:
    def test_as_json(self, nodes):
        break_it(nodes[1], "missing")
        for planned in (plan_all(nodes, JANE), apply_all(plan_all(nodes, JANE))):
            told = json.loads(json.dumps(planned.to_dict()))
            assert told["changed"] is True
            assert [node["node"] for node in told["nodes"]] == list(map(str, nodes))
            assert told["nodes"][1]["error"]["type"] == "ConfigurationFileMissingError"
            assert told["nodes"][1]["plan"] is None
            assert told["nodes"][0]["plan"] == json.loads(
                json.dumps(planned.nodes[0].plan.to_dict())
            )
            assert [node["skipped"] for node in told["nodes"]] == [False] * 3

    def test_order(self, nodes):
        for order in itertools.permutations(nodes):
            planned = plan_all(order, JANE)
            assert [node.node for node in planned.nodes] == list(map(str, order))

    def test_changed(self, nodes):
        assert not plan_all(nodes, desired({"name": "bob"})).changed
        (nodes[2] / "users_roles").write_text("")
        assert plan_all(nodes, desired({"name": "bob", "roles": ["viewer"]})).changed

    def test_a_second_run_writes_nothing(self, nodes):
        apply_all(plan_all(nodes, JANE))
        before = list(map(statuses, nodes))
        again = apply_all(plan_all(nodes, JANE))
        assert not again.changed
        assert list(map(statuses, nodes)) == before
