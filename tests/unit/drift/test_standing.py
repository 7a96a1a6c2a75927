"""Locked, expiring and emergency users in fingerprints and comparisons."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from unit.drift.conftest import KEY

from esfilerealm.cli.reports.matrix import matrix_of
from esfilerealm.drift import DescribedRealm, Fingerprint, Standing, compare
from esfilerealm.drift.metrics import UserFacts
from esfilerealm.errors import InvalidFingerprintError
from esfilerealm.formats import ParsedRealm
from esfilerealm.hashing import locked_hash
from esfilerealm.results import AccountState

LATER = datetime(2026, 12, 1, 8, tzinfo=UTC)
LATER_TEXT = "2026-12-01T08:00:00Z"
EXPIRING = AccountState(LATER, is_locked=False, is_emergency=False, is_over=False)
EMERGENCY = AccountState(LATER, is_locked=False, is_emergency=True, is_over=False)


def node(name, text="h", roles=b"viewer:bob\n", *, key=KEY, **accounts):
    """Make the fingerprint of a node with one user."""
    realm = ParsedRealm.parse(f"bob:{text}\n".encode(), roles)
    return Fingerprint.of(realm, key=key, node=name, accounts=accounts)


def document(name, text="h", standing=None, *, is_whole=False):
    standings = {} if standing is None else {"bob": standing}
    realm = DescribedRealm({"bob": (text, ("viewer",))}, standings=standings, is_whole=is_whole)
    return Fingerprint.of(realm, key=KEY, node=name)


def drift_of(*fingerprints):
    """Compare, and return what is told of the only user that differs, or None."""
    drift = compare(fingerprints)
    assert len(drift.users) < 2
    return drift.users[0] if drift.users else None


def again(fingerprint):
    return Fingerprint.from_json(fingerprint.to_json())


LOCKED = locked_hash()


@pytest.mark.parametrize("read", [lambda each: each, again], ids=["made", "read"])
class TestNodes:
    def test_locked_by_different_hashes_is_equal(self, read):
        one, two = read(node("a", LOCKED)), read(node("b", locked_hash()))
        assert drift_of(one, two) is None
        assert (one, one.digest, one.label) == (two, two.digest, two.label)
        assert not compare([one, two]).unsaid

    def test_locked_here_and_open_there_is_one_difference(self, read):
        found = drift_of(read(node("a", LOCKED)), read(node("b")), read(node("c")))
        assert [(group.value, group.nodes) for group in found.locks] == [
            (False, ("b", "c")),
            (True, ("a",)),
        ]
        assert (found.presence, found.roles, found.passwords, found.expiries) == ((), (), (), ())

    def test_without_hashes(self, read):
        drift = compare([read(node("a", LOCKED)), read(node("b", "other"))], ignore_hashes=True)
        assert [group.value for group in drift.users[0].locks] == [True, False]
        assert not drift.unsaid

    def test_another_time(self, read):
        found = drift_of(read(node("a", bob=EXPIRING)), read(node("b")))
        assert {group.value: group.nodes for group in found.expiries} == {
            LATER_TEXT: ("a",),
            "never": ("b",),
        }
        assert found.locks == ()
        assert node("a", bob=EXPIRING).digest != node("b").digest

    def test_emergency_access_is_told(self, read):
        empty = Fingerprint.of(ParsedRealm.parse(b"", b""), key=KEY, node="b")
        drift = compare([read(node("a", bob=EMERGENCY)), read(empty), read(empty.named("c"))])
        assert drift.users[0].is_emergency
        assert matrix_of(drift).rows[0].title == "bob (emergency)"
        assert drift.to_dict()["differing"][0]["is_emergency"] is True

    def test_what_it_says(self, read):
        made = read(node("a", LOCKED, bob=EXPIRING))
        assert made.standing_of("bob") == Standing(is_locked=True, expires=LATER_TEXT)
        assert read(node("a")).standing_of("bob") == Standing()


class TestWords:
    def words(self, *fingerprints):
        matrix = matrix_of(compare(fingerprints))
        return matrix.rows[0].majority, {column.nodes: column.cells for column in matrix.columns}

    def test_of_a_lock(self):
        assert self.words(node("a", LOCKED), node("b"), node("c")) == (
            "viewer; not locked",
            {("a",): ("locked",)},
        )

    def test_of_a_time(self):
        assert self.words(node("a"), node("b", bob=EXPIRING), node("c", bob=EXPIRING)) == (
            f"viewer; expires {LATER_TEXT}",
            {("a",): ("never expires",)},
        )

    def test_without_a_majority(self):
        assert self.words(node("a", LOCKED, bob=EXPIRING), node("b")) == (
            "viewer; no majority for the lock; no majority for the time",
            {("a",): (f"locked; expires {LATER_TEXT}",), ("b",): ("not locked; never expires",)},
        )

    @pytest.mark.parametrize(("role", "is_grave"), [(b"superuser", True), (b"viewer", False)])
    def test_a_superuser_who_is_locked_somewhere_is_grave(self, role, is_grave):
        drift = compare([node("a", LOCKED, role + b":bob\n"), node("b", "h", role + b":bob\n")])
        assert matrix_of(drift).rows[0].is_grave is is_grave


class TestDocuments:
    """What a document leaves unsaid is not compared."""

    @pytest.mark.parametrize("text", ["h", LOCKED], ids=["open", "locked"])
    def test_that_says_nothing(self, text):
        assert drift_of(document("a"), node("b", text, bob=EXPIRING)) is None
        assert not compare([document("a"), node("b", text)]).unsaid

    def test_that_is_whole(self):
        found = drift_of(document("a", is_whole=True), node("b", LOCKED))
        assert [group.value for group in found.locks] == [False, True]

    @pytest.mark.parametrize("is_whole", [False, True])
    def test_with_a_locked_hash(self, is_whole):
        assert drift_of(document("a", LOCKED, is_whole=is_whole), node("b", locked_hash())) is None
        assert drift_of(document("a", LOCKED, is_whole=is_whole), node("b")).locks

    @pytest.mark.parametrize(
        ("standing", "differs"),
        [
            pytest.param(Standing(is_locked=True, expires=None), "locks", id="lock"),
            pytest.param(Standing(is_locked=None, expires=LATER_TEXT), "expiries", id="time"),
            pytest.param(Standing(is_locked=False, expires="never"), "", id="neither"),
        ],
    )
    def test_what_it_says_is_compared(self, standing, differs):
        for made in (document("a", "h", standing), again(document("a", "h", standing))):
            found = drift_of(made, node("b"))
            told = [name for name in ("locks", "expiries") if found and getattr(found, name)]
            assert told == ([differs] if differs else [])

    def test_the_label_is_that_of_a_node_that_says_the_same(self):
        assert document("a").label == node("b").label
        assert document("a", "h", Standing()).label == node("b").label
        time = Standing(is_locked=None, expires=LATER_TEXT)
        assert document("a", "h", time).label == node("b", bob=EXPIRING).label


class TestVersions:
    def test_ordinary_users_have_the_first_version(self):
        assert node("a").to_dict()["version"] == document("a").to_dict()["version"] == 1
        assert node("a", LOCKED).to_dict()["version"] == 2
        assert node("a", bob=EXPIRING).to_dict()["version"] == 2

    def test_an_early_fingerprint_still_reads(self):
        """It has none of the new keys, and means ordinary users."""
        value = node("a").to_dict()
        del value["is_document"]
        for key in ("is_locked", "expires", "is_emergency"):
            del value["users"][0][key]
        early = Fingerprint.from_json(json.dumps(value))
        assert early == node("a")
        assert drift_of(early, node("b", LOCKED)).locks

    @pytest.mark.parametrize(
        ("key", "value"),
        [
            ("is_locked", "yes"),
            ("is_locked", 1),
            ("expires", "tomorrow"),
            ("expires", 5),
            ("expires", f"{LATER_TEXT}\ud800"),
            ("is_emergency", None),
        ],
    )
    def test_a_wrong_value_is_refused(self, key, value):
        content = node("a", bob=EXPIRING).to_dict()
        content["users"][0][key] = value
        with pytest.raises(InvalidFingerprintError, match=r"wrong value in \[users\]"):
            Fingerprint.from_json(json.dumps(content))

    def test_a_wrong_kind_is_refused(self):
        with pytest.raises(InvalidFingerprintError, match=r"wrong value in \[is_document\]"):
            Fingerprint.from_json(json.dumps({**node("a").to_dict(), "is_document": "no"}))

    @pytest.mark.parametrize(
        ("key", "value"), [("is_locked", True), ("expires", "never"), ("is_emergency", True)]
    )
    def test_what_was_changed_is_refused(self, key, value):
        content = node("a", bob=EXPIRING).to_dict()
        content["users"][0][key] = value
        with pytest.raises(InvalidFingerprintError, match="was changed"):
            Fingerprint.from_json(json.dumps(content))


@pytest.mark.parametrize(
    ("fingerprint", "expected"),
    [
        pytest.param(node("a"), (0, 0, 0), id="ordinary"),
        pytest.param(node("a", LOCKED), (1, 0, 0), id="locked"),
        pytest.param(node("a", bob=EXPIRING), (0, 1, 0), id="expiring"),
        pytest.param(node("a", bob=EMERGENCY), (0, 1, 1), id="emergency"),
        pytest.param(document("a", LOCKED), (1, None, None), id="document"),
    ],
)
def test_metrics(fingerprint, expected):
    facts = UserFacts.of(fingerprint)
    assert (facts.locked, facts.expiring, facts.emergency) == expected
