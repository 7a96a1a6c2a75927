"""One policy decides which stored hashes are too weak: for plans, at login and in passlib."""

from __future__ import annotations

import pytest

from esfilerealm.errors import InvalidHashError, UnknownHashAlgorithmError
from esfilerealm.hashing import resolve
from esfilerealm.hashing.policy import Policy

PASSWORD = "changeme"
HASHES = {
    name: resolve(name).hash(PASSWORD)
    for name in (
        *("bcrypt4", "bcrypt5", "bcrypt6"),
        *("pbkdf2_1000", "pbkdf2", "pbkdf2_stretch_1000", "pbkdf2_stretch"),
        *("ssha256", "sha1", "md5"),
    )
}
ALL = set(HASHES)
DIGESTS = {"ssha256", "sha1", "md5"}


def weak(policy: Policy) -> set[str]:
    return {name for name, text in HASHES.items() if policy.needs_update(text)}


@pytest.mark.parametrize(
    ("algorithm", "is_required", "minimum", "good"),
    [
        ("bcrypt5", False, None, ALL),
        ("bcrypt5", False, 4, {"bcrypt4", "bcrypt5", "bcrypt6"}),
        ("bcrypt5", True, None, {"bcrypt5", "bcrypt6"}),
        ("BCRYPT5", True, 6, {"bcrypt6"}),
        ("pbkdf2", True, None, {"pbkdf2"}),
        ("pbkdf2", True, 1000, {"pbkdf2", "pbkdf2_1000"}),
        ("pbkdf2_stretch_1000", True, None, {"pbkdf2_stretch", "pbkdf2_stretch_1000"}),
    ],
)
def test_a_plan_accepts_one_family_if_it_asks_for_anything(algorithm, is_required, minimum, good):
    policy = Policy.for_plan(algorithm, is_required=is_required, minimum_cost=minimum)
    assert weak(policy) == ALL - good
    assert policy.accepts_all is (good == ALL)


@pytest.mark.parametrize(
    ("algorithm", "expected"),
    [
        ("bcrypt4", DIGESTS),
        ("bcrypt6", {"bcrypt4", "bcrypt5"} | DIGESTS),
        ("pbkdf2_1000", DIGESTS),
        ("pbkdf2", {"pbkdf2_1000", "pbkdf2_stretch_1000"} | DIGESTS),
        ("pbkdf2_stretch", {"pbkdf2_1000", "pbkdf2_stretch_1000"} | DIGESTS),
    ],
)
def test_a_login_upgrades_what_costs_less_than_the_algorithm(algorithm, expected):
    assert weak(Policy.for_login(algorithm)) == expected


def test_clear_text_is_always_weak_and_a_broken_hash_is_an_error():
    policy = Policy.for_login("bcrypt4")
    assert policy.needs_update("clear text")
    with pytest.raises(InvalidHashError):
        policy.needs_update("$2a$")


def test_an_algorithm_below_the_minimum_is_a_problem():
    policy = Policy.for_plan("bcrypt4", is_required=True, minimum_cost=5)
    assert policy.problem == "its cost [4] is below the minimum [5]"
    assert str(policy) == "[bcrypt4], minimum cost [5]"
    assert Policy.for_plan("bcrypt5", is_required=True, minimum_cost=5).problem is None


@pytest.mark.parametrize("algorithm", ["ssha256", "noop", "bogus"])
@pytest.mark.parametrize("make", [Policy.for_login, lambda name: Policy(name, None)])
def test_no_policy_makes_hashes_that_may_not_be_stored(algorithm, make):
    with pytest.raises(UnknownHashAlgorithmError):
        make(algorithm)


def test_it_hashes_by_its_algorithm():
    policy = Policy.for_login("bcrypt4")
    text = policy.hash(PASSWORD)
    assert policy.hasher.verify(PASSWORD, text)
    assert not policy.needs_update(text)
