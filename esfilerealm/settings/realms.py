"""
The realms that settings configure, in the spelling of each generation.

Known are the types that Elasticsearch brings along. Of realms that are not of type ``file``, only
``type``, ``order`` and ``enabled`` are looked at: their other keys are for a node to check.

Source:
    ``RealmSettings`` and ``RealmConfig``, in 5 and 6, in 7, and since 8.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import InvalidSettingError

__all__ = [
    "BASIC_TYPES",
    "FIRST",
    "LAST",
    "STRICT",
    "TYPE_IN_KEY",
    "Realm",
    "configured_realms",
    "generation_told_by",
    "implicit_realm",
]

if TYPE_CHECKING:
    from typing import Final

    from .reader import Values

_PREFIX: Final = "xpack.security.authc.realms."

#: Generations: how realms are spelled, and since when faults of a chain are errors.
TYPE_IN_KEY: Final = 7
STRICT: Final = 8

#: They are there without being configured, in this order.
BASIC_TYPES: Final = ("file", "native")
_TYPES: Final = (
    *BASIC_TYPES,
    *("ldap", "active_directory", "pki", "saml", "kerberos", "oidc", "jwt"),
)
FIRST: Final = -(2**31)
LAST: Final = 2**31 - 1

#: What may be set for a realm of type ``file``; with 5 and 6, ``type`` too.
_FILE_REALM_KEYS: Final = (
    *("order", "enabled", "authentication.enabled"),
    *("cache.ttl", "cache.max_users", "cache.hash_algo"),
)


class Realm:
    """
    One realm of a node.

    Attributes:
        type: Such as ``file``.
        name: Unique on a node.
        prefix: Of its keys, with the dot at its end.
        where: Where the first of its keys is given; ``default`` for a realm that is implicit.
        enabled: Whether it is to be asked.
        order: By which realms are sorted.
        has_order: Whether the order is given.
    """

    __slots__ = ("enabled", "has_order", "name", "order", "prefix", "type", "where")

    def __init__(self, kind: str, name: str, prefix: str, where: str = "default") -> None:
        self.type = kind
        self.name = name
        self.prefix = prefix
        self.where = where
        self.enabled = True
        self.order = LAST
        self.has_order = False


def generation_told_by(values: Values) -> int:
    """Tell by the spelling of the keys which major version they are for: 6, or else 8."""
    spelled_old = any(
        key.endswith(".type") and key.count(".") == _PREFIX.count(".") + 1
        for key in values.keys_below(_PREFIX)
    )
    return 6 if spelled_old else 8


def implicit_realm(kind: str, version: int, order: int) -> Realm:
    """Give the realm of a basic type that a node adds by itself."""
    name = f"default_{kind}"
    prefix = f"{_PREFIX}{kind}.{name}." if version >= TYPE_IN_KEY else f"{_PREFIX}{name}."
    realm = Realm(kind, name, prefix)
    realm.order = order
    return realm


def configured_realms(values: Values, version: int) -> list[Realm]:
    """
    Give the realms that are configured for a node of major version *version*, in their order there.

    Faults go to ``values.problems``.
    """
    realms = _spelled_new(values) if version >= TYPE_IN_KEY else _spelled_old(values)
    for realm in realms:
        realm.has_order = values.is_given(f"{realm.prefix}order")
        realm.order = values.integer(f"{realm.prefix}order", default=LAST)
        realm.enabled = values.boolean(f"{realm.prefix}enabled", default=True)
    return realms


def _spelled_new(values: Values) -> list[Realm]:
    """Read ``<prefix><type>.<name>.<key>``."""
    realms: dict[str, Realm] = {}
    for key in values.keys_below(_PREFIX):
        kind, _, rest = key.removeprefix(_PREFIX).partition(".")
        name, _, own_key = rest.partition(".")
        if not (kind and name and own_key):
            old = "; this is the spelling of Elasticsearch 5 and 6" if name == "type" else ""
            values.refuse_key(key, f"must be [{_PREFIX}<type>.<name>.<key>]{old}")
            continue
        prefix = f"{_PREFIX}{kind}.{name}."
        if prefix not in realms:
            realms[prefix] = Realm(kind, name, prefix, values.where(key))
            if kind not in _TYPES:
                rule = f"[{kind}] is no type of a realm; {_nearest(kind, _TYPES)}"
                values.refuse_key(key, rule)
        _check_own_key(values, key, realms[prefix], _FILE_REALM_KEYS)
    return [realm for realm in realms.values() if realm.type in _TYPES]


def _spelled_old(values: Values) -> list[Realm]:
    """Read ``<prefix><name>.<key>``, of which ``type`` is one."""
    realms: dict[str, Realm] = {}
    for key in values.keys_below(_PREFIX):
        name, _, own_key = key.removeprefix(_PREFIX).partition(".")
        if not (name and own_key):
            values.refuse_key(key, f"must be [{_PREFIX}<name>.<key>]")
            continue
        prefix = f"{_PREFIX}{name}."
        if prefix not in realms:
            kind = _type_of(values, prefix, values.where(key))
            realms[prefix] = Realm(kind, name, prefix, values.where(key))
        _check_own_key(values, key, realms[prefix], ("type", *_FILE_REALM_KEYS))
    return [realm for realm in realms.values() if realm.type in _TYPES]


def _type_of(values: Values, prefix: str, where: str) -> str:
    key = f"{prefix}type"
    kind = values.text(key)
    if not values.is_given(key):
        rule = "is missing: in Elasticsearch 5 and 6, every realm has one"
        values.problems.append(InvalidSettingError(key, None, rule, where))
    elif kind not in _TYPES:
        values.refuse(key, "is no type of a realm", _nearest(kind, _TYPES))
    return kind


def _check_own_key(values: Values, key: str, realm: Realm, known: tuple[str, ...]) -> None:
    own_key = key.removeprefix(realm.prefix)
    if realm.type == "file" and own_key not in known:
        rule = f"no setting of a realm of type file; {_nearest(own_key, known)}"
        values.refuse_key(key, rule)


def _nearest(name: str, known: tuple[str, ...]) -> str:
    from .._ground.hints import nearest

    return nearest(name, known)
