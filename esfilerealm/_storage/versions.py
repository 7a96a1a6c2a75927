"""
Earlier versions of both files, kept beside them as ``users.1~`` (the latest), ``users.2~``, ….

A version is always both files of one state. It is written in the same unit as the change that ends
that state, so the chain has neither gaps nor duplicates.
"""

from __future__ import annotations

import errno
import os
import re
import stat
from typing import TYPE_CHECKING, Final

from .._ground.faults import FaultsOf
from ..errors import FileAccessError, NoEarlierVersionError
from . import system
from .attributes import Attributes
from .change import Change
from .paths import VERSION_PATTERN, version_path
from .read import FileContent, digest_of, read_plain_file
from .second_names import reason_for_another_name
from .target import could_replace, is_owned_by, owners_of, reason_for_doubt

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["earlier_version", "rotation", "swap"]

_READ_BY_ALL: Final = stat.S_IRGRP | stat.S_IROTH


def rotation(files: Sequence[FileContent], keep: int | None) -> Iterator[Change]:
    """
    Yield the changes that make *files* the latest version, and each version one older.

    Args:
        files: ``users`` and ``users_roles``, as they are before the change.

        keep: The largest number of versions; None for as many as exist. Older versions are removed,
            and so is a version that has lost one of its files.
    """
    numbers = [_numbers(file.path) for file in files]
    whole = sorted(numbers[0] & numbers[1])
    keep = len(whole) if keep is None else min(keep, len(whole) + 1)
    for file, own in zip(files, numbers, strict=True):
        for number, newer in enumerate(whole[: max(keep - 1, 0)], 2):
            if newer != number:
                yield _moved(_version(file.path, newer), _version(file.path, number))
        if keep:
            yield _as_latest(file, _version(file.path, 1))
        for surplus in sorted(own - set(range(1, keep + 1))):
            yield _backup(_version(file.path, surplus), None, Attributes(None))


def swap(files: Sequence[FileContent]) -> Iterator[Change]:
    """Yield the changes that make *files* the latest version in place of the existing one."""
    for file in files:
        yield _as_latest(file, _version(file.path, 1))


def earlier_version(files: Sequence[FileContent]) -> tuple[FileContent, FileContent]:
    """
    Return ``users`` and ``users_roles`` of the latest version.

    Raises:
        NoEarlierVersionError: If no version is kept.
        FileAccessError: If a file now belongs to a user who could not have replaced its version:
            restoring it would give the old content to that user.
    """
    users, users_roles = (_version(file.path, 1) for file in files)
    for file, version in zip(files, (users, users_roles), strict=True):
        if version.stat is None:
            raise NoEarlierVersionError(version.path)
        if file.stat is not None and not _may_get(file.stat, version.path):
            reason = (
                f"user [{file.stat.st_uid}] owns it, who does not own [{version.path}]: change that"
            )
            raise FileAccessError(file.path, errno.EPERM, reason)
    return users, users_roles


def _may_get(status: os.stat_result, version: str) -> bool:
    """Check whether the owner of a file could have replaced its version anyway."""
    return is_owned_by(status, owners_of(version)) or could_replace(version, [status.st_gid])


def _moved(newer: FileContent, older: FileContent) -> Change:
    attributes = Attributes(None) if newer.stat is None else Attributes.of(newer.path, newer.stat)
    return _backup(older, newer.data, attributes, source=newer.path)


def _as_latest(file: FileContent, latest: FileContent) -> Change:
    """Copy a file as the latest version; only its owner may read it, and who may replace *file*."""
    attributes = Attributes.of_content(file).private(_shared(file)).tolerant()
    return _backup(latest, file.data, attributes)


def _shared(file: FileContent) -> int:
    """Return the bits of a mode for the users besides its owner who may read and replace a file."""
    if file.stat is None or not system.HAS_OWNERS:
        return 0
    with FaultsOf(file.path, "examining"):
        folder = system.stat(os.path.dirname(file.path))
    if folder.st_mode & stat.S_ISVTX:
        return 0
    shared = 0
    if folder.st_gid == file.stat.st_gid and folder.st_mode & stat.S_IWGRP:
        shared |= file.stat.st_mode & stat.S_IRGRP and stat.S_IRGRP | stat.S_IWGRP
    if folder.st_mode & stat.S_IWOTH:
        shared |= file.stat.st_mode & stat.S_IROTH and stat.S_IROTH | stat.S_IWOTH
        if file.stat.st_mode & _READ_BY_ALL == _READ_BY_ALL:
            shared |= stat.S_IRGRP | stat.S_IWGRP  # the members of any group are among all
    return shared


def _backup(
    version: FileContent, data: bytes | None, attributes: Attributes, source: str | None = None
) -> Change:
    return Change(
        target=version.path,
        before=version.digest,
        status=version.stat,
        data=data,
        after=None if data is None else digest_of(data),
        has=attributes,
        attributes=attributes,
        source=source,
        is_unread=True,
    )


def _numbers(path: str) -> set[int]:
    """Find the versions of a file."""
    folder, name = os.path.split(path)
    version = re.compile(re.escape(name) + VERSION_PATTERN)
    with FaultsOf(path, "looking for versions of"):
        entries = system.listdir(folder)
    return {int(e[len(name) + 1 : -1]) for e in entries if version.fullmatch(e)}


def _version(path: str, number: int) -> FileContent:
    """
    Read one version.

    Raises:
        FileAccessError: If another user of the directory has put something in its place.
    """
    version = read_plain_file(version_path(path, number))
    if version.stat is None:
        return version
    reason = reason_for_doubt(version.stat, path)
    if reason is not None:
        raise FileAccessError(version.path, errno.EPERM, reason)
    reason = reason_for_another_name(version, re.escape(os.path.basename(path)) + VERSION_PATTERN)
    if reason is not None:
        raise FileAccessError(version.path, errno.EMLINK, reason)
    return version
