"""Secrets that stand in ``elasticsearch.yml`` in the clear, where the keystore could hold them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from .node_settings import NodeSettings

__all__ = ["is_in_environment", "is_secure", "plain_secrets", "twin_of"]

#: The ends of the keys that hold a password in the clear, each with its end in the keystore.
_TWINS: Final = {
    ".keystore.password": ".keystore.secure_password",
    ".keystore.key_password": ".keystore.secure_key_password",
    ".truststore.password": ".truststore.secure_password",
    ".key_passphrase": ".secure_key_passphrase",
    ".bind_password": ".secure_bind_password",
}
#: What else only the keystore may hold: whole keys, and the ends of others.
_SECURE: Final = ("bootstrap.password", "keystore.seed", "autoconfiguration.password_hash")
_SECURE_ENDS: Final = (
    ".rp.client_secret",
    ".client_authentication.shared_secret",
    ".hmac_key",
    ".hmac_jwkset",
)
_SECURE_MARK: Final = "secure_"


def twin_of(key: str) -> str | None:
    """Return the name in the keystore of a password in the clear, or None."""
    for plain, secure in _TWINS.items():
        if key.endswith(plain):
            return key.removesuffix(plain) + secure
    return None


def is_secure(key: str) -> bool:
    """Check whether only the keystore may hold a setting."""
    last = key.rpartition(".")[2]
    return key in _SECURE or key.endswith(_SECURE_ENDS) or last.startswith(_SECURE_MARK)


def is_in_environment(settings: NodeSettings, key: str) -> bool:
    """Check whether the file only says which variable of the environment holds a password."""
    return "${" in settings.written(key)


def plain_secrets(settings: NodeSettings) -> list[str]:
    """Return the keys whose values are secrets that the file itself holds."""
    keys = [key for key in settings if twin_of(key) or is_secure(key)]
    return [key for key in keys if not is_in_environment(settings, key)]
