"""A desired state compared with the files of a realm: which user needs what."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import InvalidDesiredStateError
from ..names import reserved_usernames
from .credentials import CredentialsError, read_password
from .values import PASSWORD_SOURCES

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

    from .._ground.values import Secret
    from ..formats.realm import ParsedRealm
    from .credentials import CredentialRules
    from .desired import DesiredState
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

        realm: What the files say.

        managed: The names of the users that earlier runs created.

        rules: The settings of the node and the hash policy.

        shared: Reads passwords, and verifies those of ``unverified`` before ``settle``.

    Attributes:
        desired: See above.
        realm: See above.
        roles: From every user who is added, removed or gets other roles to the roles afterwards;
            None for a user who is removed.
        passwords: From the users whose password is to be hashed to that password.
        hashes: From the users who get a given hash to that hash.
        rehashed: The users of *passwords* whose password stays the same.
        purged: The users who are removed because the document does not list them.
        orphans: From the names that are not users and lose their roles to the reason.
        read: From users to the passwords that were read from files and variables. A pipe can be
            read only once.
        unverified: The users with a password that may be that of their stored hash, with both.

    Raises:
        InvalidDesiredStateError: If the desired state breaks a rule that only the node knows.
    """

    def __init__(
        self,
        desired: DesiredState,
        realm: ParsedRealm,
        managed: AbstractSet[str],
        rules: CredentialRules,
        shared: SharedWork,
    ) -> None:
        self.desired = desired
        self.realm = realm
        self.roles: dict[str, Roles] = {}
        self.passwords: dict[str, Secret] = {}
        self.hashes: dict[str, Secret] = {}
        self.rehashed: set[str] = set()
        self.purged: list[str] = []
        self.orphans: dict[str, RemovalReason] = {}
        self.read: dict[str, Secret] = {}
        self.unverified: list[Pair] = []
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
        if user.is_absent:
            if stored_hash is not None:
                self.roles[name] = None
            elif self.realm.roles_of(name):
                self.orphans[name] = "absent"
            return
        if name in self._reserved:
            rule = f"[{name}] is reserved for a user that Elasticsearch defines itself"
            raise CredentialsError(user.issue("name", rule))
        before = () if stored_hash is None else self.realm.roles_by_user.get(name, ())
        wanted = user.roles_after(before)
        # Nearly always they are in the same order, which spares two sets for each of many users.
        if stored_hash is None or (wanted != before and set(wanted) != set(before)):
            self.roles[name] = wanted
        if stored_hash is None:
            self._set_credentials(user)
        elif user.updates_password:
            self._compare_credentials(user, stored_hash)

    def _set_credentials(self, user: DesiredUser) -> None:
        """Note the credentials of a new user."""
        password_hash, password = self._rules.hash_of(user), self._password_of(user)
        if password_hash is not None:
            self.hashes[user.name] = password_hash
        elif password is not None:
            self.passwords[user.name] = password
        else:
            need = f"needs a password: give one of {', '.join(PASSWORD_SOURCES)}"
            raise CredentialsError(f"{user.place}: new user [{user.name}] {need}")

    def _compare_credentials(self, user: DesiredUser, stored_hash: str) -> None:
        """Note the credentials of an existing user if they differ from the stored hash."""
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
            self.purged.append(name)
            self.roles[name] = None
        self.orphans.update(dict.fromkeys(filter(is_unlisted, self.realm.orphans), "purge"))
