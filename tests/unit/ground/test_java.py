"""Strings as Java reads them; what hashes need of this is tested with the hashes."""

from __future__ import annotations

import pytest

from esfilerealm._ground.java import has_lone_surrogate


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", False),
        ("plain", False),
        ("b\u00f8b \U0001f600", False),
        ("\ud7ff\ue000", False),
        ("\ud800", True),
        ("x\udfff", True),
        ("\ud83d\ude00", True),
    ],
)
def test_half_of_a_surrogate_pair(text, expected):
    """In Python, a pair is one character; two halves stay two."""
    assert has_lone_surrogate(text) == expected
