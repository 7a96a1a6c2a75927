"""Where a file is that is to be written, who owns it, and how it can be written."""

from __future__ import annotations

import errno
import os
import stat
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from .._ground.faults import FaultsOf
from .._ground.rights import whose
from ..errors import FileAccessError, FileChangedError, FilePermissionError
from . import system
from .descriptors import with_file
from .mounts import is_mount_point

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from .read import FileContent

__all__ = [
    "Link",
    "Strategy",
    "Target",
    "check_below",
    "could_replace",
    "follow",
    "is_believed",
    "is_owned_by",
    "is_sealed",
    "link_chain",
    "nearest_folder",
    "owners_of",
    "place_below",
    "real_target",
    "reason_for_doubt",
    "survey",
    "survey_below",
    "target_below",
    "trusted_target",
]

Strategy = Literal["rename", "in_place", "auto"]

#: The link in a volume that Kubernetes makes from a Secret or ConfigMap.
_PROJECTED: Final = "..data"

_WRITTEN_BY_OTHERS: Final = stat.S_IWGRP | stat.S_IWOTH

_READ_BY_ALL: Final = stat.S_IRGRP | stat.S_IROTH

#: To open a link itself, so that the link that is examined is the one that is read.
_LINK = getattr(os, "O_PATH", 0) | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)

_LOST_IN_PLACE: Final = (
    "it is overwritten in place: a node that reads it meanwhile may see a part of it, and after a "
    "crash it may hold a part until the next write or recovery"
)


@dataclass(frozen=True, slots=True)
class Target:
    """
    How to write one file.

    Attributes:
        path: Its real path.
        in_place: Whether to overwrite it instead of replacing it whole.
        lost: The guarantees that this costs, as text.
    """

    path: str
    in_place: bool = False
    lost: tuple[str, ...] = ()


def survey(link: str, file: FileContent, strategy: Strategy) -> Target:
    """
    Find out how a file can be written, before anything is written.

    Args:
        link: Its path, links not followed.

        file: The file that was read there.

        strategy: ``rename`` to replace it whole, ``in_place`` to overwrite it, ``auto`` to
            overwrite it only if it is a mount point, which cannot be replaced.

    Raises:
        FilePermissionError: If it must not be written; the message says what to do.
        FileAccessError: If it cannot be written in that way; likewise.
    """
    path, folder = file.path, os.path.dirname(file.path)
    if real_target(link) != path:
        raise FileChangedError(link)
    _check_folder(path, folder)
    if file.stat is None:
        return Target(path)  # nothing to overwrite, and not a mount point
    is_mounted = is_mount_point(path)
    is_overwritten = strategy == "in_place" or (strategy == "auto" and is_mounted)
    if (is_mounted or is_overwritten) and _is_read_only(path):
        raise FilePermissionError(path, _READ_ONLY, errno.EROFS)
    if is_overwritten:
        _check_in_place(path, file.stat)
        return Target(path, in_place=True, lost=(_LOST_IN_PLACE,))
    if is_mounted:
        reason = (
            "it is a mount point, which cannot be replaced: mount its directory instead of the "
            "file, or overwrite it with strategy [auto] (for some commands, --strategy auto)"
        )
        raise FileAccessError(path, errno.EBUSY, reason)
    _check_sticky(path, folder, file.stat)
    return Target(path)


def real_target(link: str, folders: dict[str, str] | None = None) -> str:
    """
    Follow the links to a file that is to be written, if they can be trusted.

    Args:
        link: Its path.

        folders: As for ``follow``.

    Raises:
        FilePermissionError: If one of them cannot: it leads where we are not meant to write.
    """
    with FaultsOf(link, "following"):
        links, end = follow(link, folders)
    refusal = _refusal(links)
    if refusal is not None:
        raise FilePermissionError(link, *refusal)
    return end


def trusted_target(link: str, folders: dict[str, str] | None = None) -> str | None:
    """Return the same, or None where ``real_target`` refuses."""
    with FaultsOf(link, "following"):
        links, end = follow(link, folders)
    return end if _refusal(links) is None else None


def _refusal(links: Iterable[Link]) -> tuple[str, int] | None:
    """Return why what is behind *links* must not be written, with an ``errno``."""
    for found in links:
        if os.path.basename(found.path) == _PROJECTED:
            reason = (
                "it is in a volume that Kubernetes makes from a Secret or ConfigMap, and the next "
                "update would overwrite it: change the Secret or ConfigMap instead"
            )
            return reason, errno.EROFS
        # Not even if they own what it leads to: they might replace a directory on the way.
        if system.HAS_OWNERS and found.status.st_uid not in (os.geteuid(), 0):
            reason = (
                f"the link [{found.path}] is from user [{found.status.st_uid}], who might lead us "
                "to any file: run this as that user, or let root make the link"
            )
            return reason, errno.EPERM
    return None


def _check_folder(path: str, folder: str) -> None:
    if _is_read_only(folder):
        raise FilePermissionError(path, _READ_ONLY, errno.EROFS)
    if not _may(folder, os.W_OK | os.X_OK):
        reason = (
            f"its directory [{folder}] is not writable, and the new file, the lock and the journal "
            f"are created there: run this as the owner of the directory or as root{whose(folder)}"
        )
        raise FilePermissionError(path, reason, errno.EACCES)


