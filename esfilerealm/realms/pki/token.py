"""What a client shows to a PKI realm: a chain of certificates."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final

from ..._ground.showing import shown
from ...certificates import is_ordered, subject_text
from ...certificates.facts import facts_of
from ...errors import InvalidCertificateError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cryptography.x509 import Certificate

    from ..request import DelegatedBy

__all__ = ["X509Token", "way_in"]

#: What a handshake may carry; Java and OpenSSL take far less.
_LONGEST_CHAIN: Final = 100
_MOST_BYTES: Final = 2**20
#: Of a subject: a username pattern may need the square of that as time, before anybody is trusted.
_LONGEST_SUBJECT: Final = 2**12


def way_in(certificates: tuple[bytes, ...], delegated_by: DelegatedBy | None) -> tuple[object, ...]:
    """
    Return what identifies a chain and the way in which it came.

    A node takes the SHA-256 only, so that a login of the client itself also answers for a proxy.
    """
    digest = hashlib.sha256(b"".join(certificates)).digest()
    return digest, tuple(map(len, certificates)), delegated_by


class X509Token:
    """
    The certificates of a client.

    Args:
        certificates: In DER, or certificates of ``cryptography``; the client's own comes first, and
            each is followed by that of its issuer.

        principal: The username, as the realm found it that read the token from a request.

        delegated_by: Who vouches for the certificates; None if they are those of the connection.

    Attributes:
        certificates: In DER.
        principal: As given. The realm that accepts the token decides for itself.
        delegated_by: As given.
        key: What identifies the chain and the way in which it came.

    Raises:
        InvalidCertificateError: If there is no certificate, if one is broken, if there are more
            than 100 or more than 1 MiB of them, if the client's subject has more than 4 KiB, or if
            they are not in order.
        MissingExtraError: Without the extra ``pki``.

    Source:
        ``X509AuthenticationToken``. It has no limits.
    """

    __slots__ = ("certificates", "delegated_by", "key", "principal")

    def __init__(
        self,
        certificates: Iterable[Certificate | bytes],
        *,
        principal: str = "",
        delegated_by: DelegatedBy | None = None,
    ) -> None:
        ders = tuple(
            each if isinstance(each, bytes) else facts_of(each).der for each in certificates
        )
        _check(ders)
        self._set(ders, principal, delegated_by, way_in(ders, delegated_by))

    def _set(
        self,
        certificates: tuple[bytes, ...],
        principal: str,
        delegated_by: DelegatedBy | None,
        key: tuple[object, ...],
    ) -> None:
        self.certificates = certificates
        self.principal = principal
        self.delegated_by = delegated_by
        self.key = key

    @classmethod
    def known(
        cls,
        certificates: tuple[bytes, ...],
        principal: str,
        delegated_by: DelegatedBy | None,
        key: tuple[object, ...],
    ) -> X509Token:
        """Return the token of a chain that was checked before."""
        token = object.__new__(cls)
        token._set(certificates, principal, delegated_by, key)
        return token

    @property
    def dn(self) -> str:
        """The subject of the client's own certificate, as the username pattern sees it."""
        return subject_text(facts_of(self.certificates[0]).subject_der)

    def __eq__(self, other: object) -> bool:
        return self.key == other.key if isinstance(other, X509Token) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.key)

    def __repr__(self) -> str:
        return f"<X509Token of [{shown(self.dn)}]>"


def _check(certificates: tuple[bytes, ...]) -> None:
    if not certificates:
        raise InvalidCertificateError("there is none")
    if len(certificates) > _LONGEST_CHAIN or sum(map(len, certificates)) > _MOST_BYTES:
        limits = f"{_LONGEST_CHAIN} certificates or {_MOST_BYTES >> 20} MiB"
        raise InvalidCertificateError(f"a chain must not exceed {limits}")
    subject = facts_of(certificates[0]).subject_der
    if len(subject) > _LONGEST_SUBJECT:
        raise InvalidCertificateError(f"its subject exceeds {_LONGEST_SUBJECT >> 10} KiB")
    subject_text(subject)
    if not is_ordered(certificates):
        rule = "the chain is not ordered: each certificate must be followed by its issuer's"
        raise InvalidCertificateError(rule)
