"""Which secure settings there are, and which of them other settings need."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .node_settings import NodeSettings

__all__ = ["is_known", "needs_of_realms"]

_TLS: Final = (
    r"(?:keystore\.secure_password|keystore\.secure_key_password|truststore\.secure_password"
    r"|secure_key_passphrase)"
)
_REALM: Final = r"xpack\.security\.authc\.realms\.(?:[^.]+\.)?[^.]+"
_LAYERS: Final = (
    r"(?:xpack\.security\.(?:transport|http|remote_cluster_(?:server|client))"
    r"|transport\.profiles\.[^.]+\.xpack\.security|xpack\.http|reindex|xpack"
    r"|xpack\.notification\.email|xpack\.monitoring\.exporters\.[^.]+)"
)
_OF_REALMS: Final = (
    r"(?:secure_bind_password|rp\.client_secret|hmac_jwkset|hmac_key"
    r"|client_authentication\.(?:rotation_)?shared_secret)"
)
_PATTERNS: Final = (
    r"keystore\.seed|bootstrap\.password|autoconfiguration\.password_hash",
    r"cluster\.state\.encryption\..+",
    rf"{_LAYERS}\.ssl\.{_TLS}",
    rf"{_REALM}\.(?:ssl\.|signing\.|encryption\.)?{_TLS}",
    rf"{_REALM}\.{_OF_REALMS}",
    r"xpack\.notification\.\w+\.account\.[^.]+\.(?:smtp\.)?secure_\w+",
    r"xpack\.watcher\.encryption_key",
    r"xpack\.monitoring\.exporters\.[^.]+\.auth\.secure_password",
    r"xpack\.inference\..+|xpack\.ml\..+",
    r"(?:s3|azure|gcs)\.client\.[^.]+\.\w+(?:\.\w+)?",
    r"discovery\.(?:ec2|azure|gce)\..+",
    r"repository\.encrypted\.[^.]+\.password",
    r"cluster\.remote\.[^.]+\.credentials",
    r"ingest\.(?:geoip|enrich)\..+",
    r"telemetry\..+|tracing\.apm\..+",
)
#: The secure settings of Elasticsearch and of the plugins that come with it, by releases 6 to 9.
_KNOWN: Final = re.compile("|".join(_PATTERNS))
_REALM_PREFIX: Final = "xpack.security.authc.realms."
_WATCHER: Final = "xpack.watcher.encrypt_sensitive_data"


def is_known(name: str) -> bool:
    """Check whether a secure setting is one of Elasticsearch, as far as this package knows."""
    return _KNOWN.fullmatch(name) is not None


def needs_of_realms(settings: NodeSettings) -> Iterator[tuple[str, str]]:
    """
    Yield what needs a secret in the keystore: a setting, and the name of the secure one.

    Source:
        ``LdapSessionFactory``, ``OpenIdConnectRealmSettings``, ``JwtRealmSettings``, ``Watcher``.
    """
    if settings.is_true(_WATCHER):
        yield _WATCHER, "xpack.watcher.encryption_key"
    realms = {tuple(key.split(".")[4:6]) for key in settings.keys_below(_REALM_PREFIX)}
    for kind, *names in sorted(realms):
        prefix = ".".join((_REALM_PREFIX + kind, *names)) + "."
        if names and not settings.is_false(f"{prefix}enabled"):
            yield from _needs_of(kind, prefix, settings)


def _needs_of(kind: str, prefix: str, settings: NodeSettings) -> Iterator[tuple[str, str]]:
    if kind in ("ldap", "active_directory"):
        if f"{prefix}bind_dn" in settings and f"{prefix}bind_password" not in settings:
            yield f"{prefix}bind_dn", f"{prefix}secure_bind_password"
    elif kind == "oidc":
        if f"{prefix}rp.client_id" in settings:
            yield f"{prefix}rp.client_id", f"{prefix}rp.client_secret"
    elif kind == "jwt":
        way = f"{prefix}client_authentication.type"
        if settings.get(way) == "shared_secret":
            yield way, f"{prefix}client_authentication.shared_secret"
