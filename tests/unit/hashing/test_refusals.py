"""Texts on which a node throws, that no password matches, or that it uses as clear text."""

from __future__ import annotations

import pickle

import pytest

from esfilerealm.errors import InvalidHashError
from esfilerealm.hashing import (
    check_hash,
    hash_password,
    hash_problem,
    password_matches,
    resolve,
    resolve_from_hash,
    verify_hash,
)

SALT, DIGEST = "xLmwSB7Nw7PcqP.6hXdc4e", "X.FXRe.JQlri3iAsE8YH8ydWv/d5e/K"
GOOD = f"$2a$05${SALT}{DIGEST}"
KEY_SALT, KEY = (
    "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
    "9XpbsEDGrreXuPOdnNj7cHudsDd9737pVfzJcZ3sArk=",
)
THROWING = {
    f"$2a$15${SALT}{DIGEST}": r"unknown hash function \[bcrypt15\].* 4 to 14",
    f"$2b$03${SALT}{DIGEST}": r"unknown hash function \[bcrypt3\]",
    f"$2a$-5${SALT}{DIGEST}": r"unknown hash function \[bcrypt-5\]",
    f"$2y$xx${SALT}{DIGEST}": "cost is not a number",
    f"$2y$\u0660\u0665${SALT}{DIGEST}": "cost is not a number",
    f"$2a$5_${SALT}{DIGEST}": "cost is not a number",
    f"$2a$05${SALT}{DIGEST}A": r"60 characters, not \[61\]",
    f"$2a$005${SALT}{DIGEST}": r"60 characters, not \[61\]",
    f"$2a$05${SALT}{DIGEST[:-2]}": r"60 characters, not \[58\]",
    "$2a$": r"60 characters, not \[4\]",
    f"$2a$5${SALT}{DIGEST}": "not followed by a separator",
    f"$2a$05x{SALT}{DIGEST}": "not followed by a separator",
    f"$2a$05$!{SALT[1:]}{DIGEST}": "salt contains a character outside",
    f"$2a$05${SALT[:3]}\x80{SALT[4:]}{DIGEST}": "salt contains a character outside",
    f"$2a$05${SALT[:-1]}é{DIGEST}": "salt contains a character outside",
    f"{{PBKDF2}}2000${KEY_SALT}${KEY}": r"unknown hash function \[pbkdf2_2000\]",
    f"{{PBKDF2}}-1000${KEY_SALT}${KEY}": r"unknown hash function \[pbkdf2_-1000\]",
    f"{{PBKDF2_STRETCH}}1${KEY_SALT}${KEY}": r"unknown hash function \[pbkdf2_stretch_1\]",
    f"{{PBKDF2}}1_000${KEY_SALT}${KEY}": "iterations could not be determined",
    f"{{PBKDF2}} 1000${KEY_SALT}${KEY}": "iterations could not be determined",
    f"{{PBKDF2}}1000\n${KEY_SALT}${KEY}": "iterations could not be determined",
    f"{{PBKDF2}}\u0661\u0660\u0660\u0660${KEY_SALT}${KEY}": "iterations could not be determined",
    f"{{PBKDF2}}4294968296${KEY_SALT}${KEY}": "iterations could not be determined",
    f"{{PBKDF2}}{'9' * 5000}${KEY_SALT}${KEY}": "iterations could not be determined",
    "{PBKDF2}1000": "iterations could not be determined",
    f"{{PBKDF2}}1000$AAAAAAAAAA==${KEY}": r"salt has \[7\] bytes",
    f"{{PBKDF2}}1000$AAECAwQFBgcI\n${KEY}": "salt is not base64",
    f"{{PBKDF2}}1000$AAECAwQFBgcI=${KEY}": "salt is not base64",
    f"{{PBKDF2}}1000$AAECAwQFBgcICQ=${KEY}": "salt is not base64",
    f"{{PBKDF2}}1000$AAECAwQFBgcIC${KEY}": "salt is not base64",
    f"{{PBKDF2}}1000$AAECAwQFBgcICQoL-_==${KEY}": "salt is not base64",
    f"{{PBKDF2}}1000${KEY_SALT}${KEY[:21]}": "shorter than 128 bits",
    "{SSHA256}AAECAwQFBgc": "ssha256 salt is not 12 characters",
    "{SSHA256}AAECAwQFB-c=q0elUchHiEgZAZww57UMs6Jt+L45+785Q8YcVUf8Vfc=": "ssha256 salt is not 12",
}
NEVER_MATCHING = {
    f"$2a$+5${SALT}{DIGEST}": "not two digits and a separator",
    f"$2a$05#{SALT}{DIGEST}": "not two digits and a separator",
    f"$2a$05${SALT[:-1]}f{DIGEST}": "salt is not encoded as a node encodes it",
    f"$2a$05${SALT[:3]}!{SALT[4:]}{DIGEST}": "salt is not encoded as a node encodes it",
    f"$2a$05${SALT[:3]}\n{SALT[4:]}{DIGEST}": "salt is not encoded as a node encodes it",
    f"$2a$05${SALT}{DIGEST[:-1]}L": "digest is not encoded as a node encodes it",
    f"$2a$05${SALT}{DIGEST[:-1]}\n": "digest is not encoded as a node encodes it",
    f"$2a$05${SALT}{DIGEST[:-2]}😀": "digest is not encoded as a node encodes it",
    f"{{PBKDF2}}1000${KEY_SALT}": "not of the form",
    f"{{PBKDF2}}1000${KEY_SALT}${KEY[:-1]}": "multiple of 128 bits",
    f"{{PBKDF2}}1000${KEY_SALT}${KEY[:-2]}l=": "multiple of 128 bits",
    f"{{PBKDF2}}1000${KEY_SALT}${KEY}$": "multiple of 128 bits",
    f"{{PBKDF2}}1000${KEY_SALT}${KEY}\n": "multiple of 128 bits",
    f"{{PBKDF2}}1000${KEY_SALT}${KEY[:20]}😀": "multiple of 128 bits",
    f"{{PBKDF2_STRETCH}}1000${KEY_SALT}${KEY[:32]}": "multiple of 128 bits",
    "{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g": "sha1 digest is not base64 of 20 bytes",
    "{MD5}X03MO1qnZdYdgyfeuILPmQ==\n": "md5 digest is not base64 of 16 bytes",
    "{SSHA256}AAECAwQFBgc=q0elUchHiEgZAZww57UMs6Jt": "ssha256 digest is not base64 of 32",
}
CLEAR_TEXT = {
    "$apr1$R3DdqiAZ$aljIkaIVPSarmDMlJUBBP.": "Apache's MD5-crypt",
    "$1$R3DdqiAZ$aljIkaIVPSarmDMlJUBBP.": "MD5-crypt",
    "$5$rounds=5000$x$y": "SHA-256-crypt",
    "$6$x$y": "SHA-512-crypt",
    "$y$j9T$x$y": "yescrypt",
    f"$2x$05${SALT}{DIGEST}": "bcrypt of revision 2x",
    f"$2$05${SALT}{DIGEST}": "bcrypt of revision 2,",
    f"$2c$05${SALT}{DIGEST}": "bcrypt of an unknown revision",
    f"$2A$05${SALT}{DIGEST}": "wrong letter case",
    f" {GOOD}": "a leading blank",
    f"{{pbkdf2}}1000${KEY_SALT}${KEY}": "wrong letter case",
    f"{{PBKDF2-SHA512}}1000${KEY_SALT}${KEY}": "LDAP's PBKDF2",
    "{SSHA}yI6cZwQadOA1e+/f+T+H3eCQQhRzYWx0": "LDAP's salted SHA",
    "{SHA256}XohImNooBHFR0OVvjcYpJ3NgPQ1qq73WKhHvch0VQtg=": "LDAP's SHA",
    "{CRYPT}$6$x$y": "LDAP's crypt",
    "{plain}secret-of-mine": "marked as clear text",
    "$argon2id$v=19$m=65536,t=3,p=4$c2FsdHNhbHQ$aGFzaA": "argon2",
    "$pbkdf2-sha512$25000$x$y": "passlib's PBKDF2",
    "pbkdf2_sha256$600000$x$y": "Django's PBKDF2",
    "scrypt:32768:8:1$x$y": "Werkzeug's scrypt",
    "*94BDCEBE19083CE2A1F959FD02F964C7AF4CFC29": "a hash of a database",
    "md55d41402abc4b2a76b9719d911017c592": "a hash of a database",
    "!$6$x$y": "the mark of a locked account",
    "secret-of-mine": "not a known hash",
    "": "not a known hash",
}


