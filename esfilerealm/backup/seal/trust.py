"""Whose backups are trusted, and which of them was the latest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import os

__all__ = ["Trust"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """
    Who may have signed a backup, and of which node it has to be.

    Attributes:
        allowed_signers: The path of a file as ``ssh-keygen -Y verify -f`` reads it.
        identity: Who has to have signed it, as for ``ssh-keygen -Y verify -I``.
        node: The name of the node, or None for any.
        cluster: The name of the cluster, or None for any.
        last_seen: The file that knows the latest backup of each node. By default it is beside
            ``allowed_signers``: not in the backup, and not where backups are kept.
    """

    allowed_signers: str | os.PathLike[str]
    identity: str
    node: str | None = None
    cluster: str | None = None
    last_seen: str | os.PathLike[str] | None = None
