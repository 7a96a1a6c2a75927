"""The text of a subject, and single values of it, are those that a node sees."""

from __future__ import annotations

import base64

import pytest
from support.pki import of_kind

from esfilerealm.certificates import canonical_name, extract_rdn, principal_from, subject_text


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
