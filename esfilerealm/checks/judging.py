"""How safe a certificate is, and what it is meant for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from ..certificates.facts import Facts
    from .contexts import Context

__all__ = ["names_of_hosts", "purposes_missing", "weak_key", "weak_signature"]

#: Bits below which a key is weak; all of DSA are.
_SMALLEST: Final = {"RSA": 2048, "EC": 224}
_WEAK_DIGESTS: Final = {"md2": "MD2", "md4": "MD4", "md5": "MD5", "sha1": "SHA-1"}
_ANY: Final = "2.5.29.37.0"
_SERVER: Final = "1.3.6.1.5.5.7.3.1"
_CLIENT: Final = "1.3.6.1.5.5.7.3.2"


def weak_key(facts: Facts) -> str | None:
    """Return why the key of a certificate is weak, or None."""
    kind = type(facts.key).__name__.lstrip("_").removesuffix("PublicKey")
    kind = "EC" if hasattr(facts.key, "curve") else kind
    size = getattr(facts.key, "key_size", 0)
    if kind == "DSA":
        return f"its key is of the kind [DSA], of [{size}] bits"
    if size < _SMALLEST.get(kind, 0):
        return f"its key of the kind [{kind}] has only [{size}] bits"
    return None


def weak_signature(facts: Facts) -> str | None:
    """Return the digest with which a certificate was signed if that is weak, or None."""
    from cryptography.exceptions import UnsupportedAlgorithm

    try:
        digest = facts.certificate.signature_hash_algorithm
    except UnsupportedAlgorithm:
        return None
    return None if digest is None else _WEAK_DIGESTS.get(digest.name)


def names_of_hosts(facts: Facts) -> bool:
    """Check whether a certificate names hosts or addresses as its alternative names."""
    from cryptography import x509

    try:
        names = facts.certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return False
    return any(isinstance(name, x509.DNSName | x509.IPAddress) for name in names.value)


def purposes_missing(facts: Facts, context: Context) -> list[str]:
    """Return the purposes that a use of TLS needs and that a certificate leaves out."""
    if facts.purposes is None or _ANY in facts.purposes:
        return []
    needed = {"serverAuth": _SERVER}
    if context.is_transport:
        needed["clientAuth"] = _CLIENT
    return [name for name, purpose in needed.items() if purpose not in facts.purposes]
