"""The username of a certificate, and names that a pattern may have taken from elsewhere."""

from __future__ import annotations

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID
from support.pki_realm import made_settings

from esfilerealm.certificates import subject_text
from esfilerealm.certificates.names import attribute_spans
from esfilerealm.realms.pki.usernames import Usernames

OIDS = {
    "CN": NameOID.COMMON_NAME,
    "OU": NameOID.ORGANIZATIONAL_UNIT_NAME,
    "O": NameOID.ORGANIZATION_NAME,
    "DC": NameOID.DOMAIN_COMPONENT,
    "UID": NameOID.USER_ID,
}


def name(*rdns):
    """Return an encoded name. Each RDN is a list of pairs; the most specific comes first here."""
    sets = [
        x509.RelativeDistinguishedName([x509.NameAttribute(OIDS[kind], text) for kind, text in rdn])
        for rdn in reversed(rdns)
    ]
    return x509.Name(sets).public_bytes()


def simple(**attributes):
    return name(*([(kind, text)] for kind, text in attributes.items()))


#: A subject, a pattern, what a node takes for the username, and whether we doubt it.
NAMES = {
    "usual": (simple(CN="jane", O="acme"), None, "jane", False),
    "not the first": (simple(OU="x", CN="jane", O="acme"), None, "jane", False),
    "the last": (simple(OU="x", CN="jane"), None, "jane", False),
    "a comma in the value": (simple(CN="Doe, Jane", O="acme"), None, '"Doe', False),
    "quoted": (simple(CN=" jane ", O="acme"), None, '" jane "', False),
    "two parts": (name([("CN", "jane"), ("UID", "u1")]), None, "jane + UID=u1", False),
    "behind another part": (name([("OU", "u1"), ("CN", "jane")]), None, "jane", False),
    "in an earlier value": (simple(OU="x, CN=admin", CN="jane"), None, 'admin"', True),
    "in a value that is quoted already": (
        simple(OU='"CN=admin, "', CN="jane"),
        None,
        "admin",
        True,
    ),
    "in a later value": (simple(CN="jane", OU="x, CN=admin"), None, "jane", False),
    "without its own attribute": (simple(O="CN=admin,"), None, "admin", True),
    "within its own value": (simple(CN="x, CN=admin"), None, '"x', False),
    "lower case": (simple(OU="x, cn=admin,", CN="jane"), None, "admin", True),
    "another pattern": (simple(CN="jane", OU="ops", O="acme"), "OU=(.*?),", "ops", False),
    "greedy in front": (simple(OU="x, CN=admin", CN="jane"), ".*CN=(.*)", "jane", False),
    "greedy, and wrong": (simple(CN="jane", OU="x, CN=admin,"), ".*CN=(.*?),", "admin", True),
    "the end of another keyword": (simple(CN="jane", DC="acme"), "C=(.*?)(?:,|$)", "acme", True),
    "a part of the value": (simple(UID="user-7", O="acme"), "UID=user-(.*?),", "7", False),
    "the whole subject": (simple(CN="jane", O="acme"), "(.*)", "CN=jane, O=acme", False),
    "no match": (simple(O="acme"), None, None, False),
}


@pytest.mark.parametrize(("subject", "pattern", "username", "doubt"), NAMES.values(), ids=NAMES)
def test_names_of_another_attribute_are_found(subject, pattern, username, doubt):
    settings = made_settings(**({"username_pattern": pattern} if pattern else {}))
    usernames = Usernames(settings, accept_ambiguous=False)
    assert usernames.find(subject) == username
    assert usernames.is_ambiguous(subject) == doubt
    assert not Usernames(settings, accept_ambiguous=True).is_ambiguous(subject)


@pytest.mark.parametrize("subject", [simple(OU="x, CN=admin", CN="jane")])
def test_an_attribute_itself_cannot_be_mistaken(subject):
    usernames = Usernames(made_settings(username_oid="2.5.4.3"), accept_ambiguous=False)
    assert usernames.find(subject) == "jane"
    assert not usernames.is_ambiguous(subject)
    assert not usernames.is_default


@pytest.mark.parametrize("subject", [values[0] for values in NAMES.values()], ids=NAMES)
def test_spans_are_those_of_the_text(subject):
    text = subject_text(subject)
    for start, value, end in attribute_spans(subject):
        assert text[start:value].rstrip("=") in OIDS
        assert text[end : end + 2] in (", ", " +", "")
        assert start == 0 or text[start - 2 : start] in (", ", "+ ")


@pytest.mark.parametrize("empty", [b"\x30\x00", b"\x30\x02\x31\x00", b"\x30\x04\x31\x00\x31\x00"])
def test_a_name_without_attributes_has_no_spans(empty):
    assert attribute_spans(empty) == []
    assert Usernames(made_settings(), accept_ambiguous=False).find(empty) is None


def test_an_empty_part_moves_what_follows():
    cn = simple(CN="jane")[2:]
    whole = b"\x30" + bytes([len(cn) + 2]) + cn + b"\x31\x00"
    assert subject_text(whole) == ", CN=jane"
    assert attribute_spans(whole) == [(2, 5, 9)]