def _case(table):
    return pytest.mark.parametrize(
        ("text", "reason"), table.items(), ids=[f"{n:02}" for n in range(len(table))]
    )


@_case(THROWING)
def test_a_hash_on_which_a_node_throws_is_an_error(text, reason):
    with pytest.raises(InvalidHashError, match=reason):
        verify_hash("malformed-test", text)
    with pytest.raises(InvalidHashError, match=reason):
        check_hash(text)


@_case(NEVER_MATCHING)
def test_a_hash_that_a_node_never_matches_fails_only_the_check(text, reason):
    assert verify_hash("malformed-test", text) is False
    with pytest.raises(InvalidHashError, match=reason):
        check_hash(text)


@_case(CLEAR_TEXT)
def test_a_check_names_the_family_that_a_node_does_not_know(text, reason):
    assert resolve_from_hash(text).name == "noop"
    assert verify_hash(text, text)
    with pytest.raises(InvalidHashError, match=f"lets in whoever types .*{reason}"):
        check_hash(text)


@pytest.mark.parametrize(
    "text",
    [
        GOOD,
        f"{{PBKDF2}}+1000${KEY_SALT}${KEY}",
        f"{{PBKDF2}}{'0' * 5000}1000${KEY_SALT}${KEY}",
        f"{{PBKDF2}}1000${KEY_SALT[:-1]}${KEY}",
        f"{{PBKDF2}}1000$AAECAwQFBgcICQ${KEY}",
        "{SSHA256}AAECAwQFBg==q0elUchHiEgZAZww57UMs6Jt+L45+785Q8YcVUf8Vfc=",
        "{SSHA256}AAECAwQFBgcIq0elUchHiEgZAZww57UMs6Jt+L45+785Q8YcVUf8Vfc=",
    ],
)
def test_unusual_but_usable_texts_pass(text):
    assert check_hash(text) == resolve_from_hash(text)


