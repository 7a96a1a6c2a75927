"""A write: lock and recover, then find out how each file can be written, and commit all of them."""

from __future__ import annotations

import errno
import os
import stat
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

from .._ground.rights import whose
from ..errors import FilePermissionError
from ..results import FileResult, UserChanges, WriteResult
from . import system
from .applied import Applied
from .area import Area
from .attributes import Attributes
from .change import Change
from .commit import commit, needs_journal
from .lock import write_lock
from .noting import NotedChange, note_recovery, noted_files
from .paths import LOCKED_ALONE, journal_path, lock_path, records_of
from .read import digest_of
from .recovery import recover
from .target import could_replace, owners_of, real_target, survey
from .versions import rotation, swap

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from ..results import ModeChange, Recovery
    from .options import WriteOptions
    from .paths import RealmPaths
    from .read import FileContent
    from .realm_files import RealmFiles
    from .target import Target

__all__ = ["Locked", "Unit", "file_result", "foresee", "write_unit"]


@dataclass(frozen=True, slots=True)
class Unit:
    """
    Files that change together: all of them, or none.

    Attributes:
        files: The files, as they were read under the lock.
        contents: Those that get new content, in the order of the writes; a file may be in it twice.
        managed: The list of the users that provisioning has made, with its new content; None if it
            is not concerned.
        accounts: The record of the users that are locked or expire, likewise; a content of None
            removes it.
        sets_attributes: Whether ``users`` and ``users_roles`` get the requested owner, group and
            mode even if their content stays.
        is_undo: Whether *contents* are the latest version, which changes places with *files*.
        version: What an earlier version of both files is to hold, if not what they hold.
        users: The users that change, for the log of changes; None if only *contents* say it.
        former_roles: The roles of the users that are removed, likewise.
        modes: The modes that change after the contents, likewise.
        settings: The names of secure settings, likewise; by what happens to them.
        attributes: What files are to have that change, by their real paths; the others keep theirs.
        folders: The directories to make below the configuration directory if they are missing, by
            their real paths. Others that are needed for a file are made like the one above them.
        links: The symbolic links to make there, where nothing is: what each holds, by real path.
    """

    files: RealmFiles
    contents: Sequence[tuple[FileContent, bytes]]
    managed: tuple[FileContent, bytes] | None = None
    accounts: tuple[FileContent, bytes | None] | None = None
    sets_attributes: bool = False
    is_undo: bool = False
    version: tuple[FileContent, FileContent] | None = None
    users: UserChanges | None = None
    former_roles: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    modes: tuple[ModeChange, ...] = ()
    settings: Mapping[str, Sequence[str]] = field(default_factory=dict)
    attributes: Mapping[str, Attributes] = field(default_factory=dict)
    folders: Mapping[str, Attributes] = field(default_factory=dict)
    links: Mapping[str, str] = field(default_factory=dict)


class Locked:
    """
    Holds the write lock, recovers, and gives what was found of an interrupted write.

    Entering raises ``LockTimeoutError`` if the lock was not free in time, ``JournalVersionError``
    if a later version of this package left an interrupted write, and ``FilePermissionError`` or
    ``FileAccessError`` if the system refuses. It may be left twice: the second time releases what
    an exception has left.

    Args:
        paths: Where the files are.

        options: How to write.

    Attributes:
        faults: As for ``write_lock``.
    """

    def __init__(self, paths: RealmPaths, options: WriteOptions) -> None:
        self.faults: list[str] = []
        self._paths = paths
        self._options = options
        self._lock = write_lock(
            lambda: lock_path(real_target(paths.users)),
            options.lock_timeout,
            allow_local_lock=options.allow_local_lock,
            faults=self.faults,
        )

    def __enter__(self) -> Recovery:
        try:
            self._lock.__enter__()
            return self._recovered()
        except BaseException:
            self.__exit__()
            raise

    def __exit__(self, *_: object) -> None:
        self._lock.__exit__()

    def _recovered(self) -> Recovery:
        paths, recovery = self._paths, recover(self._paths)
        if recovery:
            files = paths.users, paths.users_roles, *records_of(real_target(paths.users))
            note_recovery(recovery, paths.config_dir, files, self._options.noted)
        return recovery


