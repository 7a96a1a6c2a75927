"""Certificates that tests make for themselves."""

from __future__ import annotations

import datetime as dt
from functools import cache
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    pkcs12,
)

ALWAYS = (dt.datetime(2020, 1, 1, tzinfo=dt.UTC), dt.datetime(2120, 1, 1, tzinfo=dt.UTC))


@cache
def key() -> ec.EllipticCurvePrivateKey:
    """Return the key that signs what tests make."""
    return ec.generate_private_key(ec.SECP256R1())


def name_of(subject: str | dict[x509.ObjectIdentifier, str]) -> x509.Name:
    """Return a common name, or a name of other attributes in their order."""
    attributes = {x509.NameOID.COMMON_NAME: subject} if isinstance(subject, str) else subject
    return x509.Name([x509.NameAttribute(oid, text) for oid, text in attributes.items()])


def make_certificate(
    subject: str | dict[x509.ObjectIdentifier, str],
    issuer: str = "issuer",
    *extensions: x509.ExtensionType,
    public_key: Any = None,
    signer: Any = None,
    validity: tuple[dt.datetime, dt.datetime] = ALWAYS,
) -> bytes:
    """Return a certificate in DER."""
    builder = (
        x509.CertificateBuilder()
        .subject_name(name_of(subject))
        .issuer_name(name_of(issuer))
        .public_key(public_key or key().public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(validity[0])
        .not_valid_after(validity[1])
    )
    for extension in extensions:
        is_critical = isinstance(extension, x509.BasicConstraints | x509.ExtendedKeyUsage)
        builder = builder.add_extension(extension, critical=is_critical)
    return builder.sign(signer or key(), hashes.SHA256()).public_bytes(Encoding.DER)


AUTHORITY = x509.BasicConstraints(ca=True, path_length=None)


def as_pem(*certificates: bytes) -> bytes:
    """Return certificates as a file in PEM."""
    loaded = map(x509.load_der_x509_certificate, certificates)
    return b"".join(certificate.public_bytes(Encoding.PEM) for certificate in loaded)


def as_pkcs12(certificate: bytes, password: str) -> bytes:
    """Return a certificate with its key as a PKCS#12 store."""
    loaded = x509.load_der_x509_certificate(certificate)
    encryption = BestAvailableEncryption(password.encode())
    return pkcs12.serialize_key_and_certificates(b"own", key(), loaded, None, encryption)
