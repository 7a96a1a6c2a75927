"""What a trust decision has to know of a certificate, read once."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, Final

from .._ground.extras import require_extra
from ..errors import InvalidCertificateError
from .der import SEQUENCE, elements, only_element
from .names import comparable_name

if TYPE_CHECKING:
    import datetime as dt

    from cryptography.x509 import Certificate, NameConstraints

__all__ = ["Facts", "facts_of", "is_signed_by", "load_certificate"]

_UNLIMITED: Final = 2**31
#: The tag in front of the version, which certificates of version 1 do not have.
_VERSION: Final = 0xA0
#: Bytes. Usual ones have 1000 to 2000; no stranger is to fill the memory with larger ones.
_LARGEST_REMEMBERED: Final = 16_384
_ANY_USAGE: Final = "2.5.29.37.0"
_CLIENT: Final = "1.3.6.1.5.5.7.3.2"
#: Critical extensions that the checks of a node understand.
_UNDERSTOOD: Final = frozenset(
    f"2.5.29.{number}" for number in (15, 17, 19, 30, 32, 33, 36, 37, 54)
)
_WEAK_HASHES: Final = ("md2", "md5")
_SMALLEST_KEYS: Final = {"RSA": 1024, "DSA": 1024, "EC": 224}
_CURVES: Final = ("secp256r1", "secp384r1", "secp521r1")
_NETSCAPE_TYPE: Final = "2.16.840.1.113730.1.1"


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
    from cryptography.x509 import load_der_x509_certificate

    try:
        return load_der_x509_certificate(bytes(certificate))
    except ValueError:
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
        public_key: Its key, encoded.
        version: 1 to 3.
        path_length: How many authorities may stand below it; -1 if it is none.
        may_sign: What its key may sign: ``data``, ``certificates``; None if nothing is said.
        purposes: What it may be used for; None if nothing is said.
        key: Its public key, of ``cryptography``.
        signature: The arguments with which the issuer's key checks its signature.
        not_understood: Critical extensions that a node does not understand.
        name_constraints: The names that it may vouch for; None if nothing is said.
        is_kept_from_clients: Whether Netscape's old extension names other uses only.
        policies: The policies under which it was issued; None if nothing is said.
        required_policy: After how many certificates below a policy is required; None if never.
        allowed_any: For how many certificates below the policy "any" counts; None if for all.
        weakness: Why its key or signature is refused; empty if it is not.
    """

    __slots__ = (
        "allowed_any",
        "certificate",
        "der",
        "is_kept_from_clients",
        "issuer",
        "issuer_der",
        "key",
        "may_sign",
        "name_constraints",
        "not_after",
        "not_before",
        "not_understood",
        "path_length",
        "policies",
        "public_key",
        "purposes",
        "required_policy",
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
        self.issuer_der, self.subject_der = _names(certificate.tbs_certificate_bytes)
        self.issuer = comparable_name(self.issuer_der)
        self.subject = comparable_name(self.subject_der)
        self.version = certificate.version.value + 1
        self.key: Any = _key(certificate)
        self.public_key = _encoded(self.key)
        self.not_before: dt.datetime = certificate.not_valid_before_utc
        self.not_after: dt.datetime = certificate.not_valid_after_utc
        self.path_length = -1
        self.may_sign: frozenset[str] | None = None
        self.purposes: frozenset[str] | None = None
        self.name_constraints: NameConstraints | None = None
        self.not_understood: list[str] = []
        self.is_kept_from_clients = False
        self.policies: frozenset[str] | None = None
        self.required_policy: int | None = None
        self.allowed_any: int | None = None
        self._read_extensions(certificate)
        self.weakness = _weakness(self.key, certificate)
        self.signature = _signature(certificate)

    @property
    def is_self_issued(self) -> bool:
        """Whether it bears the name of its issuer."""
        return self.subject == self.issuer

    @property
    def is_authority(self) -> bool:
        """Whether it may sign other certificates, as far as it says so."""
        return self.path_length >= 0

    @property
    def may_authenticate_clients(self) -> bool:
        """Whether its purposes allow a client of TLS."""
        return self.purposes is None or not self.purposes.isdisjoint((_CLIENT, _ANY_USAGE))

    def may(self, what: str) -> bool:
        """Check whether its key may sign *what*."""
        return self.may_sign is None or what in self.may_sign

    def _read_extensions(self, certificate: Certificate) -> None:
        from cryptography import x509

        try:
            extensions = certificate.extensions
        except (ValueError, x509.DuplicateExtension, x509.UnsupportedGeneralNameType) as error:
            raise InvalidCertificateError("an extension is broken or given twice") from error
        for extension in extensions:
            value = extension.value
            if extension.critical and extension.oid.dotted_string not in _UNDERSTOOD:
                self.not_understood.append(extension.oid.dotted_string)
            if isinstance(value, x509.BasicConstraints):
                length = _UNLIMITED if value.path_length is None else value.path_length
                self.path_length = length if value.ca else -1
            elif isinstance(value, x509.KeyUsage):
                signs = {"data": value.digital_signature, "certificates": value.key_cert_sign}
                self.may_sign = frozenset(what for what, allowed in signs.items() if allowed)
            elif isinstance(value, x509.ExtendedKeyUsage):
                self.purposes = frozenset(purpose.dotted_string for purpose in value)
            elif isinstance(value, x509.NameConstraints):
                self.name_constraints = value
            elif extension.oid.dotted_string == _NETSCAPE_TYPE:
                bits = value.public_bytes()[3:4]
                self.is_kept_from_clients = not bits or bits[0] < 0x80  # noqa: PLR2004 -- the first
            else:
                self._read_policies(value)

    def _read_policies(self, value: object) -> None:
        from cryptography import x509

        if isinstance(value, x509.CertificatePolicies):
            self.policies = frozenset(each.policy_identifier.dotted_string for each in value)
        elif isinstance(value, x509.PolicyConstraints):
            self.required_policy = value.require_explicit_policy
        elif isinstance(value, x509.InhibitAnyPolicy):
            self.allowed_any = value.skip_certs


def _names(signed: bytes) -> tuple[bytes, bytes]:
    """Return the names of issuer and subject: the library refuses some that a node takes."""
    parts = [part.encoded() for part in elements(only_element(signed, SEQUENCE).content)]
    first = 3 if parts[0][0] == _VERSION else 2
    return parts[first], parts[first + 2]


@functools.lru_cache(maxsize=1024)
def _remembered(der: bytes) -> Facts:
    return _facts_of_der(der)


def _facts_of_der(der: bytes) -> Facts:
    from cryptography.x509 import InvalidVersion, UnsupportedGeneralNameType

    try:
        return Facts(load_certificate(der))
    except InvalidCertificateError as error:
        rule = error.rule
    except (ValueError, IndexError, InvalidVersion, UnsupportedGeneralNameType):
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


def _signature(certificate: Certificate) -> tuple[object, ...]:
    """Return the arguments with which a key checks the signature; of another kind, it fails."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ec import ECDSA

    arguments = (certificate.signature, certificate.tbs_certificate_bytes)
    try:
        parameters = certificate.signature_algorithm_parameters
        digest = certificate.signature_hash_algorithm
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
    kind = type(key).__name__.lstrip("_").removesuffix("PublicKey")
    kind = "EC" if kind.startswith("EllipticCurve") else kind
    if size is not None and size < _SMALLEST_KEYS.get(kind, 0):
        return f"its {kind} key of {size} bits is too short"
    try:
        algorithm = certificate.signature_hash_algorithm
    except UnsupportedAlgorithm:
        return "its signature uses an unknown algorithm"
    if algorithm is not None and algorithm.name in _WEAK_HASHES:
        return f"its signature uses {algorithm.name.upper()}"
    return ""


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
