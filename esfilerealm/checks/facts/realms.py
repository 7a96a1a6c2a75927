"""The realms of a node, as its settings order them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ...settings.reader import SettingsReader
from ...settings.realm_order import ES7, realm_order
from ...settings.sources import Setting
from .security import major

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ...settings.realm_order import ConfiguredRealm, RealmOrder
    from ..node import Node

__all__ = ["REALMS", "enabled_realms", "keys_of_6", "order_of", "realm_keys", "realms_of_type"]

REALMS: Final = "xpack.security.authc.realms."
_RESERVED_REALM: Final = "xpack.security.authc.reserved_realm.enabled"


def realm_keys(node: Node) -> list[str]:
    """Return the keys of realms, without those in the spelling of another version."""
    keys = node.settings.keys_below(REALMS)
    if major(node) < ES7:
        return keys
    old = _names_of_6(keys)
    return [key for key in keys if _name(key) not in old and _is_whole(key)]


def keys_of_6(node: Node) -> list[str]:
    """
    Return the first key of each realm that is spelled as in versions 5 and 6, and what is no key
    of a realm at all; from version 7 on.
    """
    if major(node) < ES7:
        return []
    keys = node.settings.keys_below(REALMS)
    old = _names_of_6(keys)
    first = {_name(key): key for key in reversed(keys) if _name(key) in old}
    return [
        key for key in keys if key in first.values() or not (_name(key) in old or _is_whole(key))
    ]


def _names_of_6(keys: list[str]) -> set[str]:
    return {_name(key) for key in keys if key == f"{REALMS}{_name(key)}.type"}


def _name(key: str) -> str:
    return key.removeprefix(REALMS).partition(".")[0]


def _is_whole(key: str) -> bool:
    """Check whether a key names a type, a realm and a setting."""
    pieces = key.removeprefix(REALMS).split(".")
    return len(pieces) >= len(("type", "realm", "setting")) and all(pieces)


def order_of(node: Node) -> RealmOrder:
    """Return the realms of a node; ``where`` of each is the first key that is about it."""
    layer = {key: Setting(node.settings.get(key) or "", key) for key in realm_keys(node)}
    reader = SettingsReader(None, [layer], {}, node.version)
    reserved = not node.settings.is_false(_RESERVED_REALM)
    return realm_order(reader, major(node), reserved_realm_enabled=reserved)


def enabled_realms(node: Node) -> list[ConfiguredRealm]:
    """Return the realms that the settings mention and do not switch off."""
    return [realm for realm in order_of(node).configured if realm.enabled]


def realms_of_type(node: Node, *types: str) -> Iterator[ConfiguredRealm]:
    """Iterate over the enabled realms of some types."""
    return (realm for realm in enabled_realms(node) if realm.type in types)
