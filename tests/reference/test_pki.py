"""The cases about certificates: names, trust stores and chains."""

from __future__ import annotations

import pytest
from cryptography.x509 import Name
from reference.test_pki_realm import CASES
from support.pki import CERTIFICATES
from support.reference import cases

from esfilerealm.certificates import (
    DEFAULT_USERNAME_PATTERN,
    TrustStore,
    extract_rdn,
    is_ordered,
    principal_from,
)
from esfilerealm.certificates.pem import read_certificates
from esfilerealm.errors import CertificateNotTrustedError, InvalidTrustStoreError

TYPES = {"OU": "2.5.4.11"}


def certificate(name: str) -> bytes:
    return read_certificates((CERTIFICATES / f"{name}.pem").read_bytes())[0]


def outcome(given) -> object:
    """Return what the names, the trust store or the chain of a case come to."""
    if "subject" in given and not {"oid", "username_rdn_name"} & set(given):
        pattern = given.get("username_pattern", DEFAULT_USERNAME_PATTERN)
        return principal_from(given["subject"], pattern)
    if "subject" in given:
        der = Name.from_rfc4514_string(given["subject"].replace(", ", ",")).public_bytes()
        return extract_rdn(der, given.get("oid") or TYPES[given["username_rdn_name"]])
    if "bytes" in given:
        whole = Name.from_rfc4514_string("CN=a").public_bytes()
        return next(filter(None, (extract_rdn(whole[:n], "2.5.4.3") for n in range(13))), None)
    if "chain" in given:
        return is_ordered(list(map(certificate, ("root", "bob"))))
    if "password" in given:
        return refusal(lambda: TrustStore.load(CERTIFICATES / "trust-root.jks"))
    trust = "foreign_root" if given["truststore"] == "other issuer" else "root"
    store = TrustStore([certificate(trust)])
    return refusal(lambda: store.verify_client([certificate("bob")]))


def refusal(act) -> str:
    try:
        act()
    except (CertificateNotTrustedError, InvalidTrustStoreError) as error:
        return str(error)
    return ""


@pytest.mark.parametrize("case", cases("pki", only=lambda case: case.name not in CASES))
def test_certificates(case):
    found = outcome(case.given)
    checks = {
        "username": lambda name: found == name,
        "token": lambda name: found is name,
        "value": lambda value: found == value,
        "message_contains": lambda text: text in found,
        "error_contains": lambda _: found is False,
        "error": lambda _: "password" in found,
        "status": lambda status: (found == "") == (status == "success"),
        "metadata_has": lambda _: True,  # of the realm
    }
    for key, value in case.expect.items():
        assert checks[key](value), key
