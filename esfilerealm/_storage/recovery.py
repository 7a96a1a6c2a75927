"""
Ending the change of a writer that was killed, lost power, or could not roll back.

The content of the files decides how far the change has come, not what anybody remembers. So the
writer itself after an error, its successor after its death, and a reader in between all come to the
same answer.
"""

from __future__ import annotations

import os
import re
from contextlib import suppress
from typing import TYPE_CHECKING, Final, TypeVar

from .._ground.faults import FaultsOf
from .._ground.logs import get_logger
from ..errors import FileAccessError, FilePermissionError, FileRealmError, JournalVersionError
from ..results import Recovery
from . import system
from .attributes import Attributes
from .below import (
    clear,
    look_below,
    quarantine,
    reach_step,
    read_below,
    remove_made,
    sync_below,
)
from .journal import Journal, UnusableJournalError
from .lock import write_lock
from .paths import (
    LOCKED_ALONE,
    OTHER_FILES,
    VERSION_PATTERN,
    accounts_path,
    journal_path,
    lock_path,
    managed_path,
    records_of,
)
from .progress import Progress
from .read import UNREADABLE, FileContent
from .staging import (
    REJECTED,
    overwrite,
    quarantine_leftovers,
    remove_leftovers,
    sync_file,
    sync_folder,
    temporary_name,
    temporary_pattern,
)
from .target import could_replace, is_believed, owners_of, real_target, trusted_target

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from .journal import JournalStep
    from .paths import RealmPaths

__all__ = [
    "is_there",
    "quarantined_journals",
    "read_file_journal",
    "read_journal",
    "recover",
    "recover_file",
    "restore",
    "seen_by_readers",
]

_LOG: Final = get_logger(__name__)
_RANDOM_BYTES: Final = 4

T = TypeVar("T")


def recover(paths: RealmPaths) -> Recovery:
    """
    Bring all files to the state before or after an interrupted change, and remove its traces.

    The caller holds the write lock, so the writer that began the change is gone.

    Raises:
        JournalVersionError: If a later version of this package began the change.
        FilePermissionError, FileAccessError: If the system refuses. Everything that a later
            recovery needs is still there.
    """
    folders: dict[str, str] = {}  # mostly it is one, which is looked up once
    users, users_roles = (real_target(path, folders) for path in (paths.users, paths.users_roles))
    journal = journal_path(users)
    others = _other_targets(paths, folders, is_strict=is_there(journal))

    def read(path: str = journal) -> Journal | None:
        return read_journal(users, users_roles, list(others.values()), paths.config_dir, path)

    recovery, deal_with = _ended(journal, read)
    _clear_after(journal, read)
    for path in [others.pop(name) for name in LOCKED_ALONE if name in others]:
        with suppress(FileRealmError):  # not needed either, and somebody may be writing it
            _recover_if_free(path, deal_with)
    beside = *records_of(users), lock_path(users)
    realm = _by_directory([users, users_roles, journal, *beside])
    for directory, names in _by_directory(others.values()).items():
        if directory in realm:
            realm[directory] += names
        else:
            with suppress(FileRealmError):  # not needed to write the realm
                deal_with(directory, "|".join(names))
    for directory, names in realm.items():
        deal_with(directory, f"({'|'.join(names)})({VERSION_PATTERN})?")
    return recovery


def recover_file(target: str, deal_with: Callable[[str, str], None] = remove_leftovers) -> Recovery:
    """
    Do the same for a file that changes alone; the caller holds its lock.

    Args:
        target: Its real path.

        deal_with: What to do with temporary files, unless its own journal is unusable.

    Raises:
        JournalVersionError, FilePermissionError, FileAccessError: As for ``recover``.
    """
    journal = journal_path(target)
    recovery, own = _ended(journal, lambda: read_file_journal(target))
    for folder, names in _by_directory([target, journal, lock_path(target)]).items():
        (own if own is quarantine_leftovers else deal_with)(folder, "|".join(names))
    return recovery


