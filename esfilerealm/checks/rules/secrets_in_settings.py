"""Secrets that stand in elasticsearch.yml: EFR430 to EFR432."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..._ground.showing import shown
from ..facts.places import LONGEST, finding_at
from ..plain_secrets import is_in_environment, is_secure, twin_of
from ..registry import rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ...findings import Finding
    from ..node import Node


@rule("EFR430", "password in elasticsearch.yml", severity="warning", source="NS-25")
def plain_password(node: Node) -> Iterator[Finding]:
    """
    Everybody who can read elasticsearch.yml has this password, and so has every copy of the file,
    such as that in a repository.

    Advice: Add the setting with secure_ before its last part by elasticsearch-keystore add, and
    remove this one.
    """
    for key in node.settings:
        if (secure := twin_of(key)) and not is_in_environment(node.settings, key):
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
        secure = twin_of(key)
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
        if is_secure(key):
            message = f"[{shown(key, LONGEST)}] belongs into the keystore; the node does not start"
            yield finding_at(secure_setting, node, key, message)
