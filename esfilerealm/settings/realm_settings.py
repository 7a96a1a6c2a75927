"""What the settings of a node say about its file realm."""

from __future__ import annotations

import os

from ..errors import InvalidSettingError
from ..names import DEFAULT_ANONYMOUS_USERNAME
from .reader import Values
from .sources import Setting

__all__ = ["TOOL_KEYS", "RealmSettings", "read_all"]

TYPE_CHECKING = False  # see `_ground`
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Final, TypedDict

    from .realm_order import RealmChain

    class NameRules(TypedDict):
        """The two settings that decide which usernames a node takes from a file."""

        allow_reserved: bool
        anonymous_username: str

    class ToolFields(TypedDict):
        """The settings that decide how the files are written."""

        password_hashing_algorithm: str
        fips_mode_enabled: bool
        reserved_realm_enabled: bool
        anonymous_username: str


_ALGORITHM: Final = "xpack.security.authc.password_hashing.algorithm"
_FIPS_MODE: Final = "xpack.security.fips_mode.enabled"
_RESERVED_REALM: Final = "xpack.security.authc.reserved_realm.enabled"
_ANONYMOUS: Final = "xpack.security.authc.anonymous.username"

#: What decides how the files are written.
TOOL_KEYS: Final = (_ALGORITHM, _FIPS_MODE, _RESERVED_REALM, _ANONYMOUS)

_VERSIONS: Final = range(5, 10)
_FIRST_WITH_FIPS_DEFAULT: Final = 7


class RealmSettings:
    """
    The settings of a node that decide how its file realm is read, written, cached and reloaded.

    ``…file.<name>.`` stands for ``xpack.security.authc.realms.file.<name>.``, which Elasticsearch
    5 and 6 spell ``xpack.security.authc.realms.<name>.``.

    Attributes:
        password_hashing_algorithm: ``xpack.security.authc.password_hashing.algorithm``; by default
            ``bcrypt``, with FIPS mode ``pbkdf2_stretch``.
        fips_mode_enabled: ``xpack.security.fips_mode.enabled``, false by default.
        reserved_realm_enabled: ``xpack.security.authc.reserved_realm.enabled``, true by default.
        anonymous_username: ``xpack.security.authc.anonymous.username``, ``_anonymous`` by default.
        realm_name: The ``<name>`` of ``…file.<name>``, ``default_file`` by default.
        order: ``…file.<name>.order``; of a realm that is not configured -2147483648, before
            Elasticsearch 8 2147483647.
        enabled: ``…file.<name>.enabled``, true by default; false too if other realms displace the
            file realm, as they do before Elasticsearch 8.
        authentication_enabled: ``…file.<name>.authentication.enabled``, true by default.
        cache_ttl: ``…file.<name>.cache.ttl`` in seconds, 1200 (``20m``) by default; 0 and less
            switch the cache off.
        cache_max_users: ``…file.<name>.cache.max_users``, a number of users, 100000 by default.
        cache_hash_algo: ``…file.<name>.cache.hash_algo``, ``ssha256`` by default.
        reload_enabled: ``resource.reload.enabled``, true by default.
        reload_interval_high: ``resource.reload.interval.high`` in seconds, 5 by default; the one
            that counts for ``users`` and ``users_roles``.
        reload_interval_medium: ``resource.reload.interval.medium`` in seconds, else what
            ``resource.reload.interval`` says, 30 by default.
        reload_interval_low: ``resource.reload.interval.low`` in seconds, 60 by default.
        warnings: What a node accepts, and somebody should know.
    """

    __slots__ = (
        "anonymous_username",
        "authentication_enabled",
        "cache_hash_algo",
        "cache_max_users",
        "cache_ttl",
        "enabled",
        "fips_mode_enabled",
        "order",
        "password_hashing_algorithm",
        "realm_name",
        "reload_enabled",
        "reload_interval_high",
        "reload_interval_low",
        "reload_interval_medium",
        "reserved_realm_enabled",
        "warnings",
    )

    def __init__(  # noqa: PLR0913 - one for each setting, all of them by name
        self,
        *,
        password_hashing_algorithm: str | None = None,
        fips_mode_enabled: bool = False,
        reserved_realm_enabled: bool = True,
        anonymous_username: str = DEFAULT_ANONYMOUS_USERNAME,
        realm_name: str = "default_file",
        order: int = -(2**31),
        enabled: bool = True,
        authentication_enabled: bool = True,
        cache_ttl: float = 1200.0,
        cache_max_users: int = 100_000,
        cache_hash_algo: str = "ssha256",
        reload_enabled: bool = True,
        reload_interval_high: float = 5.0,
        reload_interval_medium: float = 30.0,
        reload_interval_low: float = 60.0,
        warnings: tuple[str, ...] = (),
    ) -> None:
        default_algorithm = _default_algorithm(
            fips_mode_enabled=fips_mode_enabled, version=_VERSIONS[-1]
        )
        self.password_hashing_algorithm = password_hashing_algorithm or default_algorithm
        self.fips_mode_enabled = fips_mode_enabled
        self.reserved_realm_enabled = reserved_realm_enabled
        self.anonymous_username = anonymous_username
        self.realm_name = realm_name
        self.order = order
        self.enabled = enabled
        self.authentication_enabled = authentication_enabled
        self.cache_ttl = cache_ttl
        self.cache_max_users = cache_max_users
        self.cache_hash_algo = cache_hash_algo
        self.reload_enabled = reload_enabled
        self.reload_interval_high = reload_interval_high
        self.reload_interval_medium = reload_interval_medium
        self.reload_interval_low = reload_interval_low
        self.warnings = warnings

    @classmethod
    def load(
        cls,
        config_dir: str | os.PathLike[str] | None,
        overrides: Mapping[str, str] | None = None,
        *,
        check_realm: bool = True,
        elasticsearch_version: int | None = None,
    ) -> RealmSettings:
        """
        Read the settings of the node whose configuration folder is *config_dir*.

        Args:
            config_dir: The folder of ``elasticsearch.yml``. A file that is not there means
                defaults, and so does None.

            overrides: From key to text; they win over the file, as ``-E`` does.

            check_realm: False reads only what decides how the files are written (the first four
                attributes), and that the algorithm is known is not checked:
                ``elasticsearch-users`` works even where a node would not start.

            elasticsearch_version: The major version of the node, 5 to 9. None lets the spelling
                tell: 6 if there is a realm as ``xpack.security.authc.realms.<name>.type``, else 8.

        Raises:
            InvalidSettingError: If the file is no YAML mapping, gives a key twice or without a
                value, or if a value that matters here breaks its rule.
            FilePermissionError, FileAccessError: If the file cannot be read.
            ValueError: If there is no such version.
        """
        layer = {}
        for key, value in (overrides or {}).items():
            if not isinstance(value, str | list):
                rule = f"must be text or a list of texts, not {type(value).__name__}"
                raise InvalidSettingError(key, None, rule, "the overrides")
            layer[key] = Setting(value, "the overrides")
        values = Values(config_dir, [layer], os.environ)
        if check_realm:
            settings, _ = read_all(values, elasticsearch_version)
        else:
            settings = cls(**_read_tool_fields(values))
        values.raise_first_problem()
        return settings

    @property
    def name_rules(self) -> NameRules:
        """The keyword arguments by which validators and formats know reserved usernames."""
        return {
            "allow_reserved": not self.reserved_realm_enabled,
            "anonymous_username": self.anonymous_username,
        }

    def with_algorithm(self, algorithm: str) -> RealmSettings:
        """Give the same settings with another algorithm for new hashes."""
        settings = RealmSettings()
        for name in self.__slots__:
            setattr(settings, name, getattr(self, name))
        settings.password_hashing_algorithm = algorithm
        return settings

    def __repr__(self) -> str:
        values = ", ".join(f"{name}={getattr(self, name)!r}" for name in self.__slots__)
        return f"RealmSettings({values})"


