"""Who trusts a certificate: the realms of this node, or trust stores of the command line."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Final

from .._ground.showing import in_one_line, shown
from ..certificates import TrustStore, is_ordered, subject_text
from ..certificates.facts import facts_of
from ..certificates.path import NO_PATH
from ..errors import CertificateNotTrustedError, FileRealmError, InvalidSettingError
from ..keystore import load_header
from ..keystore.file import FILE_NAME
from ..realms.pki.trust import load_trust_store
from .exits import CONFIGURATION, NO_INPUT, NOT_TRUSTED, OK, CommandError
from .passwords import named_password

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..keystore import Keystore
    from ..settings.mapped_realm import PkiSettings
    from .arguments import Arguments
    from .target import Target
    from .terminal import Terminal

__all__ = ["Verdict", "exit_code_of_verdicts", "verdicts_of_realms", "verdicts_of_stores"]

_NOT_ORDERED: Final = "the certificates are not in order: each must be followed by its issuer"
_ONLY_TLS: Final = "it has no trust store of its own, so it trusts what TLS has accepted"
_PASSWORD: Final = "Enter password for the elasticsearch keystore : "  # noqa: S105 - a question


class Verdict:
    """
    What a realm or a trust store says about a certificate.

    Attributes:
        realm: The name of the realm; None for a trust store of the command line.
        paths: Its trust store.
        is_trusted: Whether it trusts the certificate; None if that is open.
        reason: Why it does not, or why that is open.
        is_problem: Whether a node could not start, or this command cannot know enough.
    """

    def __init__(
        self,
        realm: str | None,
        paths: Sequence[str],
        reason: str | None,
        *,
        is_trusted: bool | None,
        is_problem: bool = False,
    ) -> None:
        self.realm = realm
        self.paths = paths
        self.is_trusted = is_trusted
        self.reason = reason
        self.is_problem = is_problem

    @in_one_line
    def __str__(self) -> str:
        who = f"[{', '.join(self.paths)}]" if self.realm is None else f"realm [{self.realm}]"
        if self.is_trusted:
            return f"{who}: trusted"
        return f"{who}: {'not known' if self.is_trusted is None else 'not trusted'}: {self.reason}"

    def to_dict(self) -> dict[str, Any]:
        """Return it as ``--json`` prints it."""
        return {
            "realm": self.realm,
            "paths": list(self.paths),
            "trusted": self.is_trusted,
            "reason": self.reason,
        }


def exit_code_of_verdicts(verdicts: Sequence[Verdict]) -> int:
    """Return success if anybody trusts the certificate, or if nobody has to."""
    if any(verdict.is_trusted for verdict in verdicts):
        return OK
    if any(verdict.is_problem for verdict in verdicts):
        return CONFIGURATION
    return NOT_TRUSTED if any(verdict.is_trusted is False for verdict in verdicts) else OK


def verdicts_of_stores(arguments: Arguments, chain: Sequence[bytes]) -> list[Verdict]:
    """
    Ask each trust store of the command line.

    Raises:
        CommandError: If there is no such file.
        InvalidTrustStoreError: If it is not a trust store, or if the password is wrong.
        FilePermissionError, FileAccessError: If it cannot be read.
    """
    password = named_password(arguments, "trust-password") or ""
    verdicts = []
    for path in arguments.values("trust"):
        if not os.path.exists(path):
            raise CommandError(f"file [{path}] of --trust does not exist", NO_INPUT)
        verdicts.append(_verdict(TrustStore.load(path, password), chain, None, [path]))
    return verdicts


def _verdict(
    store: TrustStore, chain: Sequence[bytes], realm: str | None, paths: Sequence[str]
) -> Verdict:
    if not is_ordered(chain):
        return Verdict(realm, paths, _NOT_ORDERED, is_trusted=False)
    try:
        store.verify_client(chain)
    except CertificateNotTrustedError as error:
        hint = _missing_link(store, chain[-1]) if error.reason == NO_PATH else ""
        return Verdict(realm, paths, error.reason + hint, is_trusted=False)
    return Verdict(realm, paths, None, is_trusted=True)


def _missing_link(store: TrustStore, certificate: bytes) -> str:
    """Return what would have to be known above the last certificate that is given."""
    last = facts_of(certificate)
    issuer = shown(subject_text(last.issuer_der))
    if last.is_self_issued:
        return f"; [{issuer}], where it ends, is not in it"
    if any(facts_of(each).subject == last.issuer for each in store.certificates):
        return f"; it holds [{issuer}], the issuer, with another key or with expired dates"
    return f"; [{issuer}], the issuer, is neither in it nor in the file"


def verdicts_of_realms(
    arguments: Arguments,
    target: Target,
    terminal: Terminal,
    chain: Sequence[bytes],
    realms: Sequence[PkiSettings],
) -> list[Verdict]:
    """Ask each realm of type ``pki``."""
    passwords = _Passwords(arguments, target, terminal)
    return [_verdict_of(realm, chain, passwords) for realm in realms]


def _verdict_of(pki: PkiSettings, chain: Sequence[bytes], passwords: _Passwords) -> Verdict:
    realm, paths = pki.name, pki.trust_files
    try:
        store = _store_of(pki, passwords)
    except (_UnknownError, FileRealmError) as error:
        return Verdict(realm, paths, str(error), is_trusted=None, is_problem=True)
    if store is None:
        return Verdict(realm, paths, _ONLY_TLS, is_trusted=None)
    return _verdict(store, chain, realm, paths)


class _UnknownError(Exception):
    """The reason why it is not known whether a realm trusts a certificate."""


def _store_of(pki: PkiSettings, passwords: _Passwords) -> TrustStore | None:
    problems = pki.start_problems()
    if problems:
        raise _UnknownError(f"a node does not start: {problems[0]}")
    if not pki.trust_files:
        return None
    try:
        return load_trust_store(pki, passwords.of(pki) if pki.truststore else None)
    except InvalidSettingError as error:
        raise _UnknownError(error.rule) from None


class _Passwords:
    """The passwords of trust stores: from the keystore of the node, or from its settings."""

    def __init__(self, arguments: Arguments, target: Target, terminal: Terminal) -> None:
        self._arguments = arguments
        self._target = target
        self._terminal = terminal
        self._keystore: Keystore | None = None

    def of(self, pki: PkiSettings) -> str | None:
        """
        Return the password of a trust store, or None if none is set.

        Raises:
            _UnknownError: If the keystore has a password that is not given.
            FileRealmError: If the keystore cannot be read.
        """
        path = os.path.join(self._target.config_dir, FILE_NAME)
        if not os.path.exists(path):
            return None
        if self._keystore is None:
            self._keystore = self._opened(path)
        keystore, name = self._keystore, pki.secure_password
        return keystore.string(name) if name in keystore else None

    def _opened(self, path: str) -> Keystore:
        sealed = load_header(path)
        if not sealed.has_password:
            return sealed.open()
        password = named_password(self._arguments, "keystore-password")
        if password is None:
            if not self._terminal.is_console or self._arguments.first == "-":
                raise _UnknownError(
                    f"keystore [{path}] has a password: "
                    "give it by --keystore-password-file or --keystore-password-env"
                )
            password = self._terminal.ask_secret(_PASSWORD)
        return sealed.open(password)
