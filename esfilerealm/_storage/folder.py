"""The configuration directory of a node: the only way to the files of a realm."""

from __future__ import annotations

from ..errors import ConfigurationFileMissingError, FileRealmError
from .accounts import Accounts
from .paths import RealmPaths, accounts_path, managed_path, version_path
from .realm_files import RealmFiles, read_files, read_files_and_records, read_settled

__all__ = ["RealmFolder"]

TYPE_CHECKING = False  # see `_ground`
if TYPE_CHECKING:
    import os
    from collections.abc import Callable
    from typing import TypeVar

    from ..results import ModeChange, Recovery, WriteResult
    from .managed import ManagedUsers
    from .modes import ModeRecord, ModeStep
    from .noting import NotedLine
    from .options import WriteOptions
    from .read import FileContent
    from .realm_files import SettledRead
    from .single_file import LockedWith
    from .write import Locked, Unit

    T = TypeVar("T")

# Modules that only a write needs are imported by its methods, so that `list` does not load them.


class RealmFolder:
    """
    Reads and writes the files of one configuration directory.

    The methods that write raise ``LockTimeoutError`` if another writer holds the lock for too long,
    ``JournalVersionError`` if a later version of this package left an interrupted write, and
    ``FilePermissionError`` or ``FileAccessError`` if the system refuses.

    Args:
        config_dir: The directory. Where its files are is decided now.

        in_x_pack: As for ``RealmPaths``.

    Attributes:
        paths: Where its files are.
    """

    def __init__(self, config_dir: str | os.PathLike[str], *, in_x_pack: bool = False) -> None:
        self.paths = RealmPaths(config_dir, in_x_pack=in_x_pack)

    def read(self, *others: str) -> RealmFiles:
        """
        Read ``users``, ``users_roles`` and any *others* as one state. No lock is needed.

        Args:
            others: Names of ``paths.OTHER_FILES``; a missing file is empty.

        Raises:
            ConfigurationFileMissingError: If there is no ``users`` file.
            JournalVersionError: If a later version of this package left an interrupted write.
            FilePermissionError, FileAccessError: If one of them cannot be read.
        """
        files = self.read_any(*others)
        _check_exists(files.users, self.paths)
        return files

    def read_any(self, *others: str) -> RealmFiles:
        """Read files as ``read`` does; a missing ``users`` counts as empty too."""
        return read_files(self.paths, others)

    def place_below(self, name: str) -> str | None:
        """
        Return the real path of a file below the directory; None if links lead out of it.

        Args:
            name: The path of the file, relative to the directory, with ``/``.

        Raises:
            FilePermissionError, FileAccessError: If a link cannot be followed; see
                ``target_below``.
        """
        from .target import place_below

        return place_below(self.paths.config_dir, name)

    def read_with_managed(
        self, *, is_needed: bool, may_be_missing: bool = False
    ) -> tuple[RealmFiles, ManagedUsers]:
        """
        Read both files and the list of the users that provisioning has made, as one state.

        Args:
            is_needed: Whether the list matters. If not, an unusable list counts as empty.

            may_be_missing: Whether a missing ``users`` counts as empty.

        Raises:
            FileFormatError, FileAccessError, FilePermissionError: If the list is unusable.
            ConfigurationFileMissingError, JournalVersionError: As for ``read``.
        """
        files, (found,) = read_files_and_records(self.paths, managed_path)
        if not may_be_missing:
            _check_exists(files.users, self.paths)
        return files, _managed(found, files, is_needed=is_needed)

    def read_with_accounts(self, *, may_be_missing: bool = False) -> tuple[RealmFiles, Accounts]:
        """
        Read both files and the record of the users that are locked or expire, as one state.

        A record that cannot be used is no error: see ``Accounts.fault``.

        Args:
            may_be_missing: Whether a missing ``users`` counts as empty.

        Raises:
            ConfigurationFileMissingError, JournalVersionError, FilePermissionError,
            FileAccessError: As for ``read``.
        """
        files, (found,) = read_files_and_records(self.paths, accounts_path)
        if not may_be_missing:
            _check_exists(files.users, self.paths)
        return files, Accounts.of(found, files.users.path)

    def read_with_both(
        self, *, needs_managed: bool, may_be_missing: bool = False
    ) -> tuple[RealmFiles, ManagedUsers, Accounts]:
        """
        Read both files, the list of ``read_with_managed`` and the record of ``read_with_accounts``.

        All are of one state. For arguments and errors see these methods.
        """
        files, (managed, accounts) = read_files_and_records(self.paths, managed_path, accounts_path)
        if not may_be_missing:
            _check_exists(files.users, self.paths)
        listed = _managed(managed, files, is_needed=needs_managed)
        return files, listed, Accounts.of(accounts, files.users.path)

    def keeps_versions(self, files: RealmFiles, options: WriteOptions) -> bool:
        """Check whether a write that changes *files* leaves an earlier version of them."""
        from .recovery import is_there

        if options.keep is not None:
            return options.keep > 0
        return is_there(version_path(files.users.path, 1))

    def read_settled(self) -> SettledRead:
        """Read both files once nobody is writing them; an error stands in place of a content."""
        return read_settled(self.paths)

    def quarantined(self) -> list[str]:
        """Return the journals that recovery could not use and that nobody has removed since."""
        from .recovery import quarantined_journals

        return quarantined_journals(self.paths.journal)

    @staticmethod
    def prepare_to_write() -> None:
        """Import what a write needs, while a hash is computed beside it."""
        import filelock

        from . import write

        del filelock, write

    def locked(self, options: WriteOptions, *also: str) -> Locked | LockedWith:
        """
        Hold the write lock, recover, and give what was found of an interrupted write.

        Use it with ``inside``: an exception at the end of a ``with`` block may leave it locked.

        Args:
            options: How to write.

            also: Names of ``paths.LOCKED_ALONE`` that are to change too; their locks are held too.
        """
        if not also:
            from .write import Locked

            return Locked(self.paths, options)
        from .single_file import LockedWith

        return LockedWith(self.paths, options, also)

    def recover(self, options: WriteOptions) -> Recovery:
        """End an interrupted write, as every write does first."""
        from .._ground.holding import inside

        return inside(self.locked(options), lambda recovery: recovery)

    def commit(self, unit: Unit, options: WriteOptions) -> WriteResult:
        """Journal and replace the files of a unit; the caller holds the lock (or runs dry)."""
        from .write import write_unit

        return write_unit(self.paths, unit, options)

    def noted(
        self,
        files: RealmFiles,
        modes: tuple[ModeChange, ...],
        options: WriteOptions,
        change: Callable[[], T],
    ) -> T:
        """Return the result of a *change* of modes alone, which the log of changes has then."""
        from .._ground.holding import inside
        from .noting import NotedChange, noted_files

        def write(line: NotedLine) -> T:
            result = change()
            line.keep()
            return result

        told = NotedChange(self.paths.config_dir, noted_files(files.both, ()), modes=modes)
        return inside(options.noted(told), write)

    def earlier_version(self, files: RealmFiles) -> tuple[FileContent, FileContent]:
        """
        Return ``users`` and ``users_roles`` of the latest version that is kept.

        Raises:
            NoEarlierVersionError: If none is kept.
        """
        from .versions import earlier_version

        return earlier_version(files.both)

    def mode_step(self, path: str, mode: int) -> ModeStep | None:
        """
        Return the change that leaves a file only those rights that *mode* has; None if it is so.

        For the errors see ``ModeStep.taking``.
        """
        from .modes import ModeStep

        return ModeStep.taking(self.paths.config_dir, path, mode)

    def mode_record(self, files: RealmFiles) -> ModeRecord | None:
        """Return what a fix has done to modes if both files were not written since."""
        from .modes import ModeRecord

        record = ModeRecord.read(files.users.path)
        digests = files.users.digest, files.users_roles.digest
        return record if record is not None and record.digests == digests else None

    def create(self, options: WriteOptions) -> WriteResult:
        """Create the directory and both files where they are missing."""
        from .create import create_missing_files

        return create_missing_files(self.paths, options)


def _managed(
    found: FileContent | FileRealmError, files: RealmFiles, *, is_needed: bool
) -> ManagedUsers:
    """Parse the list of managed users; an unusable one counts as empty unless it is needed."""
    from .managed import ManagedUsers

    try:
        return ManagedUsers.of(found, files.users.path)
    except FileRealmError:
        if is_needed:
            raise
        return ManagedUsers.none(files.users.path)


def _check_exists(users: FileContent, paths: RealmPaths) -> None:
    if not users.exists:
        if paths.of_shield is not None:
            advice = (
                f"[{paths.of_shield}] holds the files of Shield 1 or 2: give -c {paths.of_shield}"
            )
            raise ConfigurationFileMissingError(paths.users, advice)
        advice = "check the directory, or run `esfilerealm init` to make it an empty realm"
        raise ConfigurationFileMissingError(paths.users, advice)
