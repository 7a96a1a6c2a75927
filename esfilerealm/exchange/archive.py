"""Both files, byte for byte, as an uncompressed archive that is always the same."""

from __future__ import annotations

import io
import tarfile

from .losses import Exported

__all__ = ["export_tar"]


def export_tar(users: bytes, users_roles: bytes) -> Exported:
    """
    Put both files into an archive with mode 0660, owner 0, group 0 and time 0.

    Args:
        users: The whole ``users`` file.

        users_roles: The whole ``users_roles`` file.
    """
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w", format=tarfile.USTAR_FORMAT) as writer:
        for name, data in (("users", users), ("users_roles", users_roles)):
            member = tarfile.TarInfo(name)
            member.size = len(data)
            member.mode = 0o660
            writer.addfile(member, io.BytesIO(data))
    return Exported(archive.getvalue(), ())
