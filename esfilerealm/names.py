"""
The rules for usernames, role names and passwords, and the names that Elasticsearch reserves.

``broken_rule`` returns the rule that a name breaks; the ``validate_*`` functions raise it. A node
accepts some names, such as ``a:b``, that no line of a file can hold: *writable* refuses those too.
"""

from __future__ import annotations

from .errors import InvalidPasswordError, InvalidRoleNameError, InvalidUsernameError

__all__ = [
    "DEFAULT_ANONYMOUS_USERNAME",
    "MAX_NAME_LENGTH",
    "MIN_PASSWORD_LENGTH",
    "RESERVED_ROLE_NAMES",
    "RESERVED_USERNAMES",
    "broken_rule",
    "reserved_role_names",
    "reserved_usernames",
    "validate_password",
    "validate_role_name",
    "validate_username",
]

TYPE_CHECKING = False  # see `_ground`
if TYPE_CHECKING:
    from collections.abc import Container
    from typing import Final

MAX_NAME_LENGTH: Final = 1024
MIN_PASSWORD_LENGTH: Final = 6

DEFAULT_ANONYMOUS_USERNAME: Final = "_anonymous"

#: Built-in users, which only the reserved realm may contain. Source: ``ClientReservedRealm``.
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

#: Roles that nodes define, by the major version that had them first; all of them are still there.
_ROLES_SINCE: Final = {
    5: (
        "ingest_admin",
        "kibana_system",
        "kibana_user",
        "logstash_system",
        "machine_learning_admin",
        "machine_learning_user",
        "monitoring_user",
        "remote_monitoring_agent",
        "reporting_user",
        "superuser",
        "transport_client",
        "watcher_admin",
        "watcher_user",
    ),
    6: (
        "apm_system",
        "beats_admin",
        "beats_system",
        "logstash_admin",
        "remote_monitoring_collector",
        "rollup_admin",
        "rollup_user",
        "snapshot_user",
    ),
    7: (
        "data_frame_transforms_admin",
        "data_frame_transforms_user",
        "editor",
        "enrich_user",
        "kibana_admin",
        "transform_admin",
        "transform_user",
        "viewer",
    ),
    8: (
        "inference_admin",
        "inference_user",
    ),
}
#: Roles that nodes no longer define: the first and the last major version that had them.
_FORMER_ROLES: Final = {
    "apm_user": (6, 8),
    "code_admin": (7, 7),
    "code_user": (7, 7),
    "kibana_dashboard_only_user": (6, 7),
}

#: Roles that every node of the latest version defines. Source: ``ReservedRolesStore``.
RESERVED_ROLE_NAMES: Final = frozenset(name for names in _ROLES_SINCE.values() for name in names)


def reserved_role_names(elasticsearch_version: int | None = None) -> frozenset[str]:
    """
    Return the roles that a node defines itself.

    Args:
        elasticsearch_version: The major version of the node; with None, the roles that any of the
            versions 5 to 9 defines.

    Source:
        ``ReservedRolesStore``, and the documentation of built-in roles of each version.
    """
    if elasticsearch_version is None:
        return RESERVED_ROLE_NAMES | _FORMER_ROLES.keys()
    return frozenset(
        [
            *(
                name
                for first, names in _ROLES_SINCE.items()
                if first <= elasticsearch_version
                for name in names
            ),
            *(
                name
                for name, (first, last) in _FORMER_ROLES.items()
                if first <= elasticsearch_version <= last
            ),
        ]
    )


