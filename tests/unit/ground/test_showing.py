"""What is shown of strings that others wrote, where a secret may stand by mistake."""

from __future__ import annotations

import pytest
from support.hashes import CHEAP_HASH

from esfilerealm._ground.logs import get_logger
from esfilerealm._ground.showing import printable, printable_lines, shown, shown_key, shown_name
from esfilerealm.errors import FileAccessError, InvalidDesiredStateError


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


@pytest.mark.parametrize("code", [*range(0x20), *range(0x7F, 0xA0), 0xAD, 0x34F, 0x61C, 0x115F])
def test_what_a_terminal_obeys_is_escaped(code):
    assert printable(f"a{chr(code)}b") == "a" + chr(code).encode("unicode_escape").decode() + "b"


@pytest.mark.parametrize(
    "code",
    [
        *(0x200B, 0x200F, 0x2028, 0x2029, 0x202A, 0x202E, 0x2060, 0x2066, 0x2069, 0x2800, 0x3164),
        *(0xA0, 0xFE0F, 0xFEFF, 0xFFA0, 0xFFF9, 0xD800, 0xDFFF, 0xE0001, 0xE0041, 0xE0100),
        *(0x10FFFF, 0x180E),
    ],
    ids=hex,
)
def test_what_turns_or_hides_text_is_escaped(code):
    assert printable(chr(code)).isascii()


@pytest.mark.parametrize(
    "text", ["", "jane", "é", "日本", "[a\\b]", "{SHA}", "${HOSTNAME}.example"]
)
def test_what_can_be_read_stays(text):
    assert printable(text) == text


@pytest.mark.parametrize("text", ["{PBKDF2}iterations$salt$key", "$HOME/users", "costs $2$ a word"])
def test_what_looks_a_little_like_a_hash_stays(text):
    assert printable(text) == text


def test_a_hash_is_left_out_wherever_it_is():
    assert printable(f"cannot use [/etc/{CHEAP_HASH}]: gone") == "cannot use [/etc/(a hash)]: gone"
    assert shown(f"x{CHEAP_HASH}", 5) == "x(a h… (9 characters)"


def test_lines_are_made_by_this_package_only():
    assert printable_lines("a\x1b\nb\u2028") == "a\\x1b\nb\\u2028"
    error = InvalidDesiredStateError(("a\nERROR: b", "c"))
    assert str(error) == "invalid desired state, 2 issues:\n  a\\nERROR: b\n  c"


def test_an_error_shows_the_path_and_keeps_it():
    error = FileAccessError("/tmp/\x1b[31m\n", 5, "gone")
    assert str(error) == r"cannot use [/tmp/\x1b[31m\n]: gone"
    assert error.path == "/tmp/\x1b[31m\n"


def test_a_log_keeps_numbers_and_escapes_the_rest(caplog):
    logger = get_logger("esfilerealm.test")
    with caplog.at_level("INFO", "esfilerealm"):
        logger.info("%d of %s, %s", 7, "a\x1bb", FileAccessError("\u202e", 5, "x"))
        logger.info("100 %")
    assert caplog.messages == [r"7 of a\x1bb, cannot use [\u202e]: x", "100 %"]
