"""
The settings of a node that concern its file realm, as a table.

``RealmSettings``, the report and the tables of the guide follow it.
"""

from __future__ import annotations

from ..names import DEFAULT_ANONYMOUS_USERNAME

__all__ = [
    "FIPS_MODE",
    "REALM_KEYS",
    "RELOAD_INTERVAL",
    "RELOAD_INTERVAL_MEDIUM",
    "RELOAD_KEYS",
    "RELOAD_PREFIX",
    "SECURITY_ENABLED",
    "SECURITY_KEYS",
    "TOOL_KEYS",
    "Key",
    "check_keys",
    "read_keys",
]

TYPE_CHECKING = False  # see `_ground`
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from typing import Any, Final, Literal

    from .reader import SettingsReader

    Kind = Literal["boolean", "integer", "seconds", "string"]
    #: Takes the reader, the whole key, its value, and what was read with it by attribute.
    Check = Callable[[SettingsReader, str, Any, Mapping[str, Any]], None]


class Key:
    """
    One setting.

    Attributes:
        name: The attribute of ``RealmSettings``.
        key: The key; for a realm, what follows its prefix.
        kind: The method of ``SettingsReader`` that reads it.
        default: The text that counts if the key is not set.
        meaning: What it decides, for the documentation.
        check: Adds a problem or warning about a value that could be read.
    """

    __slots__ = ("check", "default", "key", "kind", "meaning", "name")

    def __init__(
        self,
        name: str,
        key: str,
        kind: Kind,
        default: str,
        meaning: str,
        check: Check | None = None,
    ) -> None:
        self.name = name
        self.key = key
        self.kind = kind
        self.default = default
        self.meaning = meaning
        self.check = check


def read_keys(
    reader: SettingsReader, keys: Iterable[Key], prefix: str = "", **defaults: str
) -> dict[str, Any]:
    """
    Read settings, by the attributes that they have in ``RealmSettings``.

    Args:
        reader: Collects what cannot be read.

        keys: The settings.

        prefix: Of the realm.

        defaults: In place of those of the table.
    """
    return {
        key.name: getattr(reader, key.kind)(prefix + key.key, defaults.get(key.name, key.default))
        for key in keys
    }


def check_keys(
    reader: SettingsReader, keys: Iterable[Key], values: Mapping[str, Any], prefix: str = ""
) -> None:
    """Check the values that ``read_keys`` returned."""
    for key in keys:
        if key.check is not None:
            key.check(reader, prefix + key.key, values[key.name], values)


def _check_stored_algorithm(
    reader: SettingsReader, key: str, name: str, values: Mapping[str, Any]
) -> None:
    """
    Check the algorithm of new passwords.

    Source:
        ``XPackSettings.PASSWORD_HASHING_ALGORITHM`` and ``Security.validateForFips``.
    """
    if name == "bcrypt" and not values["fips_mode_enabled"]:
        return  # the default, before anything slow is imported
    from .._ground.hints import nearest
    from ..hashing import CACHE_ALGORITHMS, STORED_ALGORITHMS, is_pbkdf2

    if not _is_among(STORED_ALGORITHMS, name):
        is_known = _is_among(CACHE_ALGORITHMS, name)
        rule = "is for caches only, not for passwords" if is_known else "unknown hash algorithm"
        reader.add_problem(key, rule, nearest(name, STORED_ALGORITHMS))
    elif values["fips_mode_enabled"] and not is_pbkdf2(name):
        reader.add_problem(key, "FIPS mode allows PBKDF2 only", "its default is [pbkdf2_stretch]")


def _check_cache_algorithm(
    reader: SettingsReader, key: str, name: str, values: Mapping[str, Any]
) -> None:
    """
    Check the algorithm of the cache.

    Source:
        ``CachingUsernamePasswordRealm`` and ``Security.validateForFips``.
    """
    if name == "ssha256":
        return  # likewise
    from .._ground.hints import nearest
    from ..hashing import CACHE_ALGORITHMS, is_pbkdf2

    if not _is_among(CACHE_ALGORITHMS, name):
        reader.add_problem(key, "unknown hash algorithm", nearest(name, CACHE_ALGORITHMS))
    elif values["fips_mode_enabled"] and name.lower() != "ssha256" and not is_pbkdf2(name):
        reader.warn(key, f"[{name}] is neither ssha256 nor PBKDF2, and FIPS mode is on")


