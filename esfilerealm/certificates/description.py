"""What a certificate says, as text for people and programs."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from .facts import facts_of, kind_of_key
from .names import rdn_texts, subject_text

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator

    from cryptography.x509 import Certificate, GeneralName

__all__ = ["Description", "PublicKey", "describe"]

_SIGNATURES: Final = {
    "1.2.840.113549.1.1.4": "md5WithRSAEncryption",
    "1.2.840.113549.1.1.5": "sha1WithRSAEncryption",
    "1.2.840.113549.1.1.10": "RSASSA-PSS",
    "1.2.840.113549.1.1.11": "sha256WithRSAEncryption",
    "1.2.840.113549.1.1.12": "sha384WithRSAEncryption",
    "1.2.840.113549.1.1.13": "sha512WithRSAEncryption",
    "1.2.840.113549.1.1.14": "sha224WithRSAEncryption",
    "1.2.840.10040.4.3": "dsa-with-sha1",
    "2.16.840.1.101.3.4.3.2": "dsa-with-sha256",
    "1.2.840.10045.4.1": "ecdsa-with-SHA1",
    "1.2.840.10045.4.3.2": "ecdsa-with-SHA256",
    "1.2.840.10045.4.3.3": "ecdsa-with-SHA384",
    "1.2.840.10045.4.3.4": "ecdsa-with-SHA512",
    "1.3.101.112": "Ed25519",
    "1.3.101.113": "Ed448",
}
_PURPOSES: Final = {
    "2.5.29.37.0": "anyExtendedKeyUsage",
    "1.3.6.1.5.5.7.3.1": "serverAuth",
    "1.3.6.1.5.5.7.3.2": "clientAuth",
    "1.3.6.1.5.5.7.3.3": "codeSigning",
    "1.3.6.1.5.5.7.3.4": "emailProtection",
    "1.3.6.1.5.5.7.3.8": "timeStamping",
    "1.3.6.1.5.5.7.3.9": "OCSPSigning",
}
#: By the number of the bit.
_KEY_USAGES: Final = (
    "digitalSignature",
    "nonRepudiation",
    "keyEncipherment",
    "dataEncipherment",
    "keyAgreement",
    "keyCertSign",
    "cRLSign",
    "encipherOnly",
    "decipherOnly",
)


@dataclass(frozen=True, slots=True)
class PublicKey:
    """
    A public key.

    Attributes:
        kind: Such as ``RSA``.
        bits: Its size, if keys of its kind differ in it.
        curve: Its curve, if it has one.
    """

    kind: str
    bits: int | None
    curve: str | None


@dataclass(frozen=True, slots=True)
class Description:
    """
    What a certificate says.

    Attributes:
        subject: Its name, as the username pattern of a node sees it.
        rdns: The relative names in it, the most specific first.
        issuer: The name of the certificate that signed it.
        serial: Its number, in hexadecimal.
        not_before: When it begins to be valid.
        not_after: When it ends.
        public_key: Its key.
        signature_algorithm: How it is signed; a number with dots if that has no usual name.
        key_usage: What its key may be used for; None if nothing is said.
        extended_key_usage: Its purposes; None if nothing is said.
        alternative_names: Other names, each behind its kind and a colon; none if an extension of
            the certificate is broken.
        is_authority: Whether it may sign certificates.
        sha1: Its fingerprint, in hexadecimal.
        sha256: Likewise.
    """

    subject: str
    rdns: tuple[str, ...]
    issuer: str
    serial: str
    not_before: dt.datetime
    not_after: dt.datetime
    public_key: PublicKey
    signature_algorithm: str
    key_usage: tuple[str, ...] | None
    extended_key_usage: tuple[str, ...] | None
    alternative_names: tuple[str, ...]
    is_authority: bool
    sha1: str
    sha256: str


def describe(certificate: Certificate | bytes) -> Description:
    """
    Describe a certificate.

    Args:
        certificate: A certificate of ``cryptography``, or DER.

    Raises:
        InvalidCertificateError: If it is not a certificate.
        MissingExtraError: Without the extra ``pki``.
    """
    facts = facts_of(certificate)
    parsed = facts.certificate
    number = parsed.signature_algorithm_oid.dotted_string
    return Description(
        subject=subject_text(facts.subject_der),
        rdns=tuple(rdn_texts(facts.subject_der)),
        issuer=subject_text(facts.issuer_der),
        serial=f"{parsed.serial_number:x}",
        not_before=facts.not_before,
        not_after=facts.not_after,
        public_key=_public_key(facts.key),
        signature_algorithm=_SIGNATURES.get(number, number),
        key_usage=_key_usage(facts.extensions.key_usage),
        extended_key_usage=_purposes(facts.purposes),
        alternative_names=tuple(_alternative_names(parsed)),
        is_authority=facts.is_authority,
        sha1=hashlib.sha1(facts.der, usedforsecurity=False).hexdigest(),
        sha256=hashlib.sha256(facts.der).hexdigest(),
    )


def _public_key(key: Any) -> PublicKey:  # noqa: ANN401 -- the keys have no common type
    curve = getattr(key, "curve", None)
    return PublicKey(
        kind_of_key(key), getattr(key, "key_size", None), None if curve is None else curve.name
    )


def _key_usage(bits: tuple[int, ...] | None) -> tuple[str, ...] | None:
    if bits is None:
        return None
    return tuple(_KEY_USAGES[bit] for bit in bits if bit < len(_KEY_USAGES))


def _purposes(numbers: frozenset[str] | None) -> tuple[str, ...] | None:
    if numbers is None:
        return None
    return tuple(sorted(_PURPOSES.get(number, number) for number in numbers))


def _alternative_names(certificate: Certificate) -> Iterator[str]:
    from cryptography import x509

    try:
        extensions = list(certificate.extensions)
    except (ValueError, x509.DuplicateExtension, x509.UnsupportedGeneralNameType):
        return  # one that a node does not look at, either
    for extension in extensions:
        if isinstance(extension.value, x509.SubjectAlternativeName):
            yield from map(_name_text, extension.value)


def _name_text(name: GeneralName) -> str:
    from cryptography import x509

    if isinstance(name, x509.DirectoryName):
        return f"DN:{subject_text(name.value.public_bytes())}"
    if isinstance(name, x509.OtherName):
        return f"other:{name.type_id.dotted_string}=#{name.value.hex()}"
    if isinstance(name, x509.RegisteredID):
        return f"OID:{name.value.dotted_string}"
    kinds = {
        x509.DNSName: "DNS",
        x509.RFC822Name: "email",
        x509.UniformResourceIdentifier: "URI",
        x509.IPAddress: "IP",
    }
    return f"{kinds[type(name)]}:{name.value}"
