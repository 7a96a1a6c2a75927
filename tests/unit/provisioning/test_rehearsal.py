"""A rehearsal finds every obstacle of a plan, and leaves no trace."""

from __future__ import annotations

import codecs
import json
import os

import pytest
from support.hashes import CHEAP_HASH
from support.storing import OTHER_HASH, STRANGER, place, posix, root, statuses
from unit.provisioning.kit import NEW, NEW_HASH, OLD, desired

from esfilerealm import RealmSettings, UsersTool
from esfilerealm._storage import RealmFolder
from esfilerealm._storage.lock import write_lock
from esfilerealm.errors import (
    FileAccessError,
    FilePermissionError,
    FileRealmError,
    JournalVersionError,
    PlanOutdatedError,
)
from esfilerealm.hashing.policy import Policy
from esfilerealm.provisioning import apply, plan, rehearse

EVERYTHING = desired(
    {"name": "jane", "password": NEW, "roles": ["viewer"]},
    {"name": "zoe", "password_hash": NEW_HASH},
    {"name": "bob", "password": NEW, "roles": ["admin", "x"]},
    {"name": "ops-1", "state": "absent"},
    purge="managed",
    attributes={"mode": "0604"},
)
JANE = desired({"name": "jane", "password": NEW})


@pytest.fixture
def no_hashing(monkeypatch):
    def fail(*_):
        raise AssertionError("it hashes")

    monkeypatch.setattr(Policy, "hash", fail)


def in_kubernetes(realm):
    """Lay out both files as Kubernetes lays out a Secret."""
    (realm / "..2026").mkdir()
    (realm / "..data").symlink_to("..2026")
    for name in ("users", "users_roles"):
        (realm / name).rename(realm / "..2026" / name)
        (realm / name).symlink_to(f"..data/{name}")


def with_link_of_another_user(realm):
    (realm / "users").rename(realm / "real")
    (realm / "users").symlink_to("real")
    os.lchown(realm / "users", STRANGER, STRANGER)


def both_refuse(planned, kind, match, **how):
    """Check that a rehearsal fails with exactly the error of apply."""
    with pytest.raises(kind, match=match) as rehearsed:
        rehearse(planned, **how)
    with pytest.raises(kind, match=match) as applied:
        apply(planned, **how)
    assert str(rehearsed.value) == str(applied.value)
    assert type(rehearsed.value) is type(applied.value)


class TestTraces:
    def test_nothing_is_written_or_hashed(self, realm, set_managed, no_hashing):
        set_managed("al")
        planned, before = plan(realm, EVERYTHING), statuses(realm)
        assert rehearse(planned).changed
        assert statuses(realm) == before
        assert not (realm / "users.lock").exists()

    @pytest.mark.parametrize("how", [{}, {"keep": 2}, {"strategy": "in_place"}], ids=str)
    def test_a_rehearsed_plan_can_be_applied(self, realm, set_managed, how):
        set_managed("al")
        planned = plan(realm, EVERYTHING)
        rehearse(planned, **how)
        rehearse(planned, **how)
        assert apply(planned, **how).changed
        rehearse(plan(realm, EVERYTHING), **how)

    def test_who_holds_the_lock_is_not_waited_for(self, realm, monkeypatch):
        planned = plan(realm, JANE)
        monkeypatch.setattr(RealmFolder, "locked", lambda *_: pytest.fail("it locks"))
        with write_lock(lambda: str(realm / "users.lock"), 1.0):
            rehearse(planned, lock_timeout=0.0)

    @pytest.mark.parametrize("password", [NEW, "long-enough-for-fips"])
    @pytest.mark.parametrize("algorithm", ["pbkdf2", "PBKDF2_stretch_1000", "pbkdf2_50000"])
    def test_in_fips_mode(self, realm, no_hashing, algorithm, password):
        settings = RealmSettings(fips_mode_enabled=True, password_hashing_algorithm=algorithm)
        rehearse(plan(realm, JANE, settings=settings))
        wanted = desired(
            {"name": "jane", "password": password}, hash_policy={"algorithm": "pbkdf2"}
        )
        rehearse(plan(realm, wanted, settings=settings))

    @pytest.mark.parametrize(
        ("algorithm", "begin"),
        [
            ("bcrypt", "$2a$04$"),
            ("bcrypt14", "$2a$04$"),
            ("pbkdf2_1000000", "{PBKDF2}1000$"),
            ("pbkdf2_stretch_1000000", "{PBKDF2_STRETCH}1000$"),
        ],
    )
    def test_the_sample_is_a_cheap_hash_of_the_family(self, no_hashing, algorithm, begin):
        policy = Policy.for_plan(algorithm, is_required=True, minimum_cost=None)
        assert policy.sample().startswith(begin)

    def test_nothing_of_it_is_in_the_plan(self, realm):
        planned = plan(realm, JANE)
        told = planned.to_dict()
        rehearse(planned)
        assert (planned.to_dict(), planned.result) == (told, None)


