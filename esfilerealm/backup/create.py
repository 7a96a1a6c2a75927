"""Making a backup."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from .._ground.values import ReadOnlyDict
from .._version import __version__
from ..checks.node import Node
from ..checks.parts import Unreadable
from ..errors import BackupLimitError, ConfidentialBackupError
from ..findings import Finding
from .archive import ArchiveWriter
from .compression import ENDINGS, require_zstd
from .destination import checked_destination
from .inventory import inventory
from .limits import LIMITS
from .manifest import CHECKSUMS, DESCRIPTION, SIGNATURE, Manifest
from .places import keep_backup
from .reading import InventoryReader
from .seal.age import Lock
from .seal.keys import SigningKey

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from .compression import Compression
    from .inventory import Inventory
    from .places import Kept

    #: Gets how many files are read, and how many there are.
    Progress = Callable[[int, int], None]

__all__ = ["Backup", "create_backup"]

_GRACE: Final = 64 * 2**20


@dataclass(frozen=True, slots=True, kw_only=True)
class Backup:
    """
    A backup that was made.

    Attributes:
        path: Where it is.
        manifest: What it holds.
        size: Bytes of the file.
        is_signed: Whether it is signed.
        is_encrypted: Whether it is encrypted.
        removed: Earlier backups of the node that ``keep_last`` removed.
        findings: What a person should know, such as files that could not be read.
    """

    path: str
    manifest: Manifest
    size: int
    is_signed: bool
    is_encrypted: bool
    removed: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()


def create_backup(
    config_dir: str | os.PathLike[str],
    destination: str | os.PathLike[str],
    *,
    node: str | None = None,
    cluster: str | None = None,
    sign: SigningKey | str | os.PathLike[str] | None = None,
    recipients: Sequence[str] = (),
    passphrase: str | None = None,
    plain: bool = False,
    compression: Compression = "zstd",
    keep_last: int | None = None,
    settings: Mapping[str, str] | None = None,
    progress: Progress | None = None,
) -> Backup:
    """
    Write a backup of a configuration directory and of the files that its settings name.

    It is 0600 and appears whole, or not at all. The files of the realm are read as one state, under
    the write lock if the directory can be written.

    Args:
        config_dir: The configuration directory.

        destination: A directory, where it gets a name of its own and a counter; or a file, which is
            replaced if it is a backup.

        node: The name of the node; by default that of its settings, or of this machine.

        cluster: The name of the cluster; by default that of the settings.

        sign: What signs it: a key, or the path for ``SigningKey.read``.

        recipients: Who can decrypt it: public keys of age, or of SSH.

        passphrase: What decrypts it in place of them.

        plain: Whether to write confidential files without encryption.

        compression: ``zstd`` or ``gzip``.

        keep_last: How many backups of the node are kept in the directory; None for all.

        settings: Settings that win over those of ``elasticsearch.yml``, as with ``-E``.

        progress: Is told how many files of how many are read.

    Raises:
        ConfidentialBackupError: If it would be neither encrypted nor meant to be *plain*.
        BackupKeyError: If a key cannot be used.
        BackupLimitError: If it would be larger than a backup that can be verified.
        BackupError: If the destination is in the configuration directory, or no place for a backup.
        LockTimeoutError: If somebody else writes the realm, or the destination, for too long.
        JournalVersionError: If a later version of this package left an interrupted write.
        MissingExtraError: If the extra ``backup`` is needed and not installed.
        FilePermissionError, FileAccessError: If something cannot be read or written.
        ValueError: If two arguments contradict each other.
    """
    lock, key = Lock(recipients, passphrase), _key(sign)
    target = checked_destination(destination, config_dir, keep_last)
    _check_compression(compression)
    found = inventory(config_dir, settings)
    if not (lock.is_closed or plain):
        _require_nothing_confidential(found, target)
    named = _names(found.config_dir, settings)
    work = _Work(found, node or named[0], cluster or named[1], key, lock, compression, progress)
    kept = keep_backup(
        target,
        work.node,
        compression,
        is_encrypted=lock.is_closed,
        keep_last=keep_last,
        make=work.make,
    )
    return work.result(kept)


class _Work:
    """One backup that is being made."""

    manifest: Manifest
    size = 0

    def __init__(
        self,
        found: Inventory,
        node: str,
        cluster: str,
        key: SigningKey | None,
        lock: Lock,
        compression: Compression,
        progress: Progress | None,
    ) -> None:
        self.node = node
        self._found = found
        self._cluster = cluster
        self._key = key
        self._lock = lock
        self._compression = compression
        self._progress = progress
        self._reader = InventoryReader(found)

    def make(self, counter: int, time: datetime) -> bytes:
        """Return the archive, sealed."""
        writer = ArchiveWriter(self._compression, int(time.timestamp()))
        entries = []
        for entry, data in self._reader.read():
            entries.append(entry)
            if entry.is_member:
                writer.add(entry, data)
            if self._progress is not None:
                self._progress(len(entries), len(self._found.files))
        self.manifest = Manifest(
            node=self.node,
            cluster=self._cluster,
            time=time,
            counter=counter,
            config_dir=self._found.config_dir,
            entries=tuple(entries),
            setting_names=self._found.setting_names,
            versions=ReadOnlyDict(esfilerealm=__version__),
        )
        self._add_documents(writer)
        archive = writer.finish()
        self._check_size(writer.size, len(archive))
        sealed = self._lock.encrypt(archive)
        self.size = len(sealed)
        return sealed

    def result(self, kept: Kept) -> Backup:
        """Return what was made."""
        remaining = (
            Finding(
                code="BACKUP33",
                severity="warning",
                message=f"this earlier backup could not be removed: {reason}",
                path=path,
            )
            for path, reason in kept.remaining
        )
        return Backup(
            path=kept.path,
            manifest=self.manifest,
            size=self.size,
            is_signed=self._key is not None,
            is_encrypted=self._lock.is_closed,
            removed=kept.removed,
            findings=(*self._reader.findings, *remaining),
        )

    def _add_documents(self, writer: ArchiveWriter) -> None:
        description = self.manifest.to_bytes()
        checksums = self.manifest.checksums(sha256(description).hexdigest())
        if len(description) > LIMITS.manifest_size:
            raise BackupLimitError(self._found.config_dir, "it has too many files for a backup")
        writer.add_document(DESCRIPTION, description)
        writer.add_document(CHECKSUMS, checksums)
        if self._key is not None:
            writer.add_document(SIGNATURE, self._key.sign(checksums))

    def _check_size(self, size: int, compressed: int) -> None:
        """Refuse to write what nobody could verify."""
        largest = min(LIMITS.total_size, _GRACE + LIMITS.ratio * compressed)
        if size > largest or compressed > LIMITS.archive_size:
            reason = (
                f"its files have [{size}] bytes, and a backup of them could not be verified, which "
                f"takes at most [{largest}]: move large files elsewhere"
            )
            raise BackupLimitError(self._found.config_dir, reason)


def _key(sign: SigningKey | str | os.PathLike[str] | None) -> SigningKey | None:
    return sign if sign is None or isinstance(sign, SigningKey) else SigningKey.read(sign)


def _check_compression(compression: str) -> None:
    if compression not in ENDINGS:
        raise ValueError(f"compression is [{compression}]: must be one of {', '.join(ENDINGS)}")
    if compression == "zstd":
        require_zstd()


def _require_nothing_confidential(found: Inventory, target: str) -> None:
    confidential = found.confidential
    if confidential:
        more = f", and so are [{len(confidential) - 1}] others" if len(confidential) > 1 else ""
        reason = (
            f"it is confidential{more}: encrypt the backup to recipients or by a passphrase (for a "
            "command, --recipient, --recipients-file or --passphrase), or pass plain=True (--plain)"
        )
        raise ConfidentialBackupError(target, reason, confidential[0].name)


def _names(config_dir: str, settings: Mapping[str, str] | None) -> tuple[str, str]:
    """Return the names of the node and of its cluster; of the machine if nobody can tell."""
    names = ["", ""]
    try:
        known = Node(config_dir, overrides=settings).settings
    except Unreadable:
        pass
    else:
        names = [known.get(key) or "" for key in ("node.name", "cluster.name")]
    node, cluster = ("" if "${" in name else name for name in names)
    return node or socket.gethostname(), cluster
