"""A desired state beside a realm as it is: who is to become what."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import InvalidDesiredStateError
from ..hashing import password_matches
from ..names import reserved_usernames
from .credentials import CredentialsError, hash_of, password_of
from .guards import SUPERUSER, can_log_in, check_purge, check_superusers

if TYPE_CHECKING:
    from .._ground.secret import Secret
    from ..hashing.policy import Policy
    from ..hashing.pool import HashingPool
    from ..settings import RealmSettings
    from .current import StoredRealm
    from .desired import DesiredState
    from .users import DesiredUser

    Roles = tuple[str, ...] | None

__all__ = ["Comparison"]


class Comparison:
    """
    What differs.

    Args:
        desired: What is wanted.

        stored: The realm as it is.

        settings: Of the node, with the algorithm of *policy*.

        policy: For hashes.

        pool: To verify passwords in.

    Attributes:
        desired: See above.
        stored: See above.
        roles: Of everybody who comes, goes or gets other roles: those to have; None for who goes.
        passwords: Of those whose password is to be hashed.
        hashes: Of those who get one that was made elsewhere.
        rehashed: Those of *passwords* who have that password already.
        purged: Those who go because nobody wants them.
        read: The passwords that were read from files and variables, which need not hold them twice.

    Raises:
        InvalidDesiredStateError: If something is wrong that only the node can tell.
    """

    def __init__(
        self,
        desired: DesiredState,
        stored: StoredRealm,
        settings: RealmSettings,
        policy: Policy,
        pool: HashingPool,
    ) -> None:
        self.desired = desired
        self.stored = stored
        self.roles: dict[str, Roles] = {}
        self.passwords: dict[str, Secret] = {}
        self.hashes: dict[str, Secret] = {}
        self.rehashed: set[str] = set()
        self.purged: list[str] = []
        self.read: dict[str, Secret] = {}
        self._settings = settings
        self._policy = policy
        self._reserved = reserved_usernames(**settings.name_rules)
        self._to_verify: list[tuple[str, Secret, str]] = []
        self._compare_users()
        self._compare_passwords(pool)
        self._find_purged()

    def has_new_hash(self, username: str) -> bool:
        """Tell whether a user gets another hash."""
        return username in self.hashes or username in self.passwords

    def is_new(self, username: str) -> bool:
        """Tell whether there is no such user yet, and is to be one."""
        return username not in self.stored.parsed.hashes and self.roles.get(username) is not None

    def _compare_users(self) -> None:
        faults = []
        policy = self._policy
        if policy.problem:
            place = self.desired.hash_policy.place
            faults.append(f"{place}: [{policy.algorithm}]: {policy.problem}")
        for user in self.desired.users:
            try:
                self._compare(user)
            except CredentialsError as error:
                faults.append(str(error))
        if faults:
            raise InvalidDesiredStateError(tuple(faults))

    def _compare(self, user: DesiredUser) -> None:
        name = user.name
        stored_hash = self.stored.parsed.hashes.get(name)
        if user.is_absent:
            if stored_hash is not None:
                self.roles[name] = None
            return
        if name in self._reserved:
            rule = f"[{name}] is reserved for a user that Elasticsearch defines itself"
            raise CredentialsError(user.fault("name", rule))
        before = () if stored_hash is None else self.stored.parsed.roles_by_user.get(name, ())
        wanted = user.roles_after(before)
        # That they are in the same order nearly always spares many users two sets each.
        if stored_hash is None or (wanted != before and set(wanted) != set(before)):
            self.roles[name] = wanted
        if stored_hash is None:
            self._note_new_credentials(user)
        elif user.updates_password:
            self._note_other_credentials(user, stored_hash)

    def _note_new_credentials(self, user: DesiredUser) -> None:
        password_hash, password = (
            hash_of(user, self._settings, self._policy),
            self._password_of(user),
        )
        if password_hash is not None:
            self.hashes[user.name] = password_hash
        elif password is not None:
            self.passwords[user.name] = password
        else:
            rule = f"there is no user [{user.name}] yet, and nothing says what to log in with"
            raise CredentialsError(f"{user.place}: {rule}")

    def _note_other_credentials(self, user: DesiredUser, stored_hash: str) -> None:
        if user.password_hash is None:
            password = self._password_of(user)
            if password is not None:
                self._to_verify.append((user.name, password, stored_hash))
        elif user.password_hash.reveal() == stored_hash and self._policy.accepts_all:
            return  # nothing to check, and nothing to do
        else:
            password_hash = hash_of(user, self._settings, self._policy)
            if password_hash is not None and password_hash.reveal() != stored_hash:
                self.hashes[user.name] = password_hash

    def _password_of(self, user: DesiredUser) -> Secret | None:
        password = password_of(user, self._settings)
        if password is not None:
            self.read[user.name] = password
        return password

    def _compare_passwords(self, pool: HashingPool) -> None:
        """Note whose password is another, or hashed too weakly."""
        verdicts = pool.map(
            lambda item: password_matches(item[1].reveal(), item[2]), self._to_verify, "comparing"
        )
        for (name, password, stored_hash), is_right in zip(self._to_verify, verdicts, strict=True):
            if not is_right:
                self.passwords[name] = password
            elif self._policy.needs_update(stored_hash):
                self.passwords[name] = password
                self.rehashed.add(name)

    def _find_purged(self) -> None:
        purge = self.desired.purge
        if purge in (None, "none"):
            return
        wanted = {user.name for user in self.desired.users}
        for name in self.stored.parsed.hashes:
            is_candidate = purge == "all" or name in self.stored.managed.names
            if is_candidate and name not in wanted and not self.desired.protects(name):
                self.purged.append(name)
                self.roles[name] = None

    def check_guards(self) -> None:
        """
        Refuse what is hardly meant.

        Raises:
            UnsafePlanError: Then.
        """
        wants_somebody = any(not user.is_absent for user in self.desired.users)
        check_purge(self.purged, wants_somebody=wants_somebody)
        hashes, roles_by_user = self.stored.parsed.hashes, self.stored.parsed.roles_by_user
        before = {
            name
            for name, roles in roles_by_user.items()
            if SUPERUSER in roles and can_log_in(hashes.get(name))
        }
        after = {
            name
            for name in before.union(self.roles, self.passwords, self.hashes)
            if SUPERUSER in (self.roles.get(name, roles_by_user.get(name)) or ())
            and (self.has_new_hash(name) or can_log_in(hashes.get(name)))
        }
        check_superusers(before, after)
