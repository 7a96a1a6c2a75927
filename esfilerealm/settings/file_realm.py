"""The settings of one realm of type ``file``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .algorithms import check_cache_algorithm

__all__ = ["read_file_realm"]

if TYPE_CHECKING:
    from typing import TypedDict

    from .reader import Values
    from .realm_order import RealmChain
    from .realms import Realm

    class RealmFields(TypedDict):
        """What is read here, by the names that ``RealmSettings`` has for it."""

        realm_name: str
        order: int
        enabled: bool
        authentication_enabled: bool
        cache_ttl: float
        cache_max_users: int
        cache_hash_algo: str


def read_file_realm(values: Values, chain: RealmChain, *, fips_mode_enabled: bool) -> RealmFields:
    """
    Read the settings of the file realm of a chain; faults go to ``values.problems``.

    They are those of all its realms of type ``file``: a node checks disabled ones too.
    """
    for realm in chain.configured:
        if realm.type == "file":
            _read(values, realm, fips_mode_enabled=fips_mode_enabled)
    return _read(values, chain.file_realm, fips_mode_enabled=fips_mode_enabled)


def _read(values: Values, realm: Realm, *, fips_mode_enabled: bool) -> RealmFields:
    values.integer(f"{realm.prefix}order", default=realm.order)
    values.boolean(f"{realm.prefix}enabled", default=realm.enabled)
    fields: RealmFields = {
        "realm_name": realm.name,
        "order": realm.order,
        "enabled": realm.enabled,
        "authentication_enabled": values.boolean(
            f"{realm.prefix}authentication.enabled", default=True
        ),
        "cache_ttl": values.seconds(f"{realm.prefix}cache.ttl", default="20m"),
        "cache_max_users": values.integer(f"{realm.prefix}cache.max_users", default=100_000),
        "cache_hash_algo": values.text(f"{realm.prefix}cache.hash_algo", "ssha256"),
    }
    if realm.enabled:
        _check_cache(values, realm, fields, fips_mode_enabled=fips_mode_enabled)
    return fields


def _check_cache(
    values: Values, realm: Realm, fields: RealmFields, *, fips_mode_enabled: bool
) -> None:
    """Check what a node finds out when it builds the realm."""
    if fields["cache_ttl"] > 0 and fields["cache_max_users"] < 0:
        key = f"{realm.prefix}cache.max_users"
        values.refuse(key, "must not be negative, unless [cache.ttl] switches the cache off")
    check_cache_algorithm(
        values,
        f"{realm.prefix}cache.hash_algo",
        fields["cache_hash_algo"],
        fips_mode_enabled=fips_mode_enabled,
    )
