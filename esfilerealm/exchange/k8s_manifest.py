"""
Manifests of Secrets for ``spec.auth.fileRealm`` of Elastic's operator (ECK).

Source:
    ``filerealm.FromSecret`` of ECK and its page about file-based users. Its parser is stricter than
    a node. It rejects comments and lines with more than one colon, so none are written.
"""

from __future__ import annotations

import json
import re
from base64 import b64encode
from typing import TYPE_CHECKING, Final

from ..errors import InvalidPasswordError, InvalidSettingError
from ..hashing.base import password_bytes
from ..hashing.bcrypt import PASSWORD_BYTES
from ..names import validate_password, validate_role_name, validate_username
from ._realm import writable_users
from .losses import Exported, Loss

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ._realm import ExportRequest

__all__ = ["LARGEST_SECRET", "NAMESPACE", "SECRET_NAME", "basic_auth_manifest", "export_secret"]

_BASIC_AUTH: Final = "kubernetes.io/basic-auth"

LARGEST_SECRET: Final = 1024 * 1024
"""The largest size of all decoded values. Source: Kubernetes' ``MaxSecretSize``."""

_LABEL: Final = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
SECRET_NAME: Final = re.compile(rf"(?=.{{1,253}}\Z){_LABEL}(\.{_LABEL})*", re.ASCII)
NAMESPACE: Final = re.compile(rf"(?=.{{1,63}}\Z){_LABEL}", re.ASCII)


def export_secret(request: ExportRequest) -> Exported:
    """
    Write a Secret with both files, whose rows are sorted as the operator sorts them.

    Raises:
        InvalidSettingError: If Kubernetes would reject the name or namespace.
    """
    users, losses = writable_users(request.realm())
    hashes = [f"{name}:{password_hash}" for name, password_hash, _ in users]
    names_by_role: dict[str, list[str]] = {}
    for name, _, roles in users:
        for role in roles:
            names_by_role.setdefault(role, []).append(name)
    grants = [f"{role}:{','.join(sorted(names))}" for role, names in names_by_role.items()]
    data = {"users": _file(hashes), "users_roles": _file(grants)}
    if sum(map(len, data.values())) > LARGEST_SECRET:
        reason = f"Kubernetes accepts up to {LARGEST_SECRET} bytes in one Secret: split the realm"
        losses.append(Loss("users", "the Secret", reason, is_blocking=True))
    manifest = _manifest(request.secret_name, request.namespace, "Opaque", data)
    return Exported(manifest, tuple(losses))


def _file(rows: list[str]) -> bytes:
    return "".join(f"{row}\n" for row in sorted(rows)).encode("ascii")


def basic_auth_manifest(
    username: str, password: str, roles: Iterable[str], secret_name: str, namespace: str | None
) -> bytes:
    """Write the manifest of ``basic_auth_secret``."""
    validate_username(username, allow_reserved=True, writable=True)
    secret = password_bytes(validate_password(password))
    if len(secret) > PASSWORD_BYTES:
        rule = f"must have at most {PASSWORD_BYTES} bytes, or the operator would skip the Secret"
        raise InvalidPasswordError(rule)
    data = {"username": username.encode(), "password": secret}
    listed = [validate_role_name(role, writable=True) for role in roles]
    if listed:  # an empty list is invalid, and none is a user without roles
        data["roles"] = ",".join(listed).encode()
    return _manifest(secret_name, namespace, _BASIC_AUTH, data)


def _manifest(
    secret_name: str, namespace: str | None, type_: str, data: Mapping[str, bytes]
) -> bytes:
    """Write a manifest; strings that YAML could read as another type are quoted."""
    _check("secret_name", secret_name, SECRET_NAME)
    lines = ["apiVersion: v1", "kind: Secret", "metadata:", f"  name: {json.dumps(secret_name)}"]
    if namespace is not None:
        _check("namespace", namespace, NAMESPACE)
        lines.append(f"  namespace: {json.dumps(namespace)}")
    lines += [f"type: {type_}", "data:"]
    lines += [
        f"  {key}: {json.dumps(b64encode(value).decode('ascii'))}" for key, value in data.items()
    ]
    return "".join(f"{line}\n" for line in lines).encode("ascii")


def _check(key: str, name: str, pattern: re.Pattern[str]) -> None:
    if pattern.fullmatch(name) is None:
        rule = "Kubernetes accepts lower-case letters and digits, with [-] between them"
        if pattern is SECRET_NAME:
            rule += ", in parts with [.] between"
        raise InvalidSettingError(key, name, rule, "the arguments of the export")
