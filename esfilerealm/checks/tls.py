"""The certificates and keys of a node, for each use of TLS: loaded, and not yet judged."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from .._ground.extras import require_extra
from ..certificates import jks
from ..certificates.facts import facts_of
from ..certificates.pem import read_certificates
from ..certificates.pkcs12 import read_pkcs12
from ..errors import FileRealmError, InvalidCertificateError, InvalidTrustStoreError
from .contexts import contexts_of
from .opening import read_bytes
from .parts import Unreadable
from .private_keys import KeyProblemError, PrivateKey, read_private_key

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from ..certificates.facts import Facts
    from ..certificates.jks import StoreEntry
    from .contexts import Context, NamedFile
    from .view import View

__all__ = ["Certificates", "Fault", "Identity", "Use"]

_SEQUENCE: Final = b"\x30"
_STORE: Final = ("keystore.secure_password", "keystore.password")
_TRUSTSTORE: Final = ("truststore.secure_password", "truststore.password")
_PASSPHRASE: Final = ("secure_key_passphrase", "key_passphrase")


@dataclass(frozen=True, slots=True)
class Fault:
    """
    A file that a node cannot load.

    Attributes:
        path: The file.
        key: The setting that names it.
        reason: Why not, as the end of a sentence.
    """

    path: str
    key: str
    reason: str


@dataclass(frozen=True, slots=True)
class Identity:
    """
    By what a node, or a client in it, shows who it is.

    Attributes:
        path: The file.
        certificate: The certificate of the key.
        others: What else is sent with it, or could be: the other certificates of the file.
    """

    path: str
    certificate: Facts
    others: tuple[Facts, ...] = ()


@dataclass(slots=True)
class Use:
    """
    One use of TLS or of certificates, with what its files hold.

    Attributes:
        context: Its settings.
        mode: Its verification mode.
        identities: What its key may be; more than one only for a store with several keys.
        trusted: The certificates that it trusts, with their files.
        key: Its private key, if that is in a file of its own.
        without_trust: Stores with keys in which Java finds no trusted certificate, each with the
            setting that names it as a trust store.
        faults: What the node cannot load.
        troubles: What could not be examined here.
    """

    context: Context
    mode: str
    identities: list[Identity] = field(default_factory=list)
    trusted: list[tuple[str, Facts]] = field(default_factory=list)
    key: tuple[str, PrivateKey] | None = None
    without_trust: list[tuple[str, str]] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    troubles: list[Unreadable] = field(default_factory=list)


class Certificates:
    """
    All certificates of a node.

    Args:
        node: The node.

        named: The files that its settings name.

    Attributes:
        now: The time by which certificates are judged.
        uses: By what each of them is used for.

    Raises:
        MissingExtraError: Without the extra ``pki``.
        Unreadable: If the settings cannot be read.
    """

    def __init__(self, node: View, named: Iterable[NamedFile]) -> None:
        self._node = node
        self._named = list(named)
        if self._named:
            require_extra("pki", "a check of certificates", "cryptography.x509")
        self.now = dt.datetime.now(dt.UTC)
        self.uses = [self._loaded(context) for context in contexts_of(node.settings)]

    @property
    def troubles(self) -> list[Unreadable]:
        """What could not be examined."""
        return [trouble for use in self.uses for trouble in use.troubles]

    @property
    def identities(self) -> list[tuple[Use, Identity]]:
        """Each identity of each use."""
        return [(use, identity) for use in self.uses for identity in use.identities]

    def _loaded(self, context: Context) -> Use:
        mode = self._node.settings.get(context.key("verification_mode")) or "full"
        use = Use(context, mode)
        loaders: tuple[tuple[str, Callable[[Use, str, bytes], None]], ...] = (
            ("certificate", _load_certificate),
            ("key", self._load_key),
            ("keystore.path", self._load_store),
            ("certificate_authorities", _load_authorities),
            ("truststore.path", self._load_truststore),
        )
        for rest, load in loaders:
            for file in self._named:
                if file.key == context.key(rest):
                    self._load(use, file.key, file.path, load)
        return use

    def _load(self, use: Use, key: str, path: str, load: Callable[[Use, str, bytes], None]) -> None:
        try:
            data = read_bytes(path)
            if data is not None:  # another rule is about missing files
                load(use, path, data)
        except Unreadable as trouble:
            use.troubles.append(Unreadable(trouble.reason, trouble.path or path))
        except (InvalidTrustStoreError, InvalidCertificateError, KeyProblemError) as error:
            reason = error.rule if isinstance(error, InvalidCertificateError) else error.reason
            if getattr(error, "kind", "") == "unsupported":
                use.troubles.append(Unreadable(reason, path))
            else:
                use.faults.append(Fault(path, key, reason))
        except FileRealmError as error:
            use.troubles.append(Unreadable(str(error), path))

    def _load_key(self, use: Use, path: str, data: bytes) -> None:
        passphrase = use.context.password(self._node, *_PASSPHRASE)
        use.key = path, read_private_key(data, passphrase)

    def _load_store(self, use: Use, path: str, data: bytes) -> None:
        entries = self._entries(use, data, _STORE)
        for entry in entries:
            certificates = list(map(facts_of, entry.certificates))
            if entry.is_key and certificates:
                use.identities.append(Identity(path, certificates[0], tuple(certificates[1:])))
        if not use.identities:
            raise InvalidTrustStoreError("it holds no private key with a certificate", "empty")

    def _load_truststore(self, use: Use, path: str, data: bytes) -> None:
        entries = self._entries(use, data, _TRUSTSTORE)
        if entries and all(entry.is_key for entry in entries):
            use.without_trust.append((path, use.context.key("truststore.path")))
            return
        if not entries:
            raise InvalidTrustStoreError("it holds no certificate that Java trusts", "empty")
        use.trusted += [
            (path, facts_of(entry.certificates[0])) for entry in entries if entry.certificates
        ]

    def _entries(self, use: Use, data: bytes, names: tuple[str, str]) -> list[StoreEntry]:
        if not data.startswith((jks.MAGIC, _SEQUENCE)):
            raise Unreadable("it is neither PKCS#12 nor JKS, which are all that is supported here")
        password = use.context.password(self._node, *names)
        read = jks.read_jks if data.startswith(jks.MAGIC) else read_pkcs12
        try:
            return read(data, password or "")
        except InvalidTrustStoreError as error:
            if error.kind == "password" and password is None:
                reason = "it has a password, and none is set"
                raise InvalidTrustStoreError(reason, "password") from None
            raise


def _load_certificate(use: Use, path: str, data: bytes) -> None:
    first, *others = map(facts_of, read_certificates(data))
    use.identities.append(Identity(path, first, tuple(others)))


def _load_authorities(use: Use, path: str, data: bytes) -> None:
    use.trusted += [(path, facts_of(certificate)) for certificate in read_certificates(data)]