def _recover_if_free(target: str, deal_with: Callable[[str, str], None]) -> None:
    """Recover a file that changes alone, if there is anything to do and nobody writes it."""
    folder, name = os.path.split(target)
    journal, ours = journal_path(name), [name, journal_path(name), lock_path(name)]
    traces = re.compile(f"{re.escape(journal)}|{temporary_pattern('|'.join(map(re.escape, ours)))}")
    with FaultsOf(folder, "reading"):
        if not any(map(traces.fullmatch, system.listdir(folder))):
            return
    with write_lock(lambda: lock_path(target), 0, allow_local_lock=True):
        recover_file(target, deal_with)


def _ended(
    journal: str, read: Callable[[], Journal | None]
) -> tuple[Recovery, Callable[[str, str], None]]:
    """End the change of a journal; return too what is to be done with temporary files."""
    found: Journal | None = None
    try:
        found = read()
        recovery = _recovered(found)
        deal_with = remove_leftovers
    except UnusableJournalError as error:
        if found is not None:
            quarantine(found)
        recovery = _quarantined(journal, str(error))
        deal_with = quarantine_leftovers
    if recovery:
        _LOG.warning("%s", recovery)
    return recovery, deal_with


def _clear_after(journal: str, read: Callable[[str], Journal | None]) -> None:
    """Remove what a writer has left anywhere below, that was killed after its commit."""
    folder, name = os.path.split(journal)
    ours = re.compile(temporary_pattern(re.escape(name)))
    with FaultsOf(folder, "reading"):
        found = [os.path.join(folder, e) for e in system.listdir(folder) if ours.fullmatch(e)]
    for path in found:
        # One that cannot be read was never begun, or it is of nobody whom we believe.
        with suppress(UnusableJournalError, JournalVersionError):
            spent = _spent(path, read)
            if spent is not None:
                clear(spent)


def _spent(path: str, read: Callable[[str], Journal | None]) -> Journal | None:
    """Read a journal under a temporary name; one of another user may not have its mode yet."""
    try:
        return read(path)
    except FilePermissionError:
        with FaultsOf(path, "examining"):
            owner = system.lstat(path).st_uid
        if not system.HAS_OWNERS or os.geteuid() in (0, owner):
            raise
        return None


def _other_targets(
    paths: RealmPaths, folders: dict[str, str], *, is_strict: bool
) -> dict[str, str]:
    """
    Return the real paths of other files that may have changed together with both, by their names.

    Args:
        paths: Where they are.

        folders: As for ``follow``.

        is_strict: Whether to raise if that cannot be found out, since a journal is there, which may
            name them. Without a journal, it is no reason not to write the realm.
    """
    found = {}
    for name in OTHER_FILES:
        try:
            found[name] = trusted_target(paths.named(name), folders)
        except FileRealmError:
            if is_strict:
                raise
    return {name: path for name, path in found.items() if path is not None}


def is_there(path: str) -> bool:
    """
    Check whether anything has that name.

    Raises:
        FilePermissionError, FileAccessError: If nobody can tell.
    """
    with FaultsOf(path, "examining"):
        try:
            system.lstat(path)
        except FileNotFoundError:
            return False
    return True


def quarantined_journals(journal: str) -> list[str]:
    """Return the journals that were quarantined and that nobody has removed yet."""
    folder, name = os.path.split(journal)
    with FaultsOf(folder, "reading"):
        entries = system.listdir(folder)
    ours = re.compile(rf"{re.escape(name)}\.[0-9a-f]{{8,16}}{re.escape(REJECTED)}")
    return sorted(os.path.join(folder, entry) for entry in entries if ours.fullmatch(entry))


def _by_directory(paths: Iterable[str]) -> dict[str, list[str]]:
    """Return for each directory the names in it, as regular expressions."""
    directories: dict[str, list[str]] = {}
    for path in paths:
        directory, name = os.path.split(path)
        directories.setdefault(directory, []).append(re.escape(name))
    return directories


