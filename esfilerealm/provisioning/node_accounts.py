"""Who is locked on a node, whose time ends there, and whose is over."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._ground.locked import is_locked
from ..formats.realm import ParsedRealm

if TYPE_CHECKING:
    from datetime import datetime
    from typing import NoReturn

    from .._ground.moments import Moment
    from .._storage import Accounts

__all__ = ["NodeAccounts"]


class NodeAccounts:
    """
    What both files and the record say of the accounts of a node at a moment.

    A record that cannot be used is an error only where somebody depends on it: the methods that
    need it raise ``FileFormatError``, ``FileAccessError`` or ``FilePermissionError``.

    Args:
        accounts: The record.

        realm: What both files say.

        moment: Now.

    Attributes:
        expired: The users whose time is over, in the order of ``users``. The next write removes
            them.
        realm: What both files say, without these users.
        moment: See above.
    """

    def __init__(self, accounts: Accounts, realm: ParsedRealm, moment: Moment) -> None:
        self._accounts = accounts
        self._whole = realm
        self.moment = moment
        due = accounts.due(moment)
        self.expired = tuple(name for name in realm.hashes if name in due) if due else ()
        self.realm = _without(realm, self.expired) if self.expired else realm

    def __reduce__(self) -> NoReturn:
        raise TypeError("the accounts of a node hold password hashes and cannot be pickled")

    def is_locked(self, username: str) -> bool:
        """Check whether a user is locked."""
        return is_locked(self.realm.hashes.get(username, ""))

    def hash_of(self, username: str) -> str | None:
        """Return the hash of the password of a user; None if that of a locked one is not kept."""
        stored = self.realm.hashes[username]
        if not is_locked(stored):
            return stored
        account = self._accounts.usable().by_name.get(username)
        return None if account is None else account.kept_hash

    def expires(self, username: str) -> datetime | None:
        """Return when the time of a user is over; None for never."""
        account = self._accounts.usable().by_name.get(username)
        return None if account is None else account.expires

    def is_emergency(self, username: str) -> bool:
        """Check whether a user gives emergency access."""
        account = self._accounts.usable().by_name.get(username)
        return account is not None and account.is_emergency

    def roles_of_expired(self, username: str) -> tuple[str, ...]:
        """Return the roles of a user whose time is over."""
        return self._whole.roles_of(username)

    def is_known_emergency(self, username: str) -> bool:
        """Check the same; False if the record cannot be used."""
        account = self._accounts.by_name.get(username)
        return account is not None and account.is_emergency

    def ended(self, username: str) -> datetime | None:
        """Return when the time of a user was over who is expired."""
        return self._accounts.by_name[username].expires


def _without(realm: ParsedRealm, names: tuple[str, ...]) -> ParsedRealm:
    """Return a realm without some users and their roles."""
    hashes = {name: text for name, text in realm.hashes.items() if name not in names}
    roles = {name: of for name, of in realm.roles_by_user.items() if name not in names}
    issues = realm.hash_issues
    return ParsedRealm(hashes, roles, issues=realm.issues, find_hash_issues=lambda: issues)
