"""The cases about certificates: names, trust stores and chains. Those of the realm come with it."""

from __future__ import annotations

import pytest
from cryptography.x509 import Name
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
#: Cases of the PKI realm itself: its settings, tokens, cache, delegation and authorisation realms.
OF_THE_REALM = {
    "authorisation realms are asked on every hit",
    "authorisation realms: chains are refused",
    "authorisation realms: license",
    "authorisation realms: listed order decides",
    "authorisation realms: nobody found",
    "authorisation realms: none configured",
    "authorisation realms: unknown name",
    "both name extraction settings",
    "closing twice is harmless",
    "delegated chain records the delegator",
    "delegated chain while delegation is off",
    "delegation without token service",
    "delegation without trust configuration",
    "expire one user name",
    "fingerprints in metadata, newest",
    "lookup by name finds nobody",
    "no certificate gives no token",
    "no trust configuration accepts what TLS accepted",
    "no trust configuration rejects delegated chains",
    "role mapping change empties the cache",
    "second authentication comes from the cache",
    "truststore and certificate authorities together",
    "truststore deleted and recreated",
    "truststore reload with a bad file",
    "truststore reload with a good file",
    "usage statistics",
}


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


@pytest.mark.parametrize("case", cases("pki", only=lambda case: case.name not in OF_THE_REALM))
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


def test_every_case_is_of_the_certificates_or_of_the_realm():
    names = {case.values[0].name for case in cases("pki")}
    assert names > OF_THE_REALM
