"""What a fingerprint says, what it does not, and what is refused in its JSON."""

from __future__ import annotations

import hashlib
import hmac
import json
import pickle

import pytest

from esfilerealm import verify_hash
from esfilerealm.drift import DescribedRealm, Fingerprint
from esfilerealm.errors import InvalidFingerprintError
from esfilerealm.formats import ParsedRealm
from esfilerealm.hashing import resolve

KEY = b"a key for tests only, of 32 byte"
OTHER_KEY = b"another key for tests, as long. "
USERS = {"ann": ("h1", ["viewer", "admin"]), "bob": ("h2", [])}


def test_what_it_says(fingerprint):
    made = fingerprint("node-a", **USERS)
    assert made.usernames == ("ann", "bob")
    assert made.roles_of("ann") == ("admin", "viewer")
    assert made.roles_of("bob") == ()
    assert repr(made) == f"<Fingerprint of 'node-a': 2 users, {made.label}>"
    assert made.digest.startswith(made.label)
    assert len({made.digest, made.roles_digest, made.hashes_digest}) == 3


def test_equal_is_what_says_the_same_on_whichever_node(fingerprint):
    one, two = fingerprint("a", **USERS), fingerprint("b", **dict(reversed(USERS.items())))
    assert (one, hash(one), one.digest, one.label) == (two, hash(two), two.digest, two.label)
    assert one != fingerprint("a", key=OTHER_KEY, **USERS)
    assert fingerprint("a") != fingerprint("a", key=OTHER_KEY)
    assert one != "something else"


@pytest.mark.parametrize(
    ("users", "differs"),
    [
        pytest.param({"ann": ("h9", ["viewer", "admin"])}, "hashes_digest", id="hash"),
        pytest.param({"ann": ("h1", ["viewer"])}, "roles_digest", id="role"),
    ],
)
def test_one_digest_each_for_roles_and_hashes(fingerprint, users, differs):
    one, two = fingerprint(**USERS), fingerprint(**{**USERS, **users})
    names = ("digest", "roles_digest", "hashes_digest")
    assert {name for name in names if getattr(one, name) != getattr(two, name)} == {
        "digest",
        differs,
    }


def test_the_same_hash_of_two_users_is_not_seen(fingerprint):
    made = fingerprint(ann=("h", []), bob=("h", [])).to_dict()["users"]
    assert made[0]["hash_digest"] != made[1]["hash_digest"]


@pytest.mark.parametrize(
    ("one", "two"),
    [
        pytest.param({"a": ("bc", [])}, {"ab": ("c", [])}, id="name-and-hash"),
        pytest.param({"a": ("h", ["b", "c"])}, {"a": ("h", ["bc"])}, id="roles"),
        pytest.param({"a": ("h", ["b1:c"])}, {"a": ("h", ["b", "c"])}, id="like-a-length"),
    ],
)
def test_parts_do_not_run_together(one, two):
    made = [
        Fingerprint.of(DescribedRealm({n: (h, tuple(r)) for n, (h, r) in users.items()}), key=KEY)
        for users in (one, two)
    ]
    assert made[0].digest != made[1].digest


def test_why_a_guess_cannot_be_confirmed_without_the_key():
    """
    Whoever guesses a password also has to know the key.

    Here somebody knows everything else: salt, cost, even the stored hash itself, and every step by
    which a fingerprint is made. A digest without a key would be found by that; an HMAC is another
    under each key, and nothing in the fingerprint tells which key is the right one.
    """
    password = "correct-horse"
    stored = resolve("bcrypt4").hash(password)
    assert verify_hash(password, stored)
    made = Fingerprint.of(DescribedRealm({"ann": (stored, ())}), key=KEY)
    (user,) = made.to_dict()["users"]
    seen = {user["hash_digest"], made.digest, made.roles_digest, made.hashes_digest, made.key_id}

    guesses = [password, stored, f"ann:{stored}", f"4:hash3:ann{len(stored)}:{stored}"]
    for guess in guesses:
        for algorithm in ("sha256", "sha512", "blake2b"):
            plain = hashlib.new(algorithm, guess.encode()).hexdigest()
            assert plain not in seen
        assert hmac.digest(b"", guess.encode(), "sha256").hex() not in seen
    under_other_keys = {
        Fingerprint.of(DescribedRealm({"ann": (stored, ())}), key=bytes([n]) * 32).to_dict()[
            "users"
        ][0]["hash_digest"]
        for n in range(256)
    }
    assert len(under_other_keys) == 256
    assert user["hash_digest"] not in under_other_keys
    # With the key it can, which is why the key is a secret.
    assert hmac.digest(KEY, guesses[-1].encode(), "sha256").hex() == user["hash_digest"]


