"""How large a backup may be: whoever reads one does not know yet who made it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

__all__ = ["LIMITS", "Limits"]

_MIB: Final = 2**20
_GIB: Final = 2**30


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """
    Bounds that hold before memory is used.

    Attributes:
        archive_size: Bytes of the backup as it lies on the disk, and after decryption.
        total_size: Bytes of everything in it, unpacked.
        file_size: Bytes of one file.
        manifest_size: Bytes of each document that describes the files.
        members: How many files, directories and links.
        path_bytes: Bytes of a path in the backup.
        name_bytes: Bytes of one part of such a path.
        ratio: Bytes that one compressed byte may become, once more than 64 MiB are unpacked.
    """

    archive_size: int = _GIB
    total_size: int = _GIB
    file_size: int = 512 * _MIB
    manifest_size: int = 64 * _MIB
    members: int = 120_000
    path_bytes: int = 4095
    name_bytes: int = 255
    ratio: int = 200


LIMITS: Final = Limits()
"""More than a configuration directory needs, and less than hurts."""
