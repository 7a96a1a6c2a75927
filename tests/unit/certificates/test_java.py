"""Names, patterns and chains of random shapes mean what Java 17 answered for them."""

from __future__ import annotations

import base64

import pytest
from support.pki import of_kind

from esfilerealm.certificates import TrustStore, canonical_name, principal_from, subject_text
from esfilerealm.errors import (
    CertificateNotTrustedError,
    InvalidCertificateError,
    InvalidUsernamePatternError,
)

RECORDED = "java-subjects.json"


@pytest.mark.parametrize("row", of_kind("name", RECORDED))
def test_a_name(row):
    der = base64.b64decode(row["der"])
    if row["text"] is None:
        with pytest.raises(InvalidCertificateError):
            subject_text(der)
    else:
        assert subject_text(der) == row["text"]
        assert canonical_name(der) == base64.b64decode(row["encoded"])


@pytest.mark.parametrize("row", of_kind("pattern", RECORDED))
def test_a_pattern(row):
    if row["outcome"] in ("error", "unsupported"):
        with pytest.raises(InvalidUsernamePatternError):
            principal_from(row["text"], row["pattern"])
    else:
        assert principal_from(row["text"], row["pattern"]) == (row["group"] or None)


@pytest.mark.parametrize("row", of_kind("chain", "java-chains.json"))
def test_a_chain(row):
    store = TrustStore(map(base64.b64decode, row["trust"]))
    refusal = ""
    try:
        store.verify_client([base64.b64decode(der) for der in row["chain"]])
    except CertificateNotTrustedError as error:
        refusal = str(error)
    assert (refusal == "") == row["trusted"], row["java"] or refusal
