"""File systems: which kind a path is on, and whether another machine may write to it unseen."""

from __future__ import annotations

import os
import re

__all__ = ["file_system_type", "is_network_mount"]

TYPE_CHECKING = False  # as in `validation`
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Final

#: Linux' own list of what is mounted for this process; other systems have no such file.
MOUNTINFO: Final = "/proc/self/mountinfo"

#: Types whose files change without this kernel doing it, so that it reports no events.
_NETWORK: Final = frozenset(
    {
        "9p",
        "acfs",
        "afs",
        "beegfs",
        "ceph",
        "cifs",
        "coda",
        "fuse",
        "glusterfs",
        "gfs2",
        "gpfs",
        "lustre",
        "ncpfs",
        "nfs",
        "nfs4",
        "ocfs2",
        "orangefs",
        "prl_fs",
        "pvfs2",
        "smb2",
        "smb3",
        "smbfs",
        "vboxsf",
        "virtiofs",
        "vmhgfs",
    }
)


def is_network_mount(path: str) -> bool:
    """Tell whether *path* is on a file system that others may write to without an event here."""
    kind = file_system_type(path)
    return kind is not None and (kind in _NETWORK or kind.startswith("fuse."))


def file_system_type(path: str, mountinfo: str = MOUNTINFO) -> str | None:
    """
    Find the type of the file system that *path* is on, as Linux names it, such as ``ext4``.

    Args:
        path: A file or folder, which need not exist; links are followed.

        mountinfo: Where the mounts are listed, as in proc_pid_mountinfo(5).

    Returns:
        The type, or None where there is no such list or it cannot be read.
    """
    real_path = os.path.realpath(path)
    found, longest = None, -1
    try:
        for mount_point, kind in _mounts(mountinfo):
            # Of two mounts on one point, the later one hides the earlier.
            if len(mount_point) >= longest and _is_below(real_path, mount_point):
                found, longest = kind, len(mount_point)
    except OSError:
        return None
    return found


def _is_below(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip("/") + "/")


def _mounts(mountinfo: str) -> Iterator[tuple[str, str]]:
    """Give mount point and type of each mount; between them is a varying number of fields."""
    with open(mountinfo, encoding="utf-8", errors="surrogateescape") as lines:
        for line in lines:
            fields = line.split(" ")
            if "-" in fields[6:-1]:
                yield _unescaped(fields[4]), fields[fields.index("-", 6) + 1]


def _unescaped(field: str) -> str:
    r"""Undo the octal escapes of blank, tab, line end and backslash, such as ``\040``."""
    return re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), field)
