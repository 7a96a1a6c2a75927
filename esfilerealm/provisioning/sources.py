"""Read whatever says who the users of a node are, and make a fingerprint of it."""

from __future__ import annotations

import os
from datetime import datetime
from typing import TYPE_CHECKING

from .._ground import moments
from .._ground.moments import shown_time
from .._storage import RealmFolder
from ..admin.account_states import account_states
from ..admin.users_tool import UsersTool
from ..documents.document import content_of
from ..drift import DescribedRealm, Fingerprint, Standing, Unreadable
from ..errors import InvalidFingerprintError
from ..formats.realm import parse_files
from ..settings import RealmSettings
from .desired import DesiredState
from .source_kinds import kind_of

if TYPE_CHECKING:
    from ..formats import ParsedRealm
    from .source_kinds import SourceKind
    from .values import DesiredUser

__all__ = ["fingerprint_of", "read_key", "take_fingerprint", "take_fingerprints"]


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
    made, *others = take_fingerprints(source, key=key)
    if others or isinstance(made, Unreadable):
        rule = "is not that of one node: compare it, or make one of each node"
        raise InvalidFingerprintError(os.fsdecode(source), rule)
    return made.named(node or made.node)


def take_fingerprints(
    source: str | os.PathLike[str], *, key: bytes | None = None
) -> tuple[Fingerprint | Unreadable, ...]:
    """
    Make the fingerprints of all nodes of which a source tells: one, as a rule.

    Args:
        source: As for ``take_fingerprint``, or what ``esfilerealm digest --json`` printed of
            several nodes.

        key: As for ``take_fingerprint``.

    Returns:
        At least one fingerprint, each with a name, or why a node has none.

    Raises:
        FileRealmError: As for ``take_fingerprint``.
    """
    path = os.fsdecode(source)
    if os.path.isdir(path):
        settings = RealmSettings.load(path, check_realm=False)
        return (fingerprint_of(UsersTool(path, settings=settings), key=key, node=path),)
    data = content_of(path)
    kind = kind_of(data)
    if kind == "fingerprint":
        found = Fingerprint.all_from_json(data, source=path)
        return tuple(
            each if isinstance(each, Unreadable) or each.node else each.named(path)
            for each in found
        )
    return (Fingerprint.of(_realm(kind, data, path), key=key, node=path),)


def fingerprint_of(tool: UsersTool, *, key: bytes | None, node: str | None) -> Fingerprint:
    """
    Make the fingerprint of a node, with who is locked and who expires.

    For arguments and errors see ``take_fingerprint``.
    """
    folder = RealmFolder(tool.config_dir, in_x_pack=tool.settings.is_in_x_pack)
    files, record = folder.read_with_accounts()
    realm = parse_files(files, **tool.settings.name_rules)
    return Fingerprint.of(
        realm,
        key=key,
        node=node,
        accounts=account_states(realm.hashes, record),
        unknown=() if record.fault is None else (f"who expires is not known: {record.fault}",),
    )


def _realm(kind: SourceKind, data: bytes, path: str) -> ParsedRealm | DescribedRealm:
    match kind:
        case "archive":
            from ..exchange.archive import read_archive

            return read_archive(data, source=path)
        case "manifest":
            return _manifest(data, path)
        case _:
            desired = DesiredState.parse(data, source=path, folder=os.path.dirname(path))
            return _described(desired)


def _manifest(data: bytes, path: str) -> DescribedRealm:
    from ..exchange import import_users

    imported = import_users("k8s-secret", data, source=path)
    skipped = tuple(str(loss) for loss in imported.losses if not loss.is_note)
    desired = DesiredState.from_dict(imported.document, source=path)
    return _described(desired, skipped, imported.salted_anew, is_whole=True)


def _described(
    desired: DesiredState,
    skipped: tuple[str, ...] = (),
    without_hash: frozenset[str] = frozenset(),
    *,
    is_whole: bool = False,
) -> DescribedRealm:
    """Return what a document says, but not the hashes that were made while reading it."""
    now = moments.now().time
    present = [user for user in desired.users if not (user.is_absent or user.is_over_at(now))]
    users = {user.name: _said(user) for user in present}
    users |= {name: (None, users[name][1]) for name in without_hash & users.keys()}
    standings = {user.name: _standing(user) for user in present}
    if is_whole:
        standings = {name: standing.said for name, standing in standings.items()}
    return DescribedRealm(users, skipped=skipped, standings=standings, is_whole=is_whole)


def _standing(user: DesiredUser) -> Standing:
    """Return whether a user is locked and expires, as far as a document says so."""
    expires = shown_time(user.expires) if isinstance(user.expires, datetime) else user.expires
    return Standing(user.is_to_be_locked, expires)


def _said(user: DesiredUser) -> tuple[str | None, tuple[str, ...] | None]:
    """Return the hash and the roles of a user, as far as a document says them."""
    if user.password_hash is None or not user.updates_password:
        return None, user.roles
    return user.password_hash.reveal(), user.roles