def write_unit(paths: RealmPaths, unit: Unit, options: WriteOptions) -> WriteResult:
    """
    Write a unit. The caller holds the lock.

    Args:
        paths: Where the files are.

        unit: What to write.

        options: How. In a dry run everything is examined and nothing is written.

    Raises:
        FilePermissionError, FileAccessError: If it cannot be written; nothing is changed.
    """
    contents = [*unit.contents, *_attribute_changes(unit, options)]
    area = Area.of(paths, unit.files, unit.folders, unit.links)
    made_links = area.link_changes(unit.links)
    links = unit.files.links(paths)
    targets = {
        file.path: area.survey(file)
        if area.has(file)
        else survey(links[file.path], file, options.strategy)
        for file, _ in contents
    }
    changes = _changes(unit, contents, targets, options, area)
    new_folders = area.new_folders([*changes, *made_links])
    records = list(_record_changes(unit, options))
    everything = [*_backups(unit, changes, options), *records, *changes, *made_links]
    losses: list[list[str]] = [[] for _ in everything]
    foreseen: dict[str, Applied] = {}
    if everything or new_folders:
        made = [*(folder.path for folder in new_folders), *unit.links]
        _check_writer(unit, everything, made)
        if options.dry_run:
            outcomes = [foresee(change) for change in everything]
            foreseen = {
                change.target: one for change, one in zip(everything, outcomes, strict=True)
            }
            losses = [one.lost for one in outcomes]
        else:
            journal = journal_path(unit.files.users.path)
            losses = commit(
                everything,
                journal,
                _journal_attributes(unit, changes),
                options.noted(_noted(paths, unit, [*records, *changes], options)),
                top=area.top_of([*changes, *made_links], new_folders),
                new_folders=new_folders,
            )
    lost = {
        path: [*target.lost, *_lost_by(path, everything, losses)]
        for path, target in targets.items()
    }
    return WriteResult(
        tuple(file_result(file, changes, lost, foreseen) for file in unit.files.all),
        managed=unit.managed and file_result(unit.managed[0], records, {}, foreseen),
        accounts=unit.accounts and file_result(unit.accounts[0], records, {}, foreseen),
        created=tuple(folder.path for folder in new_folders),
    )


def _noted(
    paths: RealmPaths, unit: Unit, changes: Sequence[Change], options: WriteOptions
) -> NotedChange:
    """Return what the log of changes, if there is one, records of a unit."""
    is_compared = unit.users is None and options.audit is not None
    return NotedChange(
        paths.config_dir,
        noted_files(unit.files.both, changes),
        unit.users,
        unit.former_roles,
        unit.modes,
        unit.settings,
        contents=_contents(unit, changes) if is_compared else None,
    )


def _contents(
    unit: Unit, changes: Sequence[Change]
) -> tuple[tuple[bytes, bytes], tuple[bytes, bytes]]:
    """Return ``users`` and ``users_roles``, before and after."""
    users, users_roles = unit.files.both
    new = {change.target: change.data or b"" for change in changes}
    after = new.get(users.path, users.data), new.get(users_roles.path, users_roles.data)
    return (users.data, users_roles.data), after


def foresee(change: Change) -> Applied:
    """
    Return what a dry run knows about the owner, group and mode that a change would lead to.

    Raises:
        FilePermissionError: As the change would.
    """
    if change.data is None or change.source is not None:  # nothing is set
        return Applied(change.attributes.mode, is_foreseen=True)
    return change.attributes.foresee(change.target, in_place=change.in_place)


def _attribute_changes(unit: Unit, options: WriteOptions) -> Iterator[tuple[FileContent, bytes]]:
    """Return the files that keep their content and get the requested attributes."""
    if not unit.sets_attributes:
        return
    requested = options.requested_attributes()
    written = {file.path for file, _ in unit.contents}
    for file in unit.files.both:
        is_kept = file.path not in written and file.stat is not None
        if is_kept and file.stat is not None and requested.differ_from(file.stat):
            yield file, file.data


def _changes(
    unit: Unit,
    contents: Sequence[tuple[FileContent, bytes]],
    targets: dict[str, Target],
    options: WriteOptions,
    area: Area,
) -> list[Change]:
    realm = {file.path for file in unit.files.both}
    latest: dict[str, Change] = {}
    changes = []
    for file, data in contents:
        earlier = latest.get(file.path)
        has = earlier.attributes if earlier else _found(file)
        wanted = unit.attributes.get(file.path, has)
        if file.path in realm:
            wanted = wanted.changed_by(options.requested_attributes())
        change = Change(
            target=file.path,
            before=earlier.after if earlier else file.digest,
            status=None if earlier else file.stat,
            data=data,
            after=digest_of(data),
            has=has,
            attributes=wanted.tolerant() if options.is_tolerant else wanted,
            in_place=targets[file.path].in_place,
            top=area.top if area.has(file) else None,
        )
        latest[file.path] = change
        changes.append(change)
    return changes


def _found(file: FileContent) -> Attributes:
    """Return the attributes of a file; of a new one, those that it gets."""
    has, mode = Attributes.of_content(file), LOCKED_ALONE.get(os.path.basename(file.path))
    return has if file.exists or mode is None else replace(has, mode=mode)


def _record_changes(unit: Unit, options: WriteOptions) -> Iterator[Change]:
    """Return the changes of what is kept beside ``users`` for ourselves."""
    requested = options.requested_attributes()
    if unit.managed is not None and unit.managed[0].data != unit.managed[1]:
        # A new list is as readable as `users`.
        has = Attributes.of_content(unit.managed[0] if unit.managed[0].exists else unit.files.users)
        yield _record_change(*unit.managed, has, has.changed_by(requested))
    if unit.accounts is not None and unit.accounts[0].data != (unit.accounts[1] or b""):
        # Whoever may read `users`, except its owner, is not to learn the hashes that are kept.
        own = Attributes.of_content(unit.files.users).changed_by(requested).private()
        yield _record_change(*unit.accounts, Attributes.of_content(unit.accounts[0]), own)


