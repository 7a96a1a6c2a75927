"""Exports in our own forms: a desired state in JSON or YAML, and an archive of both files."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from ._realm import writable_users
from .losses import Exported, Imported

if TYPE_CHECKING:
    from ._realm import ExportRequest

__all__ = ["export_json", "export_tar", "export_yaml", "realm_document"]


def export_json(request: ExportRequest) -> Exported:
    """Write a desired state as JSON, in the order of the ``users`` file."""
    made = realm_document(request)
    text = json.dumps(made.document, indent=2)
    return Exported(f"{text}\n".encode("ascii"), made.losses)


def realm_document(request: ExportRequest) -> Imported:
    """Return a realm as a desired state, in the order of the ``users`` file."""
    users, losses = writable_users(request.realm())
    entries: list[dict[str, object]] = [
        {"name": name, "password_hash": password_hash, "roles": roles}
        for name, password_hash, roles in users
    ]
    return Imported({"users": entries}, tuple(losses))


def export_yaml(request: ExportRequest) -> Exported:
    """Write a desired state as YAML in block style, in the order of the ``users`` file."""
    users, losses = writable_users(request.realm())
    text = "users:\n" + "".join(_block(*entry) for entry in users) if users else "users: []\n"
    return Exported(text.encode("ascii"), tuple(losses))


def _block(name: str, password_hash: str, roles: list[str]) -> str:
    """Write one user. Every value is quoted: versions of YAML disagree about plain scalars."""
    listed = "".join(f"\n      - {json.dumps(role)}" for role in roles) or " []"
    return (
        f"  - name: {json.dumps(name)}\n    password_hash: {json.dumps(password_hash)}\n"
        f"    roles:{listed}\n"
    )


def export_tar(request: ExportRequest) -> Exported:
    """
    Archive both files byte for byte, uncompressed, with mode 0660, owner 0, group 0 and time 0.

    The same files always make the same archive.
    """
    import io
    import tarfile

    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w", format=tarfile.USTAR_FORMAT) as writer:
        for name, data in (("users", request.users), ("users_roles", request.users_roles)):
            member = tarfile.TarInfo(name)
            member.size = len(data)
            member.mode = 0o660
            writer.addfile(member, io.BytesIO(data))
    return Exported(archive.getvalue(), ())