class TestRefusals:
    @posix
    def test_a_volume_of_kubernetes(self, realm):
        in_kubernetes(realm)
        both_refuse(plan(realm, JANE), FilePermissionError, "Kubernetes makes from a Secret")

    @root
    def test_a_link_of_another_user(self, realm):
        with_link_of_another_user(realm)
        both_refuse(plan(realm, JANE), FilePermissionError, rf"is from user \[{STRANGER}\]")

    @root
    def test_a_folder_that_is_not_writable(self, realm_of_a_stranger):
        with realm_of_a_stranger as realm:
            planned = plan(realm, JANE)
            realm.chmod(0o555)
            before = statuses(realm)
            with pytest.raises(FilePermissionError, match="is not writable"):
                rehearse(planned)
            assert statuses(realm) == before
            with pytest.raises(FilePermissionError):
                apply(planned)

    @root
    def test_who_owns_neither_the_files_nor_the_folder(self, realm_of_a_stranger):
        """Whoever came next could not take back what he began."""
        with realm_of_a_stranger as realm:
            planned = plan(realm, desired({"name": "jane", "password": NEW, "roles": ["a"]}))
            os.seteuid(0)
            codecs.lookup("ascii")  # for filelock: a stranger may not read where Python is
            for path in (realm, *realm.iterdir()):
                os.chown(path, 0, -1)
                path.chmod(0o666)
            realm.chmod(0o1777)
            os.seteuid(STRANGER)
            both_refuse(planned, FilePermissionError, "you own neither it nor its directory")

    @posix
    def test_a_second_name_in_place(self, realm):
        os.link(realm / "users", realm / "other")
        planned = plan(realm, JANE)
        both_refuse(planned, FileAccessError, "second name", strategy="in_place")
        rehearse(planned)

    @posix
    @root
    def test_an_earlier_version_that_is_not_ours(self, realm):
        UsersTool(realm, keep=1).roles("bob", add=["x"])
        os.chown(realm / "users.1~", STRANGER, STRANGER)
        before = statuses(realm)
        both_refuse(plan(realm, JANE), FileAccessError, rf"is from user \[{STRANGER}\]")
        del before["users.lock"]  # which apply takes
        assert {n: i for n, i in statuses(realm).items() if n in before} == before

    @pytest.mark.parametrize("name", ["users", "users_roles", "users.managed"])
    def test_files_that_changed_since_the_plan(self, realm, set_managed, name):
        set_managed("al")
        planned = plan(realm, EVERYTHING)
        (realm / name).write_bytes((realm / name).read_bytes() + b"\n")
        both_refuse(planned, PlanOutdatedError, rf"/{name}\]")

    def test_a_journal_of_a_later_version(self, realm):
        planned = plan(realm, JANE)
        (realm / "users.journal").write_bytes(b"esfilerealm journal 9\n")
        both_refuse(planned, JournalVersionError, r"version \[9\]")

    @posix
    @pytest.mark.parametrize("kind", ["folder", "pipe", "loop"])
    def test_no_file(self, realm, kind):
        planned = plan(realm, JANE)
        (realm / "users_roles").unlink()
        place(realm / "users_roles", kind)
        both_refuse(planned, FileRealmError, "users_roles")

    @pytest.mark.parametrize("how", [{"strategy": "magic"}, {"keep": -1}, {"attributes": "x"}])
    def test_unknown_options(self, realm, how):
        both_refuse(plan(realm, JANE), ValueError, "must be", **how)

    def test_who_has_no_need_of_a_write_is_refused_nothing(self, realm):
        in_kubernetes(realm)
        planned = plan(realm, desired({"name": "bob", "password": OLD}))
        rehearse(planned)
        assert not apply(planned).changed


class TestCommands:
    """``--check`` and ``plan`` rehearse; their exit codes are those of the real thing."""

    @pytest.fixture
    def document(self, tmp_path):
        path = tmp_path / "state.json"
        users = [{"name": "jane", "password_hash": OTHER_HASH}]
        path.write_text(json.dumps({"users": users}))
        return str(path)

    @posix
    @pytest.mark.parametrize(
        "words",
        [
            ["plan", "FILE"],
            ["apply", "FILE", "--check"],
            ["apply", "FILE"],
            ["import", "--format", "json", "FILE", "--check"],
            ["ensure", "jane", "--hash", CHEAP_HASH, "--check"],
        ],
        ids=lambda words: " ".join(words[:2]),
    )
    def test_exit_codes(self, run, realm, document, words):
        words = [document if word == "FILE" else word for word in words]
        in_kubernetes(realm)
        result = run(*words)
        shown = "+ jane: -\n" if words[0] == "plan" else ""
        assert (result.exit_code, result.out) == (77, shown)
        assert "Kubernetes makes from a Secret" in result.err

    @posix
    def test_options_of_a_write_count_for_a_plan(self, run, realm, document):
        os.link(realm / "users", realm / "other")
        assert run("plan", document, "--strategy", "in_place").exit_code == 74
        assert run("plan", document, "--keep", "1").exit_code == 0
