"""A desired state compared with the files of a realm: which user needs what."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from .._ground.moments import shown_time
from .._ground.showing import shown_name
from ..errors import InvalidDesiredStateError
from ..names import reserved_usernames
from .credentials import CredentialsError, read_password
from .values import PASSWORD_SOURCES

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

    from .._ground.values import Secret
    from .credentials import CredentialRules
    from .desired import DesiredState
    from .node_accounts import NodeAccounts
    from .plan_result import RemovalReason
    from .shared_work import Pair, SharedWork
    from .values import DesiredUser

    Roles = tuple[str, ...] | None

__all__ = ["Comparison"]


class Comparison:
    """
    The differences between a desired state and a realm.

    They are whole once ``settle`` was called, after the passwords were verified.

    Args:
        desired: The desired state.

        accounts: What the files say, and who is locked or expires.

        managed: The names of the users that earlier runs created.

        rules: The settings of the node and the hash policy.

        shared: Reads passwords, and verifies those of ``unverified`` before ``settle``.

    Attributes:
        desired: See above.
        accounts: See above.
        realm: What the files say, without the users whose time is over.
        roles: From every user who is added, removed or gets other roles to the roles afterwards;
            None for a user who is removed.
        passwords: From the users whose password is to be hashed to that password.
        hashes: From the users who get a given hash to that hash.
        rehashed: The users of *passwords* whose password stays the same.
        locks: From the users who are to be locked (True) or unlocked (False).
        expiries: From the users who get another time to that time; None for no end.
        ended: The users who are removed because the document gives a time that has passed.
        purged: The users who are removed because the document does not list them.
        orphans: From the names that are not users and lose their roles to the reason.
        read: From users to the passwords that were read from files and variables. A pipe can be
            read only once.
        unverified: The users with a password that may be that of their stored hash, with both.
        warnings: What the administrator should know.

    Raises:
        InvalidDesiredStateError: If the desired state breaks a rule that only the node knows.
        FileFormatError, FileAccessError, FilePermissionError: If the record of locked and expiring
            users is needed and cannot be used.
    """

    def __init__(
        self,
        desired: DesiredState,
        accounts: NodeAccounts,
        managed: AbstractSet[str],
        rules: CredentialRules,
        shared: SharedWork,
    ) -> None:
        self.desired = desired
        self.accounts = accounts
        self.realm = accounts.realm
        self.roles: dict[str, Roles] = {}
        self.passwords: dict[str, Secret] = {}
        self.hashes: dict[str, Secret] = {}
        self.rehashed: set[str] = set()
        self.locks: dict[str, bool] = {}
        self.expiries: dict[str, datetime | None] = {}
        self.ended: set[str] = set()
        self.purged: list[str] = []
        self.orphans: dict[str, RemovalReason] = {}
        self.read: dict[str, Secret] = {}
        self.unverified: list[Pair] = []
        self.warnings: list[str] = []
        self._rules = rules
        self._shared = shared
        self._accepts_all = rules.policy.accepts_all
        self._reserved = reserved_usernames(**rules.settings.name_rules)
        self._compare_users()
        self._find_purged(managed)

    def settle(self) -> None:
        """Note the passwords that changed, and those whose hash is too weak."""
        for name, password, stored_hash in self.unverified:
            if not self._shared.matches(password, stored_hash):
                self.passwords[name] = password
            elif self._rules.policy.needs_update(stored_hash):
                self.passwords[name] = password
                self.rehashed.add(name)

    def has_new_hash(self, username: str) -> bool:
        """Check whether a user gets a new hash."""
        return username in self.hashes or username in self.passwords

    def is_locked_after(self, username: str) -> bool:
        """Check whether a user is locked after the changes."""
        return self.locks.get(username, self.accounts.is_locked(username))

    def is_new(self, username: str) -> bool:
        """Check whether a user is to be added."""
        return username not in self.realm.hashes and self.roles.get(username) is not None

    def _compare_users(self) -> None:
        issues = []
        policy = self._rules.policy
        if policy.problem:
            place = self.desired.hash_policy.place
            issues.append(f"{place}: [{policy.algorithm}]: {policy.problem}")
        for user in self.desired.users:
            try:
                self._compare(user)
            except CredentialsError as error:
                issues.append(str(error))
        if issues:
            raise InvalidDesiredStateError(tuple(issues))

    def _compare(self, user: DesiredUser) -> None:
        name = user.name
        stored_hash = self.realm.hashes.get(name)
        if user.is_absent or user.is_over_at(self.accounts.moment.time):
            self._remove(user)
            return
        if name in self._reserved:
            rule = f"[{name}] is reserved for a user that Elasticsearch defines itself"
            raise CredentialsError(user.issue("name", rule))
        if name in self.accounts.expired and user.expires is None:
            self._leave_expired(name)
            return
        before = () if stored_hash is None else self.realm.roles_by_user.get(name, ())
        wanted = user.roles_after(before)
        # Nearly always they are in the same order, which spares two sets for each of many users.
        if stored_hash is None or (wanted != before and set(wanted) != set(before)):
            self.roles[name] = wanted
        if stored_hash is None:
            self._set_credentials(user)
        else:
            self._compare_credentials(user)
        self._compare_lock(user)
        if user.expires is not None:
            self._compare_expiry(user)

    def _remove(self, user: DesiredUser) -> None:
        name = user.name
        if name in self.realm.hashes:
            self.roles[name] = None
            if not user.is_absent:
                self.ended.add(name)
        elif self.realm.roles_of(name):
            self.orphans[name] = "absent"

    def _leave_expired(self, name: str) -> None:
        """Do not bring a user back whose time is over because a document says nothing of it."""
        ended = self.accounts.ended(name)
        over = "" if ended is None else f" at [{shown_time(ended)}]"
        self.warnings.append(
            f"user [{name}]: its time was over{over}, so it is removed, but the document lists it: "
            "the next run adds it for good unless the document says [expires] or [state: absent]"
        )

    def _set_credentials(self, user: DesiredUser) -> None:
        """Note the credentials of a user who has none."""
        if user.has_locked_hash and user.is_to_be_locked and user.password_hash is not None:
            self.hashes[user.name] = user.password_hash
            return
        password_hash = None if user.has_locked_hash else self._rules.hash_of(user)
        password = self._password_of(user)
        if password_hash is not None:
            self.hashes[user.name] = password_hash
        elif password is not None:
            self.passwords[user.name] = password
        else:
            need = f"needs a password: give one of {', '.join(PASSWORD_SOURCES)}"
            raise CredentialsError(f"{user.place}: new user [{user.name}] {need}")

    def _compare_credentials(self, user: DesiredUser) -> None:
        """
        Note the credentials of an existing user if they differ from the stored hash.

        For a locked user that is the hash that is kept aside.
        """
        is_unlocked = user.locked is False and self.accounts.is_locked(user.name)
        if not user.has_credentials or user.has_locked_hash:
            if is_unlocked and self.accounts.hash_of(user.name) is None:
                rule = (
                    f"user [{user.name}] is locked, and its password hash is not kept: give "
                    f"one of {', '.join(PASSWORD_SOURCES)}"
                )
                raise CredentialsError(user.issue("locked", rule))
            return
        if not (user.updates_password or is_unlocked):
            return
        stored_hash = self.accounts.hash_of(user.name)
        if stored_hash is None:
            self._set_credentials(user)
        elif user.updates_password:
            self._compare_with(stored_hash, user)

    def _compare_with(self, stored_hash: str, user: DesiredUser) -> None:
        if user.password_hash is None:
            password = self._password_of(user)
            if password is not None:
                self.unverified.append((user.name, password, stored_hash))
        elif user.password_hash.reveal() == stored_hash and self._accepts_all:
            return  # nearly always, and it spares the checks of a hash that is already there
        else:
            password_hash = self._rules.hash_of(user)
            if password_hash is not None and password_hash.reveal() != stored_hash:
                self.hashes[user.name] = password_hash

    def _compare_lock(self, user: DesiredUser) -> None:
        wanted = user.is_to_be_locked
        if wanted is not None and wanted != self.accounts.is_locked(user.name):
            self.locks[user.name] = wanted

    def _compare_expiry(self, user: DesiredUser) -> None:
        name = user.name
        wanted = user.expires if isinstance(user.expires, datetime) else None
        if name not in self.realm.hashes:
            if wanted is not None:
                self.expiries[name] = wanted
            return
        if self.accounts.is_emergency(name):
            rule = (
                f"user [{name}] gives emergency access, whose time no document changes: leave "
                "[expires] out, or remove the user with [state: absent]"
            )
            raise CredentialsError(user.issue("expires", rule))
        before = self.accounts.expires(name)
        if _shown(before) != _shown(wanted):
            self.expiries[name] = wanted

    def _password_of(self, user: DesiredUser) -> Secret | None:
        password = self._shared.read_once("user", user.name, lambda: read_password(user))
        if password is not None:
            self._rules.check_password(user, password)
            self.read[user.name] = password
        return password

    def _find_purged(self, managed: AbstractSet[str]) -> None:
        purge = self.desired.purge
        if purge in (None, "none"):
            return
        listed = {user.name for user in self.desired.users}

        def is_unlisted(name: str) -> bool:
            is_candidate = purge == "all" or name in managed
            return is_candidate and name not in listed and not self.desired.protects(name)

        for name in filter(is_unlisted, self.realm.hashes):
            if self.accounts.is_emergency(name):
                until = _shown(self.accounts.expires(name))
                text = f"user [{shown_name(name)}] gives emergency access until [{until}]"
                self.warnings.append(f"{text}: purge leaves it")
            else:
                self.purged.append(name)
                self.roles[name] = None
        self.orphans.update(dict.fromkeys(filter(is_unlisted, self.realm.orphans), "purge"))


def _shown(time: datetime | None) -> str | None:
    """Return a time to the second, as it is shown: documents give no parts of seconds."""
    return None if time is None else shown_time(time)
