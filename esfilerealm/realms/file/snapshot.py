"""Both files as one consistent, unchanging state, and what differs between two of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, NoReturn

from ..._ground.read_only import ReadOnlyDict
from ...hashing import decoy_hash
from ...results import UserChanges

if TYPE_CHECKING:
    from collections.abc import KeysView, Mapping

    from ...errors import FileRealmError
    from ...formats import HashIssue, LineIssue

__all__ = ["FileStamp", "RealmChange", "RealmHealth", "RealmSnapshot"]


@dataclass(frozen=True, slots=True)
class FileStamp:
    """
    Which state of a file was read.

    Attributes:
        path: The real path, links followed.
        size: In bytes.
        modified: Nanoseconds since 1970, or None if there is no file.
        digest: SHA-256 of the content, in hexadecimal, or None if there is no file.
    """

    path: str
    size: int
    modified: int | None
    digest: str | None = field(repr=False)


@dataclass(frozen=True, slots=True, eq=False)
class RealmHealth:
    """
    Whether the snapshot is what the files say; equal if it says so in the same words.

    Attributes:
        status: ``ok``; ``stale`` if a file cannot be read and the last good state stays; ``empty``
            if there is no good state to keep.
        problems: Why, one error for each file that cannot be read.
    """

    status: Literal["ok", "stale", "empty"] = "ok"
    problems: tuple[FileRealmError, ...] = ()

    def __bool__(self) -> bool:
        return self.status == "ok"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, RealmHealth):
            return NotImplemented
        return self._words() == other._words()

    def __hash__(self) -> int:
        return hash(self._words())

    def _words(self) -> tuple[str, ...]:
        return (self.status, *map(str, self.problems))


class RealmSnapshot:
    """
    The users and roles of one moment. It never changes; a reload makes another one.

    Hashes are inside and are not shown: not in ``repr``, and pickling is refused.

    Attributes:
        generation: Counts the states that differed, from 1; 0 before anything was read.
        hash_issues: From username to why no password lets this user in.
        issues: From ``users`` and ``users_roles`` to the lines of that file that a node skips.
        stamps: From ``users`` and ``users_roles`` to the state of the file that was read.
        health: Whether this is what the files say.
    """

    __slots__ = (
        "_decoy",
        "_hashes",
        "_roles",
        "generation",
        "hash_issues",
        "health",
        "issues",
        "stamps",
    )

    def __init__(
        self,
        hashes: Mapping[str, str],
        roles_by_user: Mapping[str, tuple[str, ...]],
        *,
        generation: int = 0,
        hash_issues: Mapping[str, HashIssue] | None = None,
        issues: Mapping[str, tuple[LineIssue, ...]] | None = None,
        stamps: Mapping[str, FileStamp] | None = None,
        health: RealmHealth = RealmHealth(),
    ) -> None:
        self._hashes = hashes
        self._roles = roles_by_user
        self.generation = generation
        self.hash_issues = MappingProxyType(hash_issues or {})
        self.issues = MappingProxyType(issues or {})
        self.stamps = MappingProxyType(stamps or {})
        self.health = health
        unusable = self.hash_issues.keys()
        self._decoy = decoy_hash(
            [text for name, text in hashes.items() if name not in unusable]
            if unusable
            else hashes.values()
        )

    @property
    def users(self) -> KeysView[str]:
        """The usernames, in the order of the ``users`` file."""
        return self._hashes.keys()

    def roles_of(self, username: str) -> tuple[str, ...]:
        """Give the roles of a user, none for one that has no roles or does not exist."""
        return self._roles.get(username, ())

    @property
    def roles_by_user(self) -> Mapping[str, tuple[str, ...]]:
        """From username to its roles in file order; names here need not be users."""
        return MappingProxyType(self._roles)

    def hash_of(self, username: str) -> str | None:
        """Give the stored text of a user, whatever it is worth. It is a secret."""
        return self._hashes.get(username)

    @property
    def decoy(self) -> str | None:
        """A usable hash of the cost most used in the file: to verify for a name that is unknown."""
        return self._decoy

    def with_health(self, health: RealmHealth) -> RealmSnapshot:
        """Give the same state, judged otherwise."""
        same = object.__new__(RealmSnapshot)
        for name in self.__slots__:
            setattr(same, name, getattr(self, name))
        same.health = health
        return same

    def changes_since(self, before: RealmSnapshot) -> RealmChange:
        """Tell what became of the users between *before* and this state."""
        old, new = before._hashes, self._hashes
        old_roles, new_roles = before._roles, self._roles
        stayed = [name for name in new if name in old]
        return RealmChange(
            generation=self.generation,
            users=len(new),
            health=self.health,
            added=ReadOnlyDict({n: self.roles_of(n) for n in new if n not in old}),
            removed=tuple(name for name in old if name not in new),
            passwords=tuple(name for name in stayed if new[name] != old[name]),
            roles=ReadOnlyDict(
                {
                    name: (before.roles_of(name), self.roles_of(name))
                    for name in stayed
                    if old_roles.get(name) != new_roles.get(name)
                }
            ),
        )

    def has_same_content_as(self, other: RealmSnapshot) -> bool:
        """Tell whether both files mean the same in both states."""
        return self._hashes == other._hashes and self._roles == other._roles

    def __repr__(self) -> str:
        return (
            f"<RealmSnapshot: generation {self.generation}, {len(self._hashes)} users, "
            f"{self.health.status}>"
        )

    def __reduce__(self) -> NoReturn:
        raise TypeError("a snapshot holds password hashes and is not to be pickled")


@dataclass(frozen=True, slots=True, kw_only=True)
class RealmChange(UserChanges):
    """
    What a reload changed; perhaps nobody, and only the health.

    Attributes:
        generation: Of the state after it.
        users: How many there are after it.
        health: Whether that is what the files say.
    """

    generation: int
    users: int
    health: RealmHealth