def _is_among(known: tuple[str, ...], name: str) -> bool:
    # Some letters outside ASCII have an ASCII letter as their lower case.
    return name.isascii() and name.lower() in known


def _check_cache_size(
    reader: SettingsReader, key: str, size: int, values: Mapping[str, Any]
) -> None:
    if size < 0 < values["cache_ttl"]:
        reader.add_problem(key, "must not be negative, unless [cache.ttl] switches the cache off")


def _check_interval(reader: SettingsReader, key: str, seconds: float, _: Mapping[str, Any]) -> None:
    if seconds <= 0:
        reader.warn(key, "a node polls without a pause, and is never idle")


# fmt: off
FIPS_MODE: Final = Key(
    "fips_mode_enabled", "xpack.security.fips_mode.enabled", "boolean", "false",
    "if true, only PBKDF2 is written",
)
#: What decides how the files are written.
TOOL_KEYS: Final = (
    FIPS_MODE,
    Key("password_hashing_algorithm", "xpack.security.authc.password_hashing.algorithm",
        "string", "bcrypt",
        "how new passwords are hashed; with FIPS mode, the default is `pbkdf2_stretch`",
        _check_stored_algorithm),
    Key("reserved_realm_enabled", "xpack.security.authc.reserved_realm.enabled",
        "boolean", "true", "if false, names such as `elastic` may be used"),
    Key("anonymous_username", "xpack.security.authc.anonymous.username",
        "string", DEFAULT_ANONYMOUS_USERNAME,
        "this name is reserved, like those of built-in users"),
)

SECURITY_ENABLED: Final = Key(
    "security_enabled", "xpack.security.enabled", "boolean", "true",
    "if false, a node asks no realm at all",
)
#: What decides whether a node asks its realms. Source: ``XPackSettings``.
SECURITY_KEYS: Final = (SECURITY_ENABLED,)

#: What can be set for a realm of type ``file``.
REALM_KEYS: Final = (
    Key("order", "order", "integer", "-2147483648",
        "the place among all realms. From Elasticsearch 8 on, every realm that is configured needs "
        "its own; before, the default is `2147483647`"),
    Key("enabled", "enabled", "boolean", "true", "if false, the realm knows nobody"),
    Key("authentication_enabled", "authentication.enabled", "boolean", "true",
        "if false, users can only be looked up"),
    Key("cache_ttl", "cache.ttl", "seconds", "20m",
        "how long a login is remembered; with 0 or less, not at all"),
    Key("cache_max_users", "cache.max_users", "integer", "100000",
        "how many logins are remembered", _check_cache_size),
    Key("cache_hash_algo", "cache.hash_algo", "string", "ssha256",
        "how remembered passwords are hashed", _check_cache_algorithm),
)

RELOAD_PREFIX: Final = "resource.reload."
RELOAD_INTERVAL_MEDIUM: Final = Key(
    "reload_interval_medium", "resource.reload.interval.medium", "seconds", "30s",
    "how often other files of a node are checked", _check_interval,
)
#: The old name of the key above.
RELOAD_INTERVAL: Final = Key(
    "reload_interval_medium", "resource.reload.interval", "seconds", "30s",
    "the old name of `resource.reload.interval.medium`", _check_interval,
)
#: How often a node checks whether files have changed. Source: ``ResourceWatcherService``.
RELOAD_KEYS: Final = (
    Key("reload_enabled", "resource.reload.enabled", "boolean", "true",
        "if false, files are read once"),
    Key("reload_interval_high", "resource.reload.interval.high", "seconds", "5s",
        "how often `users` and `users_roles` are checked", _check_interval),
    RELOAD_INTERVAL_MEDIUM,
    Key("reload_interval_low", "resource.reload.interval.low", "seconds", "60s",
        "how often the rest is checked", _check_interval),
)
# fmt: on
