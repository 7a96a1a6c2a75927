"""The realms of a node, as its settings order them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ...settings.reader import SettingsReader
from ...settings.realm_order import realm_order
from ...settings.sources import Setting
from .security import major

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ...settings.realm_order import ConfiguredRealm, RealmOrder
    from ..node import Node

__all__ = ["REALMS", "enabled_realms", "order_of", "realms_of_type"]

REALMS: Final = "xpack.security.authc.realms."
_RESERVED_REALM: Final = "xpack.security.authc.reserved_realm.enabled"


def order_of(node: Node) -> RealmOrder:
    """Return the realms of a node; ``where`` of each is the first key that is about it."""
    settings = node.settings
    layer = {key: Setting(_value(node, key), key) for key in settings if key.startswith(REALMS)}
    reader = SettingsReader(None, [layer], {}, node.version)
    reserved = not settings.is_false(_RESERVED_REALM)
    return realm_order(reader, major(node), reserved_realm_enabled=reserved)


def enabled_realms(node: Node) -> list[ConfiguredRealm]:
    """Return the realms that the settings mention and do not switch off."""
    return [realm for realm in order_of(node).configured if realm.enabled]


def realms_of_type(node: Node, *types: str) -> Iterator[ConfiguredRealm]:
    """Iterate over the enabled realms of some types."""
    return (realm for realm in enabled_realms(node) if realm.type in types)


def _value(node: Node, key: str) -> str:
    return node.settings.get(key) or ",".join(node.settings.values(key))
