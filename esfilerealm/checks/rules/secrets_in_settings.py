"""Secrets that stand in elasticsearch.yml: EFR430 to EFR432."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ..._ground.showing import shown
from ..facts.places import LONGEST, finding_at
from ..registry import rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ...findings import Finding
    from ..node import Node

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


@rule("EFR430", "password in elasticsearch.yml", severity="warning", source="NS-25")
def plain_password(node: Node) -> Iterator[Finding]:
    """
    Everybody who can read elasticsearch.yml has this password, and so has every copy of the file,
    such as that in a repository.

    Advice: Add the setting with secure_ before its last part by elasticsearch-keystore add, and
    remove this one.
    """
    for key in node.settings:
        if (secure := _twin(key)) and not _is_in_environment(node, key):
            message = f"[{shown(key, LONGEST)}] is in the clear; use [{shown(secure, LONGEST)}]"
            yield finding_at(plain_password, node, key, message)


@rule("EFR431", "password twice", severity="error", source="SslConfigurationKeys")
def password_twice(node: Node) -> Iterator[Finding]:
    """
    A node does not start if both elasticsearch.yml and the keystore have a password for the same
    thing.

    Advice: Remove the one in elasticsearch.yml.
    """
    for key in node.settings:
        secure = _twin(key)
        if secure and node.keystore is not None and secure in node.keystore.names:
            message = f"both this and [{shown(secure, LONGEST)}] are set; the node does not start"
            yield finding_at(password_twice, node, key, message)


@rule("EFR432", "setting that belongs into the keystore", severity="error", source="SecureSetting")
def secure_setting(node: Node) -> Iterator[Finding]:
    """
    A node takes a secure setting from its keystore only. With one in elasticsearch.yml it does
    not start, and everybody who can read the file has the secret.

    Advice: Move the value to the keystore by elasticsearch-keystore add, and change it if the
    file was readable for others.
    """
    for key in node.settings:
        last = key.rpartition(".")[2]
        if key in _SECURE or key.endswith(_SECURE_ENDS) or last.startswith(_SECURE_MARK):
            message = f"[{shown(key, LONGEST)}] belongs into the keystore; the node does not start"
            yield finding_at(secure_setting, node, key, message)


def _twin(key: str) -> str | None:
    """Return the name in the keystore of a password in the clear, or None."""
    for plain, secure in _TWINS.items():
        if key.endswith(plain):
            return key.removesuffix(plain) + secure
    return None


def _is_in_environment(node: Node, key: str) -> bool:
    """Check whether the file only says which variable of the environment holds the password."""
    return "${" in node.settings.written(key)
