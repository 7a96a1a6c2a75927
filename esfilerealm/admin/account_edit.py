"""The record of locked and expiring users in memory, and what it becomes by a number of changes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from .._ground import moments
from .._ground.locked import is_locked
from .._ground.showing import shown_name
from .._storage import Account

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator
    from datetime import datetime

    from .._storage import Accounts, FileContent

    Hashes = Callable[[str], tuple[str | None, str | None]]

__all__ = ["AccountEdit", "Outlook", "new_account", "over_remark"]

#: How many names a remark shows.
_SHOWN: Final = 10


@dataclass(frozen=True, slots=True)
class Outlook:
    """
    What may become of both files later.

    Attributes:
        keeps_versions: Whether an undo will find an earlier version of both files.
        is_rotated: Whether that will be the files as they are before this change.
    """

    keeps_versions: bool
    is_rotated: bool


class AccountEdit:
    """
    Changes of accounts; nothing is written.

    Args:
        read: Returns the record; called when it is needed first.
    """

    def __init__(self, read: Callable[[], Accounts]) -> None:
        self._read = read
        self._found: Accounts | None = None
        self._changes: dict[str, Account | None] = {}

    @property
    def found(self) -> Accounts:
        """The record before the changes."""
        if self._found is None:
            self._found = self._read()
        return self._found

    @property
    def changed(self) -> Collection[str]:
        """The users whose account was set by one of the changes."""
        return self._changes.keys()

    def adopt(self, found: Accounts) -> bool:
        """Take a record for what was found; return whether all changes come out as they did."""
        is_known = self._found is not None and self._found.file.exists
        if is_known or found.file.exists or found.fault is not None:
            return False
        self._found = found
        return True

    def before(self, name: str) -> Account:
        """Return the account of a user before the changes; an empty one if there is none."""
        return self.found.by_name.get(name, Account())

    def after(self, name: str) -> Account:
        """Return it after the changes."""
        if name in self._changes:
            return self._changes[name] or Account()
        return self.before(name)

    def require(self) -> None:
        """Raise the error for which the record cannot be used, if there is one."""
        self.found.usable()

    def set(self, name: str, account: Account | None) -> None:
        """Set or remove the account of a user, whatever it had before."""
        self._changes[name] = account

    def keep(self, name: str, password_hash: str, time: datetime) -> None:
        """Keep the hash of a user who is locked at that time, if not before."""
        self.require()
        account = self.after(name)
        since = account.locked or time
        self._changes[name] = replace(account, kept_hash=password_hash, locked=since)

    def set_expiry(self, name: str, expires: datetime | None, moment: moments.Moment) -> None:
        """Set or drop the time of a user, from this moment on."""
        self.require()
        account = self.after(name)
        if expires == account.expires:
            return
        kept = Account(kept_hash=account.kept_hash, locked=account.locked)
        if expires is not None:
            kept = new_account(expires, moment, kept, is_emergency=account.is_emergency)
        self._changes[name] = kept

    def edited(
        self, hashes: Hashes, look: Callable[[], Outlook]
    ) -> tuple[FileContent, bytes | None] | None:
        """
        Return the record with its new content; None if it is not concerned.

        Accounts that nobody needs any more are dropped. An account is needed as long as somebody
        may undo the change that made it needless.

        Args:
            hashes: Returns the stored hash of a user before and after this change.

            look: Returns what may become of both files.

        Raises:
            FileFormatError, FileAccessError, FilePermissionError: If the record is unusable, and a
                change depends on it.
        """
        if self._found is None and not self._changes:
            return None
        if self.found.fault is not None:
            if any(self._changes.values()):
                self.require()
            return None
        if not self.found.by_name and not any(self._changes.values()):
            return None
        outlook = look()
        changes: dict[str, Account | None] = {
            name: _settled(self.after(name), self.before(name), *hashes(name), outlook)
            for name in {**self.found.by_name, **self._changes}
        }
        return self.found.file, self.found.edited(changes)

    def remarks(self, hashes: Hashes) -> Iterator[str]:
        """Yield what somebody should know of the record."""
        if self._found is None:
            return
        if self._found.fault is not None:
            yield f"users whose time is over, if there are any, stay: {self._found.fault}"
        stale = [name for name in self._found.by_name if self._is_stale(name, *hashes(name))]
        if stale:
            yield (
                f"{_named(stale)} had been locked, and another program has set another password "
                "since: no longer locked"
            )

    def _is_stale(self, name: str, before: str | None, after: str | None) -> bool:
        """Check whether another program has unlocked a user, by another hash."""
        if name in self._changes or before is None or after is None:
            return False
        return self.before(name).locked is not None and not is_locked(before)


def new_account(
    expires: datetime,
    moment: moments.Moment,
    account: Account | None = None,
    *,
    is_emergency: bool = False,
) -> Account:
    """Return an account with a time, set at this moment, that is otherwise like *account*."""
    return replace(
        account or Account(),
        made=moment.time,
        expires=expires,
        is_emergency=is_emergency,
        boot=moment.boot,
        uptime=moment.uptime,
    )


def over_remark(names: Collection[str]) -> str:
    """Return what is said of users whose time is over."""
    return f"{_named(names)} removed: the time is over" if names else ""


def _settled(
    account: Account, was: Account, before: str | None, after: str | None, outlook: Outlook
) -> Account | None:
    """
    Return an account without what is no longer needed, as far as no undo may need it.

    Args:
        account: With all changes.

        was: Without them.

        before: The stored hash of the user before the changes.

        after: Likewise after them.

        outlook: What may become of both files.
    """
    may_return = outlook.keeps_versions and not outlook.is_rotated and not was.says_nothing
    is_kept = outlook.keeps_versions and before is not None
    if after is None and not may_return and not is_kept:
        return None
    is_marked = after is not None and is_locked(after)
    was_marked = is_kept and before is not None and is_locked(before)
    if account.kept_hash is None or not (is_marked or was_marked or may_return):
        return replace(account, kept_hash=None, locked=None)
    since = (account.locked or moments.now().time) if is_marked else None
    return replace(account, locked=since)


def _named(names: Collection[str]) -> str:
    """Return users for a message."""
    shown = ", ".join(f"[{shown_name(name)}]" for name in sorted(names)[:_SHOWN])
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return f"{'user' if len(names) == 1 else 'users'} {shown}{more}"
