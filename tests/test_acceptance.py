"""The acceptance checklist for hashing and the cache, each point by its number, on public names."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path

import pytest
from support.reference import cheap_hash
from support.threads import together, wait_until

from esfilerealm import (
    FileRealm,
    RealmSettings,
    UsernamePasswordToken,
    UsersTool,
    errors,
    verify_hash,
)
from esfilerealm.hashing import (
    CACHE_ALGORITHMS,
    STORED_ALGORITHMS,
    hash_password,
    resolve,
    resolve_from_hash,
)
from esfilerealm.realms.file import login as authenticator
from esfilerealm.settings.time_value import TimeValueError, nanoseconds

VECTORS = json.loads(
    (Path(__file__).parent / "vectors/hash-vectors.json").read_text(encoding="utf-8")
)
#: The rest are of the same families, and are all tried with the hashers.
FAST = re.compile(
    r"bcrypt([4-9]|10)?|pbkdf2(_stretch)?(_10?000)?|ssha256|sha1|md5|noop|unresolvable"
)


@pytest.fixture
def folder(tmp_path):
    UsersTool(tmp_path).init()
    for name in "abc":
        UsersTool(tmp_path).useradd(name, password_hash=cheap_hash(f"password-{name}"))
    return tmp_path


@pytest.fixture
def verified(monkeypatch):
    """How often each password was verified against a stored hash."""
    calls = Counter()

    def counting(password, stored_hash):
        calls[password] += 1
        return verify_hash(password, stored_hash)

    monkeypatch.setattr(authenticator, "verify_hash", counting)
    return calls


def realm_of(folder, **settings):
    return FileRealm(folder, settings=RealmSettings(**settings))


def test_1_vectors_give_their_verdict_and_nothing_escapes(tmp_path):
    """Through a realm, clear text is refused whatever the vector says."""
    vectors = [v for v in VECTORS if FAST.fullmatch(v["algorithm"])]
    vectors = [v for v in vectors if v["hash"] and v["hash"] == v["hash"].strip()]
    vectors = [v for v in vectors if len(v["hash"].splitlines()) == 1]
    assert len(vectors) > 250
    lines = [f"user{i}:{vector['hash']}\n" for i, vector in enumerate(vectors)]
    (tmp_path / "users").write_text("".join(lines), encoding="utf-8")
    realm = FileRealm(tmp_path, conceal_unknown_users=False)
    for i, vector in enumerate(vectors):
        expected = vector["valid"] and vector["algorithm"] != "noop"
        assert bool(realm.authenticate(f"user{i}", vector["password"])) == expected, vector["note"]


def test_2_names():
    for name in CACHE_ALGORITHMS:
        assert resolve(name.upper()) is resolve(name)
    for name in ("sha256", "bcrypt3", "bcrypt15", "pbkdf2_2000"):
        with pytest.raises(errors.UnknownHashAlgorithmError, match=rf"\[{name}\]"):
            resolve(name)


@pytest.mark.parametrize(
    ("name", "prefix", "length"),
    [
        ("bcrypt4", "$2a$04$", 60),
        ("pbkdf2_1000", "{PBKDF2}1000$", 102),
        ("pbkdf2_stretch_1000", "{PBKDF2_STRETCH}1000$", 110),
        ("ssha256", "{SSHA256}", 65),
        ("sha1", "{SHA}", 33),
        ("md5", "{MD5}", 29),
        ("noop", "password", 8),
    ],
)
def test_3_forms(name, prefix, length):
    one, other = (resolve(name).hash("password") for _ in range(2))
    assert one.startswith(prefix)
    assert len(one) == length
    assert (one == other) == (name in {"sha1", "md5", "noop"})
    assert resolve_from_hash(one).verify("password", one)
    assert verify_hash("password", one, accept_clear_text=name == "noop")


def test_4_writing_is_stricter_than_reading(folder):
    for name in sorted(set(CACHE_ALGORITHMS) - set(STORED_ALGORITHMS)):
        with pytest.raises(errors.UnknownHashAlgorithmError):
            hash_password("password", name)
    for text in ("swordfish", "$apr1$x$y", "$2a$15$" + "x" * 53):
        with pytest.raises(errors.InvalidHashError):
            UsersTool(folder).passwd("a", password_hash=text)
    (folder / "users").write_text("a:{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=\nb:swordfish\n")
    realm = FileRealm(folder)
    assert realm.authenticate("a", "password")
    assert not realm.authenticate("b", "swordfish")
    assert FileRealm(folder, accept_clear_text=True).authenticate("b", "swordfish")


def test_5_cache(folder, verified):
    realm = realm_of(folder, cache_max_users=2)
    for _ in range(3):
        for name in "ab":
            assert realm.authenticate(name, f"password-{name}")
    assert verified == {"password-a": 1, "password-b": 1}
    assert not realm.authenticate("a", "wrong-password")
    assert not realm.authenticate("a", "wrong-password")
    assert verified["wrong-password"] == 2
    assert realm.authenticate("c", "password-c")  # and [b], not used for longest, goes
    assert realm.authenticate("a", "password-a")
    assert verified["password-a"] == 1
    assert realm.authenticate("b", "password-b")
    assert verified["password-b"] == 2


@pytest.mark.parametrize("ttl", ["0", "-1", "0s", "-1s"])
def test_6_no_cache(folder, verified, ttl):
    prefix = "xpack.security.authc.realms.file.f"
    settings = RealmSettings.load(None, {f"{prefix}.order": "0", f"{prefix}.cache.ttl": ttl})
    realm = FileRealm(folder, settings=settings)
    for _ in range(2):
        assert realm.authenticate("a", "password-a")
    assert verified == {"password-a": 2}
    realm.expire("a")
    realm.expire_all()
    assert realm.usage_stats()["cache"]["size"] == -1


@pytest.mark.parametrize(
    ("passwords", "calls"),
    [
        (["password-a"] * 16, 1),
        (["wrong-password"] * 16, 1),
        (["password-a", "wrong-password", "wrong-too"] * 6, 3),
        (["raise"] * 16, 16),  # an exception is the leader's own: the next one tries again
    ],
    ids=["right", "wrong", "mixed", "throwing"],
)
def test_7_many_at_once(folder, monkeypatch, passwords, calls):
    realm, done = FileRealm(folder, max_concurrent_hashing=4), Counter()

    def verify(password, stored_hash):
        done[password] += 1
        waiting = len(passwords) - calls
        wait_until(lambda: realm.usage_stats()["cache"]["waits"] >= waiting)
        if password == "raise":
            raise MemoryError
        return verify_hash(password, stored_hash)

    monkeypatch.setattr(authenticator, "verify_hash", verify)
    outcomes = together([lambda p=p: realm.authenticate("a", p) for p in passwords])
    for password, outcome in zip(passwords, outcomes, strict=True):
        if password == "raise":
            assert isinstance(outcome, MemoryError)
        else:
            assert bool(outcome) == (password == "password-a")
    assert sum(done.values()) == calls
    assert realm.usage_stats()["cache"]["in_flight"] == 0


@pytest.mark.parametrize("event", ["expired", "changed"])
def test_8_during_a_flight(folder, monkeypatch, event):
    realm, tool = FileRealm(folder), UsersTool(folder)
    events = {
        "expired": [realm.expire_all],
        "changed": [
            lambda: tool.passwd("a", password_hash=cheap_hash("another-password")),
            realm.reload,
        ],
    }[event]

    def verify(password, stored_hash):
        verdict = verify_hash(password, stored_hash)
        while events:
            events.pop(0)()
        return verdict

    monkeypatch.setattr(authenticator, "verify_hash", verify)
    assert bool(realm.authenticate("a", "password-a")) == (event == "expired")
    assert realm.usage_stats()["cache"]["size"] == 0


@pytest.mark.parametrize("name", ["users", "users_roles"])
def test_9_either_file_changes(folder, name):
    with FileRealm(folder) as realm:
        before = realm.authenticate("a", "password-a").user
        tool = UsersTool(folder)
        if name == "users":
            tool.passwd("a", password_hash=resolve("bcrypt4").hash("password-a"))
        else:
            tool.roles("a", add=["viewer"])
        wait_until(lambda: realm.snapshot.generation == 2)
        after = realm.authenticate("a", "password-a").user
    assert after is not before
    assert after.roles == (("viewer",) if name == "users_roles" else ())


def test_10_authentication_switched_off(folder):
    realm = realm_of(folder, authentication_enabled=False)
    result = realm.authenticate("a", "password-a")
    assert (bool(result), result.message) == (False, None)
    assert realm.lookup_user("a").username == "a"


def test_11_basic_header():
    """Every row has its test in unit/realm/test_model."""
    token = UsernamePasswordToken.from_basic_header("Basic YTpi")
    assert (token.principal, token.credentials) == ("a", "b")


def test_12_time_values():
    """Every row has its test in unit/settings."""
    assert nanoseconds("20m") == 20 * 60 * 10**9
    with pytest.raises(TimeValueError):
        nanoseconds("20M")
