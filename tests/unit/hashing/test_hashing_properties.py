"""Any text at all gets an answer or InvalidHashError."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from esfilerealm.errors import InvalidHashError
from esfilerealm.hashing import check_hash, hash_password, resolve, resolve_from_hash, verify_hash
from esfilerealm.hashing.bcrypt import BcryptHasher

pytestmark = pytest.mark.property

CHEAP = (
    "$2a$04$GwJtIQiGMHASEYphMiCpje62WSNq9UE6an5zAbv28x2PbcpbpYYue",
    "$2y$05$xLmwSB7Nw7PcqP.6hXdc4eX.FXRe.JQlri3iAsE8YH8ydWv/d5e/K",
    "{PBKDF2}1000$AAECAwQFBgc=$9XpbsEDGrreXuPOdnNj7cHudsDd9737pVfzJcZ3sArk=",
    "{PBKDF2_STRETCH}1000$AAECAwQFBgc=$BRLiAh40Uj2XuKn3UX3+rvWVmRiybViH33VSc9ixFJ8=",
    "{SSHA256}AAECAwQFBgc=q0elUchHiEgZAZww57UMs6Jt+L45+785Q8YcVUf8Vfc=",
    "{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=",
    "{MD5}X03MO1qnZdYdgyfeuILPmQ==",
)
PREFIXES = ("$2a$", "$2b$04$", "{PBKDF2}", "{PBKDF2_STRETCH}1000$", "{SSHA256}", "{SHA}", "{MD5}")
any_text = st.text(st.characters(codec=None), max_size=70)  # lone surrogates and NUL among them
letters = st.sampled_from("$=+/-_. \n\0\x7f\x80é\u0665😀\ud800#!0159aZ{}")
few_letters = st.text(letters, max_size=4)


@st.composite
def mutated(draw):
    """A cheap hash with some of its letters gone, doubled or replaced."""
    text = draw(st.sampled_from(CHEAP))
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(text)))
        gone = draw(st.integers(0, 3))
        text = text[:start] + draw(few_letters) + text[start + gone :]
    return text


texts = st.one_of(
    any_text,
    st.text(letters, max_size=70),
    st.tuples(st.sampled_from(PREFIXES), st.one_of(any_text, st.text(letters, max_size=70))).map(
        "".join
    ),
    mutated(),
)


def _cost(text):
    """What verifying costs, so that no mutation computes for seconds."""
    try:
        hasher = resolve_from_hash(text)
    except InvalidHashError:
        return 0
    return 2**hasher.cost if hasher.name.startswith("bcrypt") else hasher.cost // 10


@settings(max_examples=1500, deadline=None)
@given(text=texts)
def test_the_quick_look_agrees_with_the_long_one(text):
    """A bcrypt text is sound by one expression exactly if no rule finds fault with it."""
    quick = BcryptHasher.of_sound_hash(text)
    try:
        slow = resolve_from_hash(text)
        slow.check(text)
    except InvalidHashError:
        slow = None
    assert quick == (slow if isinstance(slow, BcryptHasher) else None)


@settings(max_examples=1500, deadline=None)
@given(text=texts, password=any_text)
def test_any_text_gets_an_answer_or_an_error(text, password):
    if _cost(text) > 1100:
        return
    try:
        verdict = verify_hash(password, text)
    except InvalidHashError:
        with pytest.raises(InvalidHashError):
            check_hash(text)
    else:
        assert verdict in (True, False)


@settings(max_examples=1500, deadline=None)
@given(text=texts)
def test_any_text_is_accepted_or_refused_by_the_check(text):
    try:
        hasher = check_hash(text)
    except InvalidHashError:
        return
    assert hasher == resolve_from_hash(text)
    assert text.isascii()
    assert text.isprintable()
    assert ":" not in text
    if _cost(text) <= 1100:
        assert hasher.verify("\0 no password of mine", text) is False


@settings(max_examples=300, deadline=None)
@given(text=texts, name=st.sampled_from(["pbkdf2_1000", "ssha256", "sha1", "md5", "noop"]))
def test_every_hasher_accepts_any_text(text, name):
    try:
        resolve(name).verify("a", text)
        resolve(name).check(text)
    except InvalidHashError:
        pass


@settings(max_examples=150, deadline=None)
@given(
    password=any_text.filter(lambda password: len(password.encode("utf-8", "replace")) <= 72),
    algorithm=st.sampled_from(["bcrypt4", "pbkdf2_1000", "pbkdf2_stretch_1000"]),
)
def test_what_is_written_is_accepted_and_verifies(password, algorithm):
    text = hash_password(password, algorithm)
    assert check_hash(text) == resolve(algorithm)
    assert verify_hash(password, text)
