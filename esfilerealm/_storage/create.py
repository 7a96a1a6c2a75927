"""The first files of a realm."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from .._ground.faults import FaultsOf
from .._ground.holding import inside
from ..errors import FilePermissionError, FileRealmError
from ..results import FileResult, WriteResult
from . import system
from .attributes import Attributes
from .descriptors import with_file
from .paths import exists, lock_path
from .reach import FOLDER
from .read import digest_of
from .realm_files import read_files
from .staging import remove_quietly, sync_folder
from .write import Locked, Unit, write_unit

if TYPE_CHECKING:
    from ..results import Recovery
    from .options import WriteOptions
    from .paths import RealmPaths
    from .realm_files import RealmFiles

__all__ = ["create_missing_files", "make_config_dir"]

_DIRECTORY_MODE: Final = 0o750
_ABOVE_MODE: Final = 0o777
_DIRECTORY: Final = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_NOFOLLOW", 0)


def create_missing_files(paths: RealmPaths, options: WriteOptions) -> WriteResult:
    """
    Create the directory, ``users`` and ``users_roles`` where they are missing, both empty.

    For Elasticsearch 5, they are in ``x-pack/``, which is created too.

    Args:
        paths: Of the realm.

        options: How to write. Existing files keep their owner, group and mode.

    Returns:
        What was (in a dry run: would be) created.

    Raises:
        FilePermissionError, FileAccessError, LockTimeoutError: As for any write.
    """
    directory = os.path.dirname(paths.users)
    above = [path for path in (paths.config_dir, directory) if not _exists(path)]
    missing = tuple(dict.fromkeys(above))
    if missing:
        if options.dry_run:
            return _would_create(paths, options, missing)
        for path in missing:
            _make_directory(path, _DIRECTORY_MODE)
            _set_owner(path, options)
        result = _created(paths, options)
        return replace(result, created=(*missing, *result.created))
    if options.dry_run:
        return _written(paths, options)
    try:
        _make_directory(directory)
        return _created(paths, options)
    except FilePermissionError:
        # A user who may not write, and need not, learns that nothing is missing.
        if _exists(paths.journal) or _missing(paths, read_files(paths)):
            raise
        return _written(paths, options)


def make_config_dir(path: str, attributes: Attributes | None = None) -> None:
    """
    Create a configuration directory and those above it, if it is missing, durably.

    What root creates belongs to the owner of the directory above.

    Args:
        path: The directory.

        attributes: What it is to have if it is created.

    Raises:
        FilePermissionError, FileAccessError: If the system refuses.
    """
    if _exists(path):
        return
    _make_directory(path, _DIRECTORY_MODE)
    if attributes is not None:
        given = attributes
        with FaultsOf(path, "creating"):
            with_file(lambda opened: given.apply_to(opened, path).set_mode(opened), path, FOLDER)


def _would_create(
    paths: RealmPaths, options: WriteOptions, missing: tuple[str, ...]
) -> WriteResult:
    requested = options.requested_attributes()
    files = tuple(
        FileResult(
            path, "rename", None, digest_of(b""), requested.owner, requested.group, requested.mode
        )
        for path in (paths.users, paths.users_roles)
    )
    return WriteResult(files, created=(*missing, paths.users, paths.users_roles))


def _set_owner(folder: str, options: WriteOptions) -> None:
    """Set the owner and group of a new directory to those of its files."""
    requested = options.requested_attributes()
    with FaultsOf(folder, "changing the owner of"):
        attributes = Attributes(None, requested.owner, requested.group, None, requested.is_tolerant)
        with_file(
            lambda descriptor: attributes.apply_to(descriptor, folder),
            folder,
            os.O_RDONLY | getattr(os, "O_DIRECTORY", 0),
        )


def _make_directory(folder: str, mode: int = _ABOVE_MODE) -> None:
    """Create a directory and those above it, durably."""
    above = os.path.dirname(folder)
    if _exists(folder):
        # Its creator may have been killed before it was durable.
        with suppress(FilePermissionError):  # whoever may not look there has not made it
            sync_folder(above)
        return
    _make_directory(above)
    with FaultsOf(folder, "creating"), suppress(FileExistsError):
        system.mkdir(folder, mode)
        _give_to_the_owner_of(above, folder)
    sync_folder(above)


def _created(paths: RealmPaths, options: WriteOptions) -> WriteResult:
    lock = lock_path(system.realpath(paths.users))
    is_first = not exists(lock)

    def write(recovery: Recovery) -> tuple[Recovery, WriteResult]:
        try:
            return recovery, _written(paths, options)
        except FileRealmError:
            if is_first and not exists(paths.users):
                # Nobody has a realm here. Whoever waits for this lock looks for its name again.
                remove_quietly([lock])
            raise

    locked = Locked(paths, options)
    recovery, written = inside(locked, write)
    return replace(written, recovery=recovery, faults=tuple(locked.faults))


def _written(paths: RealmPaths, options: WriteOptions) -> WriteResult:
    files = read_files(paths)
    contents = [(file, b"") for file in files.both if not file.exists]
    written = write_unit(paths, Unit(files, contents), options)
    return replace(written, created=_missing(paths, files))


def _missing(paths: RealmPaths, files: RealmFiles) -> tuple[str, ...]:
    found = zip((paths.users, paths.users_roles), files.both, strict=True)
    return tuple(path for path, file in found if not file.exists)


def _exists(path: str) -> bool:
    with FaultsOf(path, "looking for"):
        try:
            system.stat(path)
        except FileNotFoundError:
            return False
    return True


def _give_to_the_owner_of(above: str, folder: str) -> None:
    """Try to set the owner of a new directory of root to that of its parent."""
    status = system.stat(above)
    if not system.HAS_OWNERS or os.geteuid() != 0 or status.st_uid == 0:
        return

    def give(descriptor: int) -> None:
        with suppress(OSError):
            system.fchown(descriptor, status.st_uid, status.st_gid)

    with_file(give, folder, _DIRECTORY)
