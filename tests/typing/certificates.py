"""Certificates as a caller uses them; checked by mypy and pyright, never run."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Literal, assert_type

from cryptography.x509 import Certificate, load_pem_x509_certificate

from esfilerealm.certificates import (
    DEFAULT_USERNAME_PATTERN,
    DistinguishedName,
    TrustStore,
    UsernamePattern,
    canonical_name,
    extract_rdn,
    fingerprint,
    is_ordered,
    principal_from,
    subject_text,
)
from esfilerealm.errors import CertificateNotTrustedError, InvalidTrustStoreError

name = b""
assert_type(subject_text(name), str)
assert_type(canonical_name(name), bytes)
assert_type(extract_rdn(name, "2.5.4.3"), str | None)
assert_type(principal_from("CN=a", DEFAULT_USERNAME_PATTERN), str | None)
assert_type(UsernamePattern("CN=(.*)").principal("CN=a"), str | None)

one = DistinguishedName.parse("cn=a,o=b")
assert_type(one, DistinguishedName)
assert_type(one.normalized, str)
assert_type(one.rdns, tuple[str, ...])
assert_type(one.is_below(one), bool)

certificate = load_pem_x509_certificate(b"")
assert_type(certificate, Certificate)
store = TrustStore.load(["a.pem", Path("b.pem")])
store = TrustStore.load("a.jks", "secret", type="jks")
store = TrustStore([b""])
assert_type(store.certificates, tuple[bytes, ...])
assert_type(is_ordered([certificate, b""]), bool)
assert_type(fingerprint([certificate]), str)
try:
    store.verify_client([certificate, b""], now=dt.datetime.now(dt.UTC))
except CertificateNotTrustedError as error:
    assert_type(error.reason, str)
except InvalidTrustStoreError as error:
    assert_type(error.kind, Literal["damaged", "password", "unsupported", "empty"])
