"""The type of a file system, from Linux' list of mounts."""

from __future__ import annotations

import os
import sys

import pytest

from esfilerealm._storage import mounts
from esfilerealm._storage.mounts import file_system_type, is_network_mount

MOUNTS = """\
22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
23 22 0:5 / /proc rw - proc proc rw
40 22 0:40 / /srv/nfs rw shared:2 master:3 - nfs4 server:/export rw
41 22 0:41 / /srv/with\\040blank\\134 rw - cifs //server/share rw
42 22 0:42 / /srv/over rw - ext4 /dev/sdb1 rw
43 42 0:43 / /srv/over rw - fuse.sshfs me@server: rw
44 22 0:44 / /srv/odd rw
45 22 0:45 / /srv/block rw - fuseblk /dev/sdc1 rw
"""


@pytest.fixture
def mountinfo(tmp_path, monkeypatch):
    path = tmp_path / "mountinfo"
    path.write_text(MOUNTS)
    monkeypatch.setattr(os.path, "realpath", os.path.normpath)
    return str(path)


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/", "ext4"),
        ("/etc/elasticsearch/users", "ext4"),
        ("/srv/nfs", "nfs4"),
        ("/srv/nfs/a/users", "nfs4"),
        ("/srv/nfs2/users", "ext4"),
        ("/srv/with blank\\/users", "cifs"),
        ("/srv/over/users", "fuse.sshfs"),
        ("/srv/odd/users", "ext4"),
    ],
)
def test_the_deepest_mount_counts(mountinfo, path, kind):
    assert file_system_type(path, mountinfo) == kind


def test_no_list_of_mounts(tmp_path):
    assert file_system_type("/etc", str(tmp_path / "none")) is None


@pytest.mark.parametrize(
    ("kind", "is_network"),
    [
        *((kind, True) for kind in ("nfs", "nfs4", "cifs", "smb3", "9p", "ceph", "virtiofs")),
        *((kind, True) for kind in ("fuse.sshfs", "fuse.s3fs", "fuse")),
        *((kind, False) for kind in ("ext4", "xfs", "tmpfs", "overlay", "fuseblk", None)),
    ],
)
def test_network(monkeypatch, kind, is_network):
    monkeypatch.setattr(mounts, "file_system_type", lambda path: kind)
    assert is_network_mount("/any") is is_network


@pytest.mark.skipif(sys.platform != "linux", reason="Linux' list")
def test_here():
    assert file_system_type("/proc/self") == "proc"
