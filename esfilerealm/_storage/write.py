"""A write: lock and recover; then, from new contents of both files to what became of them."""

from __future__ import annotations

import errno
import os
import stat
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Literal

from ..errors import FilePermissionError
from ..results import FileResult, WriteResult
from . import system
from .attributes import Attributes
from .commit import Change, commit
from .lock import write_lock
from .paths import journal_path, lock_path
from .read import digest_of
from .recovery import recover
from .target import owners_of, real_target, survey
from .versions import rotation, swap

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ..results import Recovery
    from .options import WriteOptions
    from .paths import RealmPaths
    from .read import FileContent
    from .realm_files import RealmFiles
    from .target import Target

__all__ = ["attribute_changes", "locked", "write_files"]


@contextmanager
def locked(paths: RealmPaths, options: WriteOptions) -> Iterator[Recovery]:
    """
    Hold the write lock of a realm, and recover from an interrupted write first.

    Gives what was found of that.

    Raises:
        LockTimeoutError: If the lock was not free in time.
        JournalVersionError: If a later version of this package left a change unfinished.
        FilePermissionError, FileAccessError: If the system does not let us.
    """
    with write_lock(
        lambda: lock_path(real_target(paths.users)),
        options.lock_timeout,
        allow_local_lock=options.allow_local_lock,
    ):
        yield recover(paths)


def attribute_changes(
    files: RealmFiles, contents: Sequence[tuple[FileContent, bytes]], options: WriteOptions
) -> list[tuple[FileContent, bytes]]:
    """Give, besides *contents*, the files that keep their content and get other attributes."""
    written = {file.path for file, _ in contents}
    return [
        (file, file.data)
        for file in files.both
        if file.path not in written
        and file.stat is not None
        and options.requested_attributes().differ_from(file.stat)
    ]


def write_files(
    paths: RealmPaths,
    files: RealmFiles,
    contents: Sequence[tuple[FileContent, bytes]],
    options: WriteOptions,
    *,
    managed: tuple[FileContent, bytes] | None = None,
    is_undo: bool = False,
) -> WriteResult:
    """
    Give files new content, as one unit.

    Args:
        paths: Of the realm.

        files: Both files, as they were read under the lock.

        contents: Files with what they are to hold, in this order; a file may be in it twice.

        options: How. In a dry run all is examined and nothing is written.

        managed: The list of users whom provisioning has made, with what it is to hold.

        is_undo: Whether *contents* are the latest version, which changes places with *files*.

    Raises:
        FilePermissionError, FileAccessError: If it cannot be written; nothing is changed.
    """
    links = {files.users.path: paths.users, files.users_roles.path: paths.users_roles}
    targets = {file.path: survey(links[file.path], file, options.strategy) for file, _ in contents}
    changes = _changes(contents, targets, options)
    lost: dict[str, list[str]] = {path: [*target.lost] for path, target in targets.items()}
    is_listed = managed is not None and managed[0].data != managed[1]
    beside = [_managed_change(*managed, files.users, options)] if managed and is_listed else []
    if changes or beside:
        backups = swap(files.both) if is_undo else rotation(files.both, options.keep)
        everything = [*(backups if changes else ()), *beside, *changes]
        if len(everything) > 1 or everything[0].in_place:
            _check_writer(files.users.path)
        if not options.dry_run:
            given = commit(
                everything, journal_path(files.users.path), _journal_attributes(files, changes)
            )
            for change, losses in zip(everything, given, strict=True):
                if not change.is_backup:
                    known = lost[change.target]
                    known += [loss for loss in losses if loss not in known]
    return WriteResult(
        tuple(
            _result(file, changes, tuple(lost.get(file.path, ())), is_dry_run=options.dry_run)
            for file in files.both
        ),
        managed=_result(managed[0], beside, (), is_dry_run=options.dry_run) if managed else None,
    )


def _managed_change(
    file: FileContent, data: bytes, users: FileContent, options: WriteOptions
) -> Change:
    """Change a file that no node reads; a new one is for those for whom ``users`` is."""
    has = Attributes.of_content(file if file.exists else users)
    wished = has.changed_by(options.requested_attributes()).tolerant()
    return Change(
        target=file.path,
        before=file.digest,
        status=file.stat,
        data=data,
        after=digest_of(data),
        has=has,
        attributes=wished,
        is_backup=True,
    )


def _check_writer(users: str) -> None:
    """
    Refuse who could not be followed: a record of theirs is believed by nobody but themselves.

    Else, if they were killed, their change would stay half made.
    """
    if system.HAS_OWNERS and os.geteuid() not in owners_of(users, with_us=False):
        reason = (
            "you own neither it nor its folder, so that nobody else could take back what you began "
            "if you were stopped on the way: run this as the owner of one of them or as root"
        )
        raise FilePermissionError(users, reason, errno.EPERM)


def _changes(
    contents: Sequence[tuple[FileContent, bytes]],
    targets: dict[str, Target],
    options: WriteOptions,
) -> list[Change]:
    changes: dict[str, Change] = {}
    ordered = []
    for file, data in contents:
        earlier = changes.get(file.path)
        has = earlier.attributes if earlier else Attributes.of_content(file)
        wished = has.changed_by(options.requested_attributes())
        changes[file.path] = Change(
            target=file.path,
            before=earlier.after if earlier else file.digest,
            status=None if earlier else file.stat,
            data=data,
            after=digest_of(data),
            has=has,
            attributes=wished.tolerant() if options.is_tolerant else wished,
            in_place=targets[file.path].in_place,
        )
        ordered.append(changes[file.path])
    return ordered


def _journal_attributes(files: RealmFiles, changes: Sequence[Change]) -> Attributes:
    """Let those read the record who may read ``users`` now; they need it for that."""
    own = next((c.has for c in changes if c.target == files.users.path), None)
    return (own or Attributes.of_content(files.users)).tolerant()


def _result(
    file: FileContent, changes: Sequence[Change], lost: tuple[str, ...], *, is_dry_run: bool
) -> FileResult:
    change = next((change for change in reversed(changes) if change.target == file.path), None)
    if change is None:
        has = _attributes_of(file.stat)
        return FileResult(file.path, None, file.digest, file.digest, *has)
    has = (change.attributes.owner, change.attributes.group, change.attributes.mode)
    # The change is made: if its outcome cannot be looked at, that is no reason to fail.
    with suppress(OSError):
        has = has if is_dry_run else _attributes_of(system.stat(file.path))
    strategy: Literal["in_place", "rename"] = "in_place" if change.in_place else "rename"
    return FileResult(file.path, strategy, file.digest, change.after, *has, lost)


def _attributes_of(status: os.stat_result | None) -> tuple[int | None, int | None, int | None]:
    """Give owner, group and mode, as far as the system has them."""
    if status is None or not system.HAS_OWNERS:
        return None, None, None
    return status.st_uid, status.st_gid, stat.S_IMODE(status.st_mode)
