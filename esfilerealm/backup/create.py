"""Making a backup."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Mapping, Sequence

    from ..findings import Finding
    from .manifest import Manifest
    from .seal.keys import SigningKey

    #: Gets how many bytes of all are read, after each file.
    Progress = Callable[[int, int], None]

__all__ = ["Backup", "Compression", "create_backup"]

Compression = Literal["zstd", "gzip"]


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
    """Write a backup of a configuration directory and of the files that its settings name."""
    raise NotImplementedError
