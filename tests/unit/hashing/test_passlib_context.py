"""The hashers as passlib users know hashers."""

from __future__ import annotations

import re
import warnings

import pytest

from esfilerealm.errors import (
    InvalidHashError,
    InvalidPasswordError,
    InvalidSettingError,
    PasswordTruncatedWarning,
    UnknownHashAlgorithmError,
)
from esfilerealm.hashing import STORED_ALGORITHMS, check_hash, resolve, verify_hash
from esfilerealm.hashing.passlib_context import EsBcrypt, EsPbkdf2, EsSha1, crypt_context

PASSWORD = "correct horse é😀"
CHEAP = {"minimum_bcrypt_cost": 4, "minimum_pbkdf2_iterations": 1000}
SCHEMES = {
    "bcrypt4": "es_bcrypt",
    "pbkdf2_1000": "es_pbkdf2",
    "pbkdf2_stretch_1000": "es_pbkdf2_stretch",
    "ssha256": "es_ssha256",
    "sha1": "es_sha1",
    "md5": "es_md5",
}
DIGESTS = ("ssha256", "sha1", "md5")


@pytest.fixture
def context():
    return crypt_context("bcrypt4", **CHEAP)


@pytest.mark.parametrize("algorithm", STORED_ALGORITHMS)
def test_the_default_scheme_and_its_rounds_are_the_algorithms(algorithm):
    context = crypt_context(algorithm.upper(), **CHEAP)
    handler = context.handler()
    assert handler.default_rounds == resolve(algorithm).cost
    family = re.match("bcrypt|pbkdf2_stretch|pbkdf2", algorithm)[0]
    assert context.default_scheme() == f"es_{family}"


@pytest.mark.parametrize("algorithm", ["bcrypt4", "pbkdf2_1000", "pbkdf2_stretch_1000"])
def test_a_new_hash_has_the_algorithm_and_a_node_accepts_it(algorithm):
    context = crypt_context(algorithm, **CHEAP)
    text = context.hash(PASSWORD)
    assert check_hash(text) == resolve(algorithm)
    assert verify_hash(PASSWORD, text)
    assert context.verify(PASSWORD, text)
    assert not context.verify("wrong", text)
    assert not context.needs_update(text)


@pytest.mark.parametrize("algorithm", SCHEMES)
def test_every_family_is_identified_and_verified(context, algorithm):
    text = resolve(algorithm).hash(PASSWORD)
    assert context.identify(text) == SCHEMES[algorithm]
    assert context.identify(text.encode()) == SCHEMES[algorithm]
    assert context.verify(PASSWORD, text)
    assert context.verify(PASSWORD.encode(), text.encode())
    assert not context.verify("wrong", text)


@pytest.mark.parametrize("algorithm", SCHEMES)
def test_a_digest_needs_an_update_but_another_family_does_not(context, algorithm):
    text = resolve(algorithm).hash(PASSWORD)
    assert context.needs_update(text) is (algorithm in DIGESTS)


@pytest.mark.parametrize(
    ("algorithm", "weak"),
    [
        ("bcrypt9", True),
        ("bcrypt", False),
        ("bcrypt11", False),
        ("pbkdf2_1000", True),
        ("pbkdf2", False),
        ("pbkdf2_50000", False),
        ("pbkdf2_stretch_1000", True),
        ("pbkdf2_stretch", False),
    ],
)
@pytest.mark.parametrize("default", ["bcrypt12", "pbkdf2_stretch_100000"])
def test_a_cost_below_the_minimum_needs_an_update(default, algorithm, weak):
    text = resolve(algorithm).hash(PASSWORD)
    assert crypt_context(default).needs_update(text) is weak


def test_the_minimum_is_the_callers():
    text = resolve("bcrypt5").hash(PASSWORD)
    assert crypt_context("bcrypt6", minimum_bcrypt_cost=6).needs_update(text)
    assert not crypt_context("bcrypt6", minimum_bcrypt_cost=5).needs_update(text)


@pytest.mark.parametrize("revision", ["2a", "2b", "2y"])
def test_every_revision_of_bcrypt_is_fine(context, revision):
    text = resolve("bcrypt4").hash(PASSWORD).replace("2a", revision, 1)
    assert context.verify_and_update(PASSWORD, text) == (True, None)


def test_a_weak_hash_is_replaced_at_login():
    context = crypt_context("pbkdf2_stretch")
    weak = resolve("sha1").hash(PASSWORD)
    assert context.verify_and_update("wrong", weak) == (False, None)
    right, better = context.verify_and_update(PASSWORD, weak)
    assert right
    assert check_hash(better).name == "pbkdf2_stretch"
    assert verify_hash(PASSWORD, better)


