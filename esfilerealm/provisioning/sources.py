"""Read whatever says who the users of a node are, and make a fingerprint of it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from ..admin.users_tool import UsersTool
from ..documents.document import content_of
from ..drift import DescribedRealm, Fingerprint
from ..settings import RealmSettings
from .desired import DesiredState
from .source_kinds import kind_of

if TYPE_CHECKING:
    from ..formats import ParsedRealm
    from .values import DesiredUser

__all__ = ["read_key", "take_fingerprint"]


def read_key(path: str | os.PathLike[str]) -> bytes:
    """
    Read the key of fingerprints from a file; a line end at its end is not part of it.

    Raises:
        ConfigurationFileMissingError, FilePermissionError, FileAccessError: If it cannot be read.
        InvalidFingerprintError: If it is too short.
    """
    key = content_of(os.fsdecode(path)).removesuffix(b"\n").removesuffix(b"\r")
    Fingerprint.check_key(key)
    return key


def take_fingerprint(
    source: str | os.PathLike[str], *, key: bytes | None = None, node: str | None = None
) -> Fingerprint:
    """
    Make the fingerprint of a node, or of what describes it.

    Args:
        source: A configuration directory, or a file: a tar archive of ``export``, a manifest of
            Kubernetes Secrets, a desired state, or a fingerprint that was made elsewhere.

        key: As for ``Fingerprint.of``; a fingerprint that was made elsewhere needs none.

        node: The name of the node. By default a fingerprint keeps its own, and others get the path.

    Raises:
        ConfigurationFileMissingError: If the source, or a file of a realm, does not exist.
        FilePermissionError, FileAccessError: If it cannot be read.
        FileFormatError: If a file of a realm is not UTF-8, or an archive or manifest is none.
        InvalidDesiredStateError: If it is a document that breaks rules, or nothing of all these.
        InvalidFingerprintError: If the key is too short, or a fingerprint is damaged.
        InvalidSettingError: If a setting of a configuration directory is invalid.
    """
    path = os.fsdecode(source)
    if os.path.isdir(path):
        settings = RealmSettings.load(path, check_realm=False)
        realm: ParsedRealm | DescribedRealm = UsersTool(path, settings=settings).listing()
        return Fingerprint.of(realm, key=key, node=node or path)
    data = content_of(path)
    match kind_of(data):
        case "fingerprint":
            read = Fingerprint.from_json(data, source=path)
            return read.named(node or read.node or path)
        case "archive":
            from ..exchange.archive import read_archive

            realm = read_archive(data, source=path)
        case "manifest":
            realm = _manifest(data, path)
        case "document":
            desired = DesiredState.parse(data, source=path, folder=os.path.dirname(path))
            realm = _described(desired)
    return Fingerprint.of(realm, key=key, node=node or path)


def _manifest(data: bytes, path: str) -> DescribedRealm:
    from ..exchange import import_users

    imported = import_users("k8s-secret", data, source=path)
    skipped = tuple(str(loss) for loss in imported.losses if not loss.is_note)
    desired = DesiredState.from_dict(imported.document, source=path)
    return _described(desired, skipped, imported.salted_anew)


def _described(
    desired: DesiredState,
    skipped: tuple[str, ...] = (),
    without_hash: frozenset[str] = frozenset(),
) -> DescribedRealm:
    """Return what a document says, but not the hashes that were made while reading it."""
    users = {user.name: _said(user) for user in desired.users if not user.is_absent}
    users |= {name: (None, users[name][1]) for name in without_hash & users.keys()}
    return DescribedRealm(users, skipped=skipped)


def _said(user: DesiredUser) -> tuple[str | None, tuple[str, ...] | None]:
    """Return the hash and the roles of a user, as far as a document says them."""
    if user.password_hash is None or not user.updates_password:
        return None, user.roles
    return user.password_hash.reveal(), user.roles
