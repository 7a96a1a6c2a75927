"""Proving a backup before anything is done with it."""

from __future__ import annotations

import errno
import os
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from .._ground.showing import shown
from .._storage import read_file
from ..errors import (
    BackupContentError,
    BackupError,
    BackupLimitError,
    BackupOutdatedError,
    FileAccessError,
)
from ..findings import Finding
from .archive import read_archive
from .compression import Unpacked
from .limits import LIMITS, Limits
from .manifest import CHECKSUMS, DESCRIPTION, SIGNATURE, Manifest
from .seal.age import decrypt, is_encrypted
from .verified import MADE_BY_VERIFY, VerifiedBackup

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import BinaryIO

    from ..findings import Severity
    from .archive import Archive
    from .headers import Header
    from .manifest import Entry
    from .seal.trust import Trust
    from .verified import Signer

__all__ = ["verify_backup"]

#: How far clocks may differ.
_SKEW: Final = timedelta(minutes=5)
_STREAM: Final = "backup"


def verify_backup(
    source: str | os.PathLike[str] | BinaryIO,
    *,
    trust: Trust | None = None,
    identities: Sequence[str] = (),
    passphrase: str | None = None,
    limits: Limits = LIMITS,
    now: datetime | None = None,
    keep: bool = True,
    allow_older: bool = False,
) -> VerifiedBackup:
    """
    Prove a backup, in this order; the first thing that is wrong is raised.

    1. It is not larger than the limits, age opens it, and its tar has no tricks.
    2. Its signature is by a trusted key, for backups, and of this ``MANIFEST``.
    3. It holds the files that the manifest names, none more and none less.
    4. Every file has its digest, and everything has its mode and owner.
    5. It is of the right node, and not older than the latest one that was seen.

    Args:
        source: The path of the backup, or an open binary file.

        trust: Who has to have signed it. Without it, (2) is left out and (5) too.

        identities: Private keys that open it; see ``seal.age.decrypt``.

        passphrase: What opens it in place of them.

        limits: How large it may be.

        now: The time at which keys have to count; by default that of the clock.

        keep: Whether to keep the files in memory, which a restore needs.

        allow_older: Whether an older backup than the latest one is a finding, and not an error.

    Raises:
        BackupFormatError, BackupLimitError, BackupDecryptionError, BackupKeyError: See (1).
        BackupVersionError: If a later version of this package made it.
        BackupSignatureError: See (2).
        BackupContentError: See (3) and (4).
        BackupOutdatedError: See (5).
        MissingExtraError: If the extra ``backup`` is needed and not installed.
        ConfigurationFileMissingError, FilePermissionError, FileAccessError: If it cannot be read.
    """
    name = os.fspath(source) if isinstance(source, (str, os.PathLike)) else _STREAM
    case = _Case(name, trust, limits, now or datetime.now(UTC), allow_older=allow_older)
    data = _read(source, name, limits)
    opened = decrypt(data, identities, passphrase, name) if is_encrypted(data) else data
    case.is_encrypted = opened is not data
    del data
    return case.prove(opened, keep=keep)


def _read(source: str | os.PathLike[str] | BinaryIO, name: str, limits: Limits) -> bytes:
    """Read no more of the source than the limits allow."""
    reason = f"it has more than [{limits.archive_size}] bytes"
    if isinstance(source, (str, os.PathLike)):
        try:
            file = read_file(name, largest=limits.archive_size)
        except FileAccessError as error:
            if error.errno != errno.EFBIG:
                raise
            raise BackupLimitError(name, reason) from None
        if not file.exists:
            raise BackupError(name, "there is no such file: check the path")
        return file.data
    data = source.read(limits.archive_size + 1)
    if len(data) > limits.archive_size:
        raise BackupLimitError(name, reason)
    return data


