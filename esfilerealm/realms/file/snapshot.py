"""What both files say, as one immutable state, and the differences between two such states."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, NoReturn, TypeAlias

from ..._ground import moments
from ..._ground.values import ReadOnlyDict
from ...hashing import decoy_hash, is_locked
from ...results import UserChanges

if TYPE_CHECKING:
    from collections.abc import KeysView, Mapping
    from datetime import datetime

    from ..._storage import Account
    from ...errors import FileRealmError
    from ...findings import Finding
    from ...formats.realm import ParsedRealm

__all__ = ["FileStamp", "HealthStatus", "RealmChange", "RealmHealth", "RealmSnapshot"]


HealthStatus: TypeAlias = Literal["ok", "issues", "stale", "empty"]
"""From the best to the worst; see ``RealmHealth``."""


@dataclass(frozen=True, slots=True)
class FileStamp:
    """
    The state in which a file was read.

    Attributes:
        path: The real path, after following links.
        size: The size in bytes.
        modified: The modification time in nanoseconds since 1970, or None if the file is missing.
        digest: The SHA-256 of the content in hexadecimal, or None if the file is missing.
    """

    path: str
    size: int
    modified: int | None
    digest: str | None = field(repr=False)


@dataclass(frozen=True, slots=True, eq=False)
class RealmHealth:
    """
    Whether the snapshot is what the files say; true if it is, even with issues.

    Two are equal if their status, their issues and the texts of their problems are.

    Attributes:
        status: ``ok``; ``issues`` if both files are read, but some of their lines have no effect
            or a hash is unusable; ``stale`` if a file cannot be read and the last good state is
            kept; ``empty`` if there is no good state to keep.
        problems: Why not, an error for each file that cannot be read.
        issues: Each line that a node skips, and each user whose entry is not a usable hash, as
            ``esfilerealm check`` reports them.
    """

    status: HealthStatus = "ok"
    problems: tuple[FileRealmError, ...] = ()
    issues: tuple[Finding, ...] = ()

    def __bool__(self) -> bool:
        return self.status in ("ok", "issues")

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, RealmHealth):
            return NotImplemented
        return self._key() == other._key()

    def __hash__(self) -> int:
        return hash(self._key())

    def _key(self) -> tuple[object, ...]:
        return (self.status, self.issues, *map(str, self.problems))


class RealmSnapshot:
    """
    The users and roles of one moment. It never changes; a reload makes a new one.

    It holds hashes, which ``repr`` does not show, and cannot be pickled.

    Attributes:
        generation: The number of different states so far, from 1; 0 before anything was read.
        has_expiring: Whether the time of any user will be over.
        hash_issues: Maps each user who cannot log in to the reason.
        issues: Maps ``users`` and ``users_roles`` to the lines of that file that a node skips.
        stamps: Maps ``users`` and ``users_roles`` to the state in which that file was read.
        health: Whether this is what the files say.
    """

    __slots__ = (
        "_accounts",
        "_decoy_hash",
        "_hashes",
        "_roles",
        "generation",
        "has_expiring",
        "hash_issues",
        "health",
        "issues",
        "stamps",
    )

    def __init__(
        self,
        parsed: ParsedRealm,
        *,
        generation: int = 0,
        stamps: Mapping[str, FileStamp] | None = None,
        health: RealmHealth = RealmHealth(),
        accounts: Mapping[str, Account] | None = None,
    ) -> None:
        self._hashes = hashes = parsed.hashes
        self._accounts = _expiring(accounts or {})
        self.has_expiring = bool(self._accounts)
        self._roles = parsed.roles_by_user
        self.generation = generation
        self.hash_issues = MappingProxyType(parsed.hash_issues)
        self.issues = MappingProxyType(parsed.issues)
        self.stamps = MappingProxyType(stamps or {})
        self.health = health
        unusable = self.hash_issues.keys()
        self._decoy_hash = decoy_hash(
            [text for name, text in hashes.items() if name not in unusable]
            if unusable
            else hashes.values()
        )

    @property
    def users(self) -> KeysView[str]:
        """The usernames, in the order of the ``users`` file."""
        return self._hashes.keys()

    def roles_of(self, username: str) -> tuple[str, ...]:
        """Return the roles of a user; empty for a user without roles or an unknown user."""
        return self._roles.get(username, ())

    @property
    def roles_by_user(self) -> Mapping[str, tuple[str, ...]]:
        """Maps usernames to their roles in file order; also names that are not users."""
        return MappingProxyType(self._roles)

    def hash_of(self, username: str) -> str | None:
        """Return the stored text of a user, even if it is unusable as a hash. It is a secret."""
        return self._hashes.get(username)

    def is_over(self, username: str) -> bool:
        """Check whether the time of a user is over at this moment, by either of two clocks."""
        account = self._accounts.get(username)
        return account is not None and account.is_over(moments.now())

    def expires(self, username: str) -> datetime | None:
        """Return when the time of a user is over, in UTC; None for never or an unknown user."""
        account = self._accounts.get(username)
        return None if account is None else account.expires

    def is_emergency(self, username: str) -> bool:
        """Check whether a user gives emergency access."""
        account = self._accounts.get(username)
        return account is not None and account.is_emergency

    @property
    def decoy_hash(self) -> str | None:
        """A usable hash of the most frequent cost, to verify for unknown users. It is a secret."""
        return self._decoy_hash

    def with_health(self, health: RealmHealth) -> RealmSnapshot:
        """Return the same state with another health."""
        same = object.__new__(RealmSnapshot)
        for name in self.__slots__:
            setattr(same, name, getattr(self, name))
        same.health = health
        return same

    def changes_since(self, before: RealmSnapshot) -> RealmChange:
        """Return what changed for the users between *before* and this state."""
        old, new = before._hashes, self._hashes
        old_roles, new_roles = before._roles, self._roles
        stayed = [name for name in new if name in old]
        changed = [name for name in stayed if new[name] != old[name]]
        locked = tuple(n for n in changed if is_locked(new[n]) and not is_locked(old[n]))
        unlocked = tuple(n for n in changed if is_locked(old[n]) and not is_locked(new[n]))
        return RealmChange(
            generation=self.generation,
            users=len(new),
            health=self.health,
            added=ReadOnlyDict({n: self.roles_of(n) for n in new if n not in old}),
            removed=tuple(name for name in old if name not in new),
            passwords=tuple(n for n in changed if n not in locked and n not in unlocked),
            roles=ReadOnlyDict(
                {
                    name: (before.roles_of(name), self.roles_of(name))
                    for name in stayed
                    if old_roles.get(name) != new_roles.get(name)
                }
            ),
            locked=locked,
            unlocked=unlocked,
            expiries=ReadOnlyDict(self._expiries_since(before)),
        )

    def _expiries_since(
        self, before: RealmSnapshot
    ) -> dict[str, tuple[datetime | None, datetime | None]]:
        """Return the times before and now of the users whose time changed."""
        names = dict.fromkeys((*before._accounts, *self._accounts))
        times = {name: (before.expires(name), self.expires(name)) for name in names}
        both = before._hashes.keys() & self._hashes.keys() if names else ()
        return {
            name: (old, new) for name, (old, new) in times.items() if old != new and name in both
        }

    def has_same_content_as(self, other: RealmSnapshot) -> bool:
        """Check whether users, hashes, roles and times are the same in both states."""
        return (
            self._hashes == other._hashes
            and self._roles == other._roles
            and self._accounts == other._accounts
        )

    def __repr__(self) -> str:
        return (
            f"<RealmSnapshot: generation {self.generation}, {len(self._hashes)} users, "
            f"{self.health.status}>"
        )

    def __reduce__(self) -> NoReturn:
        raise TypeError("a snapshot holds password hashes and cannot be pickled")


def _expiring(accounts: Mapping[str, Account]) -> dict[str, Account]:
    return {name: account for name, account in accounts.items() if account.expires is not None}


@dataclass(frozen=True, slots=True, kw_only=True)
class RealmChange(UserChanges):
    """
    What a reload changed: users, or only the health.

    Attributes:
        generation: The generation after the reload.
        users: The number of users after the reload.
        health: The health after the reload.
    """

    generation: int
    users: int
    health: RealmHealth
