"""What a trust decision has to know of a certificate, read once."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, Final

from .._ground.extras import require_extra
from ..errors import InvalidCertificateError
from .der import SEQUENCE, Element, elements, only_element
from .extensions import Extensions
from .names import ComparableName, comparable_name

if TYPE_CHECKING:
    import datetime as dt

    from cryptography.hazmat.primitives.hashes import HashAlgorithm
    from cryptography.x509 import Certificate

__all__ = ["Facts", "facts_of", "is_signed_by", "kind_of_key", "load_certificate"]

#: The tag in front of the version, which certificates of version 1 do not have.
_VERSION: Final = 0xA0
_EXTENSIONS: Final = 0xA3
#: Bytes. Usual ones have 1000 to 2000; no stranger is to fill the memory with larger ones.
_LARGEST_REMEMBERED: Final = 16_384
_LONGEST_REMEMBERED_NAME: Final = 1024
_ANY_USAGE: Final = "2.5.29.37.0"
_CLIENT: Final = "1.3.6.1.5.5.7.3.2"
_WEAK_HASHES: Final = ("md2", "md5")
_SMALLEST_KEYS: Final = {"RSA": 1024, "DSA": 1024, "EC": 224}
#: Those that the library ``cryptography`` does not know.
_DSA_DIGESTS: Final = {"2.16.840.1.101.3.4.3.3": "SHA384", "2.16.840.1.101.3.4.3.4": "SHA512"}
_CURVES: Final = ("secp256r1", "secp384r1", "secp521r1")


def load_certificate(certificate: Certificate | bytes) -> Certificate:
    """
    Return a certificate of the library ``cryptography``.

    Args:
        certificate: Such a certificate, or DER.

    Raises:
        InvalidCertificateError: If it is not a certificate.
        MissingExtraError: Without the extra ``pki``.
    """
    if not isinstance(certificate, bytes | bytearray | memoryview):
        return certificate
    require_extra("pki", "a check of certificates", "cryptography.x509")
    from cryptography.x509 import InvalidVersion, load_der_x509_certificate

    try:
        return load_der_x509_certificate(bytes(certificate))
    except (ValueError, InvalidVersion):
        pass
    raise InvalidCertificateError("the encoding is broken")


class Facts:
    """
    What a certificate says of itself.

    Attributes:
        der: The certificate.
        subject_der: Its name, as it is encoded.
        issuer_der: The name of the certificate that signed it, likewise.
        subject: Its name, in a form that can be compared.
        issuer: The name of the certificate that signed it.
        number: Its serial number.
        public_key: Its key, encoded.
        version: 1 to 3.
        key: Its public key, of ``cryptography``.
        signature: The arguments with which the issuer's key checks its signature.
        extensions: What its extensions say.
        weakness: Why its key or signature is refused; empty if it is not.
    """

    __slots__ = (
        "certificate",
        "der",
        "extensions",
        "issuer",
        "issuer_der",
        "key",
        "not_after",
        "not_before",
        "number",
        "public_key",
        "signature",
        "subject",
        "subject_der",
        "version",
        "weakness",
    )

    def __init__(self, certificate: Certificate) -> None:
        from cryptography.hazmat.primitives.serialization import Encoding

        self.certificate = certificate
        self.der = certificate.public_bytes(Encoding.DER)
        self.issuer_der, self.subject_der, extensions = _parts(certificate.tbs_certificate_bytes)
        self.issuer = _remembered_name(self.issuer_der)  # many certificates have the same one
        self.subject = comparable_name(self.subject_der)
        self.number = certificate.serial_number
        self.version = certificate.version.value + 1
        self.key: Any = _key(certificate)
        self.public_key = _encoded(self.key)
        self.not_before: dt.datetime = certificate.not_valid_before_utc
        self.not_after: dt.datetime = certificate.not_valid_after_utc
        self.extensions = Extensions(extensions)
        self.weakness = _weakness(self.key, certificate)
        self.signature = _signature(certificate)

    @property
    def is_self_issued(self) -> bool:
        """Whether it bears the name of its issuer."""
        return self.subject == self.issuer

    @property
    def is_authority(self) -> bool:
        """Whether it may sign other certificates, as far as it says so."""
        return self.extensions.path_length >= 0

    @property
    def purposes(self) -> frozenset[str] | None:
        """What it may be used for; None if nothing is said."""
        return self.extensions.purposes

    @property
    def may_authenticate_clients(self) -> bool:
        """Whether its purposes allow a client of TLS."""
        return self.purposes is None or not self.purposes.isdisjoint((_CLIENT, _ANY_USAGE))


def _parts(signed: bytes) -> tuple[bytes, bytes, Element | None]:
    """
    Return the names of issuer and subject, and the extensions.

    They are read here, since the library refuses some that a node takes.
    """
    parts = list(elements(only_element(signed, SEQUENCE).content))
    first = 3 if parts[0].tag == _VERSION else 2
    extensions = next((part for part in parts[first + 4 :] if part.tag == _EXTENSIONS), None)
    return parts[first].encoded(), parts[first + 2].encoded(), extensions


def _remembered_name(name_der: bytes) -> ComparableName:
    is_usual = len(name_der) <= _LONGEST_REMEMBERED_NAME
    return (_comparable_name if is_usual else comparable_name)(name_der)


_comparable_name: Final = functools.lru_cache(maxsize=256)(comparable_name)


@functools.lru_cache(maxsize=1024)
def _remembered(der: bytes) -> Facts:
    return _facts_of_der(der)


def _facts_of_der(der: bytes) -> Facts:
    certificate = load_certificate(der)
    from cryptography.x509 import InvalidVersion

    try:
        return Facts(certificate)
    except InvalidCertificateError as error:
        rule = error.rule
    except (ValueError, IndexError, InvalidVersion):
        rule = "the encoding of a part is broken"
    raise InvalidCertificateError(rule)


def facts_of(certificate: Certificate | bytes) -> Facts:
    """
    Return what a certificate says; the latest ones are remembered.

    Raises:
        InvalidCertificateError: If it is not a certificate.
        MissingExtraError: Without the extra ``pki``.
    """
    if not isinstance(certificate, bytes):
        from cryptography.hazmat.primitives.serialization import Encoding

        certificate = certificate.public_bytes(Encoding.DER)
    return (_remembered if len(certificate) <= _LARGEST_REMEMBERED else _facts_of_der)(certificate)


def _key(certificate: Certificate) -> object:
    try:
        return certificate.public_key()
    except Exception as error:  # of several kinds
        raise InvalidCertificateError("its public key is broken, or of an unknown kind") from error


def _encoded(key: Any) -> bytes:  # noqa: ANN401 -- the keys have no common type
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    encoded: bytes = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return encoded


def _digest(certificate: Certificate) -> HashAlgorithm | None:
    """
    Return the hash of the signature; None if the algorithm has none of its own.

    Raises:
        UnsupportedAlgorithm: If it is unknown.
    """
    from cryptography.hazmat.primitives import hashes

    name = _DSA_DIGESTS.get(certificate.signature_algorithm_oid.dotted_string)
    if name is None:
        return certificate.signature_hash_algorithm
    digest: HashAlgorithm = getattr(hashes, name)()
    return digest


def _signature(certificate: Certificate) -> tuple[object, ...]:
    """Return the arguments with which a key checks the signature; of another kind, it fails."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ec import ECDSA

    arguments = (certificate.signature, certificate.tbs_certificate_bytes)
    try:
        parameters = certificate.signature_algorithm_parameters
        digest = _digest(certificate)
    except (UnsupportedAlgorithm, ValueError):
        return ()
    if isinstance(parameters, ECDSA):
        return (*arguments, parameters)
    return (*arguments, *(part for part in (parameters, digest) if part is not None))


