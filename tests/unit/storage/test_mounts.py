"""What a path is mounted from, by Linux' list, and what others can do to it unseen."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import pytest
from support.storing import root

from esfilerealm._storage import mounts, system
from esfilerealm._storage.mounts import has_local_locks, is_mount_point, is_network_mount, mount_of
from esfilerealm._storage.read import FileContent

MOUNTS = """\
22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw,errors=remount-ro
23 22 0:5 / /proc rw - proc proc rw
40 22 0:40 / /srv/nfs rw shared:2 master:3 - nfs4 server:/export rw,vers=4.2,local_lock=none
41 22 0:41 / /srv/with\\040blank\\134 rw - cifs //server/share rw,nobrl
42 22 0:42 / /srv/over rw - ext4 /dev/sdb1 rw
43 42 0:43 / /srv/over rw - fuse.sshfs me@server: rw
44 22 0:44 / /srv/odd rw
45 22 0:45 / /srv/block rw - fuseblk /dev/sdc1 rw
46 22 8:1 /made/users /etc/elasticsearch/users ro - ext4 /dev/sda1 rw
"""

linux = pytest.mark.skipif(sys.platform != "linux", reason="Linux' list")


@pytest.fixture
def listed(monkeypatch):
    """Have the system list these mounts; no path is a link."""

    def listed(mounted):
        content = FileContent(mounts.MOUNTINFO, (mounted.encode(),))
        monkeypatch.setattr(mounts, "read_file", {mounts.MOUNTINFO: content}.__getitem__)
        monkeypatch.setattr(system, "realpath", os.path.normpath)

    return listed


@pytest.fixture
def mounted(listed):
    """Have everything on one mount, or nothing on any."""

    def mounted(kind, options="rw", point="/"):
        listed("" if kind is None else f"22 1 8:1 / {point} rw - {kind} source {options}\n")

    return mounted


class TestMountOf:
    @pytest.mark.parametrize(
        ("path", "kind", "point"),
        [
            ("/", "ext4", "/"),
            ("/etc/elasticsearch/users_roles", "ext4", "/"),
            ("/etc/elasticsearch/users", "ext4", "/etc/elasticsearch/users"),
            ("/srv/nfs", "nfs4", "/srv/nfs"),
            ("/srv/nfs/a/users", "nfs4", "/srv/nfs"),
            ("/srv/nfs2/users", "ext4", "/"),
            ("/srv/with blank\\/users", "cifs", "/srv/with blank\\"),
            ("/srv/over/users", "fuse.sshfs", "/srv/over"),
            ("/srv/odd/users", "ext4", "/"),
        ],
    )
    def test_the_deepest_mount_counts_and_the_latest_on_one_point(self, listed, path, kind, point):
        listed(MOUNTS)
        mount = mount_of(path)
        assert (mount.kind, mount.point) == (kind, point)

    @pytest.mark.parametrize(
        ("path", "options"),
        [
            ("/", {"rw", "errors=remount-ro"}),
            ("/srv/nfs/users", {"rw", "vers=4.2", "local_lock=none"}),
            ("/srv/with blank\\", {"rw", "nobrl"}),
        ],
    )
    def test_the_options_are_those_of_the_file_system(self, listed, path, options):
        listed(MOUNTS)
        assert mount_of(path).options == options

    def test_no_list_of_mounts(self, tmp_path):
        assert mount_of("/etc", str(tmp_path / "none")) is None

    def test_a_list_that_cannot_be_read(self, tmp_path):
        assert mount_of("/etc", str(tmp_path)) is None

    def test_a_name_that_is_no_text(self, tmp_path):
        path = tmp_path / "mountinfo"
        path.write_bytes(b"22 1 8:1 / / rw - ext4 a rw\n23 22 0:5 / /\xff rw - xfs b rw\n")
        assert mount_of("/", str(path)).kind == "ext4"
        assert mount_of("/\udcff/users", str(path)).kind == "xfs"

    def test_another_list_than_before(self, listed):
        """What was mounted meanwhile counts."""
        for kind in ("ext4", "xfs"):
            listed(f"22 1 8:1 / / rw - {kind} /dev/sda1 rw\n")
            assert mount_of("/").kind == kind

    @linux
    def test_here(self):
        mount = mount_of("/proc/self")
        assert (mount.kind, mount.point) == ("proc", "/proc")


@pytest.mark.parametrize(
    ("kind", "is_network"),
    [
        *((kind, True) for kind in ("nfs", "nfs4", "cifs", "smb3", "9p", "ceph", "virtiofs")),
        *((kind, True) for kind in ("fuse.sshfs", "fuse.s3fs", "fuse")),
        *((kind, False) for kind in ("ext4", "xfs", "tmpfs", "overlay", "fuseblk", None)),
    ],
)
def test_network(mounted, kind, is_network):
    mounted(kind)
    assert is_network_mount("/any") is is_network


class TestLocalLocks:
    """A lock that other machines never hear of keeps none of them from writing."""

    @pytest.mark.parametrize("kind", ["vboxsf", "vmhgfs", "fuse.sshfs", "fuse.rclone"])
    def test_by_the_type(self, mounted, kind):
        mounted(kind)
        assert has_local_locks("/any") == kind

    @pytest.mark.parametrize(
        ("kind", "options", "told"),
        [
            ("nfs4", "rw,local_lock=all", "nfs4 with local_lock=all"),
            ("nfs", "rw,local_lock=flock,hard", "nfs with local_lock=flock"),
            ("nfs", "nolock", "nfs with nolock"),
            ("cifs", "rw,nobrl", "cifs with nobrl"),
        ],
    )
    def test_by_an_option(self, mounted, kind, options, told):
        mounted(kind, options)
        assert has_local_locks("/any") == told

    @pytest.mark.parametrize(
        ("kind", "options"),
        [
            ("nfs4", "rw,local_lock=none"),
            ("nfs", "rw,local_lock=posix"),
            ("cifs", "rw"),
            ("ceph", "rw"),
            ("fuse.glusterfs", "rw"),
            ("9p", "rw"),
            ("virtiofs", "rw"),
            ("fuseblk", "rw"),
            ("ext4", "rw,nolock"),
            ("overlay", "rw"),
            (None, ""),
        ],
    )
    def test_none(self, mounted, kind, options):
        mounted(kind, options)
        assert has_local_locks("/any") is None


class TestMountPoint:
    def test_itself_and_not_what_is_below(self, mounted):
        mounted("ext4", point="/etc/elasticsearch")
        assert is_mount_point("/etc/elasticsearch")
        assert not is_mount_point("/etc/elasticsearch/users")

    def test_none_where_there_is_no_list(self, mounted):
        mounted(None)
        assert not is_mount_point("/")

    @linux
    def test_here(self, tmp_path):
        assert is_mount_point("/proc")
        assert not is_mount_point(str(tmp_path))

    @linux
    @root
    @pytest.mark.skipif(shutil.which("unshare") is None, reason="no name space of its own")
    def test_a_file_that_is_mounted(self, tmp_path):
        """In a name space of its own; as a container has a file of its host."""
        for name in ("source", "users"):
            (tmp_path / name).touch()
        code = (
            "import sys\n"
            "from esfilerealm._storage.mounts import is_mount_point\n"
            "print(*[is_mount_point(path) for path in sys.argv[1:]])\n"
        )
        paths = [str(tmp_path / "users"), str(tmp_path / "source")]
        mount = 'mount --bind "$1" "$2" && shift 2 && exec "$@"'
        done = subprocess.run(
            [
                *("unshare", "--mount", "sh", "-c", mount, "sh", *reversed(paths)),
                *(sys.executable, "-c", code, *paths),
            ],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            pytest.skip(f"nothing can be mounted here: {done.stderr}")
        assert done.stdout.split() == ["True", "False"]