def _check_sticky(path: str, folder: str, status: os.stat_result) -> None:
    """Refuse what the system would: to replace a file of somebody else in such a directory."""
    if not system.HAS_OWNERS:
        return
    with FaultsOf(folder, "examining"):
        found = system.stat(folder)
    if found.st_mode & stat.S_ISVTX and os.geteuid() not in (0, found.st_uid, status.st_uid):
        reason = (
            f"its directory [{folder}] has the sticky bit, and you own neither it nor its "
            "directory, so that you cannot replace it: run this as the owner of one of them or as "
            "root"
        )
        raise FilePermissionError(path, reason, errno.EPERM)


def _check_in_place(path: str, status: os.stat_result) -> None:
    if not _may(path, os.W_OK):
        reason = f"it is not writable, so it cannot be overwritten in place{whose(path)}"
        raise FilePermissionError(path, reason, errno.EACCES)
    if status.st_nlink > 1:
        reason = "it has a second name, which would change with it: use strategy [rename]"
        raise FileAccessError(path, errno.EMLINK, reason)


_READ_ONLY: Final = (
    "it is on a read-only file system: change the source that is mounted there, or mount it "
    "writable"
)


def _is_read_only(path: str) -> bool:
    if not system.HAS_STATVFS:
        return False
    with FaultsOf(path, "examining"):
        return bool(system.statvfs(path).f_flag & os.ST_RDONLY)


def _may(path: str, mode: int) -> bool:
    """Check the rights of the effective user, if the system can."""
    return system.access(path, mode, effective_ids=os.access in os.supports_effective_ids)


@dataclass(frozen=True, slots=True)
class Link:
    """
    One symbolic link.

    Attributes:
        path: Where it is; the real path of its directory, and its name.
        target: Its content.
        status: Of the link itself.
    """

    path: str
    target: str
    status: os.stat_result


def follow(path: str, folders: dict[str, str] | None = None) -> tuple[list[Link], str]:
    """
    Follow links one by one.

    Args:
        path: Where to begin.

        folders: Gets the real path of its directory; one that is in it already is not looked up.

    Returns:
        The links, and where they lead; for a loop, where it closes. Links above the directory of
        *path* are left out.

    Raises:
        OSError: If one of them cannot be examined.
    """
    folder, name = os.path.split(os.path.abspath(path))
    folders = {} if folders is None else folders
    if folder not in folders:
        folders[folder] = system.realpath(folder)
    return _followed(folders[folder], [name])


def target_below(top: str, path: str) -> str:
    """
    Follow all links below a directory to a file that is to be written, if they can be trusted.

    Args:
        top: The real path of the directory.

        path: The path of the file, relative to it.

    Returns:
        The real path, which may be elsewhere.

    Raises:
        FilePermissionError: If one of the links cannot be trusted; see ``real_target``.
        FileAccessError: If they are a loop, or cannot be examined.
    """
    link = os.path.join(top, path)
    with FaultsOf(link, "following"):
        links, end = _followed(top, path.split(os.sep))
    refusal = _refusal(links)
    if refusal is not None:
        raise FilePermissionError(link, *refusal)
    if any(found.path == end for found in links):
        raise FileAccessError(link, errno.ELOOP, "it leads back to itself by links")
    return end


def place_below(folder: str, name: str) -> str | None:
    """
    Return the real path of a file below a directory; None if links lead out of it.

    For the errors see ``target_below``.
    """
    with FaultsOf(folder, "following"):
        top = system.realpath(folder)
    path = target_below(top, name.replace("/", os.sep))
    return path if path.startswith(os.path.join(top, "")) else None


def check_below(top: str, path: str) -> None:
    """
    Check that a real path is below a directory, from which it can be reached without links.

    Raises:
        FileAccessError: If it is not, or if the system has no such way.
    """
    if not path.startswith(os.path.join(top, "")):
        raise FileAccessError(path, errno.EXDEV, f"it is not below the directory [{top}]")
    if not system.HAS_FOLDER_DESCRIPTORS:
        reason = "this system cannot name files relative to an open directory, as it takes here"
        raise FileAccessError(path, errno.ENOSYS, reason)


def survey_below(top: str, file: FileContent) -> None:
    """
    Find out whether a file below a directory can be replaced, before anything is written.

    Args:
        top: The real path of the directory.

        file: The file that was read there.

    Raises:
        FilePermissionError, FileAccessError: As for ``survey``; also if it is elsewhere.
    """
    path = file.path
    check_below(top, path)
    with FaultsOf(path, "examining"):
        folder = nearest_folder(os.path.dirname(path))[0]
    _check_folder(path, folder)
    if file.stat is None:
        return
    if is_mount_point(path):
        reason = "it is a mount point, which cannot be replaced: change what is mounted there"
        raise FileAccessError(path, errno.EBUSY, reason)
    _check_sticky(path, folder, file.stat)


