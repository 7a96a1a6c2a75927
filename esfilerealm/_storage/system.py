"""
Every system call of this package, each under its own name.

No other module of ``_storage`` calls the system about files. So a test can replace each call here:
count it, let it fail, or end the process before or after it (``tests/crash/``). Use it as
``system.rename`` and never import a call by name, since a copied name could not be replaced. The
lock belongs to ``filelock``, and so do its calls.

A call that a platform lacks is missing here too; ``HAS_OWNERS`` and similar names say so.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False  # see `_ground`
if TYPE_CHECKING:
    from mmap import mmap

__all__ = [
    "CALLS",
    "HAS_EXTENDED_ATTRIBUTES",
    "HAS_FOLDER_DESCRIPTORS",
    "HAS_MODES",
    "HAS_OWNERS",
    "HAS_READV",
    "HAS_STATVFS",
]

HAS_OWNERS = hasattr(os, "fchown")
HAS_READV = hasattr(os, "readv")
HAS_MODES = hasattr(os, "fchmod")
HAS_EXTENDED_ATTRIBUTES = hasattr(os, "listxattr")
HAS_STATVFS = hasattr(os, "statvfs")
#: Whether a file can be named relative to a directory that is open.
HAS_FOLDER_DESCRIPTORS = {os.open, os.link, os.rename, os.unlink} <= os.supports_dir_fd


def anonymous_memory(size: int) -> mmap:
    """Return *size* bytes of private memory that bypasses malloc."""
    from mmap import MAP_ANONYMOUS, MAP_PRIVATE, mmap

    return mmap(-1, size, flags=MAP_PRIVATE | MAP_ANONYMOUS)


access = os.access
close = os.close
fstat = os.fstat
fsync = os.fsync
ftruncate = os.ftruncate
link = os.link
listdir = os.listdir
lseek = os.lseek
lstat = os.lstat
mkdir = os.mkdir
open = os.open  # noqa: A001 - the call's own name
read = os.read
readlink = os.readlink
realpath = os.path.realpath
rename = os.replace
rmdir = os.rmdir
stat = os.stat
symlink = os.symlink
umask = os.umask
unlink = os.unlink
write = os.write

CALLS = [
    "access",
    "anonymous_memory",
    "close",
    "fstat",
    "fsync",
    "ftruncate",
    "link",
    "listdir",
    "lseek",
    "lstat",
    "mkdir",
    "open",
    "read",
    "readlink",
    "realpath",
    "rename",
    "rmdir",
    "stat",
    "symlink",
    "umask",
    "unlink",
    "write",
]

if HAS_OWNERS:
    fchown = os.fchown
    CALLS.append("fchown")
if HAS_MODES:
    fchmod = os.fchmod
    CALLS.append("fchmod")
if HAS_READV:
    readv = os.readv
    CALLS.append("readv")
if HAS_STATVFS:
    statvfs = os.statvfs
    CALLS.append("statvfs")
if HAS_EXTENDED_ATTRIBUTES:
    getxattr = os.getxattr
    listxattr = os.listxattr
    removexattr = os.removexattr
    setxattr = os.setxattr
    CALLS += ["getxattr", "listxattr", "removexattr", "setxattr"]