def read_all(values: Values, version: int | None) -> tuple[RealmSettings, RealmChain]:
    """
    Read everything for a node of major version *version*; faults go to ``values.problems``.

    Raises:
        ValueError: If there is no such version.
    """
    if version is not None and version not in _VERSIONS:
        raise ValueError(f"no major version of Elasticsearch: {version}; known are 5 to 9")
    # A users tool, which must start fast, needs none of these.
    from .algorithms import check_stored_algorithm
    from .file_realm import read_file_realm
    from .realm_order import realm_chain
    from .realms import generation_told_by
    from .reload import read_reload

    version = version or generation_told_by(values)
    tool = _read_tool_fields(values, version)
    fips_mode = tool["fips_mode_enabled"]
    check_stored_algorithm(
        values, _ALGORITHM, tool["password_hashing_algorithm"], fips_mode_enabled=fips_mode
    )
    chain = realm_chain(
        values,
        version,
        reserved_realm_enabled=tool["reserved_realm_enabled"],
    )
    realm = read_file_realm(values, chain, fips_mode_enabled=fips_mode)
    reload = read_reload(values)
    settings = RealmSettings(**tool, **realm, **reload, warnings=tuple(values.warnings))
    return settings, chain


def _read_tool_fields(values: Values, version: int = _VERSIONS[-1]) -> ToolFields:
    fips_mode_enabled = values.boolean(_FIPS_MODE, default=False)
    default_algorithm = _default_algorithm(fips_mode_enabled=fips_mode_enabled, version=version)
    return {
        "password_hashing_algorithm": values.text(_ALGORITHM, default_algorithm),
        "fips_mode_enabled": fips_mode_enabled,
        "reserved_realm_enabled": values.boolean(_RESERVED_REALM, default=True),
        "anonymous_username": values.text(_ANONYMOUS, DEFAULT_ANONYMOUS_USERNAME),
    }


def _default_algorithm(*, fips_mode_enabled: bool, version: int) -> str:
    """
    Give what a node of that major version hashes with if nothing is set; 5 and 6 ignore FIPS mode.

    Source:
        ``XPackSettings.PASSWORD_HASHING_ALGORITHM``.
    """
    if not fips_mode_enabled or version < _FIRST_WITH_FIPS_DEFAULT:
        return "bcrypt"
    return "pbkdf2" if version == _FIRST_WITH_FIPS_DEFAULT else "pbkdf2_stretch"
