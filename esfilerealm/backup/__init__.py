"""
Backups of the security configuration of a node: made, proven, compared and put back.

``create_backup`` writes one archive of the configuration directory and of the files that its
settings name. ``verify_backup`` proves it, and only what it returns can be restored::

    directory → inventory → create: archive → seal → file
    file → verify: seal → archive → manifest → VerifiedBackup → restore

``manifest`` describes the files, ``archive`` writes and walks the tar, and ``seal`` has both seals:
SSH signatures and age. Signing needs the extra ``backup``, and so do age and zstd.
"""

from __future__ import annotations

from .._ground.lazy import lazily

TYPE_CHECKING = False  # see `_ground`
if TYPE_CHECKING:
    from typing import Final

    from .compression import Compression as Compression
    from .create import Backup, create_backup
    from .create import Progress as Progress
    from .difference import BackupDiff, FileDifference, diff_backup
    from .kinds import Scope as Scope
    from .limits import LIMITS, Limits
    from .manifest import Entry, Manifest
    from .manifest import Form as Form
    from .places import StoredBackup, list_backups
    from .restore import restore_backup
    from .restored import RestoreResult
    from .seal.age import read_recipients
    from .seal.keys import SigningKey
    from .seal.trust import Seen, Trust
    from .user_changes import RoleChanges
    from .verified import Signer, VerifiedBackup
    from .verify import verify_backup

__all__ = [
    "LIMITS",
    "Backup",
    "BackupDiff",
    "Entry",
    "FileDifference",
    "Limits",
    "Manifest",
    "RestoreResult",
    "RoleChanges",
    "Seen",
    "Signer",
    "SigningKey",
    "StoredBackup",
    "Trust",
    "VerifiedBackup",
    "create_backup",
    "diff_backup",
    "list_backups",
    "read_recipients",
    "restore_backup",
    "verify_backup",
]

#: Where the names are; loaded on first use (PEP 562).
_LAZY: Final[dict[str, str]] = {
    "restore_backup": "restore",
    "diff_backup": "difference",
    "RoleChanges": "user_changes",
    "RestoreResult": "restored",
    "FileDifference": "difference",
    "BackupDiff": "difference",
    "LIMITS": "limits",
    "Backup": "create",
    "Entry": "manifest",
    "Limits": "limits",
    "Manifest": "manifest",
    "Seen": "seal.trust",
    "Signer": "verified",
    "SigningKey": "seal.keys",
    "StoredBackup": "places",
    "Trust": "seal.trust",
    "VerifiedBackup": "verified",
    "create_backup": "create",
    "list_backups": "places",
    "read_recipients": "seal.age",
    "verify_backup": "verify",
}

__getattr__ = lazily(__name__, _LAZY)
