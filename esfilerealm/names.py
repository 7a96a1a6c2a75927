"""
A node's rules for usernames, role names and passwords, and the names it keeps for itself.

``broken_name_rule`` says which rule a name breaks, the ``validate_*`` functions raise.
Rules about what can be *written* into a file belong to ``formats``: a node calls a username with a
colon valid, although no file can hold it.
"""

from __future__ import annotations

from .errors import InvalidPasswordError, InvalidRoleNameError, InvalidUsernameError

__all__ = [
    "DEFAULT_ANONYMOUS_USERNAME",
    "MAX_NAME_LENGTH",
    "MIN_PASSWORD_LENGTH",
    "RESERVED_ROLE_NAMES",
    "RESERVED_USERNAMES",
    "broken_name_rule",
    "reserved_usernames",
    "validate_password",
    "validate_role_name",
    "validate_username",
]

TYPE_CHECKING = False  # see `_ground`
if TYPE_CHECKING:
    from typing import Final

MAX_NAME_LENGTH: Final = 1024
MIN_PASSWORD_LENGTH: Final = 6

DEFAULT_ANONYMOUS_USERNAME: Final = "_anonymous"

#: Built-in users, which only the reserved realm may hold. Source: ``ClientReservedRealm``.
RESERVED_USERNAMES: Final = frozenset(
    {
        "apm_system",
        "beats_system",
        "elastic",
        "kibana",
        "kibana_system",
        "logstash_system",
        "remote_monitoring_user",
    }
)

#: Roles that every node defines itself. Source: ``ReservedRolesStore``.
RESERVED_ROLE_NAMES: Final = frozenset(
    {
        "apm_system",
        "beats_admin",
        "beats_system",
        "data_frame_transforms_admin",
        "data_frame_transforms_user",
        "editor",
        "enrich_user",
        "inference_admin",
        "inference_user",
        "ingest_admin",
        "kibana_admin",
        "kibana_system",
        "kibana_user",
        "logstash_admin",
        "logstash_system",
        "machine_learning_admin",
        "machine_learning_user",
        "monitoring_user",
        "remote_monitoring_agent",
        "remote_monitoring_collector",
        "reporting_user",
        "rollup_admin",
        "rollup_user",
        "snapshot_user",
        "superuser",
        "transform_admin",
        "transform_user",
        "transport_client",
        "viewer",
        "watcher_admin",
        "watcher_user",
    }
)


def validate_username(
    name: str,
    *,
    allow_reserved: bool = False,
    anonymous_username: str = DEFAULT_ANONYMOUS_USERNAME,
    max_length: int = MAX_NAME_LENGTH,
) -> str:
    """
    Return *name* if a node accepts it as the name of a user.

    Args:
        name: 1 to *max_length* characters from U+0020 to U+007E, no space at either end.

        allow_reserved: True for a node with ``xpack.security.authc.reserved_realm.enabled: false``.

        anonymous_username: ``xpack.security.authc.anonymous.username``; its default is reserved
            beside it.

        max_length: In characters. The file realm has 1024, the native realm 507.

    Raises:
        InvalidUsernameError: With the rule that is broken.

    Source:
        ``Validation.Users`` and ``ClientReservedRealm``.
    """
    rule = broken_name_rule(name, max_length)
    reserved = reserved_usernames(
        allow_reserved=allow_reserved, anonymous_username=anonymous_username
    )
    if rule is None and name in reserved:
        rule = "reserved for a user that Elasticsearch defines itself"
    if rule is not None:
        raise InvalidUsernameError(name, rule)
    return name


def validate_role_name(
    name: str, *, allow_reserved: bool = True, max_length: int = MAX_NAME_LENGTH
) -> str:
    """
    Return *name* if a node accepts it as the name of a role.

    Args:
        name: 1 to *max_length* characters from U+0020 to U+007E, no space at either end.

        allow_reserved: True where roles are given to users, False where roles are defined.

        max_length: In characters.

    Raises:
        InvalidRoleNameError: With the rule that is broken.

    Source:
        ``Validation.Roles`` and ``ReservedRolesStore``.
    """
    rule = broken_name_rule(name, max_length)
    if rule is None and not allow_reserved and name in RESERVED_ROLE_NAMES:
        rule = "reserved for a role that Elasticsearch defines itself"
    if rule is not None:
        raise InvalidRoleNameError(name, rule)
    return name


def validate_password(password: str) -> str:
    """
    Return *password* if a node lets it be set: at least 6 UTF-16 units, whatever they are.

    Raises:
        InvalidPasswordError: With the rule that is broken, without the password.

    Source:
        ``Validation.Users``. A character beyond U+FFFF counts as two units, as in Java.
    """
    if not isinstance(password, str):
        raise InvalidPasswordError(f"must be text, not {type(password).__name__}")
    if len(password) + sum(c > "\uffff" for c in password) < MIN_PASSWORD_LENGTH:
        raise InvalidPasswordError(f"must have at least {MIN_PASSWORD_LENGTH} characters")
    return password


def broken_name_rule(name: str, max_length: int = MAX_NAME_LENGTH) -> str | None:
    """Say which rule *name* breaks as the name of a user or role, or None; reserved ones do not."""
    if not isinstance(name, str):
        return f"must be text, not {type(name).__name__}"
    if not 0 < len(name) <= max_length:
        return f"must have 1 to {max_length} characters"
    if not (name.isascii() and name.isprintable()):
        return "must be of printable ASCII characters, U+0020 to U+007E"
    if name[0] == " " or name[-1] == " ":
        return "must not start or end with a space"
    return None


def reserved_usernames(*, allow_reserved: bool, anonymous_username: str) -> frozenset[str]:
    """
    Give the names that no file may hold: none if they are allowed.

    Both the configured and the default anonymous name are among them, whether or not anonymous
    access is on. Letter case counts.

    Source:
        ``ClientReservedRealm`` and ``AnonymousUser``.
    """
    if allow_reserved:
        return frozenset()
    return RESERVED_USERNAMES | {DEFAULT_ANONYMOUS_USERNAME, anonymous_username}