def _weakness(key: object, certificate: Certificate) -> str:
    """
    Return why a key or a signature is refused.

    Source:
        ``jdk.certpath.disabledAlgorithms`` of Java 17.
    """
    from cryptography.exceptions import UnsupportedAlgorithm

    size = getattr(key, "key_size", None)
    kind = kind_of_key(key)
    if size is not None and size < _SMALLEST_KEYS.get(kind, 0):
        return f"its {kind} key of {size} bits is too short"
    try:
        algorithm = _digest(certificate)
    except UnsupportedAlgorithm:
        return "its signature uses an unknown algorithm"
    if algorithm is not None and algorithm.name in _WEAK_HASHES:
        return f"its signature uses {algorithm.name.upper()}"
    return ""


def kind_of_key(key: object) -> str:
    """Return the kind of a public key, such as ``RSA``."""
    kind = type(key).__name__.lstrip("_").removesuffix("PublicKey")
    return "EC" if kind.startswith("EllipticCurve") else kind


def is_signed_by(certificate: Facts, issuer: Facts) -> bool:
    """
    Check whether the key of *issuer* made the signature of *certificate*.

    Java 17 checks no signature with a key of a curve beside the three usual ones.
    """
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm

    curve = getattr(issuer.key, "curve", None)
    if curve is not None and curve.name not in _CURVES:
        return False

    try:
        issuer.key.verify(*certificate.signature)
    except (InvalidSignature, UnsupportedAlgorithm, ValueError, TypeError, AttributeError):
        return False
    return True