@pytest.mark.parametrize("text", ["", "password", "$apr1$x$y", "$2x$04$" + "a" * 53, b"\xff"])
def test_clear_text_is_not_identified(context, text):
    assert context.identify(text) is None
    with pytest.raises(ValueError, match="hash could not be identified"):
        context.verify("password", text)


@pytest.mark.parametrize(
    "text", ["$2a$15$" + "a" * 53, "$2a$04$short", "{PBKDF2}2000$x$y", "{PBKDF2_STRETCH}"]
)
def test_a_hash_on_which_a_node_throws_is_an_error(context, text):
    assert context.identify(text)
    with pytest.raises(InvalidHashError):
        context.verify("password", text)
    with pytest.raises(InvalidHashError):
        context.needs_update(text)


def test_another_familys_hash_is_an_error_for_a_handler():
    with pytest.raises(InvalidHashError, match=r"es_sha1 hashes start with \{SHA\}"):
        EsSha1.verify(PASSWORD, resolve("md5").hash(PASSWORD))


def test_a_missing_hash_costs_a_verification(context):
    assert context.verify(PASSWORD, None) is False
    assert context.dummy_verify() is False


def test_a_handler_can_be_used_alone():
    text = EsBcrypt.using(rounds=5).hash(PASSWORD)
    assert check_hash(text).name == "bcrypt5"
    assert EsBcrypt.verify(PASSWORD, text)
    assert EsBcrypt.hash(PASSWORD, rounds=4).startswith("$2a$04$")
    assert EsBcrypt.from_string(text).to_string() == text
    assert EsSha1.from_string(EsSha1.hash("a")).to_string() == resolve("sha1").hash("a")


def test_rounds_that_no_node_reads_are_refused():
    with pytest.raises(UnknownHashAlgorithmError, match=r"\[pbkdf2_2000\]"):
        EsPbkdf2.using(rounds=2000).hash(PASSWORD)
    with pytest.raises(ValueError, match="rounds"):
        EsBcrypt.using(rounds=15)


@pytest.mark.parametrize("name", ["sha1", "ssha256", "noop", "sha256"])
def test_only_stored_algorithms_make_a_context(name):
    with pytest.raises(UnknownHashAlgorithmError):
        crypt_context(name)


@pytest.mark.parametrize(
    ("algorithm", "minimums", "message"),
    [
        ("bcrypt", {"minimum_bcrypt_cost": 3}, r"\[minimum_bcrypt_cost\] is \[3\].*from 4 to 14"),
        ("bcrypt", {"minimum_bcrypt_cost": 15}, r"\[minimum_bcrypt_cost\] is \[15\]"),
        ("bcrypt", {"minimum_pbkdf2_iterations": 999}, "from 1000 to 1000000"),
        ("bcrypt9", {}, r"\[algorithm\] is \[bcrypt9\].*below the minimum \[10\]"),
        ("pbkdf2", {"minimum_pbkdf2_iterations": 10001}, r"below the minimum \[10001\]"),
    ],
)
def test_a_policy_that_contradicts_itself_is_refused(algorithm, minimums, message):
    with pytest.raises(InvalidSettingError, match=message):
        crypt_context(algorithm, **minimums)


def test_the_other_families_hash_with_costs_that_have_a_name():
    context = crypt_context("bcrypt12", minimum_bcrypt_cost=11, minimum_pbkdf2_iterations=20_000)
    assert context.handler("es_pbkdf2").default_rounds == 50_000
    assert context.handler("es_bcrypt").default_rounds == 12


def test_a_password_that_bcrypt_cuts_warns_at_the_caller(context):
    with pytest.warns(PasswordTruncatedWarning) as caught:
        text = context.hash("x" * 73)
    assert [warning.filename for warning in caught] == [__file__]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert context.verify("x" * 73, text)


@pytest.mark.parametrize("length", [4096, 5000])
def test_a_long_password_that_verifies_can_be_upgraded(length):
    context = crypt_context("pbkdf2_stretch_1000", minimum_pbkdf2_iterations=1000)
    secret = "x" * length
    right, better = context.verify_and_update(secret, resolve("sha1").hash(secret))
    assert right
    assert context.verify(secret, better)


def test_a_password_in_other_bytes_is_refused_without_showing_it(context):
    with pytest.raises(InvalidPasswordError) as caught:
        context.hash(b"secret\xff")
    assert "secret" not in f"{caught.value} {caught.value!r}"
    assert caught.value.__cause__ is caught.value.__context__ is None


@pytest.mark.parametrize("secret", [None, 17])
def test_a_password_of_another_type_is_refused(context, secret):
    with pytest.raises(TypeError, match="must be str or bytes"):
        context.hash(secret)
