"""
Users from other tools' files, and a realm as other tools read it: pure functions on bytes.

What cannot be carried is never dropped in silence: it is a ``Loss``. Each format is a module of its
own, loaded when it is used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ..names import DEFAULT_ANONYMOUS_USERNAME
from .losses import Exported, Imported, Loss

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = [
    "EXPORT_FORMATS",
    "IMPORT_FORMATS",
    "Exported",
    "Imported",
    "Loss",
    "basic_auth_secret",
    "export_realm",
    "import_users",
]

IMPORT_FORMATS: Final = ("htpasswd", "k8s-secret", "opensearch")
"""What users can be read from. JSON and YAML are missing, since they are documents already."""

EXPORT_FORMATS: Final = ("htpasswd", "json", "k8s-secret", "tar", "yaml")
"""What a realm can be written as."""


def import_users(
    format: str,
    data: bytes,
    *,
    source: str,
    role_map: Mapping[str, str | None] | None = None,
    allow_reserved: bool = False,
    anonymous_username: str = DEFAULT_ANONYMOUS_USERNAME,
) -> Imported:
    """
    Read users out of a file of another tool.

    Args:
        format: One of ``IMPORT_FORMATS``.

        data: The whole file.

        source: Its name for errors, normally its path.

        role_map: From a role of the source to one of Elasticsearch, or to None to leave it out on
            purpose. Only ``opensearch`` has roles of its own.

        allow_reserved: As for ``parse_users``.

        anonymous_username: As for ``parse_users``.

    Returns:
        The users, and what could not be carried.

    Raises:
        FileFormatError: If the file as a whole is not of that format.
        InvalidRoleNameError: If *role_map* leads to a name that no role can have.
        ValueError: If there is no such format.
    """
    if format not in IMPORT_FORMATS:
        raise ValueError(f"format [{format}] is none of {', '.join(IMPORT_FORMATS)}")
    from ._names import NameRules

    rules = NameRules(allow_reserved=allow_reserved, anonymous_username=anonymous_username)
    if format == "htpasswd":
        from .htpasswd import import_htpasswd

        return import_htpasswd(data, source, rules)
    if format == "k8s-secret":
        from .k8s_secret import import_secrets

        return import_secrets(data, source, rules)
    from .opensearch import import_internal_users

    return import_internal_users(data, source, rules, role_map or {})


def export_realm(
    format: str,
    users: bytes,
    users_roles: bytes,
    *,
    allow_reserved: bool = False,
    anonymous_username: str = DEFAULT_ANONYMOUS_USERNAME,
    secret_name: str = "esfilerealm-users",  # noqa: S107 - the name of one
    namespace: str | None = None,
) -> Exported:
    """
    Write a realm as another tool reads it. The same realm always gives the same bytes.

    Args:
        format: One of ``EXPORT_FORMATS``.

        users: The whole ``users`` file.

        users_roles: The whole ``users_roles`` file.

        allow_reserved: As for ``parse_users``.

        anonymous_username: As for ``parse_users``.

        secret_name: What the Secret is called, for ``k8s-secret``.

        namespace: Where it is to be, or None to let ``kubectl`` decide.

    Returns:
        The file, and what could not be carried.

    Raises:
        FileFormatError: If a file is not UTF-8; ``tar`` takes any.
        InvalidSettingError: If Kubernetes would refuse *secret_name* or *namespace*.
        ValueError: If there is no such format.
    """
    if format not in EXPORT_FORMATS:
        raise ValueError(f"format [{format}] is none of {', '.join(EXPORT_FORMATS)}")
    if format == "tar":
        from .archive import export_tar

        return export_tar(users, users_roles)
    from ._realm import read_realm

    realm = read_realm(
        users, users_roles, allow_reserved=allow_reserved, anonymous_username=anonymous_username
    )
    if format == "htpasswd":
        from .htpasswd import export_htpasswd

        return export_htpasswd(realm)
    if format == "k8s-secret":
        from .k8s_manifest import export_secret

        return export_secret(realm, secret_name, namespace)
    from . import documents

    return documents.export_json(realm) if format == "json" else documents.export_yaml(realm)


def basic_auth_secret(
    username: str,
    password: str,
    roles: Iterable[str],
    *,
    secret_name: str,
    namespace: str | None = None,
) -> bytes:
    """
    Write one user as a Secret of type ``kubernetes.io/basic-auth``, with the password in clear.

    That is the other form that Elastic's operator takes, which hashes the password itself.

    Args:
        username: Any name that the files can hold, reserved ones too: the operator takes
            ``elastic`` as well.

        password: By the rules of ``validate_password``.

        roles: Its roles.

        secret_name: What the Secret is called.

        namespace: Where it is to be, or None to let ``kubectl`` decide.

    Raises:
        InvalidUsernameError: If the name would not read back.
        InvalidPasswordError: If the password may not be set.
        InvalidRoleNameError: If a role would not read back.
        InvalidSettingError: If Kubernetes would refuse *secret_name* or *namespace*.
    """
    from .k8s_manifest import basic_auth_manifest

    return basic_auth_manifest(username, password, roles, secret_name, namespace)
