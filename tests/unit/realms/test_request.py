"""What a client sent: headers by name, and certificates."""

from __future__ import annotations

import pytest

from esfilerealm.realms import Request


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"Accept": "a"}, ("a",)),
        ({"accept": ["a", "b"]}, ("a", "b")),
        ({"ACCEPT": "a", "accept": ("b",)}, ("a", "b")),
        ({"other": "a"}, ()),
        ({"accept": ()}, ()),
    ],
)
def test_all_values_of_a_header(headers, expected):
    assert Request(headers).values("Accept") == expected


def test_only_ascii_letters_have_two_cases():
    assert Request({"\u212aey": "x"}).values("Key") == ()
    assert Request({"\u0130": "x"}).values("i\u0307") == ()


def test_lines_as_they_were_sent():
    request = Request.from_pairs([("A", "1"), ("b", "2"), ("a", "3"), ("A", "4")], [b"der"])
    assert request.values("a") == ("1", "4", "3")
    assert request.peer_certificates == (b"der",)


@pytest.mark.parametrize(
    ("headers", "certificates"),
    [
        ({"a": b"x"}, ()),
        ({b"a": "x"}, ()),
        ({"a": [b"x"]}, ()),
        ({"a": 1}, ()),
        ({}, ["-----BEGIN CERTIFICATE-----"]),
        ({}, b"der"),
    ],
)
def test_other_types(headers, certificates):
    with pytest.raises(TypeError, match=r"must be (strings|bytes)"):
        Request(headers, certificates)


def test_it_shows_no_value():
    request = Request({"Authorization": "Basic c2VjcmV0"}, (b"secret",))
    assert repr(request) == "<Request: 1 headers, 1 certificates>"
