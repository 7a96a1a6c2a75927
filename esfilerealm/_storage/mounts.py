"""File systems: the kind that a path is on, and whether other machines may write to it too."""

from __future__ import annotations

import os
import re
from functools import lru_cache
from typing import TYPE_CHECKING

from ..errors import FileRealmError
from . import system
from .read import read_file

__all__ = ["has_local_locks", "is_mount_point", "is_network_mount", "mount_of"]

if TYPE_CHECKING:
    from typing import Final

#: The mounts that this process sees, on Linux; other systems have no such file.
MOUNTINFO: Final = "/proc/self/mountinfo"

#: Types whose files other machines change, so that this kernel reports no events.
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

#: Types whose locks other machines do not see. 9p, virtiofs and FUSE in general are not among them:
#: whole containers live on them, and no other machine writes there.
_LOCAL_LOCKS: Final = frozenset(
    {
        "fuse.blobfuse2",
        "fuse.curlftpfs",
        "fuse.davfs",
        "fuse.gcsfuse",
        "fuse.goofys",
        "fuse.mount-s3",
        "fuse.rclone",
        "fuse.s3fs",
        "fuse.sshfs",
        "prl_fs",
        "vboxsf",
        "vmhgfs",
        "fuse.vmhgfs-fuse",
    }
)

#: The options that keep the locks of NFS and SMB on this machine.
_LOCAL_LOCK_OPTIONS: Final = frozenset({"local_lock=all", "local_lock=flock", "nobrl", "nolock"})


class Mount:
    """
    One line of the list of mounts.

    Attributes:
        point: Where it is mounted.
        kind: The type of the file system, such as ``ext4``.
        options: Of the file system.
    """

    __slots__ = ("kind", "options", "point")

    def __init__(self, point: str, kind: str, options: frozenset[str]) -> None:
        self.point = point
        self.kind = kind
        self.options = options


def is_network_mount(path: str) -> bool:
    """Check whether *path* is on a file system that other machines may write to."""
    mount = mount_of(path)
    return mount is not None and (mount.kind in _NETWORK or mount.kind.startswith("fuse."))


def has_local_locks(path: str) -> str | None:
    """
    Check whether other machines that may write to *path* would not see a lock on it.

    Returns:
        The type of the file system, with the option that decides; None if every machine sees it.
    """
    mount = mount_of(path)
    if mount is None:
        return None
    if mount.kind in _LOCAL_LOCKS:
        return mount.kind
    if mount.kind in _NETWORK:
        for option in mount.options & _LOCAL_LOCK_OPTIONS:
            return f"{mount.kind} with {option}"
    return None


def is_mount_point(path: str) -> bool:
    """Check whether something is mounted on the real path *path* itself."""
    return path in _mounts(MOUNTINFO)


def mount_of(path: str, mountinfo: str = MOUNTINFO) -> Mount | None:
    """
    Find the mount that *path* is on.

    Args:
        path: A file or directory, which need not exist; links are followed.

        mountinfo: Where the mounts are listed, as in proc_pid_mountinfo(5).

    Returns:
        The mount, or None if there is no such list or it cannot be read.
    """
    mounts = _mounts(mountinfo)
    place = system.realpath(path) if mounts else os.sep
    while place not in mounts:
        if place == (place := os.path.dirname(place)):
            return None
    return mounts[place]


def _mounts(mountinfo: str) -> dict[str, Mount]:
    """Return the mounts by their points; none if there is no such list."""
    try:
        return _parsed(read_file(mountinfo).data)
    except FileRealmError:
        return {}


@lru_cache(maxsize=1)
def _parsed(mountinfo: bytes) -> dict[str, Mount]:
    """Parse the list; of two mounts on one point, the later one hides the earlier."""
    lines = mountinfo.decode("utf-8", "surrogateescape").split("\n")
    return {mount.point: mount for mount in map(_mount, lines) if mount is not None}


def _mount(line: str) -> Mount | None:
    """Parse one line; the number of fields between point and type varies."""
    fields = line.split(" ")
    if "-" not in fields[6:-1]:
        return None
    kind, _, options = fields[fields.index("-", 6) + 1 :][:3]
    return Mount(_unescaped(fields[4]), kind, frozenset(options.split(",")))


def _unescaped(field: str) -> str:
    r"""Undo the octal escapes of blank, tab, line end and backslash, such as ``\040``."""
    return re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), field)