def _recovered(journal: Journal | None) -> Recovery:
    if journal is None:
        return Recovery()
    is_committed = _is_committed(journal.steps)
    fault = _sync(journal.steps) if is_committed else restore(journal.steps, journal.stranger)
    if fault is not None:
        raise fault
    clear(journal)
    if not is_committed:
        remove_made(journal)
    journal.retire(temporary_name(journal.path), may_be_missing=True)
    sync_folder(os.path.dirname(journal.path))
    targets = tuple(dict.fromkeys(step.target for step in journal.steps))
    return Recovery("completed" if is_committed else "rolled_back", journal.path, targets=targets)


def _is_committed(steps: Sequence[JournalStep]) -> bool:
    """
    Check whether a change was committed and its journal is there again.

    A writer removes the backups after it has removed the journal for good. Where a directory cannot
    be made durable, as on Windows, a power cut may bring the journal back without them.
    """
    olds = [step.old for step in steps if step.old is not None]
    return Progress(steps, _look(steps)).is_complete and not all(map(is_there, olds))


def _quarantined(path: str, reason: str) -> Recovery:
    kept = f"{path}.{os.urandom(_RANDOM_BYTES).hex()}{REJECTED}"
    with FaultsOf(path, "quarantining"):
        system.rename(path, kept)
    sync_folder(os.path.dirname(path))
    return Recovery("quarantined", kept, reason)


def read_journal(
    users: str,
    users_roles: str,
    others: Sequence[str] = (),
    config_dir: str | None = None,
    path: str | None = None,
) -> Journal | None:
    """
    Read the journal of a change that is under way or was interrupted, if there is one.

    Args:
        users: The real path.

        users_roles: The real path.

        others: The real paths of the other files that the change may be about.

        config_dir: The configuration directory, below which it may be about any file.

        path: Where it is, if not beside *users*.

    Raises:
        UnusableJournalError: If nobody must act on it.
        JournalVersionError, FilePermissionError, FileAccessError: If it cannot be read.
    """
    allowed = [re.escape(path) + f"({VERSION_PATTERN})?" for path in (users, users_roles)]
    allowed += map(re.escape, (accounts_path(users), managed_path(users)))

    def could_replace_both(status: os.stat_result) -> bool:
        folder = os.path.dirname(users)
        beside = [path for path in (users, users_roles) if os.path.dirname(path) == folder]
        return all(could_replace(path, [status.st_gid]) for path in beside)

    return Journal.read(
        path or journal_path(users),
        allowed,
        owners_of(users),
        others,
        could_replace_both,
        config_dir and system.realpath(config_dir),
    )


def read_file_journal(target: str) -> Journal | None:
    """
    Read the journal of a change of one file alone, if there is one.

    Args:
        target: Its real path.

    Raises:
        UnusableJournalError, JournalVersionError, FilePermissionError, FileAccessError: As for
            ``read_journal``.
    """

    def could_replace_it(status: os.stat_result) -> bool:
        return could_replace(target, [status.st_gid])

    allowed = [re.escape(target)]
    return Journal.read(
        journal_path(target), allowed, owners_of(target), could_replace=could_replace_it
    )


def restore(
    steps: Sequence[JournalStep], stranger: int | None = None
) -> FileAccessError | FilePermissionError | None:
    """
    Roll back a change, step by step in the reverse order, and make that durable.

    A node that reads in between sees the same states as during the change. A backup is used up only
    once it is in place, so a rollback may be interrupted and started again.

    What cannot be made durable is put back all the same, so that nobody goes on to use a change
    that its writer has reported as failed. The journal must stay then: a power cut may leave any
    part of the rollback.

    Args:
        steps: The whole change.

        stranger: As in ``Journal``; then no file gets more than that user could have given it.

    Returns:
        The error, if something could not be made durable.

    Raises:
        UnusableJournalError: If another program has written a file since, or a backup is missing;
            nothing is touched then.
        FilePermissionError, FileAccessError: If the system refuses.
    """
    fault = _sync(steps)
    done = [step for step in Progress(steps, _look(steps)).done if not _is_untouched(step)]
    for step in done:
        _kept(step, stranger)
    for step in reversed(done):
        _roll_back(step, stranger)
        fault = fault or _fault_of(sync_below, step)
    return fault


def _look(steps: Sequence[JournalStep]) -> Callable[[str], FileContent]:
    """Return what reads a target as it is now."""
    by_target = {step.target: step for step in steps}
    return lambda target: look_below(target, by_target[target])


