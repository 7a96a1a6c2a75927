"""Documents that say who is locked and until when: fields, plans, and what applying them does."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from support.hashes import CHEAP_HASH
from unit.provisioning.kit import NEW, NEW_HASH, OLD, check_apply_again, desired

from esfilerealm import UsersTool
from esfilerealm.errors import (
    FileFormatError,
    InvalidDesiredStateError,
    PlanOutdatedError,
    UnsafePlanError,
)
from esfilerealm.hashing import locked_hash
from esfilerealm.provisioning import (
    DesiredState,
    apply,
    ensure_absent,
    ensure_user,
    plan,
    rehearse,
    take_fingerprint,
    take_users,
)
from esfilerealm.provisioning.source_users import existing_users
from esfilerealm.settings import RealmSettings

pytestmark = pytest.mark.usefixtures("clocks")

LATER = datetime(2026, 12, 1, 8, tzinfo=UTC)
LATER_TEXT = "2026-12-01T08:00:00Z"


@pytest.fixture
def tool(realm):
    return UsersTool(realm)


def only(document, **more):
    (user,) = desired({"name": "bob", **document}, **more).users
    return user


class TestFields:
    @pytest.mark.parametrize(
        ("text", "time"),
        [
            ("2026-12-01T08:00:00Z", LATER),
            ("2026-12-01T09:00+01:00", LATER),
            ("2026-12-01 08:00", LATER),
            ("2026-12-01", LATER - timedelta(hours=8)),
            ("never", "never"),
        ],
    )
    def test_times(self, text, time):
        assert only({"expires": text}).expires == time

    @pytest.mark.parametrize(
        ("format", "line"),
        [
            ("yaml", "users: [{{name: bob, expires: {0}}}]"),
            ("yaml", "users: [{{name: bob, expires: '{0}'}}]"),
            ("toml", "[[users]]\nname = 'bob'\nexpires = {0}"),
            ("json", '{{"users": [{{"name": "bob", "expires": "{0}"}}]}}'),
        ],
    )
    @pytest.mark.parametrize("text", ["2026-12-01T08:00:00Z", "2026-12-01 08:00:00"])
    def test_with_quotes_or_without(self, format, line, text):
        state = DesiredState.parse(line.format(text).encode(), source="x", format=format)
        assert state.users[0].expires == LATER

    @pytest.mark.parametrize("time", [LATER, LATER.replace(tzinfo=None), LATER.date()])
    def test_of_a_program(self, time):
        assert only({"expires": time}).expires in (LATER, LATER - timedelta(hours=8))

    @pytest.mark.parametrize("text", ["8h", "10m", "2d", "90s"])
    def test_a_duration_is_refused_and_the_time_is_told(self, text):
        rule = rf"expires: \[{text}\] is a duration, .* begin anew: write \[2026-06-0\dT.*Z\]"
        with pytest.raises(InvalidDesiredStateError, match=rule):
            desired({"name": "bob", "expires": text})

    @pytest.mark.parametrize("text", ["soon", "2026-13-01", "2026-12-01T25:00", "Never", ""])
    def test_no_time(self, text):
        with pytest.raises(InvalidDesiredStateError, match=r"must be \[never\] or a time such as"):
            desired({"name": "bob", "expires": text})

    @pytest.mark.parametrize(
        ("document", "rule"),
        [
            ({"expires": 20261201}, "expires: must be a string, not a number"),
            ({"expires": [LATER_TEXT]}, "expires: must be a string, not a list"),
            ({"locked": "yes"}, "locked: must be true or false, not a string"),
            ({"locked": 1}, "locked: must be true or false, not a number"),
            ({"locked": False, "password_hash": locked_hash()}, "is the hash of a locked user"),
        ],
        ids=["number", "list", "word", "one", "open-by-a-locked-hash"],
    )
    def test_of_the_wrong_kind(self, document, rule):
        with pytest.raises(InvalidDesiredStateError, match=rule):
            desired({"name": "bob", **document})

    @pytest.mark.parametrize(
        ("one", "two", "expires", "locked"),
        [
            ({"expires": LATER_TEXT, "locked": True}, {}, LATER, True),
            ({"expires": LATER_TEXT, "locked": True}, {"expires": "never"}, "never", True),
            ({"locked": True}, {"locked": False}, None, False),
            ({"password_hash": locked_hash()}, {"password_hash": NEW_HASH}, None, True),
            ({"locked": False}, {"password_hash": locked_hash()}, None, True),
        ],
        ids=["first", "later-time", "later-lock", "locked-hash-first", "locked-hash-later"],
    )
    def test_of_several_documents(self, one, two, expires, locked):
        states = [desired({"name": "bob", **document}) for document in (one, two)]
        (user,) = DesiredState.merged(states).users
        assert (user.expires, user.locked) == (expires, locked)


class TestPlans:
    def test_a_lock(self, realm, tool):
        done = check_apply_again(realm, desired({"name": "bob", "locked": True}))
        assert done.diff() == "~ bob: locked"
        assert done.before() == "bob: viewer,admin\n"
        assert done.after() == "bob: viewer,admin (locked)\n"
        assert not tool.verify("bob", OLD)
        done = check_apply_again(realm, desired({"name": "bob", "locked": False}))
        assert done.diff() == "~ bob: unlocked"
        assert tool.verify("bob", OLD)

    def test_a_time(self, realm, tool):
        done = check_apply_again(realm, desired({"name": "bob", "expires": LATER_TEXT}))
        assert done.diff() == f"~ bob: expires never -> {LATER_TEXT}"
        assert done.after() == f"bob: viewer,admin (expires {LATER_TEXT})\n"
        assert tool.accounts()["bob"].expires == LATER
        done = check_apply_again(realm, desired({"name": "bob", "expires": "never"}))
        assert done.diff() == f"~ bob: expires {LATER_TEXT} -> never"
        assert "bob" not in tool.accounts()

    def test_parts_of_a_second_do_not_count(self, realm, tool):
        tool.expire("bob", LATER + timedelta(microseconds=5))
        assert not plan(realm, desired({"name": "bob", "expires": LATER_TEXT})).changed

    def test_a_new_user(self, realm, tool):
        user = {"name": "eve", "password": NEW, "roles": ["a"]}
        done = check_apply_again(realm, desired({**user, "expires": LATER_TEXT, "locked": True}))
        assert done.diff().splitlines() == [
            "+ eve: a",
            f"~ eve: expires never -> {LATER_TEXT}",
            "~ eve: locked",
        ]
        tool.unlock("eve")
        assert tool.verify("eve", NEW)

    @pytest.mark.parametrize("more", [{}, {"locked": True}])
    def test_a_new_user_by_a_locked_hash(self, realm, tool, more):
        user = {"name": "eve", "password_hash": locked_hash(), **more}
        policy = {"algorithm": "bcrypt12"}  # which is about passwords
        done = check_apply_again(realm, desired(user, hash_policy=policy))
        assert done.diff().splitlines() == ["+ eve: -", "~ eve: locked"]
        assert tool.accounts()["eve"].is_locked

    @pytest.mark.parametrize("field", ["password", "password_hash"])
    def test_a_new_password_of_a_locked_user_counts_later(self, realm, tool, field):
        tool.lock("bob")
        given = {"password": NEW, "password_hash": NEW_HASH}[field]
        done = check_apply_again(realm, desired({"name": "bob", field: given}))
        assert done.diff() == "~ bob: password (changed)"
        assert not tool.verify("bob", NEW)
        tool.unlock("bob")
        assert tool.verify("bob", NEW)

    @pytest.mark.parametrize("field", ["password", "password_hash"])
    def test_the_same_password_of_a_locked_user(self, realm, tool, field):
        tool.lock("bob")
        given = {"password": OLD, "password_hash": CHEAP_HASH}[field]
        assert not plan(realm, desired({"name": "bob", field: given})).changed

    def test_a_new_password_and_a_lock_at_once(self, realm, tool):
        wanted = desired({"name": "bob", "password": NEW, "locked": True})
        check_apply_again(realm, wanted)
        tool.unlock("bob")
        assert tool.verify("bob", NEW)

    def test_a_better_hash_of_a_locked_user(self, realm, tool):
        tool.lock("bob")
        wanted = desired({"name": "bob", "password": OLD}, hash_policy={"algorithm": "bcrypt5"})
        done = check_apply_again(realm, wanted)
        assert done.diff() == "~ bob: password (the same, hashed anew by bcrypt5)"
        assert tool.accounts()["bob"].is_locked

    def test_a_rehearsal_writes_nothing(self, realm, tool):
        user = {"name": "eve", "password": NEW, "expires": LATER_TEXT, "locked": True}
        foreseen = rehearse(plan(realm, desired(user)))
        assert foreseen.changed
        assert tool.accounts() == {}


class TestWithoutAKeptHash:
    @pytest.fixture
    def realm(self, realm):
        text = (realm / "users").read_text()
        (realm / "users").write_text(text.replace(f"bob:{CHEAP_HASH}", f"bob:{locked_hash()}"))
        return realm

    def test_unlocking_needs_a_password(self, realm):
        with pytest.raises(InvalidDesiredStateError, match="its password hash is not kept: give"):
            plan(realm, desired({"name": "bob", "locked": False}))

    @pytest.mark.parametrize("update", ["always", "on_create"])
    def test_unlocking_by_a_password(self, realm, tool, update):
        user = {"name": "bob", "locked": False, "password": NEW, "update_password": update}
        done = apply(plan(realm, desired(user)))
        assert done.diff().splitlines() == ["~ bob: password (changed)", "~ bob: unlocked"]
        assert tool.verify("bob", NEW)

    def test_a_password_alone_opens_nothing(self, realm, tool):
        done = check_apply_again(realm, desired({"name": "bob", "password": NEW}))
        assert done.diff() == "~ bob: password (changed)"
        assert tool.accounts()["bob"].is_locked
        tool.unlock("bob")
        assert tool.verify("bob", NEW)


class TestPastTimes:
    PAST = "2026-05-31T00:00:00Z"

    def test_the_user_goes(self, realm):
        done = check_apply_again(realm, desired({"name": "bob", "expires": self.PAST}))
        assert done.diff() == "- bob (its time is over)"
        assert done.changes[0].to_dict()["reason"] == "expired"

    def test_nobody_comes(self, realm):
        assert not plan(realm, desired({"name": "eve", "expires": self.PAST})).changed

    def test_a_plan_of_before_is_outdated(self, realm, tool, clocks):
        soon = "2026-06-01T12:01:00Z"
        todo = plan(realm, desired({"name": "eve", "password": NEW, "expires": soon}))
        clocks.pass_by(minutes=2)
        with pytest.raises(PlanOutdatedError):
            apply(todo)
        assert not apply(todo, replan=True).changed
        assert "eve" not in tool.list_users()


class TestWhoIsOver:
    @pytest.fixture
    def over(self, realm, tool, clocks):
        tool.expire("al", timedelta(minutes=1))
        clocks.pass_by(minutes=2)

    def test_is_removed_by_any_document(self, realm, over):
        done = check_apply_again(realm, desired({"name": "bob", "roles_add": ["a"]}))
        assert done.diff().splitlines() == ["- al (its time is over)", "~ bob: roles +a"]
        assert "al" in done.before()
        assert "al" not in done.after()

    def test_stays_away_at_first_if_a_document_says_nothing_of_a_time(self, realm, tool, over):
        todo = plan(realm, desired({"name": "al", "password": OLD}))
        assert todo.diff() == "- al (its time is over)"
        (warning,) = todo.warnings
        assert "its time was over at [2026-06-01T12:01:00Z]" in warning
        assert "[expires] or [state: absent]" in warning
        apply(todo)
        assert "al" not in tool.list_users()

    @pytest.mark.parametrize("expires", ["never", LATER_TEXT])
    def test_comes_back_by_a_time(self, realm, tool, over, expires):
        wanted = desired({"name": "al", "password": NEW, "expires": expires})
        done = check_apply_again(realm, wanted)
        assert done.diff().splitlines()[:2] == ["- al (its time is over)", "+ al: -"]
        assert tool.verify("al", NEW)
        assert ("al" in tool.accounts()) == (expires != "never")

    def test_comes_back_with_a_password_only(self, realm, over):
        with pytest.raises(InvalidDesiredStateError, match=r"new user \[al\] needs a password"):
            plan(realm, desired({"name": "al", "expires": "never"}))

    def test_is_taken_off_the_list_of_managed_users(self, realm, tool, over, set_managed):
        set_managed("al", "bob")
        done = check_apply_again(realm, desired({"name": "bob"}, purge="managed"))
        assert [change.kind for change in done.changes] == ["remove_user", "set_managed"]

    def test_can_be_absent(self, realm, over):
        check_apply_again(realm, desired({"name": "al", "state": "absent"}))


class TestGuards:
    """Whoever is locked or over is no superuser who could log in."""

    @pytest.fixture
    def realm(self, realm):
        (realm / "users_roles").write_text("superuser:bob,al\n")
        return realm

    @pytest.mark.parametrize("given", [{"locked": True}, {"expires": "2026-01-01"}])
    def test_the_last_superuser(self, realm, tool, given):
        tool.lock("al")
        with pytest.raises(UnsafePlanError, match=r"no \[superuser\] could log in any more"):
            apply(plan(realm, desired({"name": "bob", **given})))
        apply(plan(realm, desired({"name": "bob", **given}), force=True))

    def test_not_the_last_one(self, realm):
        check_apply_again(realm, desired({"name": "bob", "locked": True}))

    def test_another_who_is_unlocked(self, realm, tool):
        tool.lock("al")
        wanted = desired({"name": "bob", "locked": True}, {"name": "al", "locked": False})
        check_apply_again(realm, wanted)

    def test_emergency_access_does_not_count(self, realm, tool):
        with tool.transaction() as change:
            change.useradd(
                "rescue",
                password_hash=CHEAP_HASH,
                roles=["superuser"],
                expires=timedelta(minutes=10),
                is_emergency=True,
            )
        wanted = desired({"name": "bob", "locked": True}, {"name": "al", "locked": True})
        assert plan(realm, wanted).objections


class TestUnusableRecord:
    """It stops what depends on it, and nothing else."""

    @pytest.fixture
    def tool(self, realm):
        tool = UsersTool(realm)
        tool.lock("bob")
        (realm / "users.accounts").write_text("{}")
        return tool

    @pytest.mark.parametrize(
        ("user", "more"),
        [
            ({"name": "al", "expires": LATER_TEXT}, {}),
            ({"name": "bob", "password": NEW}, {}),
            ({"name": "bob", "locked": False}, {}),
            ({"name": "bob", "roles": ["superuser"]}, {"purge": "all"}),
        ],
        ids=["time", "password-of-a-locked-one", "unlock", "purge"],
    )
    def test_what_depends_on_it(self, realm, tool, user, more):
        with pytest.raises(FileFormatError, match=r"users\.accounts"):
            plan(realm, desired(user, **more))

    @pytest.mark.parametrize(
        "user",
        [
            {"name": "al", "roles_add": ["a"]},
            {"name": "al", "password": NEW},
            {"name": "bob", "locked": True},
            {"name": "eve", "password": NEW},
        ],
        ids=["roles", "password", "locked-already", "new"],
    )
    def test_what_does_not(self, realm, tool, user):
        apply(plan(realm, desired(user)))

    def test_a_source_says_that_it_may_lack_something(self, realm, tool):
        _, losses = take_users(realm)
        assert [loss.where for loss in losses if loss.is_blocking] == ["users.accounts"]
        assert "who expires is not known" in take_fingerprint(realm).skipped[-1]


class TestOneUser:
    def test_ensure(self, realm, tool):
        ensure_user(realm, "bob", expires=LATER, locked=True)
        state = tool.accounts()["bob"]
        assert (state.expires, state.is_locked) == (LATER, True)
        assert not ensure_user(realm, "bob", expires=LATER, locked=True).changed
        ensure_user(realm, "bob", expires="never", locked=False)
        assert tool.accounts() == {}

    def test_ensure_absent(self, realm, tool):
        ensure_user(realm, "bob", expires=LATER, locked=True)
        ensure_absent(realm, "bob")
        assert "bob" not in tool.accounts()


def test_an_import_compares_with_the_kept_hash(realm, tool):
    """A Secret with a password that a locked user has changes nothing."""
    tool.lock("bob")
    data = existing_users(str(realm), RealmSettings.load(realm))
    assert f"bob:{CHEAP_HASH}\n".encode() in data
    manifest = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "x"},
        "stringData": {"username": "bob", "password": OLD},
    }
    state, _ = take_users("x", content=json.dumps(manifest).encode(), target=realm)
    kinds = {change.kind for change in plan(realm, state).changes}
    assert "set_password" not in kinds


class TestFingerprints:
    def test_of_documents(self, realm, tool, tmp_path):
        document = {
            "users": [
                {"name": "bob", "password_hash": CHEAP_HASH, "locked": True},
                {"name": "al", "expires": LATER_TEXT},
                {"name": "eve", "expires": "2026-01-01", "password_hash": CHEAP_HASH},
            ]
        }
        (tmp_path / "users.json").write_text(json.dumps(document))
        made = take_fingerprint(tmp_path / "users.json")
        assert made.usernames == ("bob", "al")
        assert made.standing_of("bob").is_locked is True
        assert made.standing_of("al").expires == LATER_TEXT
        assert made.standing_of("al").is_locked is None

    def test_of_a_node(self, realm, tool):
        tool.expire("al", LATER)
        tool.lock("bob")
        made = take_fingerprint(realm)
        assert made.standing_of("al").expires == LATER_TEXT
        assert made.standing_of("bob").is_locked