def _record_change(
    file: FileContent, data: bytes | None, has: Attributes, attributes: Attributes
) -> Change:
    return Change(
        target=file.path,
        before=file.digest,
        status=file.stat,
        data=data,
        after=None if data is None else digest_of(data),
        has=has,
        attributes=attributes.tolerant(),
        is_unread=True,
    )


def _backups(unit: Unit, changes: Sequence[Change], options: WriteOptions) -> Iterator[Change]:
    """Return what keeps the versions, if ``users`` or ``users_roles`` changes."""
    realm = {file.path for file in unit.files.both}
    if not any(change.target in realm for change in changes):
        return iter(())
    both = unit.version or unit.files.both
    return swap(both) if unit.is_undo else rotation(both, options.keep)


def _check_writer(unit: Unit, changes: Sequence[Change], made: Sequence[str]) -> None:
    """
    Refuse a change whose journal nobody else would trust.

    If its writer were killed, the change would stay half made.
    """
    is_below = bool(made) or any(change.top is not None for change in changes)
    if not system.HAS_OWNERS or not (is_below or needs_journal(changes)):
        return
    others = [*_others(unit, changes), *made]
    users = unit.files.users.path
    needed = {users, *others}
    groups = [os.getegid(), *os.getgroups()]
    beside = [file.path for file in unit.files.both if _are_beside(file.path, users)]
    if not others and all(could_replace(path, groups) for path in beside):
        # Such a journal is believed about the files in its directory, and about our own.
        needed = {change.target for change in changes if not _are_beside(change.target, users)}
    for path in sorted(needed):
        if os.geteuid() not in owners_of(path, with_us=False):
            reason = (
                "you own neither it nor its directory, so nobody else could roll back your change "
                "if you were interrupted: run this as the owner of one of them or as root"
                f"{whose(path)}"
            )
            raise FilePermissionError(path, reason, errno.EPERM)


def _are_beside(path: str, other: str) -> bool:
    return os.path.dirname(path) == os.path.dirname(other)


def _journal_attributes(unit: Unit, changes: Sequence[Change]) -> Attributes:
    """
    Return what the journal is to have: every reader of ``users`` needs to read it.

    It belongs to the owner of ``users``, who may write both files anyway. If other files change
    too, it belongs to its writer, since that owner may have no right to them.
    """
    users = unit.files.users
    own = next((change.has for change in changes if change.target == users.path), None)
    attributes = (own or Attributes.of_content(users)).tolerant()
    is_ours = unit.folders or unit.links or _others(unit, changes)
    return attributes.without_owner() if is_ours else attributes


def _others(unit: Unit, changes: Sequence[Change]) -> list[str]:
    """Return the files beside ``users`` and ``users_roles`` that change."""
    written = {change.target for change in changes}
    return [file.path for file in unit.files.others.values() if file.path in written]


def _lost_by(path: str, changes: Sequence[Change], losses: Sequence[list[str]]) -> dict[str, None]:
    """Return what a file could not be given, each loss once."""
    made = zip(changes, losses, strict=True)
    return dict.fromkeys(loss for change, lost in made if change.target == path for loss in lost)


def file_result(
    file: FileContent,
    changes: Sequence[Change],
    lost: dict[str, list[str]],
    foreseen: dict[str, Applied],
) -> FileResult:
    """
    Return what a write did to one file.

    Args:
        file: As it was read.

        changes: Of all files.

        lost: What each file could not be given, by its path.

        foreseen: What a dry run knows of the attributes, by path.
    """
    change = next((change for change in reversed(changes) if change.target == file.path), None)
    if change is None:
        return FileResult(file.path, None, file.digest, file.digest, *_attributes_of(file.stat))
    has = (change.attributes.owner, change.attributes.group, change.attributes.mode)
    if change.data is None:
        has = None, None, None
    elif file.path in foreseen:
        has = foreseen[file.path].owner, foreseen[file.path].group, foreseen[file.path].mode
    else:
        # The change is made: an error while looking at its outcome is no reason to fail.
        with suppress(OSError):
            has = _attributes_of(system.stat(file.path))
    strategy: Literal["in_place", "rename"] = "in_place" if change.in_place else "rename"
    losses = tuple(lost.get(file.path, ()))
    return FileResult(file.path, strategy, file.digest, change.after, *has, losses)


def _attributes_of(status: os.stat_result | None) -> tuple[int | None, int | None, int | None]:
    """Return owner, group and mode, as far as the system has them."""
    if status is None or not system.HAS_OWNERS:
        return None, None, None
    return status.st_uid, status.st_gid, stat.S_IMODE(status.st_mode)
