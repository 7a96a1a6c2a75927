"""Exports in our own forms: a desired state in JSON or YAML, and an archive of both files."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from .._ground.locked import is_locked
from .._ground.moments import shown_time
from ..hashing import hash_problem
from ._realm import writable_users
from .losses import Exported, Imported

if TYPE_CHECKING:
    from collections.abc import Collection

    from ._realm import ExportRequest

__all__ = ["export_json", "export_tar", "export_yaml", "realm_document"]


def export_json(request: ExportRequest) -> Exported:
    """Write a desired state as JSON, in the order of the ``users`` file."""
    made = realm_document(request)
    text = json.dumps(made.document, indent=2)
    return Exported(f"{text}\n".encode("ascii"), made.losses)


def realm_document(request: ExportRequest) -> Imported:
    """Return a realm as a desired state, in the order of the ``users`` file."""
    users, losses = writable_users(request.realm(knows_times=True))
    return Imported({"users": [_entry(*user, request) for user in users]}, tuple(losses))


def _entry(
    name: str, password_hash: str, roles: list[str], request: ExportRequest
) -> dict[str, object]:
    """Return one user. A locked one has the hash that is kept aside, and is said to be locked."""
    account = request.accounts.get(name)
    entry: dict[str, object] = {"name": name, "password_hash": password_hash, "roles": roles}
    if is_locked(password_hash):
        kept = account.kept_hash if account is not None else None
        if kept is not None and hash_problem(kept.reveal()) is None:
            entry["password_hash"] = kept.reveal()
        entry["locked"] = True
    if account is not None and account.expires is not None:
        entry["expires"] = shown_time(account.expires)
    return entry


def export_yaml(request: ExportRequest) -> Exported:
    """Write a desired state as YAML in block style, in the order of the ``users`` file."""
    made = realm_document(request)
    users = made.document["users"]
    text = "users:\n" + "".join(map(_block, users)) if users else "users: []\n"
    return Exported(text.encode("ascii"), made.losses)


def _block(user: dict[str, object]) -> str:
    """Write one user. Every text is quoted: versions of YAML disagree about plain scalars."""
    lines = []
    for key, value in user.items():
        if isinstance(value, list):
            items = "".join(f"\n      - {json.dumps(one)}" for one in value) or " []"
            lines.append(f"{key}:{items}")
        else:
            lines.append(f"{key}: {json.dumps(value)}")
    return "  - " + "\n    ".join(lines) + "\n"


def export_tar(request: ExportRequest) -> Exported:
    """
    Archive both files byte for byte, uncompressed, with mode 0660, owner 0, group 0 and time 0.

    Only users who expire or give emergency access are taken out, since the archive cannot say that.
    The same files always make the same archive.
    """
    import io
    import tarfile

    hidden = request.hidden(request.parsed(), knows_times=False) if request.accounts else {}
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w", format=tarfile.USTAR_FORMAT) as writer:
        for name, data in zip(("users", "users_roles"), _without(request, hidden), strict=True):
            member = tarfile.TarInfo(name)
            member.size = len(data)
            member.mode = 0o660
            writer.addfile(member, io.BytesIO(data))
    return Exported(archive.getvalue(), tuple(hidden.values()))


def _without(request: ExportRequest, hidden: Collection[str]) -> tuple[bytes, bytes]:
    """Return both files without some users; no other line changes."""
    if not hidden:
        return request.users, request.users_roles
    from ..formats.users_editor import UsersEditor
    from ..formats.users_roles_editor import UsersRolesEditor

    users = UsersEditor(
        request.users,
        source=request.sources[0],
        allow_reserved=request.allow_reserved,
        anonymous_username=request.anonymous_username,
    )
    roles = UsersRolesEditor(request.users_roles, source=request.sources[1])
    return users.edited(dict.fromkeys(hidden)), roles.edited(dict.fromkeys(hidden, ()))