@pytest.mark.parametrize(
    "text", ["$2a$", "$2a$05", f"$2a$05${SALT[:-1]}", f"$2a$31${SALT}", f"$2a$xx${SALT}"]
)
def test_a_bcrypt_text_too_short_or_costly_is_an_error_for_the_hasher_too(text):
    with pytest.raises(InvalidHashError):
        resolve("bcrypt4").verify("malformed-test", text)


def test_a_bcrypt_cost_without_a_name_fails_the_check_of_the_hasher_too():
    with pytest.raises(InvalidHashError, match=r"unknown hash function \[bcrypt15\]"):
        resolve("bcrypt").check(f"$2a$15${SALT}{DIGEST}")


def test_a_bcrypt_text_without_digest_is_a_mismatch_for_the_hasher():
    assert resolve("bcrypt4").verify("malformed-test", f"$2a$04${SALT}") is False


@pytest.mark.parametrize("text", [*THROWING, *NEVER_MATCHING, *CLEAR_TEXT])
def test_no_part_of_the_hash_is_in_the_message(text):
    with pytest.raises(InvalidHashError) as caught:
        check_hash(text)
    shown = f"{caught.value} {caught.value!r} {pickle.dumps(caught.value)!r}"
    secret = text.lstrip().partition("}")[2] if "}" in text[:20] else text[4:]
    # The number in the cost's own field may be shown; five letters in a row of anything else not.
    secret = secret.partition("$")[2] if text.startswith("{PBKDF2") else secret
    pieces = {secret[at : at + 5] for at in range(len(secret) - 4)}
    assert not [piece for piece in pieces if piece in shown]


def test_a_number_in_the_place_of_a_salt_is_not_shown():
    with pytest.raises(InvalidHashError) as caught:
        resolve_from_hash("$2a$0512345678" + DIGEST + SALT + "$")
    assert "12345678" not in str(caught.value)


@pytest.mark.parametrize("name", ["bcrypt4", "pbkdf2_1000", "ssha256", "sha1", "noop"])
def test_a_repr_holds_no_secret(name):
    assert resolve(name).name in repr(resolve(name))


@pytest.mark.parametrize("text", [*THROWING, *NEVER_MATCHING, *CLEAR_TEXT])
def test_the_problem_of_a_hash_is_the_error_of_its_check(text):
    with pytest.raises(InvalidHashError) as caught:
        check_hash(text)
    problem = hash_problem(text)
    assert (problem.kind, problem.reason) == (caught.value.kind, caught.value.reason)
    assert str(problem) == problem.reason


@pytest.mark.parametrize("text", [*THROWING, *NEVER_MATCHING, *CLEAR_TEXT])
def test_no_password_matches_an_unusable_hash(text):
    assert not password_matches(text, text)
    assert not password_matches("malformed-test", text)


def test_a_password_matches_its_own_hash_only():
    assert hash_problem(GOOD) is None
    stored = hash_password("changeme", "pbkdf2_1000")
    assert password_matches("changeme", stored)
    assert not password_matches("malformed-test", stored)