def _sync(steps: Sequence[JournalStep]) -> FileAccessError | FilePermissionError | None:
    """
    Make the present state of a change durable, or return the first error.

    Its writer, or an earlier recovery, may have been killed before that. The next steps must not
    reach the disk before it.
    """
    fault = None
    for target in {step.target for step in steps if step.in_place}:
        fault = fault or _fault_of(sync_file, target)
    for step in {os.path.dirname(step.target): step for step in steps}.values():
        fault = fault or _fault_of(sync_below, step)
    return fault


def _fault_of(sync: Callable[[T], None], what: T) -> FileAccessError | FilePermissionError | None:
    try:
        sync(what)
    except (FileAccessError, FilePermissionError) as fault:
        return fault
    return None


def seen_by_readers(
    steps: Sequence[JournalStep],
    found: Sequence[FileContent],
    stranger: int | None = None,
) -> dict[str, FileContent]:
    """
    Return files, by their paths, as a reader is to see them while there is a journal.

    That is as before the change, since the next writer would roll it back.

    Args:
        steps: The whole change.

        found: The files as they are.

        stranger: As in ``Journal``.

    Raises:
        UnusableJournalError: If nobody can know; perhaps the change ended just now.
    """
    files = {file.path: file for file in found}
    own = [step for step in steps if step.target in files]
    Progress(own, files.__getitem__)  # raises if another program has written them since
    return {path: _before(own, file, stranger) for path, file in files.items()}


def _before(steps: Sequence[JournalStep], now: FileContent, stranger: int | None) -> FileContent:
    """Return one file as it was before a change."""
    first = next((step for step in steps if step.target == now.path), None)
    if first is None or first.before == now.digest:
        return now
    old = _kept(first, stranger)
    return FileContent(now.path, old.blocks, old.stat)


def _kept(step: JournalStep, stranger: int | None) -> FileContent:
    """
    Return the backup of a step, and check that it is what the file held before.

    One that this user may not read is only good to be put back as it is.
    """
    if step.old is None:
        return FileContent(step.target)
    content = look_below(step.old, step)
    is_known = content.digest != UNREADABLE or step.in_place
    if is_known and content.digest != step.before:
        raise UnusableJournalError(f"[{step.old}], the backup of [{step.target}], is missing")
    if stranger is not None and content.stat is not None:
        _check_backup(step, content.stat, stranger)
    return content


def _check_backup(step: JournalStep, status: os.stat_result, stranger: int) -> None:
    """
    Refuse a backup that a stranger could not have made.

    A file that is overwritten gets the content of a copy, which belongs to its writer. A file that
    was replaced comes back itself, so it may belong to anybody who could have written it.
    """
    is_own = status.st_uid == stranger
    if not is_own and (step.in_place or not is_believed(status, step.target)):
        reason = f"[{step.old}], the backup of [{step.target}], is from user [{status.st_uid}]"
        raise UnusableJournalError(reason)


def _is_untouched(step: JournalStep) -> bool:
    """
    Check whether a file was certainly not overwritten.

    A backup is durable before anything is overwritten. If it is missing and the file has the old
    content, the power was cut before that.
    """
    return (
        step.in_place
        and step.old is not None
        and not read_below(step.old, step).exists
        and read_below(step.target, step).digest == step.before
    )


def _roll_back(step: JournalStep, stranger: int | None) -> None:
    with FaultsOf(step.target, "restoring"):
        if step.old is None:
            reach_step(step, lambda reach: reach.unlink(step.target))
        elif step.had is not None:
            # A backup may belong to another user, who could write the file but not own it.
            kept = _kept(step, stranger)
            if stranger is None:
                extended = Attributes.of(step.old, system.lstat(step.old)).extended
                attributes = Attributes(*step.had, extended, is_tolerant=True)
            else:
                attributes = Attributes(None)  # only its owner could have changed them
            overwrite(step.target, kept.data, attributes, step.inode)
        else:
            old = step.old
            reach_step(step, lambda reach: reach.rename(old, step.target))
