"""The trusted certificates of a realm, which are followed while it is open."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from ..._ground.holding import Mutex
from ..._ground.logs import get_logger
from ...certificates import TrustStore
from ...errors import FileRealmError, InvalidSettingError, InvalidTrustStoreError

if TYPE_CHECKING:
    from collections.abc import Callable

    from ...certificates import StoreType
    from ...settings.mapped_realm import PkiSettings

__all__ = ["FollowedTrust", "load_trust_store"]

_LOG: Final = get_logger(__name__)
_TYPES: Final[dict[str, StoreType]] = {"jks": "jks", "pkcs12": "PKCS12"}


def load_trust_store(settings: PkiSettings, secure_password: str | None) -> TrustStore:
    """
    Load the trusted certificates that the settings of a realm name.

    Args:
        settings: With ``trust_files``, whose paths are absolute.

        secure_password: That of the keystore of the node; None if it holds none.

    Raises:
        InvalidSettingError: If the type of the trust store is unknown, or if it needs a password
            and none is set.
        InvalidTrustStoreError: If a file is broken, locked, or holds nothing that Java trusts.
        FilePermissionError, FileAccessError: If a file cannot be read.
        MissingExtraError: Without the extra ``pki``.

    Source:
        ``SslConfigurationLoader``.
    """
    if settings.truststore is None:
        return TrustStore.load(settings.authorities, type="PEM")
    kind = settings.truststore_type or ""
    if kind and kind.lower() not in _TYPES:
        rule = f"stores of the type [{kind}] are not supported"
        raise InvalidSettingError(settings.key("truststore.type"), kind, rule, settings.where)
    password = settings.old_password if secure_password is None else secure_password
    try:
        return TrustStore.load(settings.truststore, password or "", type=_TYPES.get(kind.lower()))
    except InvalidTrustStoreError as error:
        if error.kind != "password" or password is not None:
            raise
        key = settings.secure_password
        rule = f"{error}; no password is set: add [{key}] to the keystore"
    raise InvalidSettingError(settings.key("truststore.path"), None, rule, settings.where)


class FollowedTrust:
    """
    Trusted certificates as their files said when they could last be used.

    Any thread may read ``store`` at any time; it is replaced by one assignment.

    Args:
        realm: The name of the realm, for the log.
        load: Reads the files.

    Attributes:
        store: What is trusted now.
        problem: Why the files that are there now do not count, or None if they do.

    Raises:
        FileRealmError: Whatever *load* raises, for a realm cannot start without trust.
    """

    def __init__(self, realm: str, load: Callable[[], TrustStore]) -> None:
        self.store = load()
        self.problem: str | None = None
        self._realm = realm
        self._load = load
        self._reloading = Mutex()

    def after_fork(self) -> None:
        """In a child process, replace the lock, which a thread of the parent may hold."""
        self._reloading = Mutex()

    def reload(self) -> bool:
        """
        Read the files again. If they cannot be used, the previous trust stays.

        Returns:
            Whether other certificates are trusted than before.
        """
        # Logged afterwards: a thread that is logging may be in the handler of a signal, which
        # waits for this one.
        log: list[Callable[[], None]] = []
        is_changed = self._reloading.run(lambda: self._reload_now(log))
        for write in log:
            write()
        return is_changed

    def _reload_now(self, log: list[Callable[[], None]]) -> bool:
        before, problem = self.store, self.problem
        try:
            after = self._load()
        except FileRealmError as error:
            self.problem = str(error)
            if self.problem != problem:
                message = "failed to reload truststore of realm [%s], the previous trust stays: %s"
                log.append(partial(_LOG.warning, message, self._realm, self.problem))
            return False
        self.problem = None
        if set(after.certificates) == set(before.certificates) or self.store is not before:
            return False
        self.store = after
        message = "realm [%s] trusts other certificates now: [%d]"
        log.append(partial(_LOG.info, message, self._realm, len(after.certificates)))
        return True
