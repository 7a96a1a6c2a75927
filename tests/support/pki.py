"""
The recorded behaviour of nodes with names, certificates and role mappings; made certificates.
"""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    pkcs12,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

VECTORS = Path(__file__).parents[1] / "vectors"
CERTIFICATES = VECTORS / "certs"


@cache
def rows(path: str) -> list[dict[str, Any]]:
    """Return the rows of a file of vectors: one JSON list, or one object a line."""
    text = (VECTORS / path).read_text(encoding="utf-8")
    if text.startswith("["):
        return json.loads(text)
    return [json.loads(line) for line in text.splitlines()]


def of_kind(kind: str, path: str = "pki-vectors.json") -> list[Any]:
    """Return the vectors of a kind as parameters, each with its number."""
    found = (row for row in rows(path) if row["kind"] == kind)
    return [pytest.param(row, id=f"{kind}-{number}") for number, row in enumerate(found)]


#: Days from now until a made certificate expires, unless a test says otherwise.
YEAR = 365
_ONE_DAY = dt.timedelta(days=1)


@cache
def private_key(kind: str = "EC", number: int = 0) -> Any:
    """Return a key of a kind; another one for each *number*."""
    del number  # of the cache
    make = {
        "EC": lambda: ec.generate_private_key(ec.SECP256R1()),
        "EC-192": lambda: ec.generate_private_key(ec.SECP192R1()),
        "RSA-1024": lambda: rsa.generate_private_key(65537, 1024),
        "RSA-2048": lambda: rsa.generate_private_key(65537, 2048),
        "DSA": lambda: dsa.generate_private_key(2048),
    }
    return make[kind]()


@dataclass(frozen=True)
class Made:
    """A certificate that a test has made, with its key."""

    certificate: x509.Certificate
    key: Any

    @property
    def pem(self) -> bytes:
        """The certificate in PEM."""
        return self.certificate.public_bytes(Encoding.PEM)

    def key_pem(self, passphrase: str | None = None) -> bytes:
        """Return the private key in PEM."""
        sealed = BestAvailableEncryption(passphrase.encode()) if passphrase else NoEncryption()
        return self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, sealed)

    def store(self, password: str, *others: Made) -> bytes:
        """Return a PKCS#12 store with the key, its certificate and others."""
        sealed = BestAvailableEncryption(password.encode()) if password else NoEncryption()
        chain = [other.certificate for other in others]
        return pkcs12.serialize_key_and_certificates(
            b"node", self.key, self.certificate, chain, sealed
        )


def made(
    name: str,
    issuer: Made | None = None,
    *,
    days: int = YEAR,
    since: int = -1,
    is_authority: bool = False,
    hosts: Sequence[str] = ("localhost",),
    purposes: Sequence[str] = (),
    key: Any = None,
    digest: Any = None,
) -> Made:
    """
    Make a certificate.

    Args:
        name: Its common name.

        issuer: Who signs it; it signs itself if nobody does.

        days: Until it expires, from now on.

        since: Days from now on which it is valid.

        is_authority: Whether it may sign others.

        hosts: Its alternative names.

        purposes: ``serverAuth``, ``clientAuth``.

        key: Its key; by default one on P-256.

        digest: With which it is signed.
    """
    key = key or private_key("EC", name)
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = dt.datetime.now(dt.UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.certificate.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + since * _ONE_DAY)
        .not_valid_after(now + days * _ONE_DAY)
        .add_extension(x509.BasicConstraints(is_authority, None), critical=True)
    )
    if hosts:
        names = x509.SubjectAlternativeName(map(x509.DNSName, hosts))
        builder = builder.add_extension(names, critical=False)
    if purposes:
        known = x509.ExtendedKeyUsageOID
        oids = {"serverAuth": known.SERVER_AUTH, "clientAuth": known.CLIENT_AUTH}
        usage = x509.ExtendedKeyUsage([oids[purpose] for purpose in purposes])
        builder = builder.add_extension(usage, critical=False)
    return Made(builder.sign(issuer.key if issuer else key, digest or hashes.SHA256()), key)


#: Of signatures with RSA, the last byte of the algorithm, which is in a certificate twice.
_RSA_DIGESTS = {"MD5": 4, "SHA-1": 5}
_WITH_SHA_256 = bytes.fromhex("06092a864886f70d01010b")


def weakened(sound: Made, digest: str) -> Made:
    """Return a certificate that claims to be signed with an old digest; libraries make none."""
    der = sound.certificate.public_bytes(Encoding.DER)
    assert der.count(_WITH_SHA_256) == 2
    changed = der.replace(_WITH_SHA_256, _WITH_SHA_256[:-1] + bytes([_RSA_DIGESTS[digest]]))
    return Made(x509.load_der_x509_certificate(changed), sound.key)
