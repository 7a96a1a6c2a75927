"""
Users from other tools' files, and a realm as other tools read it: pure functions on bytes.

Nothing is dropped silently: everything that cannot be converted is a ``Loss``. Each format has its
own module, which is loaded on first use.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final, Literal, TypeVar

from .._ground.values import ReadOnlyDict
from ..names import DEFAULT_ANONYMOUS_USERNAME
from .accounts import ExportedAccount
from .losses import Exported, Imported, Loss

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

__all__ = [
    "EXPORT_FORMATS",
    "IMPORT_FORMATS",
    "ExportFormat",
    "Exported",
    "ExportedAccount",
    "ImportFormat",
    "Imported",
    "Loss",
    "basic_auth_secret",
    "export_realm",
    "import_users",
]

F = TypeVar("F", bound=str)

ImportFormat = Literal["htpasswd", "json", "k8s-secret", "opensearch", "yaml"]
ExportFormat = Literal["htpasswd", "json", "k8s-secret", "tar", "yaml"]

#: The function for each format, and its module.
_IMPORTS: Final[dict[ImportFormat, str]] = {
    "htpasswd": "htpasswd:import_htpasswd",
    "json": "desired_state:import_json",
    "k8s-secret": "k8s_secret:import_secrets",
    "opensearch": "opensearch:import_internal_users",
    "yaml": "desired_state:import_yaml",
}
_EXPORTS: Final[dict[ExportFormat, str]] = {
    "htpasswd": "htpasswd:export_htpasswd",
    "json": "exports:export_json",
    "k8s-secret": "k8s_manifest:export_secret",
    "tar": "exports:export_tar",
    "yaml": "exports:export_yaml",
}

IMPORT_FORMATS: Final = tuple(_IMPORTS)
"""The formats to import; JSON and YAML hold a desired state."""

EXPORT_FORMATS: Final = tuple(_EXPORTS)
"""The formats to export."""


def import_users(
    format: ImportFormat,
    data: bytes,
    *,
    source: str,
    role_map: Mapping[str, str | None] | None = None,
    roles_mapping: tuple[str, bytes] | None = None,
    roles: Iterable[str] = (),
    as_node: bool = False,
    cluster: str | None = None,
    existing: bytes = b"",
    allow_reserved: bool = False,
    anonymous_username: str = DEFAULT_ANONYMOUS_USERNAME,
) -> Imported:
    """
    Read users from a file of another tool.

    Args:
        format: One of ``IMPORT_FORMATS``.

        data: The whole file.

        source: The name of the file for errors, normally its path.

        role_map: From a role of the source to one of Elasticsearch, or to None to leave it out.
            Only ``opensearch`` uses it.

        roles_mapping: The name of a ``roles_mapping.yml``, for errors, and its whole content. It
            gives backend roles and users the roles of OpenSearch. Only ``opensearch`` uses it.

        roles: The roles of users that have none in the source.

        as_node: Whether Secrets that Elastic's operator or the API server would not take are read
            as a node would read their files. Only ``k8s-secret`` uses it.

        cluster: The name of the ``Elasticsearch`` whose Secrets count; needed only if a manifest
            has several. Only ``k8s-secret`` uses it.

        existing: The whole ``users`` file of the realm that the users are for. The operator keeps
            a password of more than 72 bytes that a user has already. Only ``k8s-secret`` uses it.

        allow_reserved: As for ``parse_users``.

        anonymous_username: As for ``parse_users``.

    Returns:
        The users, and what could not be converted.

    Raises:
        FileFormatError: If the file as a whole does not have that format.
        InvalidRoleNameError: If *role_map* or *roles* has a name that no role can have.
        InvalidDesiredStateError: If it is not a desired state in ``json`` or ``yaml``.
        ValueError: If the format is unknown.
    """
    from ._shared import ImportRules, with_roles

    read = _function(_IMPORTS, format)
    rules = ImportRules(
        allow_reserved,
        anonymous_username,
        role_map or {},
        as_node,
        cluster,
        roles_mapping,
        existing,
    )
    imported: Imported = read(data, source, rules)
    return with_roles(imported, tuple(roles))


def export_realm(
    format: ExportFormat,
    users: bytes,
    users_roles: bytes,
    *,
    allow_reserved: bool = False,
    anonymous_username: str = DEFAULT_ANONYMOUS_USERNAME,
    secret_name: str = "esfilerealm-users",  # noqa: S107 - the name of one
    namespace: str | None = None,
    accounts: Mapping[str, ExportedAccount] = ReadOnlyDict(),
) -> Exported:
    """
    Write a realm for another tool. The same realm always results in the same bytes.

    Args:
        format: One of ``EXPORT_FORMATS``.

        users: The whole ``users`` file.

        users_roles: The whole ``users_roles`` file.

        allow_reserved: As for ``parse_users``.

        anonymous_username: As for ``parse_users``.

        secret_name: The name of the Secret, for ``k8s-secret``.

        namespace: The namespace of the Secret, or None to let ``kubectl`` decide.

        accounts: Of the users who expire, give emergency access or are locked what the export
            needs to know, by name. Without it, a locked user is still known by its hash.

    Returns:
        The file, and what could not be converted. Who expires is only in ``json`` and ``yaml``, and
        whoever gives emergency access is in none.

    Raises:
        FileFormatError: If a file is not UTF-8; ``tar`` takes any bytes.
        InvalidSettingError: If Kubernetes would reject *secret_name* or *namespace*.
        ValueError: If the format is unknown.
    """
    write = _function(_EXPORTS, format)
    from ._realm import ExportRequest

    request = ExportRequest(
        users,
        users_roles,
        allow_reserved,
        anonymous_username,
        secret_name,
        namespace,
        accounts=accounts,
    )
    exported: Exported = write(request)
    return exported


def _function(functions: Mapping[F, str], format: F) -> Callable[..., Any]:
    """Load the function for a format."""
    if format not in functions:
        raise ValueError(f"unknown format [{format}]: use one of {', '.join(functions)}")
    module, _, name = functions[format].partition(":")
    function: Callable[..., Any] = getattr(import_module(f".{module}", __name__), name)
    return function


def basic_auth_secret(
    username: str,
    password: str,
    roles: Iterable[str],
    *,
    secret_name: str,
    namespace: str | None = None,
) -> bytes:
    """
    Write one user as a Secret of type ``kubernetes.io/basic-auth``, with a clear-text password.

    Elastic's operator accepts this form too, and hashes the password itself.

    Args:
        username: Any name that the files can contain, even a reserved one such as ``elastic``.

        password: A password by the rules of ``validate_password``, of at most 72 bytes.

        roles: The roles of the user. Without any, the Secret has no such key.

        secret_name: The name of the Secret.

        namespace: The namespace of the Secret, or None to let ``kubectl`` decide.

    Raises:
        InvalidUsernameError: If the name would not read back as written.
        InvalidPasswordError: If the password breaks a rule, or the operator would skip the Secret.
        InvalidRoleNameError: If a role would not read back as written.
        InvalidSettingError: If Kubernetes would reject *secret_name* or *namespace*.
    """
    from .k8s_manifest import basic_auth_manifest

    return basic_auth_manifest(username, password, roles, secret_name, namespace)
