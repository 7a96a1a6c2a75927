"""The users that are locked or expire: a small private file beside ``users``."""

from __future__ import annotations

import errno
import os

from .._ground.faults import without_origin
from ..errors import FileAccessError, FileRealmError
from .paths import accounts_path
from .read import LARGEST_RECORD, FileContent, read_plain_file

TYPE_CHECKING = False  # see `_ground`
if TYPE_CHECKING:
    from collections.abc import Mapping

    from .._ground.moments import Moment
    from .account import Account

__all__ = ["Accounts"]

# A reader of a realm without such users loads nothing but this module.


class Accounts:
    """
    The content of that file.

    Args:
        file: See below.

        by_name: See below.

        fault: See below.

    Attributes:
        file: As it was read; a missing file names nobody.
        by_name: The account of each user that it names.
        fault: Why it cannot be used, or None; then it names nobody.
    """

    __slots__ = ("by_name", "fault", "file")

    def __init__(
        self,
        file: FileContent,
        by_name: Mapping[str, Account] | None = None,
        fault: FileRealmError | None = None,
    ) -> None:
        self.file = file
        self.by_name: Mapping[str, Account] = by_name or {}
        self.fault = fault

    @classmethod
    def read(cls, real_users: str) -> Accounts:
        """
        Read the record that belongs to a real ``users`` file, under the lock. Raises nothing.

        It is not used if it is malformed, if a later version of this package wrote it, if the
        system refuses to read it, or if another user of the directory may have put it there, who
        could have users removed or given another password by it.
        """
        try:
            file = read_plain_file(accounts_path(real_users), largest=LARGEST_RECORD)
            if file.stat is not None:
                _check_name(file)
        except FileRealmError as error:
            return cls.of(without_origin(error), real_users)
        return cls.of(file, real_users)

    @classmethod
    def of(cls, found: FileContent | FileRealmError, real_users: str) -> Accounts:
        """Parse the file, or note the error of reading it; see ``read``."""
        if isinstance(found, FileRealmError):
            return cls(FileContent(accounts_path(real_users)), fault=found)
        if found.stat is None:
            return cls(found)
        from .account import parse_accounts
        from .target import reason_for_doubt

        try:
            reason = reason_for_doubt(found.stat, real_users)
            if reason is not None:
                raise FileAccessError(found.path, errno.EPERM, reason)
            return cls(found, parse_accounts(found.data, found.path))
        except FileRealmError as error:
            return cls(found, fault=without_origin(error))

    @classmethod
    def none(cls, real_users: str) -> Accounts:
        """Return the record of a realm that has none."""
        return cls(FileContent(accounts_path(real_users)))

    def usable(self) -> Accounts:
        """
        Return this, for a caller who depends on it.

        Raises:
            FileFormatError: If it is malformed, or a later version of this package wrote it.
            FileAccessError: If it belongs to another user of the directory.
            FilePermissionError: If the system refuses to read it.
        """
        if self.fault is not None:
            raise self.fault
        return self

    def due(self, moment: Moment) -> frozenset[str]:
        """Return the users whose time is over."""
        return frozenset(name for name, each in self.by_name.items() if each.is_over(moment))

    def edited(self, changes: Mapping[str, Account | None]) -> bytes | None:
        """Return the content with other accounts, or none for None; None if nothing is left."""
        accounts = {
            name: account
            for name, account in {**self.by_name, **changes}.items()
            if account is not None and not account.says_nothing
        }
        if accounts == self.by_name:
            return self.file.data if self.file.exists else None
        if not accounts:
            return None
        from .account import accounts_data

        return accounts_data(accounts)


def _check_name(file: FileContent) -> None:
    """Refuse a file that may be any other of its owner."""
    import re

    from .second_names import reason_for_another_name

    reason = reason_for_another_name(file, re.escape(os.path.basename(file.path)))
    if reason is not None:
        raise FileAccessError(file.path, errno.EMLINK, reason)
