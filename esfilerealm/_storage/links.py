"""The symbolic links on the way to a file."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass

from . import system

__all__ = ["Link", "follow", "names_on_the_way"]

#: To open a link itself, so that it is one and the same that is examined and read.
_LINK = getattr(os, "O_PATH", 0) | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)


@dataclass(frozen=True, slots=True)
class Link:
    """
    One link.

    Attributes:
        path: Where it is, in a folder by its real path.
        target: What stands in it.
        status: Of the link itself.
    """

    path: str
    target: str
    status: os.stat_result


def follow(path: str) -> tuple[list[Link], str]:
    """
    Follow links one by one.

    Returns:
        The links, and where they lead; for a loop, where it closes. Links above the folder of
        *path* are left out.

    Raises:
        OSError: If one of them cannot be examined.
    """
    folder, name = os.path.split(os.path.abspath(path))
    folder = system.realpath(folder)
    links: dict[str, Link] = {}
    left = [name]
    while left:
        part = left.pop(0)
        place = os.path.dirname(folder) if part == os.pardir else os.path.join(folder, part)
        link = _link(place)
        if link is None:
            folder = place
        elif place in links:
            return list(links.values()), place
        else:
            links[place] = link
            drive, target = os.path.splitdrive(link.target)
            if os.path.isabs(target):
                folder = drive + os.sep
            left[:0] = [piece for piece in target.split(os.sep) if piece not in ("", os.curdir)]
    return list(links.values()), folder


def names_on_the_way(path: str) -> set[str]:
    """Give the names whose change can change what *path* leads to, as far as that can be seen."""
    try:
        links, end = follow(path)
    except OSError:
        return {os.path.abspath(path)}
    return {link.path for link in links} | {end}


def _link(place: str) -> Link | None:
    """Read a link; None if there is none."""
    try:
        status = system.lstat(place)
    except (FileNotFoundError, NotADirectoryError):
        return None
    if not stat.S_ISLNK(status.st_mode):
        return None
    if not hasattr(os, "O_PATH"):
        return Link(place, system.readlink(place), status)
    descriptor = system.open(place, _LINK)
    try:
        return Link(place, system.readlink("", dir_fd=descriptor), system.fstat(descriptor))
    finally:
        system.close(descriptor)