@dataclass
class _Case:
    """One backup that is being proven."""

    source: str
    trust: Trust | None
    limits: Limits
    now: datetime
    allow_older: bool
    is_encrypted: bool = False
    findings: list[Finding] = field(default_factory=list)

    def prove(self, data: bytes, *, keep: bool) -> VerifiedBackup:
        unpacked = Unpacked(data, self.limits, self.source)
        archive = read_archive(unpacked, self.limits, self.source, keep=keep)  # (1)
        signer = self._signer(archive)  # (2)
        manifest = self._manifest(archive)
        self._require_same_set(manifest, archive)  # (3)
        self._require_same_files(manifest, archive)  # (4)
        is_older = self._is_older(manifest, archive)  # (5)
        return VerifiedBackup(
            MADE_BY_VERIFY,
            source=self.source,
            manifest=manifest,
            digest=_digest(archive),
            signer=signer,
            is_signed=SIGNATURE in archive.documents,
            is_encrypted=self.is_encrypted,
            is_older=is_older,
            findings=tuple(self.findings),
            contents=archive.contents if keep else None,
        )

    def _signer(self, archive: Archive) -> Signer | None:
        documents = archive.documents
        if self.trust is not None:
            signature = documents.get(SIGNATURE)
            return self.trust.signer(signature, documents[CHECKSUMS], self.source, self.now)
        if SIGNATURE in documents:
            message = "it is signed, and nobody was named whose signature counts"
        else:
            message = "it is not signed, so nobody knows who made it"
        self._find("BACKUP20", "warning", message)
        return None

    def _manifest(self, archive: Archive) -> Manifest:
        description = archive.documents[DESCRIPTION]
        manifest = Manifest.from_bytes(description, self.source)
        if archive.documents[CHECKSUMS] != manifest.checksums(sha256(description).hexdigest()):
            reason = f"it does not name the files of [{DESCRIPTION}] with their digests"
            raise BackupContentError(self.source, reason, CHECKSUMS)
        return manifest

    def _require_same_set(self, manifest: Manifest, archive: Archive) -> None:
        expected = {entry.path for entry in manifest.entries if entry.is_member}
        self._require_none(expected - archive.members.keys(), "it is missing")
        self._require_none(archive.members.keys() - expected, "the manifest does not name it")

    def _require_none(self, paths: set[str], what: str) -> None:
        if paths:
            more = f" (and [{len(paths) - 1}] others)" if len(paths) > 1 else ""
            reason = f"{what}{more}: the backup was changed"
            raise BackupContentError(self.source, reason, min(paths))

    def _require_same_files(self, manifest: Manifest, archive: Archive) -> None:
        for entry in manifest.entries:
            if entry.is_member:
                found = archive.members[entry.path]
                reason = _difference(entry, found, archive.digests.get(entry.path, ""))
                if reason is not None:
                    raise BackupContentError(self.source, reason, entry.path)

    def _is_older(self, manifest: Manifest, archive: Archive) -> bool:
        if manifest.time > self.now + _SKEW:
            time = f"{manifest.time:%Y-%m-%d %H:%M:%S} UTC"
            self._find("BACKUP21", "warning", f"it is of [{time}], which has not come yet")
        if self.trust is None:
            return False
        self.trust.require_place(manifest, self.source)
        seen = self.trust.seen(manifest)
        if seen is None:
            message = "no earlier backup of this node was seen, so nobody knows whether it is old"
            self._find("BACKUP22", "info", message)
            return False
        reason = seen.objection(manifest, _digest(archive))
        if reason is not None and not self.allow_older:
            raise BackupOutdatedError(self.source, reason)
        if reason is not None:
            self._find("BACKUP23", "warning", reason)
        return reason is not None

    def _find(self, code: str, severity: Severity, message: str) -> None:
        finding = Finding(code=code, severity=severity, message=message, path=self.source)
        self.findings.append(finding)


def _digest(archive: Archive) -> str:
    return sha256(archive.documents[CHECKSUMS]).hexdigest()


def _difference(entry: Entry, found: Header, digest: str) -> str | None:
    """Return how a member differs from what the manifest says of it, or None."""
    for what, in_manifest, in_archive in _facts(entry, found, digest):
        if in_manifest != in_archive:
            return (
                f"its {what} is [{shown(in_archive)}], and the manifest says "
                f"[{shown(in_manifest)}]: the backup was changed"
            )
    return None


def _facts(entry: Entry, found: Header, digest: str) -> Iterator[tuple[str, str, str]]:
    yield "form", entry.form, found.form
    yield "size", str(entry.size), str(found.size)
    yield "SHA-256", entry.digest, digest
    yield "mode", f"{entry.mode:04o}", f"{found.mode:04o}"
    yield "owner", f"{entry.uid} {entry.user}", f"{found.uid} {found.user}"
    yield "group", f"{entry.gid} {entry.group}", f"{found.gid} {found.group}"
    yield "target", entry.target, found.target
