"""
Reading the realms whose users get their roles by mappings: ``ldap``, ``active_directory``, ``pki``.

Of ``pki``, everything is read that decides about logins; of the others, what finds roles. A node
checks the rest.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from .._ground.hints import nearest
from ..certificates import DEFAULT_USERNAME_PATTERN
from ..certificates.names import attribute_type
from ..errors import InvalidSettingError
from .keys import RELOAD_KEYS, read_keys
from .mapped_realm import DEFAULT_MAPPING_FILE, TOKEN_SERVICE, MappedRealm, PkiSettings
from .reader import SettingsReader
from .realm_order import infer_major_version, realm_order
from .sources import Setting

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from .realm_order import ConfiguredRealm

__all__ = ["read_mapped_realms", "read_pki_settings"]

_TYPES: Final = ("ldap", "active_directory", "pki")
_LAST_OLD_SPELLING: Final = 6
#: Of ``xpack.security.authc.realms.<name>.``, without a type.
_OLD_DOTS: Final = 5
_HTTP_TLS: Final = "xpack.security.http.ssl.enabled"
#: What can be set for a realm of type ``pki``; with 5 and 6, ``type`` too.
_PKI_KEYS: Final = (
    *("order", "enabled"),
    *("username_pattern", "username_rdn_name", "username_rdn_oid"),
    *("certificate_authorities", "truststore.path", "truststore.type", "truststore.algorithm"),
    *("truststore.password", "files.role_mapping", "unmapped_groups_as_roles"),
    *("delegation.enabled", "authorization_realms", "cache.ttl", "cache.max_users"),
)


def read_mapped_realms(
    config_dir: str,
    overrides: Mapping[str, str] | None = None,
    *,
    elasticsearch_version: int | None = None,
) -> tuple[MappedRealm, ...]:
    """
    Return the realms that find roles by mappings, in the order in which a node asks them.

    Args:
        config_dir: The directory of ``elasticsearch.yml``, and of relative paths in it.

        overrides: From key to text; they win over the file.

        elasticsearch_version: The major version of the node; by default that of the spelling.

    Raises:
        InvalidSettingError: If the file is not one YAML mapping.
        FilePermissionError, FileAccessError: If it cannot be read.

    Source:
        ``DnRoleMapperSettings``, ``PkiRealmSettings``.
    """
    layer = {key: Setting(value, "the overrides") for key, value in (overrides or {}).items()}
    reader = SettingsReader(config_dir, [layer], os.environ, elasticsearch_version)
    reader.raise_first_problem()
    version = elasticsearch_version or infer_major_version(reader)
    if elasticsearch_version is None and version == _LAST_OLD_SPELLING:
        reader.reads_words = True
    order = realm_order(reader.apart(), version)
    folder = os.path.abspath(config_dir)
    return tuple(
        _mapped(reader.apart(), realm, folder, elasticsearch_version)
        for realm in order.realms
        if realm.type in _TYPES
    )


def read_pki_settings(
    config_dir: str,
    name: str | None = None,
    overrides: Mapping[str, str] | None = None,
    *,
    elasticsearch_version: int | None = None,
) -> PkiSettings:
    """
    Return the settings of an enabled realm of type ``pki``.

    Args:
        config_dir: As with :func:`read_mapped_realms`.

        name: The name of the realm; not needed if there is one only.

        overrides: As above.

        elasticsearch_version: As above.

    Raises:
        InvalidSettingError: If there is no such realm, or if several could be meant.
        FilePermissionError, FileAccessError: If the file cannot be read.
    """
    realms = read_mapped_realms(config_dir, overrides, elasticsearch_version=elasticsearch_version)
    known = [realm for realm in realms if isinstance(realm, PkiSettings)]
    found = [realm for realm in known if name in (None, realm.name)]
    if len(found) == 1:
        return found[0]
    names = ", ".join(f"[{realm.name}]" for realm in known) or "none"
    wanted = "a single one" if name is None else f"one of the name [{name}]"
    rule = f"no enabled realm of type pki is {wanted}; there are: {names}"
    raise InvalidSettingError(None, None, rule, os.path.join(config_dir, "elasticsearch.yml"))


def _mapped(
    reader: SettingsReader, realm: ConfiguredRealm, folder: str, version: int | None
) -> MappedRealm:
    file = f"{realm.prefix}files.role_mapping"
    common: dict[str, Any] = {
        "type": realm.type,
        "name": realm.name,
        "order": realm.order,
        "prefix": realm.prefix,
        "where": realm.where,
        "mapping_file": os.path.join(folder, reader.string(file, DEFAULT_MAPPING_FILE)),
        "must_have_mapping_file": reader.is_given(file),
        "unmapped_groups_as_roles": reader.boolean(
            f"{realm.prefix}unmapped_groups_as_roles", "false"
        ),
    }
    if realm.type != "pki":
        return MappedRealm(**common)
    _check_pki_keys(reader, realm.prefix)
    values = _pki_values(reader, realm.prefix, folder)
    return PkiSettings(
        **common, **values, elasticsearch_version=version, problems=tuple(reader.problems)
    )


def _check_pki_keys(reader: SettingsReader, prefix: str) -> None:
    """Refuse keys that a node does not know: one of them may have been meant to limit trust."""
    has_old_spelling = prefix.count(".") == _OLD_DOTS
    known = (*_PKI_KEYS, "type") if has_old_spelling else _PKI_KEYS
    for key in reader.keys_below(prefix):
        own_key = key.removeprefix(prefix)
        if own_key == "truststore.secure_password":
            reader.add_key_problem(key, "belongs into the keystore of the node, not into this file")
        elif own_key not in known:
            rule = f"unknown setting of a realm of type pki; {nearest(own_key, known)}"
            reader.add_key_problem(key, rule)


def _pki_values(reader: SettingsReader, prefix: str, folder: str) -> dict[str, Any]:
    store = reader.string(f"{prefix}truststore.path")
    authorities = reader.strings(f"{prefix}certificate_authorities")
    if store and authorities:
        rule = "cannot be combined with [truststore.path]"
        reader.add_key_problem(f"{prefix}certificate_authorities", rule)
    return {
        "username_pattern": reader.string(f"{prefix}username_pattern", DEFAULT_USERNAME_PATTERN),
        "username_oid": _username_oid(reader, prefix),
        "authorities": tuple(os.path.join(folder, path) for path in authorities),
        "truststore": os.path.join(folder, store) if store else None,
        "truststore_type": reader.string(f"{prefix}truststore.type") or None,
        "truststore_password": reader.string(f"{prefix}truststore.password") or None,
        "delegation_enabled": reader.boolean(f"{prefix}delegation.enabled", "false"),
        "token_service_enabled": _has_token_service(reader),
        "authorization_realms": tuple(reader.strings(f"{prefix}authorization_realms")),
        "cache_ttl": reader.seconds(f"{prefix}cache.ttl", "20m"),
        "cache_max_users": reader.integer(f"{prefix}cache.max_users", "100000"),
        **read_keys(reader, RELOAD_KEYS),
    }


def _has_token_service(reader: SettingsReader) -> bool:
    """Return whether the token service is on; by default it is where HTTP has TLS."""
    has_tls = reader.boolean(_HTTP_TLS, "false")
    return reader.boolean(TOKEN_SERVICE, "true" if has_tls else "false")


def _username_oid(reader: SettingsReader, prefix: str) -> str | None:
    """Return the attribute that holds the username; since 9.1, it may be named in two ways."""
    keys = {way: f"{prefix}username_rdn_{way}" for way in ("name", "oid")}
    if all(map(reader.is_given, keys.values())):
        reader.add_key_problem(keys["name"], "cannot be combined with [username_rdn_oid]")
    if number := reader.string(keys["oid"]):
        return number
    name = reader.string(keys["name"])
    if not name:
        return None
    oid = attribute_type(name)
    if oid is None:
        reader.add_problem(keys["name"], "unknown attribute: give its number as username_rdn_oid")
    return oid
