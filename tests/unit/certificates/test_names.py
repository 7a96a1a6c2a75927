"""The text of a subject, and single values of it, are those that a node sees."""

from __future__ import annotations

import base64

import pytest
from support.pki import of_kind

from esfilerealm.certificates import canonical_name, extract_rdn, principal_from, subject_text
from esfilerealm.certificates.der import Element
from esfilerealm.errors import InvalidCertificateError


@pytest.mark.parametrize("row", of_kind("pki_name"))
def test_the_text_of_a_subject(row):
    assert subject_text(base64.b64decode(row["der"])) == row["text"]


@pytest.mark.parametrize("row", of_kind("pki_name"))
def test_the_name_of_a_user(row):
    found = {pattern: principal_from(row["text"], pattern) for pattern in row["principals"]}
    assert found == row["principals"]


@pytest.mark.parametrize("row", of_kind("pki_name"))
def test_an_encoded_name_stays_as_it_is(row):
    once = canonical_name(base64.b64decode(row["der"]))
    assert canonical_name(once) == once


@pytest.mark.parametrize("row", of_kind("rdn_value"))
def test_a_single_value(row):
    der = base64.b64decode(row["der"])
    assert {oid: extract_rdn(der, oid) for oid in row["values"]} == row["values"]


@pytest.mark.parametrize("oid", ["", "89", "5580"])
def test_a_broken_type_is_no_name_in_any_form(oid):
    kind = Element(0x06, bytes.fromhex(oid)).encoded()
    pair = Element(0x30, kind + Element(0x0C, b"a").encoded()).encoded()
    der = Element(0x30, Element(0x31, pair).encoded()).encoded()
    for read in (subject_text, canonical_name):
        with pytest.raises(InvalidCertificateError):
            read(der)


def test_what_follows_a_name_does_not_count():
    der = Element(0x30, b"").encoded() + b"x"
    assert (subject_text(der), canonical_name(der)) == ("", der[:2])