def test_without_a_key_the_json_has_no_digest_of_a_hash(fingerprint):
    made = fingerprint("a", key=None, **USERS)
    assert made.knows_hashes
    written = made.to_dict()
    assert [user["hash_digest"] for user in written["users"]] == [None, None]
    assert written["hashes_digest"] is None
    assert written["key_id"] is None
    again = Fingerprint.from_json(made.to_json())
    assert again == made.portable
    assert again.label == made.label
    assert not again.knows_hashes


def test_without_a_key_the_label_is_that_of_names_and_roles(fingerprint):
    one = fingerprint(key=None, ann=("h1", ["viewer"]))
    two = fingerprint(key=None, ann=("h2", ["viewer"]))
    assert one.label == two.label != fingerprint(key=None, ann=("h1", [])).label
    assert one != two


def test_there_is_no_hash_in_it(fingerprint):
    stored = resolve("bcrypt4").hash("correct-horse")
    made = fingerprint("a", ann=(stored, ["viewer"]))
    for text in (made.to_json(), repr(made), str(made.to_dict()), str(pickle.dumps(made))):
        assert stored not in text
        assert stored[-20:] not in text


@pytest.mark.parametrize("key", [b"", b"x", b"fifteen bytes.."])
def test_a_short_key_is_refused(fingerprint, key):
    with pytest.raises(InvalidFingerprintError, match="needs a key of at least 16 bytes"):
        fingerprint("a", key=key, **USERS)


def test_a_key_of_text_is_refused(fingerprint):
    with pytest.raises(TypeError, match="a key is bytes, not text"):
        fingerprint("a", key=KEY.decode(), **USERS)


def test_what_a_node_skips_is_told_and_changes_nothing():
    plain = Fingerprint.of(ParsedRealm.parse(b"ann:h\n", b"a:ann\n"), key=KEY)
    skipping = ParsedRealm.parse(b"ann:h\nbroken\n\n", b"a:ann\nno users:\n")
    made = Fingerprint.of(skipping, key=KEY)
    assert made == plain
    assert [line.partition(":")[0] for line in made.skipped] == [
        "users, line [2]",
        "users_roles, line [2]",
    ]


def test_roles_of_a_name_that_is_no_user_do_not_count():
    one = ParsedRealm.parse(b"ann:h\n", b"a:ann\n")
    two = ParsedRealm.parse(b"ann:h\n", b"a:ann,ghost\n")
    assert Fingerprint.of(one, key=KEY) == Fingerprint.of(two, key=KEY)


def test_what_a_document_leaves_unsaid():
    realm = DescribedRealm({"ann": (None, ("a",)), "bob": ("h", None)}, skipped=("x",))
    made = Fingerprint.of(realm, key=KEY)
    assert made.roles_of("bob") is None
    users = made.to_dict()["users"]
    assert (users[0]["hash_digest"], users[1]["roles_digest"], users[1]["roles"]) == (None,) * 3
    assert Fingerprint.from_json(made.to_json()) == made
    assert repr(realm) == "<DescribedRealm: 2 users, 1 skipped>"
    with pytest.raises(TypeError, match="password"):
        pickle.dumps(realm)


