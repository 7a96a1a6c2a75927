"""Names resolve as in a node's settings."""

from __future__ import annotations

import pytest

from esfilerealm.errors import UnknownHashAlgorithmError
from esfilerealm.hashing import (
    CACHE_ALGORITHMS,
    STORED_ALGORITHMS,
    decoy_hash,
    hash_password,
    is_pbkdf2,
    resolve,
)

COUNTS = (1000, 10000, 50000, 100000, 500000, 1000000)
STORED = (
    "bcrypt",
    *(f"bcrypt{cost}" for cost in range(4, 15)),
    "pbkdf2",
    *(f"pbkdf2_{count}" for count in COUNTS),
    "pbkdf2_stretch",
    *(f"pbkdf2_stretch_{count}" for count in COUNTS),
)
CACHE_ONLY = ("ssha256", "sha1", "md5", "noop", "clear_text")
SAME = {"bcrypt10": "bcrypt", "pbkdf2_10000": "pbkdf2", "clear_text": "noop"}
COSTS = {"bcrypt": 10, "pbkdf2": 10000, "pbkdf2_stretch": 10000, "noop": 0, "clear_text": 0}


def test_the_lists_are_elasticsearchs():
    assert STORED_ALGORITHMS == STORED
    assert CACHE_ALGORITHMS == STORED + CACHE_ONLY


@pytest.mark.parametrize("spell", [str.lower, str.upper, str.title, str.swapcase])
@pytest.mark.parametrize("name", STORED + CACHE_ONLY)
def test_a_name_resolves_in_any_letter_case(name, spell):
    assert resolve(spell(name)).name == SAME.get(name, name)


@pytest.mark.parametrize("name", STORED + CACHE_ONLY)
def test_the_cost_is_the_one_in_the_name(name):
    digits = name.removeprefix("bcrypt").rpartition("_")[2]
    expected = COSTS.get(name, int(digits) if digits.isdigit() else 1)
    assert resolve(name).cost == expected


def test_some_names_are_the_same_algorithm():
    assert all(resolve(one) == resolve(other) for one, other in SAME.items())
    assert resolve("pbkdf2_stretch_10000") != resolve("pbkdf2_stretch")


@pytest.mark.parametrize(
    "name",
    [
        "",
        "sha256",
        "SHA256",
        "bcrypt3",
        "bcrypt15",
        "bcrypt04",
        "pbkdf2_2000",
        "pbkdf2_stretch_2000",
        " bcrypt",
        "bcrypt ",
        "bcrypt\n",
        "p\u212abdf2",
        "m\u2170d5",
        "pb\u212adf2",  # the Kelvin sign, whose lower case is "k"
        "no\udc80op",
    ],
)
def test_an_unknown_name_is_refused_with_elasticsearchs_message(name):
    with pytest.raises(UnknownHashAlgorithmError, match=r"unknown hash function \[") as caught:
        resolve(name)
    assert caught.value.name == name
    assert "use one of bcrypt, bcrypt4" in caught.value.advice
    if name.isprintable():
        assert f"unknown hash function [{name}]" in str(caught.value)


@pytest.mark.parametrize("name", [*CACHE_ONLY, "NOOP", "Ssha256"])
def test_a_name_for_caches_makes_no_stored_hash(name):
    with pytest.raises(UnknownHashAlgorithmError, match=r"for caches only.*use one of bcrypt"):
        hash_password("correct horse", name)


@pytest.mark.parametrize("name", ["pbkdf2", "PBKDF2_1000", "pbkdf2_stretch", "pbkdf2_stretch_1000"])
def test_both_families_of_pbkdf2_count_as_pbkdf2(name):
    assert is_pbkdf2(name)
    assert not is_pbkdf2("bcrypt")
    assert not is_pbkdf2("ssha256")


def test_a_decoy_takes_as_long_as_most_hashes():
    usual = [resolve("bcrypt5").hash("changeme") for _ in range(3)]
    others = [resolve(name).hash("changeme") for name in ("bcrypt4", "pbkdf2_1000", "sha1", "sha1")]
    assert decoy_hash([*others, *usual]) == usual[0]
    assert decoy_hash(others) == others[2]
    assert decoy_hash([]) is None


def test_an_unknown_name_makes_no_stored_hash():
    with pytest.raises(UnknownHashAlgorithmError, match=r"unknown hash function \[bcrypt3\]"):
        hash_password("correct horse", "bcrypt3")
