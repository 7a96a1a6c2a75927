"""
The realms whose users get their roles by mappings: of type ``ldap``, ``active_directory``, ``pki``.

Of them, what finds names and roles and what decides about trust is read; a node checks the rest.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from ..certificates import DEFAULT_USERNAME_PATTERN
from ..certificates.names import attribute_type
from .reader import SettingsReader
from .realm_order import infer_major_version, realm_order
from .sources import Setting

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .realm_order import ConfiguredRealm

__all__ = ["MappedRealm", "PkiSettings", "read_mapped_realms"]

_TYPES: Final = ("ldap", "active_directory", "pki")
_DEFAULT_FILE: Final = "role_mapping.yml"
_LAST_OLD_SPELLING: Final = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class PkiSettings:
    """
    What decides about the names of certificates, and whether they are trusted.

    Attributes:
        username_pattern: The regular expression whose first group is the username.
        username_oid: The attribute whose value is the username instead, as a number with dots.
        authorities: Files of trusted certificates.
        truststore: A keystore of trusted certificates.
        truststore_type: Its type, as it is set.
        truststore_password: The one in ``elasticsearch.yml``.
        secure_password: The setting of the keystore that holds the password otherwise.
        problems: Why a node does not start with these settings.
    """

    username_pattern: str
    username_oid: str | None
    authorities: tuple[str, ...]
    truststore: str | None
    truststore_type: str | None
    truststore_password: str | None = field(repr=False)
    secure_password: str
    problems: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MappedRealm:
    """
    A realm that a node asks, and that finds roles by mappings.

    Attributes:
        type: Such as ``pki``.
        name: Unique on a node.
        mapping_file: Its mapping file.
        unmapped_groups_as_roles: Whether a group that the file does not map is a role itself.
        pki: What is set for a realm of type ``pki``; None for others.
    """

    type: str
    name: str
    mapping_file: str
    unmapped_groups_as_roles: bool
    pki: PkiSettings | None


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
    return tuple(
        _mapped(reader.apart(), realm, os.path.abspath(config_dir))
        for realm in order.realms
        if realm.type in _TYPES
    )


def _mapped(reader: SettingsReader, realm: ConfiguredRealm, folder: str) -> MappedRealm:
    prefix = realm.prefix
    file = reader.string(f"{prefix}files.role_mapping", _DEFAULT_FILE)
    as_roles = reader.boolean(f"{prefix}unmapped_groups_as_roles", "false")
    return MappedRealm(
        type=realm.type,
        name=realm.name,
        mapping_file=os.path.join(folder, file),
        unmapped_groups_as_roles=as_roles,
        pki=_pki(reader, prefix, folder) if realm.type == "pki" else None,
    )


def _pki(reader: SettingsReader, prefix: str, folder: str) -> PkiSettings:
    oid = _username_oid(reader, prefix)
    store = reader.string(f"{prefix}truststore.path")
    authorities = reader.strings(f"{prefix}certificate_authorities")
    if store and authorities:
        rule = "cannot be combined with [truststore.path]"
        reader.add_key_problem(f"{prefix}certificate_authorities", rule)
    return PkiSettings(
        username_pattern=reader.string(f"{prefix}username_pattern", DEFAULT_USERNAME_PATTERN),
        username_oid=oid,
        authorities=tuple(os.path.join(folder, path) for path in authorities),
        truststore=os.path.join(folder, store) if store else None,
        truststore_type=reader.string(f"{prefix}truststore.type") or None,
        truststore_password=reader.string(f"{prefix}truststore.password") or None,
        secure_password=f"{prefix}truststore.secure_password",
        problems=tuple(str(problem) for problem in reader.problems),
    )


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