class TestJson:
    """What ``from_json`` reads back, and what it refuses."""

    @pytest.fixture
    def made(self, fingerprint):
        return fingerprint("node-a", **USERS)

    def test_there_and_back(self, made):
        again = Fingerprint.from_json(made.to_json())
        assert (again, again.node, again.key_id) == (made, made.node, made.key_id)
        assert again.to_json() == made.to_json()

    def test_as_the_command_prints_it(self, made):
        printed = json.dumps({"command": "digest", "version": 1, "fingerprint": made.to_dict()})
        assert Fingerprint.from_json(printed.encode()) == made

    def test_of_several_nodes(self, made, fingerprint):
        value = {
            "command": "digest",
            "by_node": [
                {"node": "a", "fingerprint": made.to_dict()},
                {"node": "b", "error": {"message": "gone"}},
                {"node": "c", "is_skipped": True},
                {"node": "d", "fingerprint": fingerprint("node-d").to_dict()},
            ],
        }
        found = Fingerprint.all_from_json(json.dumps(value))
        assert [each.node for each in found] == ["node-a", "b", "c", "node-d"]
        assert found[0] == made
        assert [each.reason for each in found[1:3]] == [
            "gone",
            "left alone, since another node has failed",
        ]
        assert Fingerprint.all_from_json(made.to_json()) == (made,)

    @pytest.mark.parametrize(
        "nodes",
        [
            pytest.param([], id="none"),
            pytest.param({}, id="no-list"),
            pytest.param([1], id="numbers"),
            pytest.param([{"node": "a"}], id="nothing-said"),
            pytest.param([{"node": 1, "error": {"message": "x"}}], id="no-name"),
            pytest.param([{"node": "a", "error": {"message": 1}}], id="no-reason"),
            pytest.param([{"node": "a", "fingerprint": {"kind": "x"}}], id="no-fingerprint"),
        ],
    )
    def test_of_several_nodes_damaged(self, nodes):
        with pytest.raises(InvalidFingerprintError, match=r"\[all.json\]"):
            Fingerprint.all_from_json(json.dumps({"by_node": nodes}), source="all.json")

    def test_cut_off_anywhere(self, made):
        text = made.to_json().rstrip()
        for end in range(0, len(text), 7):
            with pytest.raises(InvalidFingerprintError, match=r"\[a.json\] is not whole"):
                Fingerprint.from_json(text[:end], source="a.json")

    @pytest.mark.parametrize("text", ["[" * 100_000, "\xff".encode("latin-1"), "9" * 5000])
    def test_what_is_no_json(self, text):
        with pytest.raises(InvalidFingerprintError):
            Fingerprint.from_json(text)

    @pytest.mark.parametrize("value", [{}, [], 1, None, {"kind": "x"}, {"fingerprint": {}}])
    def test_something_else(self, value):
        with pytest.raises(InvalidFingerprintError, match="esfilerealm digest --json"):
            Fingerprint.from_json(json.dumps(value))

    @pytest.mark.parametrize("version", [0, 3, "1", None, [1]])
    def test_another_version(self, made, version):
        text = json.dumps({**made.to_dict(), "version": version})
        with pytest.raises(InvalidFingerprintError, match=r"has version \[.*reads \[1, 2\]"):
            Fingerprint.from_json(text)

    @pytest.mark.parametrize(
        "change",
        [
            pytest.param({"digest": "0" * 64}, id="digest"),
            pytest.param({"digest": None}, id="no-digest"),
            pytest.param({"users": []}, id="no-users"),
            pytest.param({"users": None}, id="users-null"),
            pytest.param({"users": [1]}, id="users-numbers"),
            pytest.param({"users": [{}]}, id="users-empty"),
            pytest.param({"skipped": None}, id="skipped-null"),
            pytest.param({"skipped": [1]}, id="skipped-numbers"),
            pytest.param({"node": 7}, id="node-number"),
            pytest.param({"key_id": 7}, id="key-number"),
            pytest.param({"key_id": None}, id="digests-of-hashes-without-a-key"),
        ],
    )
    def test_changed(self, made, change):
        text = json.dumps({**made.to_dict(), **change})
        with pytest.raises(InvalidFingerprintError, match=r"\[a.json\] (was|has)"):
            Fingerprint.from_json(text, source="a.json")

    @pytest.mark.parametrize(
        "change",
        [
            pytest.param({"username": "eve"}, id="name"),
            pytest.param({"username": "ann\ud800"}, id="surrogate"),
            pytest.param({"username": None}, id="no-name"),
            pytest.param({"username": "bob"}, id="name-twice"),
            pytest.param({"roles": None}, id="no-roles"),
            pytest.param({"roles": "admin"}, id="roles-text"),
            pytest.param({"roles": [1]}, id="roles-numbers"),
            pytest.param({"roles": ["viewer", "admin"]}, id="roles-unsorted"),
            pytest.param({"roles_digest": None}, id="no-roles-digest"),
            pytest.param({"roles_digest": "x"}, id="roles-digest-no-hex"),
            pytest.param({"hash_digest": "0" * 64}, id="hash-digest"),
            pytest.param({"hash_digest": None}, id="no-hash-digest"),
            pytest.param({"hash_digest": 7}, id="hash-digest-number"),
            pytest.param({"hash_digest": "A" * 64}, id="hash-digest-capitals"),
        ],
    )
    def test_a_changed_user(self, made, change):
        value = made.to_dict()
        value["users"][0] = {**value["users"][0], **change}
        with pytest.raises(InvalidFingerprintError):
            Fingerprint.from_json(json.dumps(value))

    def test_two_meanings_of_one_digest_of_roles(self, fingerprint):
        value = fingerprint(ann=("h", ["a"]), bob=("h", ["a"])).to_dict()
        value["users"][0]["roles"] = ["superuser"]
        with pytest.raises(InvalidFingerprintError, match="was changed"):
            Fingerprint.from_json(json.dumps(value))
