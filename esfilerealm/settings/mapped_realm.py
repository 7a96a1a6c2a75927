"""One realm whose users get their roles by mappings, such as one of type ``pki``: values only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from .._ground.values import Secret
from ..certificates import DEFAULT_USERNAME_PATTERN
from ..errors import InvalidSettingError

__all__ = ["DEFAULT_MAPPING_FILE", "TOKEN_SERVICE", "MappedRealm", "PkiSettings"]

#: Where a realm looks for its mappings unless something else is set.
DEFAULT_MAPPING_FILE: Final = "role_mapping.yml"
#: Whether a node hands out tokens of its own, in which delegation ends.
TOKEN_SERVICE: Final = "xpack.security.authc.token.enabled"  # noqa: S105 - no secret
_PROGRAM: Final = "the settings that the program gives"


@dataclass(frozen=True, kw_only=True)
class MappedRealm:
    """
    A realm that a node asks, and that finds roles by mappings.

    Attributes:
        type: Such as ``pki``.
        name: Unique on a node.
        order: Its place among the realms of the node; the lowest is asked first.
        prefix: What its keys begin with, including the last dot.
        where: Where the first of its keys is set.
        mapping_file: Its mapping file. A relative path is one in the configuration directory.
        must_have_mapping_file: Whether a setting names that file, so that it has to be right.
        unmapped_groups_as_roles: Whether a group that the file does not map is a role itself.
    """

    type: str
    name: str
    order: int = 2**31 - 1
    prefix: str = ""
    where: str = _PROGRAM
    mapping_file: str = DEFAULT_MAPPING_FILE
    must_have_mapping_file: bool = False
    unmapped_groups_as_roles: bool = False

    def key(self, own: str) -> str:
        """Return the whole key of one of its settings."""
        return (self.prefix or f"xpack.security.authc.realms.{self.type}.{self.name}.") + own


@dataclass(frozen=True, kw_only=True)
class PkiSettings(MappedRealm):
    """
    The settings of a realm of type ``pki``. Every default is that of a node; times are in seconds.

    Attributes:
        username_pattern: The regular expression whose first group is the username.
        username_oid: The attribute whose value is the username instead, as a number with dots.
        authorities: Files of trusted certificates. Relative paths are as with *mapping_file*.
        truststore: A keystore of trusted certificates, likewise.
        truststore_type: Its type: ``jks`` or ``PKCS12``.
        truststore_password: The old setting that is not in the keystore; kept as a ``Secret``.
        delegation_enabled: Whether others may hand in the certificates of their clients.
        token_service_enabled: Whether a node hands out the tokens in which delegation ends.
        authorization_realms: The realms that know the roles, by name, in the order in which they
            are asked; without them, roles come from mappings.
        cache_ttl: How long a login is remembered.
        cache_max_users: How many logins are remembered; with 0, none.
        reload_enabled: Whether changes of files are noticed.
        reload_interval_high: How often trusted certificates and mappings are checked.
        reload_interval_medium: How often other files of a node are.
        reload_interval_low: How often the rest is.
        elasticsearch_version: The major version of the node, or None if it was not stated.
        problems: What could not be read.

    Source:
        ``PkiRealmSettings``, ``DnRoleMapperSettings``.
    """

    type: str = "pki"
    name: str = "pki1"
    username_pattern: str = DEFAULT_USERNAME_PATTERN
    username_oid: str | None = None
    authorities: tuple[str, ...] = ()
    truststore: str | None = None
    truststore_type: str | None = None
    truststore_password: str | Secret | None = None
    delegation_enabled: bool = False
    token_service_enabled: bool = True
    authorization_realms: tuple[str, ...] = ()
    cache_ttl: float = 1200.0
    cache_max_users: int = 100_000
    reload_enabled: bool = True
    reload_interval_high: float = 5.0
    reload_interval_medium: float = 30.0
    reload_interval_low: float = 60.0
    elasticsearch_version: int | None = None
    problems: tuple[InvalidSettingError, ...] = ()

    def __post_init__(self) -> None:
        if isinstance(self.truststore_password, str):
            object.__setattr__(self, "truststore_password", Secret(self.truststore_password))

    @property
    def old_password(self) -> str | None:
        """The password of the trust store that is not in the keystore."""
        password = self.truststore_password
        return password.reveal() if isinstance(password, Secret) else password

    @property
    def secure_password(self) -> str:
        """The setting of the keystore that holds the password of the trust store."""
        return self.key("truststore.secure_password")

    @property
    def trust_files(self) -> tuple[str, ...]:
        """The files of trusted certificates; without any, the realm leaves that to TLS."""
        return self.authorities if self.truststore is None else (self.truststore,)

    def start_problems(self) -> tuple[InvalidSettingError, ...]:
        """
        Return why a node does not start with these settings.

        Source:
            ``PkiRealm``, ``CacheBuilder``, ``SslConfigurationLoader``.
        """
        return (*self.problems, *filter(None, (self._trust_problem(), *self._cache_problems())))

    def _trust_problem(self) -> InvalidSettingError | None:
        if self.truststore is not None and self.authorities:
            rule = "cannot be combined with [truststore.path]"
            return self._problem("certificate_authorities", None, rule)
        if self.delegation_enabled and not self.trust_files:
            rule = (
                "realms that take delegated certificates require a trust configuration: set "
                "[truststore.path] or [certificate_authorities]"
            )
            return self._problem("delegation.enabled", "true", rule)
        if self.delegation_enabled and not self.token_service_enabled:
            rule = f"delegation ends in a token: set [{TOKEN_SERVICE}] to true"
            return self._problem("delegation.enabled", "true", rule)
        return None

    def _cache_problems(self) -> list[InvalidSettingError]:
        problems = []
        if self.cache_ttl <= 0:
            rule = "must be more than 0; to remember nobody, set [cache.max_users] to 0"
            problems.append(self._problem("cache.ttl", f"{self.cache_ttl:g}s", rule))
        if self.cache_max_users < 0:
            problems.append(
                self._problem("cache.max_users", self.cache_max_users, "must be 0 or more")
            )
        return problems

    def _problem(self, own_key: str, value: object, rule: str) -> InvalidSettingError:
        return InvalidSettingError(self.key(own_key), value, rule, self.where)
