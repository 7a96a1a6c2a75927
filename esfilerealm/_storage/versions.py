"""
Earlier versions of both files, kept beside them as ``users.1~`` (the latest), ``users.2~``, ….

A version is always both files of one state. It is written as part of the change that ends that
state, so that the chain has neither gaps nor doubles.
"""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING

from .._faults import FaultsOf
from ..errors import FileAccessError, NoEarlierVersionError
from . import system
from .attributes import Attributes
from .locate import version_path
from .read import FileContent, digest_of, read_plain_file
from .trust import is_trusted, trusted_users
from .unit import Change

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["earlier_version", "rotation", "swap"]


def rotation(files: Sequence[FileContent], keep: int | None) -> Iterator[Change]:
    """
    Make the state of both *files* the latest version, and each version one older.

    Args:
        files: ``users`` and ``users_roles``, as they are before.

        keep: How many versions there are to be at most; None for as many as there are. What is
            older is removed.
    """
    count = _count(files[0].path)
    keep = count if keep is None else min(keep, count + 1)
    for file in files:
        versions = [_version(file.path, number) for number in range(1, max(count, keep) + 1)]
        for older, newer in reversed([*zip(versions[1:keep], versions, strict=False)]):
            yield from _moved(newer, older)
        if keep:
            yield _as_latest(file, versions[0])
        for surplus in versions[keep:]:
            yield from _removed(surplus)


def swap(files: Sequence[FileContent]) -> Iterator[Change]:
    """Make the state of *files* the latest version in place of the one that there is."""
    for file in files:
        yield _as_latest(file, _version(file.path, 1))


def earlier_version(files: Sequence[FileContent]) -> tuple[bytes, bytes]:
    """
    Give what ``users`` and ``users_roles`` held in the latest version.

    Raises:
        NoEarlierVersionError: If there is none.
        FileAccessError: If it would be given to somebody whom it did not belong to: another user of
            the folder may have put a file of his own in the place of the one that was kept.
    """
    users, users_roles = (_version(file.path, 1) for file in files)
    for file, version in zip(files, (users, users_roles), strict=True):
        if version.stat is None:
            raise NoEarlierVersionError(version.path)
        if file.stat is not None and not is_trusted(file.stat, trusted_users(version.path)):
            reason = f"user [{file.stat.st_uid}] owns it, who owns no [{version.path}]: change that"
            raise FileAccessError(file.path, errno.EPERM, reason)
    return users.data, users_roles.data


def _moved(newer: FileContent, older: FileContent) -> Iterator[Change]:
    if newer.stat is None:  # somebody removed one file of a version
        yield from _removed(older)
        return
    attributes = Attributes.of(newer.path, newer.stat)
    yield _backup(older, newer.data, attributes, source=newer.path)


def _removed(version: FileContent) -> Iterator[Change]:
    if version.exists:
        yield _backup(version, None, Attributes(None))


def _as_latest(file: FileContent, latest: FileContent) -> Change:
    """Copy a file: the version is for its owner alone, whoever may read the file itself."""
    if file.stat is not None:
        attributes = Attributes.of(file.path, file.stat)
    else:
        attributes = Attributes.inherited(os.path.dirname(file.path))
    return _backup(latest, file.data, attributes.private().tolerant())


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
        is_backup=True,
    )


def _count(path: str) -> int:
    count = 0
    with FaultsOf(path, "looking for versions of"):
        while _exists(version_path(path, count + 1)):
            count += 1
    return count


def _exists(path: str) -> bool:
    try:
        system.lstat(path)
    except FileNotFoundError:
        return False
    return True


def _version(path: str, number: int) -> FileContent:
    """
    Read one version.

    Raises:
        FileAccessError: If another user of the folder has put something in its place.
    """
    version = read_plain_file(version_path(path, number))
    if version.stat is None:
        return version
    if not is_trusted(version.stat, trusted_users(path)):
        reason = f"it is from user [{version.stat.st_uid}], who does not own [{path}]: remove it"
        raise FileAccessError(version.path, errno.EPERM, reason)
    if version.stat.st_nlink > 1:  # it may be any file, put there under this name
        raise FileAccessError(version.path, errno.EMLINK, "it has a second name: remove it")
    return version
