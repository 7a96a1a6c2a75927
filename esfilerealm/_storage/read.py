"""Reading: the whole content and the attributes, both of the same open file."""

from __future__ import annotations

import errno
import os
import stat

from .._faults import FaultsOf
from ..errors import ConfigurationFileMissingError, FileAccessError

__all__ = ["FileContent", "RealmFiles", "read_file"]

TYPE_CHECKING = False  # as in `validation`
if TYPE_CHECKING:
    from typing import Final

    from .locate import RealmPaths

# Without O_NONBLOCK, a named pipe in the place of a file would be waited on for ever.
_FLAGS: Final = (
    os.O_RDONLY
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_BINARY", 0)
)


class FileContent:
    """
    A file as it was at one moment.

    Attributes:
        path: The real path, links followed: what a write has to replace.
        data: The content; empty if there is no file.
        stat: Of the file that was read, or None if there is none.
    """

    __slots__ = ("data", "path", "stat")

    def __init__(self, path: str, data: bytes, status: os.stat_result | None) -> None:
        self.path = path
        self.data = data
        self.stat = status

    @property
    def exists(self) -> bool:
        """Whether there is a file."""
        return self.stat is not None

    def is_same_file_as(self, other: FileContent) -> bool:
        """Tell whether both are one file, by way of links."""
        if self.stat is None or other.stat is None:
            return self.path == other.path
        return os.path.samestat(self.stat, other.stat)

    def is_like(self, other: FileContent) -> bool:
        """Tell whether a write would start from the same path, content, owner, group and mode."""
        return (
            self.path == other.path
            and self.data == other.data
            and _attributes(self.stat) == _attributes(other.stat)
        )


def _attributes(status: os.stat_result | None) -> tuple[int, int, int] | None:
    return None if status is None else (status.st_mode, status.st_uid, status.st_gid)


def read_file(path: str) -> FileContent:
    """
    Read the file at *path*, following links; a missing one (or a dangling link) is empty.

    Raises:
        FilePermissionError: If it may not be read.
        FileAccessError: If it is no regular file, or if reading fails.
    """
    with FaultsOf(path, "reading"):
        real_path = os.path.realpath(path)
        while True:
            try:
                descriptor = os.open(real_path, _FLAGS)
            except FileNotFoundError:
                # Unless a link was moved on to another file meanwhile, as Kubernetes does.
                if real_path == (real_path := os.path.realpath(path)):
                    return FileContent(real_path, b"", None)
                continue
            return _read(path, real_path, descriptor)


def _read(path: str, real_path: str, descriptor: int) -> FileContent:
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise FileAccessError(path, errno.EINVAL, "it is not a regular file")
        with open(descriptor, "rb", closefd=False) as file:
            return FileContent(real_path, file.read(), status)
    finally:
        os.close(descriptor)


class RealmFiles:
    """
    The two files as they were read, one after the other.

    Attributes:
        users: The ``users`` file; a realm without one is none.
        users_roles: The ``users_roles`` file; a missing one counts as empty.
    """

    def __init__(self, users: FileContent, users_roles: FileContent) -> None:
        self.users = users
        self.users_roles = users_roles

    @classmethod
    def read(cls, paths: RealmPaths) -> RealmFiles:
        """
        Read both files.

        Raises:
            ConfigurationFileMissingError: If there is no ``users`` file.
            FilePermissionError, FileAccessError: If one of them cannot be read.
        """
        users = read_file(paths.users)
        if not users.exists:
            advice = "check the folder, or run `esfilerealm init` to make it an empty realm"
            raise ConfigurationFileMissingError(paths.users, advice)
        users_roles = read_file(paths.users_roles)
        if users_roles.is_same_file_as(users):
            reason = f"it is the same file as [{paths.users}]"
            raise FileAccessError(paths.users_roles, errno.EINVAL, reason)
        return cls(users, users_roles)

    def are_like(self, other: RealmFiles) -> bool:
        """Tell whether a write would start from the same two files."""
        return self.users.is_like(other.users) and self.users_roles.is_like(other.users_roles)
