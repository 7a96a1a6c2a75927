"""What each file of a configuration directory is for, which says when a restore writes it."""

from __future__ import annotations

import re
from typing import Final, Literal

__all__ = ["Kind", "Scope", "kind_of", "scope_of"]

Kind = Literal[
    # the realm
    "users",
    "users_roles",
    "accounts",
    "roles",
    "role mapping",
    "service tokens",
    # further security
    "settings",
    "keystore",
    "operator",
    "system key",
    "key",
    "store",
    "truststore",
    "certificate",
    "trust restrictions",
    "keytab",
    "metadata",
    # the rest
    "logging",
    "jvm",
    "earlier version",
    "directory",
    "other",
]
"""What a file is for; a link has the kind of its name."""

Scope = Literal["realm", "security", "all"]
"""What a restore is told to write; each contains the one before."""

_REALM: Final = frozenset(
    {"users", "users_roles", "accounts", "roles", "role mapping", "service tokens"}
)
_REST: Final = frozenset({"logging", "jvm", "earlier version", "directory", "other"})

#: By the whole path in the configuration directory, or in `x-pack/` as versions 5 to 6.2 have it.
_NAMES: Final[dict[str, Kind]] = {
    "users": "users",
    "users_roles": "users_roles",
    "users.accounts": "accounts",
    "users.managed": "accounts",
    "users.modes": "accounts",
    "roles.yml": "roles",
    "role_mapping.yml": "role mapping",
    "service_tokens": "service tokens",
    "elasticsearch.yml": "settings",
    "elasticsearch.keystore": "keystore",
    "operator_users.yml": "operator",
    "operator/settings.json": "operator",
    "system_key": "system key",
    "log4j2.properties": "logging",
    "jvm.options": "jvm",
}
_IN_OLD_FOLDERS: Final = re.compile(r"(?:x-pack|shield)/")
#: By the end of the path; the first that fits counts.
_ENDS: Final[tuple[tuple[re.Pattern[str], Kind], ...]] = (
    (re.compile(r".*\.[1-9]\d{0,8}~"), "earlier version"),
    (re.compile(r"jvm\.options\.d/[^/]+\.options"), "jvm"),
    (re.compile(r".*(?:\.key|[._-]key\.pem)"), "key"),
    (re.compile(r".*\.keytab"), "keytab"),
    (re.compile(r".*\.(?:p12|pfx|jks|jceks|bcfks)"), "store"),
    (re.compile(r".*\.(?:crt|cer|pem|csr)|certs(?:\.\d+\.orig)?/.*"), "certificate"),
)


def kind_of(name: str) -> Kind:
    """
    Return what a file is for by its name alone.

    Args:
        name: Its path in the configuration directory, with slashes.
    """
    short = _IN_OLD_FOLDERS.sub("", name, count=1) if _IN_OLD_FOLDERS.match(name) else name
    if short in _NAMES:
        return _NAMES[short]
    return next((kind for end, kind in _ENDS if end.fullmatch(name)), "other")


def scope_of(kind: Kind) -> Scope:
    """Return the smallest scope in which a restore writes files of a kind."""
    if kind in _REALM:
        return "realm"
    return "all" if kind in _REST else "security"
