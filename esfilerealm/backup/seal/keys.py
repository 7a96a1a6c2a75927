"""Keys that sign a backup."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import os

__all__ = ["SigningKey"]


class SigningKey:
    """An Ed25519 key of OpenSSH that signs backups."""

    @classmethod
    def read(cls, path: str | os.PathLike[str], passphrase: str | None = None) -> SigningKey:
        """Read a private key as ``ssh-keygen -t ed25519`` writes it."""
        raise NotImplementedError
