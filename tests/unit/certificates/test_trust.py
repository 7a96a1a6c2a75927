"""What trust stores hold, and whom they trust, as a node decides."""

from __future__ import annotations

import hashlib
from functools import cache

import pytest
from support.pki import CERTIFICATES, of_kind, rows

from esfilerealm.certificates import TrustStore, fingerprint, is_ordered
from esfilerealm.errors import CertificateNotTrustedError, InvalidTrustStoreError

CHAINS = "certs/chains.json"
#: Encrypted with what ``cryptography`` has no more.
UNSUPPORTED = {"trust-legacy.p12"}


@cache
def certificate(name: str) -> bytes:
    """Return one of the recorded certificates."""
    (row,) = (r for r in rows(CHAINS) if r["kind"] == "certificate" and r["name"] == name)
    (der,) = TrustStore.load(CERTIFICATES / row["file"]).certificates
    return der


@cache
def chain(name: str) -> list[bytes]:
    """Return one of the recorded chains."""
    (row,) = (r for r in rows(CHAINS) if r["kind"] == "chain" and r["name"] == name)
    return [certificate(each) for each in row["certificates"]]


@cache
def trust(name: str) -> TrustStore:
    """Return one of the recorded trust stores."""
    (row,) = (r for r in rows(CHAINS) if r["kind"] == "trust_set" and r["name"] == name)
    if "pem" in row:
        return TrustStore.load([CERTIFICATES / file for file in row["pem"]])
    return TrustStore.load(CERTIFICATES / row["store"], row["password"])


@pytest.mark.parametrize("row", of_kind("store", CHAINS))
def test_a_store(row):
    path = CERTIFICATES / row["file"]
    if "entries" in row and row["file"] not in UNSUPPORTED:
        for kind in (row["type"], None):
            store = TrustStore.load(path, row["password"], type=kind)
            found = {hashlib.sha256(der).hexdigest() for der in store.certificates}
            assert found == set(row["accepted_issuers"])
        return
    with pytest.raises(InvalidTrustStoreError) as caught:
        TrustStore.load(path, row["password"], type=row["type"])
    assert caught.value.path == str(path)
    assert caught.value.kind == problem(row)


def problem(row) -> str:
    """Return the kind of the error for a store that cannot be used."""
    if "config_exception" in row:
        return "empty"
    if "entries" in row:
        return "unsupported"
    return "password" if "cause" in row else "damaged"


@pytest.mark.parametrize("row", of_kind("chain", CHAINS))
def test_the_order_of_a_chain(row):
    assert is_ordered(chain(row["name"])) == row["ordered"]
    assert fingerprint(chain(row["name"])) == row["cache_key_sha256"]


@pytest.mark.parametrize("row", of_kind("verdict", CHAINS))
def test_a_verdict(row):
    refusal = ""
    try:
        trust(row["trust"]).verify_client(chain(row["chain"]))
    except CertificateNotTrustedError as error:
        refusal = str(error)
    assert (refusal == "") == (row["pkix"] == "trusted"), refusal
