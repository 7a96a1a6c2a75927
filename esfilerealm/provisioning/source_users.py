"""The users of another node, or of what describes it, as a desired state."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from .._ground.locked import is_locked
from .._storage import RealmFolder
from ..documents.document import content_of
from ..errors import FileRealmError, InvalidFingerprintError
from ..formats.users_editor import UsersEditor
from ..settings import RealmSettings
from .desired import DesiredState
from .source_kinds import kind_of

if TYPE_CHECKING:
    from .._storage import Accounts, RealmFiles
    from ..exchange import Imported, Loss

__all__ = ["existing_users", "take_users"]


def take_users(
    source: str | os.PathLike[str],
    *,
    content: bytes | None = None,
    target: str | os.PathLike[str] | None = None,
) -> tuple[DesiredState, tuple[Loss, ...]]:
    """
    Read the users that a node has, or that something describes, so that another may get them.

    Args:
        source: A configuration directory, or a file: a tar archive of ``export``, a manifest of
            Kubernetes Secrets, or a desired state.

        content: What the file contains, if it has been read; then *source* is its name for
            messages.

        target: The configuration directory of the node that gets the users. A password of a Secret
            that is in force there keeps its hash, so that nothing changes.

    Returns:
        The users, and nothing else of what the source may say; and what is missing in them, such as
        a user whose hash no node can use.

    Raises:
        InvalidFingerprintError: If it is a fingerprint, which holds no hash.
        ConfigurationFileMissingError, FilePermissionError, FileAccessError, FileFormatError,
        InvalidDesiredStateError, InvalidSettingError: As for ``take_fingerprint``.
    """
    path = os.fsdecode(source)
    if content is None and os.path.isdir(path):
        return _desired(_of_folder(path), path)
    data = content_of(path) if content is None else content
    match kind_of(data):
        case "fingerprint":
            rule = "holds no hash, so that no user can be made of it: take a directory or an export"
            raise InvalidFingerprintError(path, rule)
        case "archive":
            return _desired(_of_archive(data, path), path)
        case "manifest":
            from ..exchange import import_users

            existing = b"" if target is None else _of_target(os.fsdecode(target))
            imported = import_users("k8s-secret", data, source=path, existing=existing)
            return _desired(imported, path)
        case _:
            folder = "" if content is not None else os.path.dirname(path)
            return _only_users(DesiredState.parse(data, source=path, folder=folder)), ()


def _of_folder(path: str) -> Imported:
    from ..admin.account_facts import exported_accounts, record_losses
    from ..exchange import Imported
    from ..exchange._realm import ExportRequest
    from ..exchange.exports import realm_document

    settings = RealmSettings.load(path, check_realm=False)
    files, accounts = _state(path, settings)
    made = realm_document(
        ExportRequest(
            files.users.data,
            files.users_roles.data,
            sources=(files.users.path, files.users_roles.path),
            accounts=exported_accounts(accounts),
            **settings.name_rules,
        )
    )
    return Imported(made.document, (*made.losses, *record_losses(accounts)))


def _state(path: str, settings: RealmSettings) -> tuple[RealmFiles, Accounts]:
    return RealmFolder(path, in_x_pack=settings.is_in_x_pack).read_with_accounts()


def _of_target(path: str) -> bytes:
    return existing_users(path, RealmSettings.load(path, check_realm=False))


def existing_users(path: str, settings: RealmSettings) -> bytes:
    """
    Return the ``users`` file, with the hashes that locked users had before.

    If it cannot be read, it counts as empty: a plan reports that.
    """
    try:
        files, accounts = _state(path, settings)
        users = files.users
        editor = UsersEditor(users.data, source=users.path, **settings.name_rules)
        kept: dict[str, str | None] = {
            name: account.kept_hash
            for name, account in accounts.by_name.items()
            if account.kept_hash is not None and is_locked(editor.hash_of(name) or "")
        }
        return editor.edited(kept) if kept else users.data
    except FileRealmError:
        return b""


def _of_archive(data: bytes, path: str) -> Imported:
    from ..exchange._realm import ExportRequest
    from ..exchange.archive import realm_files
    from ..exchange.exports import realm_document

    (users, users_name), (roles, roles_name) = realm_files(data, path)
    return realm_document(ExportRequest(users, roles, sources=(users_name, roles_name)))


def _desired(imported: Imported, path: str) -> tuple[DesiredState, tuple[Loss, ...]]:
    return DesiredState.from_dict(imported.document, source=path), imported.losses


def _only_users(desired: DesiredState) -> DesiredState:
    return DesiredState(users=desired.users, sources=desired.sources)
