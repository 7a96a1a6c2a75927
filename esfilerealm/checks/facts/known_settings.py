"""
The settings that rules know by name, as tables.

Source:
    The breaking changes of each major version, and the documentation of security settings.
"""

from __future__ import annotations

import re
from typing import Final

from ...settings.keys import RELOAD_INTERVAL, RELOAD_KEYS

__all__ = ["BOOLEANS", "INTEGERS", "KNOWN", "REMOVED", "TIMES"]

_SECURITY: Final = "xpack.security."

REMOVED: Final = (
    (r"shield\..+", 5, "xpack.security"),
    (r"bootstrap\.mlockall", 5, "bootstrap.memory_lock"),
    (r"http\.enabled", 7, ""),
    (r"xpack\.ssl\..+", 7, "xpack.security.transport.ssl and xpack.security.http.ssl"),
    (r"bootstrap\.system_call_filter", 8, ""),
    (r"cluster\.join\.timeout", 8, ""),
    (r"discovery\.zen\..+", 8, "discovery.seed_hosts and cluster.initial_master_nodes"),
    (r"http\.content_type\.required", 8, ""),
    (r"http\.tcp_no_delay", 8, "http.tcp.no_delay"),
    (r"network\.tcp\.connect_timeout", 8, "transport.connect_timeout"),
    (r"node\.max_local_storage_nodes", 8, ""),
    (
        r"node\.(master|data|ingest|ml|transform|remote_cluster_client|voting_only)",
        8,
        "node.roles",
    ),
    (r"transport\.profiles\.[^.]+\.xpack\.security\.type", 8, ""),
    (r"xpack\.security\.authc\.accept_default_password", 8, ""),
    (r"xpack\.security\.authz\.store\.roles\.index\.cache\..+", 8, ""),
)
"""A pattern of keys, the first version without them, and what has taken their place, if any."""

_SSL: Final = (
    *("enabled", "keystore.path", "keystore.type", "keystore.password", "keystore.key_password"),
    *("keystore.algorithm", "truststore.path", "truststore.type", "truststore.password"),
    *("truststore.algorithm", "key", "key_passphrase", "certificate", "certificate_authorities"),
    *("verification_mode", "client_authentication", "supported_protocols", "cipher_suites"),
    *("trust_restrictions.path", "keystore.secure_password", "keystore.secure_key_password"),
    *("truststore.secure_password", "secure_key_passphrase"),
)
_PLAIN: Final = (
    "cluster.initial_master_nodes",
    "cluster.name",
    "discovery.seed_hosts",
    "discovery.seed_providers",
    "discovery.type",
    "http.bind_host",
    "http.host",
    "http.port",
    "http.publish_host",
    "http.publish_port",
    "network.bind_host",
    "network.host",
    "network.publish_host",
    "node.name",
    "node.roles",
    "path.data",
    "path.logs",
    "path.repo",
    "transport.bind_host",
    "transport.host",
    "transport.port",
    "transport.publish_host",
    "transport.publish_port",
    "xpack.security.authc.anonymous.authz_exception",
    "xpack.security.authc.anonymous.roles",
    "xpack.security.authc.anonymous.username",
    "xpack.security.authc.api_key.enabled",
    "xpack.security.authc.password_hashing.algorithm",
    "xpack.security.authc.reserved_realm.enabled",
    "xpack.security.authc.run_as.enabled",
    "xpack.security.authc.token.enabled",
    "xpack.security.authc.token.timeout",
    "xpack.security.autoconfiguration.enabled",
    "xpack.security.dls_fls.enabled",
    "xpack.security.enabled",
    "xpack.security.enrollment.enabled",
    "xpack.security.fips_mode.enabled",
)

KNOWN: Final = frozenset(
    {
        *_PLAIN,
        *(key.key for key in (*RELOAD_KEYS, RELOAD_INTERVAL)),
        *(f"xpack.security.{layer}.ssl.{end}" for layer in ("transport", "http") for end in _SSL),
    }
)
"""Settings that are often set, and that a slip of a finger is most harmful in."""

BOOLEANS: Final = re.compile(
    r"xpack\.security\.(?:enabled|(?:autoconfiguration|enrollment|fips_mode|dls_fls|audit)\.enabled"
    r"|(?:transport|http)\.ssl\.enabled"
    r"|authc\.(?:token|api_key|run_as|reserved_realm)\.enabled"
    r"|authc\.realms\.[^.]+(?:\.[^.]+)?\.(?:enabled|authentication\.enabled|delegation\.enabled))"
    r"|resource\.reload\.enabled"
)
"""Keys whose value is a boolean."""

_REALM: Final = r"xpack\.security\.authc\.realms\.[^.]+(?:\.[^.]+)?"
INTEGERS: Final = re.compile(rf"{_REALM}\.(?:order|cache\.max_users)")
"""Keys whose value is a whole number."""

TIMES: Final = re.compile(
    rf"{_REALM}\.cache\.ttl|resource\.reload\.interval(?:\.(?:high|medium|low))?"
)
"""Keys whose value is a time."""