def broken_rule(
    name: object, *, reserved: Container[str] = (), writable: bool = False
) -> str | None:
    """
    Return the rule that *name* breaks as the name of a user or role, or None.

    Args:
        name: What should be 1 to 1024 characters from U+0020 to U+007E, no space at either end.

        reserved: Names that are refused: ``RESERVED_ROLE_NAMES``, or ``reserved_usernames``.

        writable: Whether a new line must be able to hold the name, in either file.

    Source:
        ``Validation.Users`` and ``Validation.Roles``.
    """
    if not isinstance(name, str):
        return f"must be a string, not {type(name).__name__}"
    if not 0 < len(name) <= MAX_NAME_LENGTH:
        return f"must have 1 to {MAX_NAME_LENGTH} characters"
    if not (name.isascii() and name.isprintable()):
        return "must consist of printable ASCII characters, U+0020 to U+007E"
    if name[0] == " " or name[-1] == " ":
        return "must not start or end with a space"
    if name in reserved:
        return "must not be a name that is reserved by Elasticsearch"
    return _rule_of_writing(name) if writable else None


def _rule_of_writing(name: str) -> str | None:
    if name[0] == "#":
        return "must not start with [#], which begins a comment"
    if ":" in name:
        return "must not contain [:], the field separator"
    if "," in name:
        return "must not contain [,], which separates the names in users_roles and lists of roles"
    return None


def reserved_usernames(*, allow_reserved: bool, anonymous_username: str) -> frozenset[str]:
    """
    Return the usernames that a node skips in a file; none with *allow_reserved*.

    Both the configured and the default anonymous name are among them, whether or not anonymous
    access is on. Letter case counts.

    Source:
        ``ClientReservedRealm`` and ``AnonymousUser``.
    """
    if allow_reserved:
        return frozenset()
    return RESERVED_USERNAMES | {DEFAULT_ANONYMOUS_USERNAME, anonymous_username}


def validate_username(
    name: str,
    *,
    allow_reserved: bool = False,
    anonymous_username: str = DEFAULT_ANONYMOUS_USERNAME,
    writable: bool = False,
) -> str:
    """
    Return *name* if a node accepts it as the name of a user.

    Args:
        name: For its rules see ``broken_rule``.

        allow_reserved: True for a node with ``xpack.security.authc.reserved_realm.enabled: false``.

        anonymous_username: ``xpack.security.authc.anonymous.username``; its default is always
            reserved too.

        writable: Whether a new line must be able to hold the name, in either file.

    Raises:
        InvalidUsernameError: With the rule that the name breaks.

    Source:
        ``Validation.Users`` and ``ClientReservedRealm``.
    """
    reserved = reserved_usernames(
        allow_reserved=allow_reserved, anonymous_username=anonymous_username
    )
    rule = broken_rule(name, reserved=reserved, writable=writable)
    if rule is not None:
        raise InvalidUsernameError(name, rule)
    return name


def validate_role_name(name: str, *, allow_reserved: bool = True, writable: bool = False) -> str:
    """
    Return *name* if a node accepts it as the name of a role.

    Args:
        name: For its rules see ``broken_rule``.

        allow_reserved: True where roles are given to users, False where roles are defined.

        writable: Whether a new line must be able to hold the name, in either file.

    Raises:
        InvalidRoleNameError: With the rule that the name breaks.

    Source:
        ``Validation.Roles`` and ``ReservedRolesStore``.
    """
    reserved = frozenset() if allow_reserved else RESERVED_ROLE_NAMES
    rule = broken_rule(name, reserved=reserved, writable=writable)
    if rule is not None:
        raise InvalidRoleNameError(name, rule)
    return name


def validate_password(password: str) -> str:
    """
    Return *password* if a node would accept it: at least 6 UTF-16 units, whatever they are.

    Raises:
        InvalidPasswordError: With the rule that the password breaks, without the password.

    Source:
        ``Validation.Users``. A character beyond U+FFFF counts as two units, as in Java.
    """
    if not isinstance(password, str):
        raise InvalidPasswordError(f"must be a string, not {type(password).__name__}")
    if len(password) + sum(c > "\uffff" for c in password) < MIN_PASSWORD_LENGTH:
        raise InvalidPasswordError(f"must have at least {MIN_PASSWORD_LENGTH} characters")
    return password
