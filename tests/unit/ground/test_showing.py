"""What is shown of strings that others wrote, where a secret may stand by mistake."""

from __future__ import annotations

import pytest
from support.hashes import CHEAP_HASH

from esfilerealm._ground.showing import shown_key, shown_name


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("jane", "jane"),
        ("jane doe", "jane doe"),
        ("a,b", "a,b"),
        ("x$y", "x$y"),
        ("bøb\n", r"bøb\n"),
        ("a:b", "a:…"),
        ("a:b:c", "a:…"),
        (":b", ":…"),
        ("a:", "a:…"),
        (CHEAP_HASH, "(a hash)"),
        (f"jane:{CHEAP_HASH}", "(a hash)"),
        (f"jane {CHEAP_HASH}", "(a hash)"),
        (f"{CHEAP_HASH}:x", "(a hash)"),
        ("{SSHA}x", "(a hash)"),
        ("jane{PBKDF2}x", "(a hash)"),
        ("$x", "(a hash)"),
        ("{x", "(a hash)"),
        ("", ""),
    ],
)
def test_names(name, shown):
    assert shown_name(name) == shown


def test_a_long_name_is_cut():
    assert len(shown_name("x" * 1000)) < 200


@pytest.mark.parametrize("key", ["a", "password", "_x", "A9_", "x" * 41])
def test_keys_that_look_like_one(key):
    assert shown_key(key) == key


@pytest.mark.parametrize(
    "key",
    ["", "9a", "a b", "a:b", "password:hunter2", "a-b", "a.b", "é", "a\n", "x" * 42, "$2a$"],
)
def test_keys_that_do_not(key):
    assert shown_key(key) == "(a key)"
