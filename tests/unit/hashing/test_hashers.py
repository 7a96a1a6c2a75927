"""What each hasher writes, and how it treats the texts of the others."""

from __future__ import annotations

import re
import warnings

import pytest

from esfilerealm.errors import InvalidHashError, PasswordTruncatedWarning
from esfilerealm.hashing import check_hash, hash_password, resolve, resolve_from_hash, verify_hash
from esfilerealm.hashing.base import password_bytes, same_text
from esfilerealm.hashing.digest import NOOP

BCRYPT = r"\$2a\${cost}\$[./A-Za-z0-9]{{53}}"
PBKDF2 = r"\{{{label}\}}{cost}\$[A-Za-z0-9+/]{{43}}=\$[A-Za-z0-9+/]{{43}}="
LAYOUTS = {
    "bcrypt4": BCRYPT.format(cost="04"),
    "bcrypt9": BCRYPT.format(cost="09"),
    "bcrypt": BCRYPT.format(cost="10"),
    "pbkdf2_1000": PBKDF2.format(label="PBKDF2", cost=1000),
    "pbkdf2": PBKDF2.format(label="PBKDF2", cost=10000),
    "pbkdf2_stretch_1000": PBKDF2.format(label="PBKDF2_STRETCH", cost=1000),
    "pbkdf2_stretch": PBKDF2.format(label="PBKDF2_STRETCH", cost=10000),
    "ssha256": r"\{SSHA256\}[A-Za-z0-9+/]{11}=[A-Za-z0-9+/]{43}=",
    "sha1": r"\{SHA\}[A-Za-z0-9+/]{27}=",
    "md5": r"\{MD5\}[A-Za-z0-9+/]{22}==",
}
LENGTHS = {
    "bcrypt4": 60,
    "bcrypt9": 60,
    "bcrypt": 60,
    "pbkdf2_1000": 102,
    "pbkdf2": 103,
    "pbkdf2_stretch_1000": 110,
    "pbkdf2_stretch": 111,
    "ssha256": 65,
    "sha1": 33,
    "md5": 29,
}
UNSALTED = {"sha1", "md5"}
CHEAP = ("bcrypt4", "pbkdf2_1000", "pbkdf2_stretch_1000", "ssha256", "sha1", "md5")
PASSWORD = "correct horse é😀"


@pytest.mark.parametrize("name", LAYOUTS)
def test_the_text_has_its_layout_and_length(name):
    text = resolve(name).hash(PASSWORD)
    assert re.fullmatch(LAYOUTS[name], text)
    assert len(text) == LENGTHS[name]


@pytest.mark.parametrize("name", LAYOUTS)
def test_two_hashes_differ_by_their_salts(name):
    hasher = resolve(name)
    assert (hasher.hash(PASSWORD) == hasher.hash(PASSWORD)) is (name in UNSALTED)


@pytest.mark.parametrize("name", LAYOUTS)
def test_the_text_alone_is_enough_to_verify(name):
    text = resolve(name).hash(PASSWORD)
    assert resolve_from_hash(text) == resolve(name)
    assert verify_hash(PASSWORD, text)
    assert not verify_hash(PASSWORD + " ", text)
    assert check_hash(text) == resolve(name)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["bcrypt14", "pbkdf2_1000000", "pbkdf2_stretch_1000000"])
def test_the_highest_costs_verify(name):
    assert verify_hash(PASSWORD, hash_password(PASSWORD, name))


def test_a_stretched_hash_of_10000_resolves_to_the_short_name():
    text = hash_password(PASSWORD, "pbkdf2_stretch_10000")
    assert text.startswith("{PBKDF2_STRETCH}10000$")
    assert resolve_from_hash(text).name == "pbkdf2_stretch"


def test_the_default_is_bcrypt_of_cost_10():
    assert hash_password(PASSWORD).startswith("$2a$10$")


def test_a_stored_name_counts_in_any_letter_case():
    assert hash_password(PASSWORD, "PBKDF2_Stretch_1000").startswith("{PBKDF2_STRETCH}1000$")


