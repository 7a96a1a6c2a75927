"""Trust stores: which certificates a node trusts, and whether it trusts a client's."""

from __future__ import annotations

import datetime as dt
import errno
import hashlib
import itertools
import os
import stat
from typing import TYPE_CHECKING, Final

from .._ground.faults import FaultsOf
from ..errors import (
    CertificateNotTrustedError,
    FileAccessError,
    InvalidCertificateError,
    InvalidTrustStoreError,
)
from . import jks
from .facts import facts_of
from .names import subject_text
from .path import Anchors
from .pem import read_certificates
from .pkcs12 import read_pkcs12

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Literal

    from cryptography.x509 import Certificate

    from .jks import StoreEntry

    StoreType = Literal["jks", "PKCS12", "PEM"]

__all__ = ["LARGEST_FILE", "TrustStore", "fingerprint", "is_ordered", "is_store", "store_entries"]

_DAMAGED: Final = "damaged"
_STORES: Final = ("jks", "pkcs12")
#: What a handshake may carry; each certificate of a chain costs a signature.
_LONGEST_CHAIN: Final = 100
#: A named pipe without a writer would make the program wait for ever.
_FLAGS: Final = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
#: Bytes.
LARGEST_FILE: Final = 16 * 1024 * 1024


class TrustStore:
    """
    The certificates that a node trusts.

    Attributes:
        certificates: The trusted certificates, in DER, each once.
    """

    def __init__(self, certificates: Iterable[bytes]) -> None:
        self.certificates = tuple(dict.fromkeys(certificates))
        self._anchors = Anchors(facts_of(certificate) for certificate in self.certificates)

    @classmethod
    def load(
        cls,
        paths: str | os.PathLike[str] | Iterable[str | os.PathLike[str]],
        password: str = "",
        *,
        type: StoreType | None = None,  # noqa: A002 -- the name of the setting
    ) -> TrustStore:
        """
        Load one keystore of Java, or one or several files in PEM.

        Args:
            paths: A file of JKS or PKCS#12, or files with certificates in PEM, DER or PKCS#7.

            password: Of the keystore. The empty one counts as a password as well.

            type: ``jks``, ``PKCS12`` or ``PEM``. If it is not given, the content decides between
                these, since Java reads both kinds of keystore under either name.

        Raises:
            InvalidTrustStoreError: If a file is broken, locked, or holds nothing that Java trusts.
            FilePermissionError, FileAccessError: If a file cannot be read.
            MissingExtraError: Without the extra ``pki``.

        Source:
            ``StoreTrustConfig``, ``PemTrustConfig``, ``KeyStoreUtil``.
        """
        single = [paths] if isinstance(paths, str | os.PathLike) else paths
        found: list[bytes] = []
        for path in single:
            try:
                trusted = _trusted(_content(path), password, (type or "").lower())
                for certificate in trusted:
                    facts_of(certificate)
            except InvalidTrustStoreError as error:
                reason, kind = error.reason, error.kind
            except InvalidCertificateError as error:
                reason, kind = (
                    f"it holds a broken certificate, or something else: {error.rule}",
                    _DAMAGED,
                )
            else:
                found += trusted
                continue
            raise InvalidTrustStoreError(reason, kind, os.fspath(path))
        return cls(found)

    def verify_client(
        self,
        chain: Sequence[Certificate | bytes],
        *,
        now: dt.datetime | None = None,
    ) -> None:
        """
        Check whether a node trusts a client's certificates.

        Args:
            chain: Certificates of ``cryptography`` or DER; the client's own comes first.

            now: The time of the decision, with its zone; the present if it is not given.

        Raises:
            CertificateNotTrustedError: If it does not.
            InvalidCertificateError: If one of them is not a certificate.
            MissingExtraError: Without the extra ``pki``.

        Source:
            ``X509TrustManager.checkClientTrusted`` of Java's default trust manager (PKIX).
        """
        if not chain:
            raise CertificateNotTrustedError("", "there is no certificate")
        if len(chain) > _LONGEST_CHAIN:
            reason = f"the chain exceeds {_LONGEST_CHAIN} certificates"
            raise CertificateNotTrustedError(_subject(chain[0]), reason)
        facts = [facts_of(certificate) for certificate in chain]
        refusal = self._anchors.refusal(facts, now or dt.datetime.now(dt.UTC))
        if refusal is not None:
            raise CertificateNotTrustedError(_subject(chain[0]), refusal)

    def __repr__(self) -> str:
        return f"<TrustStore: {len(self.certificates)} certificates>"


