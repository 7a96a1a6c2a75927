"""Where users come from: what provisioning asks of a transaction besides changes of users."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._storage import Accounts, ManagedUsers
from ..errors import FileRealmError, PlanOutdatedError

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from .._storage import FileContent, RealmFiles, RealmFolder
    from ..results import UserChanges

__all__ = ["Provenance"]


class Provenance:
    """
    The state that a plan was made for, and the list of the users that provisioning has made.

    Args:
        folder: The directory of the realm.

    Attributes:
        is_locked: Whether the write lock is held. Without it, the list is read together with both
            files, so that all are of one state.
    """

    def __init__(self, folder: RealmFolder) -> None:
        self.is_locked = False
        self._folder = folder
        self._expected: Sequence[str | None] = ()
        self._expected_accounts: tuple[str, str | None] | None = None
        self._listed: tuple[Collection[str], Collection[str]] | None = None

    @property
    def changes_list(self) -> bool:
        """Whether users are to be listed or taken off the list."""
        return self._listed is not None

    def expect(
        self, digests: Sequence[str | None], accounts: tuple[str, str | None] | None
    ) -> None:
        """Remember what the files are expected to hold; see ``Transaction.expect``."""
        self._expected = digests
        self._expected_accounts = accounts

    def set_listed(self, add: Collection[str], remove: Collection[str]) -> None:
        """Remember which users to list, and which to take off the list."""
        self._listed = add, remove

    def check(self, files: RealmFiles) -> None:
        """
        Compare the files with those that are expected.

        Raises:
            PlanOutdatedError: If one of them differs.
        """
        found: tuple[FileContent, ...] = files.both
        if len(self._expected) > len(found):
            found = (*found, self._read(files).file)
        for file, digest in zip(found, self._expected, strict=False):
            if file.digest != digest:
                raise PlanOutdatedError(file.path)
        if self._expected_accounts is not None:
            path, digest = self._expected_accounts
            if self._accounts(files).file.digest != digest:
                raise PlanOutdatedError(path)

    def edited(self, files: RealmFiles, changes: UserChanges) -> tuple[FileContent, bytes] | None:
        """
        Return the list with its new content, or None if this change is not about it.

        A user that is added or removed without provisioning is taken off the list.
        """
        touched = {*changes.added, *changes.removed, *changes.orphans}
        if self._listed is not None:
            add, remove = self._listed
            managed = self._read(files)
            return managed.file, managed.edited(add, {*remove, *touched.difference(add)})
        try:
            managed = self._read(files)
        except FileRealmError:
            return None  # an unusable list must not stop a change that does not depend on it
        return (managed.file, managed.edited((), touched)) if managed.names & touched else None

    def _read(self, files: RealmFiles) -> ManagedUsers:
        if self.is_locked:
            return ManagedUsers.read(files.users.path)
        return self._folder.read_with_managed(is_needed=True)[1]

    def _accounts(self, files: RealmFiles) -> Accounts:
        if self.is_locked:
            return Accounts.read(files.users.path)
        return self._folder.read_with_accounts()[1]
