"""Which secure settings a keystore has: their names, and never a value."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ..errors import FileRealmError, KeystorePasswordError, MissingExtraError

if TYPE_CHECKING:
    from ..keystore import SealedKeystore

__all__ = ["SecureSettings", "find_secure_settings"]

#: What concerns logins.
_PREFIX: Final = "xpack.security.authc."
_BOOTSTRAP: Final = "bootstrap.password"


@dataclass(frozen=True, slots=True)
class SecureSettings:
    """
    What is known of the keystore of a node.

    Attributes:
        path: The file.
        names: The settings in it that concern logins.
        warnings: What is wrong with the file.
        notes: Why it was not examined.
    """

    path: str
    names: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def find_secure_settings(config_dir: str) -> SecureSettings:
    """Look into the keystore of a configuration directory, if it has no password; raise nothing."""
    from ..keystore import load_header
    from ..keystore.file import FILE_NAME

    path = os.path.join(config_dir, FILE_NAME)
    if not os.path.exists(path):
        return SecureSettings(path)
    try:
        return _names(path, load_header(path))
    except (MissingExtraError, PermissionError) as error:
        return SecureSettings(path, notes=(f"keystore [{path}] is not examined: {error}",))
    except FileRealmError as error:
        return SecureSettings(path, warnings=(str(error),))


def _names(path: str, sealed: SealedKeystore) -> SecureSettings:
    locked = f"keystore [{path}] has a password, so its settings are not examined"
    if sealed.has_password:
        return SecureSettings(path, notes=(locked,))
    try:
        store = sealed.open()
    except KeystorePasswordError:  # nothing protects the mark that says whether there is one
        return SecureSettings(path, notes=(locked,))
    names = (name for name in store.names if name.startswith(_PREFIX) or name == _BOOTSTRAP)
    return SecureSettings(path, tuple(names))