def is_ordered(chain: Sequence[Certificate | bytes]) -> bool:
    """
    Check whether each certificate is followed by one that bears the name of its issuer.

    Source:
        ``X509AuthenticationToken``, which refuses other chains.
    """
    facts = [facts_of(certificate) for certificate in chain]
    return all(below.issuer == above.subject for below, above in itertools.pairwise(facts))


def fingerprint(chain: Sequence[Certificate | bytes]) -> str:
    """Return the SHA-256 of a chain, in hex: the key by which a node remembers a user."""
    digest = hashlib.sha256()
    for certificate in chain:
        digest.update(facts_of(certificate).der)
    return digest.hexdigest()


def _subject(certificate: Certificate | bytes) -> str:
    return subject_text(facts_of(certificate).subject_der)


def _content(path: str | os.PathLike[str]) -> bytes:
    name = os.fspath(path)
    with FaultsOf(name, "reading"):
        return _bytes_of(name)


def _bytes_of(name: str) -> bytes:
    # An exception may come between any two instructions, as from the handler of a signal: so one
    # call that runs in C opens the file, and another one hands it on.
    descriptors: dict[str, int] = {}
    try:
        descriptors.update(zip((name,), map(os.open, (name,), (_FLAGS,)), strict=True))
        with open(name, "rb", opener=descriptors.pop) as file:
            is_regular = stat.S_ISREG(os.fstat(file.fileno()).st_mode)
            data = file.read(LARGEST_FILE + 1) if is_regular else b""
    except BaseException:
        for descriptor in descriptors.values():
            os.close(descriptor)
        raise
    if not is_regular:
        raise FileAccessError(name, errno.EINVAL, "it is not a regular file")
    if len(data) > LARGEST_FILE:
        raise InvalidTrustStoreError(f"it exceeds {LARGEST_FILE >> 20} MiB")
    return data


def _trusted(data: bytes, password: str, kind: str) -> list[bytes]:
    """Return the certificates of one file that Java trusts."""
    entries = store_entries(data, password, kind)
    if entries is None:
        return read_certificates(data)
    if all(entry.is_key for entry in entries):
        raise InvalidTrustStoreError("it holds no trusted certificate", "empty")
    return [entry.certificates[0] for entry in entries if entry.certificates]


def store_entries(data: bytes, password: str, kind: str = "") -> list[StoreEntry] | None:
    """
    Return the entries of a keystore of Java, or None if it is a file of another kind.

    Args:
        data: The whole file.

        password: Of the keystore.

        kind: ``jks``, ``pkcs12`` or ``pem``; without it, the content decides.

    Raises:
        InvalidTrustStoreError: If it cannot be read.
        MissingExtraError: Without the extra ``pki``, if the store is encrypted.
    """
    if data.startswith(jks.MAGIC) and kind != "pem":
        return jks.read_jks(data, password)
    if kind in _STORES or (not kind and _looks_like_pkcs12(data)):
        return read_pkcs12(data, password)
    return None


def is_store(data: bytes) -> bool:
    """Check whether a file is a keystore of Java, whatever its password is."""
    return data.startswith(jks.MAGIC) or _looks_like_pkcs12(data)


def _looks_like_pkcs12(data: bytes) -> bool:
    """Check whether a sequence begins with the version 3, as no certificate does."""
    return data[:1] == b"\x30" and b"\x02\x01\x03\x30" in data[:16]
