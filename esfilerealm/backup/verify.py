"""Proving a backup before anything is done with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .limits import LIMITS, Limits

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence
    from datetime import datetime
    from typing import BinaryIO

    from .seal.trust import Trust
    from .verified import VerifiedBackup

__all__ = ["verify_backup"]


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
    """Prove a backup."""
    raise NotImplementedError