def _followed(folder: str, left: list[str]) -> tuple[list[Link], str]:
    """Follow links from a real *folder* by the names in *left*."""
    links: dict[str, Link] = {}
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


def link_chain(path: str) -> set[str]:
    """Return the paths of all links from *path* to its file, and of the file."""
    try:
        links, end = follow(path)
    except OSError:
        return {os.path.abspath(path)}
    return {link.path for link in links} | {end}


def _link(place: str) -> Link | None:
    """Read a link; None if it is not a link."""
    try:
        status = system.lstat(place)
    except (FileNotFoundError, NotADirectoryError):
        return None
    if not stat.S_ISLNK(status.st_mode):
        return None
    if not hasattr(os, "O_PATH"):
        return Link(place, system.readlink(place), status)
    return with_file(
        lambda link: Link(place, system.readlink("", dir_fd=link), system.fstat(link)), place, _LINK
    )


def owners_of(path: str, *, with_us: bool = True) -> Collection[int]:
    """
    Return the ids of the users who could replace the file at *path* anyway.

    They are root, the owners of the file and of its directory, and, with *with_us*, this user. A
    journal or version of theirs is trusted; one of another user of the directory is not.
    """
    folder = os.path.dirname(path)
    with FaultsOf(folder, "examining"):
        users = {0, nearest_folder(folder)[1].st_uid}
        with suppress(FileNotFoundError):
            users.add(system.lstat(path).st_uid)
    if with_us and system.HAS_OWNERS:
        users.add(os.geteuid())
    return users


def nearest_folder(folder: str) -> tuple[str, os.stat_result]:
    """
    Return a directory, or the nearest one above it that exists, with its status.

    Raises:
        OSError: If it cannot be examined.
    """
    while True:
        try:
            return folder, system.stat(folder)
        except FileNotFoundError:
            above = os.path.dirname(folder)
            if above == folder:
                raise
            folder = above


def is_owned_by(status: os.stat_result, users: Collection[int]) -> bool:
    """Check whether a file with that *status* belongs to one of *users*."""
    return not system.HAS_OWNERS or status.st_uid in users


def is_sealed(status: os.stat_result) -> bool:
    """
    Check whether nobody but its owner can write a file with that *status*.

    Otherwise its owner proves nothing about its content: whoever may write to the directory could
    give the name of a record to any file there that they can write, such as the lock file.
    """
    return not system.HAS_OWNERS or not status.st_mode & _WRITTEN_BY_OTHERS


def could_replace(path: str, groups: Collection[int]) -> bool:
    """
    Check whether a user who may write to the directory of *path* could read and replace the file.

    A record of such a user is believed as far as acting on it does no more than that. Without the
    sticky bit, whoever may create a file in a directory may replace any; and a user who can read
    the file learns nothing from what we write there.

    Args:
        path: The file that a record is about.

        groups: Groups that the user is in, such as the group of a file that the user created.
    """
    if not system.HAS_OWNERS:
        return True
    with FaultsOf(path, "examining"):
        folder = system.stat(os.path.dirname(path)).st_mode
        if folder & stat.S_ISVTX or not folder & (stat.S_IWGRP | stat.S_IWOTH):
            return False
        try:
            file = system.lstat(path)
        except FileNotFoundError:
            return True  # nothing to read, and nothing to replace
    if not stat.S_ISREG(file.st_mode):
        return False
    if file.st_mode & _READ_BY_ALL == _READ_BY_ALL:
        return True
    # Where anybody may create files that get the group of the directory, the group proves nothing.
    is_open = folder & stat.S_ISGID and folder & stat.S_IWOTH
    return bool(file.st_mode & stat.S_IRGRP) and file.st_gid in groups and not is_open


def is_believed(status: os.stat_result, path: str) -> bool:
    """
    Check whether a file with this *status*, found beside *path*, is believed to be about it.

    It is from an owner of *path* (see ``owners_of``), and nobody else could have written it who
    could not write *path*; or it is from a user who could replace *path* anyway.
    """
    return reason_for_doubt(status, path) is None


def reason_for_doubt(status: os.stat_result, path: str) -> str | None:
    """Return why a file with this *status* is not believed to be about *path*; see above."""
    if could_replace(path, [status.st_gid]):
        return None
    if not is_owned_by(status, owners_of(path)):
        return f"it is from user [{status.st_uid}], who does not own [{path}]: remove it"
    if _is_more_open(status, path):
        return (
            f"its mode is {stat.S_IMODE(status.st_mode):04o}, so that others could have written it "
            f"who cannot write [{path}]: remove it"
        )
    return None


def _is_more_open(status: os.stat_result, path: str) -> bool:
    """Check whether others can write a file with this *status* who cannot write *path*."""
    if is_sealed(status):
        return False
    with FaultsOf(path, "examining"):
        try:
            file = system.lstat(path)
        except FileNotFoundError:
            return False
    allowed = file.st_mode if file.st_gid == status.st_gid else file.st_mode & ~stat.S_IWGRP
    return bool(status.st_mode & _WRITTEN_BY_OTHERS & ~allowed)