@pytest.mark.parametrize("name", CHEAP)
@pytest.mark.parametrize("other", [*CHEAP, "noop"])
def test_another_familys_text_is_a_mismatch(name, other):
    if name != other:
        text = resolve(other).hash(PASSWORD)
        assert resolve(name).verify(PASSWORD, text) is False
        with pytest.raises(InvalidHashError):
            resolve(name).check(text)


def test_other_iterations_are_a_mismatch():
    text = resolve("pbkdf2_1000").hash(PASSWORD)
    assert resolve("pbkdf2").verify(PASSWORD, text) is False
    with pytest.raises(InvalidHashError, match=r"\[1000\] iterations, but pbkdf2 has \[10000\]"):
        resolve("pbkdf2").check(text)


def test_bcrypt_uses_the_cost_in_the_text():
    text = resolve("bcrypt5").hash(PASSWORD)
    assert resolve("bcrypt14").verify(PASSWORD, text)


@pytest.mark.parametrize("revision", ["2a", "2b", "2y"])
def test_all_revisions_of_bcrypt_are_computed_alike(revision):
    text = resolve("bcrypt4").hash(PASSWORD).replace("2a", revision, 1)
    assert verify_hash(PASSWORD, text)
    assert check_hash(text).name == "bcrypt4"


def test_clear_text_compares_units_not_bytes():
    assert NOOP.hash("a") == "a"
    assert NOOP.verify("\udc80", "\udc80")
    assert not NOOP.verify("\udc80", "?")
    NOOP.check("")


class TestPasswordBytes:
    """The bytes of a password are Java's."""

    @pytest.mark.parametrize(
        ("password", "expected"),
        [
            ("", b""),
            ("a\0b", b"a\0b"),
            ("é", b"\xc3\xa9"),
            ("e\u0301", b"e\xcc\x81"),
            ("😀", b"\xf0\x9f\x98\x80"),
            ("\ud83d\ude00", b"\xf0\x9f\x98\x80"),
            ("a\ud83d", b"a?"),
            ("\ude00\ud83db", b"??b"),
        ],
    )
    def test_each_surrogate_that_is_alone_becomes_a_question_mark(self, password, expected):
        assert password_bytes(password) == expected

    def test_text_is_compared_without_decoding_errors(self):
        assert same_text("é\udc80", "é\udc80")
        assert not same_text("é", "e")


class TestTruncation:
    """bcrypt reads 72 bytes."""

    LONG = "x" * 71 + "é"  # the 72nd byte is the first half of a character

    @pytest.mark.parametrize("other", ["x" * 71 + "è", "x" * 71 + "é and more"])
    def test_the_rest_is_ignored_even_inside_a_character(self, other):
        text = resolve("bcrypt4").hash(self.LONG)
        assert verify_hash(self.LONG, text)
        assert verify_hash(other, text)
        assert not verify_hash("x" * 71, text)

    @pytest.mark.parametrize("name", ["pbkdf2_1000", "pbkdf2_stretch_1000"])
    def test_pbkdf2_reads_all(self, name):
        text = resolve(name).hash("x" * 500)
        assert verify_hash("x" * 500, text)
        assert not verify_hash("x" * 499, text)

    @pytest.mark.parametrize("password", ["x" * 73, "é" * 36 + "x", LONG])
    def test_setting_a_longer_password_warns(self, password):
        with pytest.warns(PasswordTruncatedWarning, match="pbkdf2_stretch") as caught:
            hash_password(password, "bcrypt4")
        assert len(caught) == 1
        assert caught[0].filename == __file__
        assert password[:8] not in str(caught[0].message)
        assert f"[{len(password.encode())}]" in str(caught[0].message)

    @pytest.mark.parametrize(
        ("password", "name"),
        [("x" * 72, "bcrypt4"), ("é" * 36, "bcrypt4"), ("x" * 73, "pbkdf2_stretch_1000")],
    )
    def test_nothing_to_warn_of(self, password, name):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            hash_password(password, name)

    def test_verifying_never_warns(self):
        text = resolve("bcrypt4").hash("x" * 73)
        assert verify_hash("x" * 73, text)
