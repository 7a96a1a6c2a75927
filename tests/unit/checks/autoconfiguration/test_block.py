"""What a node leaves of its settings when it removes its generated block."""

from __future__ import annotations

import pytest
from unit.checks.autoconfiguration.block import BEGIN, GENERATED, with_block

from esfilerealm.checks.autoconfiguration import (
    GENERATED_KEYS,
    GENERATED_SECURE_SETTINGS,
    preview_removal,
)


def test_a_generated_block_leaves_nothing():
    removal = preview_removal(with_block())
    assert removal.text == "a: 1\n\nb: 2\n"
    assert (removal.found, removal.kept, removal.problem) == (True, (), "")
    assert (removal.first_line, removal.last_line) == (2, 16)


def test_a_text_without_block_stays():
    text = f"a: 1\n{BEGIN}\nb: 2"
    removal = preview_removal(text)
    assert (removal.found, removal.text, removal.first_line) == (False, text, None)


@pytest.mark.parametrize(
    ("added", "kept", "lines"),
    [
        ("some.extra: x\n", ("some.extra",), "some.extra: x\n"),
        ("some: {extra: [x, y]}\n", ("some.extra",), "some.extra: [x, y]\n"),
        ("x.0: a\nx.1: b\n", ("x",), "x: [a, b]\n"),
        ("discovery.seed_hosts: [a]\n", ("discovery.seed_hosts",), "discovery.seed_hosts: [a]\n"),
        ("transport.host: 0.0.0.0\n", ("transport.host",), "transport.host: 0.0.0.0\n"),
        ("", (), ""),
    ],
)
def test_what_was_added_moves_to_the_end(added, kept, lines):
    removal = preview_removal(with_block(GENERATED + added))
    assert removal.kept == kept
    assert removal.text == f"a: 1\n\nb: 2\n{lines}"


def test_beginnings_without_end_cost_little():
    text = f"{BEGIN}\n" * 20_000
    assert preview_removal(text).text == text


def test_a_generated_key_goes_whatever_its_value():
    removal = preview_removal(with_block("http.host: _local_\n"))
    assert (removal.kept, removal.text) == ((), "a: 1\n\nb: 2\n")


def test_only_the_first_block_goes():
    removal = preview_removal(with_block() + with_block())
    assert removal.text.count(BEGIN) == 1


@pytest.mark.parametrize("content", ["a: [\n", "a:\n", "a: 1\na: 2\n"])
def test_a_block_that_cannot_be_read(content):
    text = with_block(content)
    removal = preview_removal(text)
    assert removal.problem.startswith("the block cannot be read as settings: ")
    assert removal.text == text


class TestKeystore:
    def test_all_there(self):
        names = [*GENERATED_SECURE_SETTINGS, "autoconfiguration.password_hash"]
        assert preview_removal(with_block(), secure_settings=names).problem == ""

    @pytest.mark.parametrize(
        "missing", [*GENERATED_SECURE_SETTINGS, "autoconfiguration.password_hash"]
    )
    def test_one_missing(self, missing):
        names = {*GENERATED_SECURE_SETTINGS, "autoconfiguration.password_hash"} - {missing}
        removal = preview_removal(with_block(), secure_settings=names)
        assert removal.problem == f"the keystore did not contain expected setting [{missing}]"
        assert removal.text == with_block()

    def test_without_block_it_does_not_matter(self):
        assert preview_removal("a: 1", secure_settings=[]).problem == ""


def test_the_text_is_in_no_repr():
    removal = preview_removal(with_block("bind_password: correct-horse\n"))
    assert "correct-horse" in removal.text
    assert "correct-horse" not in repr(removal)


def test_the_keys():
    assert len(GENERATED_KEYS) == 10
    assert "discovery.seed_hosts" not in GENERATED_KEYS
