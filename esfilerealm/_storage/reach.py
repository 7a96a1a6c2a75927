"""
How system calls name a file: by its path, or by its name in a directory that is open.

The owner of a directory can put a link in the place of another one at any moment. So a file below
the configuration directory is reached from there: each directory is opened from the one above it,
and no link is followed on the way.
"""

from __future__ import annotations

import os

from . import system
from .descriptors import with_file

__all__ = ["FOLDER", "NO_LINK", "PLAIN", "Reach", "reaching"]

TYPE_CHECKING = False  # see `_ground`
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Final, TypeVar

    T = TypeVar("T")

#: With which a directory is opened.
FOLDER: Final = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_CLOEXEC", 0)

#: Likewise, if it is no link.
NO_LINK: Final = FOLDER | getattr(os, "O_NOFOLLOW", 0)


class Reach:
    """
    How the files of one directory are named.

    Attributes:
        descriptor: Of the directory, which is open; None to name files by their paths.
    """

    __slots__ = ("descriptor",)

    def __init__(self, descriptor: int | None = None) -> None:
        self.descriptor = descriptor

    def name(self, path: str) -> str:
        """Return what a system call gets for the file at *path*."""
        return path if self.descriptor is None else os.path.basename(path)

    def lstat(self, path: str) -> os.stat_result:
        """See ``os.lstat``."""
        if self.descriptor is None:
            return system.lstat(path)
        return system.lstat(self.name(path), dir_fd=self.descriptor)

    def link(self, source: str, path: str) -> None:
        """Give the file *source* a second name; see ``os.link``."""
        if self.descriptor is None:
            system.link(source, path, follow_symlinks=False)
        else:
            system.link(
                self.name(source),
                self.name(path),
                src_dir_fd=self.descriptor,
                dst_dir_fd=self.descriptor,
                follow_symlinks=False,
            )

    def rename(self, source: str, path: str) -> None:
        """See ``os.replace``; both are in the directory."""
        if self.descriptor is None:
            system.rename(source, path)
        else:
            system.rename(
                self.name(source),
                self.name(path),
                src_dir_fd=self.descriptor,
                dst_dir_fd=self.descriptor,
            )

    def readlink(self, path: str) -> str:
        """See ``os.readlink``."""
        return system.readlink(self.name(path), dir_fd=self.descriptor)

    def symlink(self, target: str, path: str) -> None:
        """See ``os.symlink``."""
        system.symlink(target, self.name(path), dir_fd=self.descriptor)

    def unlink(self, path: str) -> None:
        """See ``os.unlink``."""
        if self.descriptor is None:
            system.unlink(path)
        else:
            system.unlink(self.name(path), dir_fd=self.descriptor)


PLAIN: Final = Reach()


def reaching(use: Callable[[Reach], T], folder: str, top: str | None) -> T:
    """
    Return the result of *use*, which gets the way to the files of a directory.

    Args:
        use: Gets the way.

        folder: A real path.

        top: The real path of a directory above it, or the same; None to name files by their paths.

    Raises:
        OSError: If a directory cannot be opened; ``ENOTDIR`` or ``ELOOP`` for a link.
    """
    if top is None:
        return use(PLAIN)
    below = [part for part in folder[len(top) :].split(os.sep) if part]

    def down(left: list[str], name: str, flags: int, above: int | None) -> T:
        def go_on(descriptor: int) -> T:
            if left:
                return down(left[1:], left[0], NO_LINK, descriptor)
            return use(Reach(descriptor))

        return with_file(go_on, name, flags, dir_fd=above)

    return down(below, top, FOLDER, None)
