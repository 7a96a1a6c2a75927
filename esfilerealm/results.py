"""What a write says about itself."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Literal

from ._ground.read_only import ReadOnlyDict

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Self

__all__ = ["FileResult", "Recovery", "UserChanges", "WriteResult", "WrittenRoles"]


@dataclass(frozen=True, slots=True)
class UserChanges:
    """
    What became of users between two states: names and roles, never hashes.

    Attributes:
        added: New users with their roles.
        removed: Users that are gone.
        passwords: Users whose hash is another.
        roles: Users whose roles are others, with those before and after.
    """

    added: Mapping[str, tuple[str, ...]] = field(default_factory=ReadOnlyDict)
    removed: tuple[str, ...] = ()
    passwords: tuple[str, ...] = ()
    roles: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = field(
        default_factory=ReadOnlyDict
    )

    @property
    def names(self) -> frozenset[str]:
        """All users to whom anything happened."""
        return frozenset((*self.added, *self.removed, *self.passwords, *self.roles))


@dataclass(frozen=True, slots=True)
class FileResult:
    """
    What a write did to one file; in a dry run, what it would have done.

    Attributes:
        path: The real path, links followed.
        strategy: ``rename`` if it was replaced whole, ``in_place`` if it was overwritten and its
            inode kept, or None if it was not written.
        before: SHA-256 of its bytes before, in hexadecimal; None if there was no such file.
        after: The same of its bytes now.
        owner: User id, or None if there is no such file, or no owner on this system.
        group: Group id, likewise.
        mode: Permission bits, likewise.
        lost: In words, each guarantee that this file had to do without and each attribute that
            could not be kept.
    """

    path: str
    strategy: Literal["rename", "in_place"] | None
    before: str | None
    after: str | None
    owner: int | None
    group: int | None
    mode: int | None
    lost: tuple[str, ...] = ()

    @property
    def changed(self) -> bool:
        """Whether its bytes, owner, group or mode are others than before."""
        return self.strategy is not None

    def to_dict(self) -> dict[str, object]:
        """Give all that as a dictionary fit for JSON."""
        return {**asdict(self), "changed": self.changed}


@dataclass(frozen=True, slots=True)
class Recovery:
    """
    What was found of a change that somebody else began and did not finish; true if anything was.

    Attributes:
        outcome: ``none``; ``rolled_back`` if both files are as before that change; ``completed``
            if they are as after it, since only its record was left; ``set_aside`` if the record
            could not be used, so that both files are as they were found.
        path: Of the record; if that was set aside, where it is now.
        reason: Why it could not be used.
    """

    outcome: Literal["none", "rolled_back", "completed", "set_aside"] = "none"
    path: str | None = None
    reason: str | None = None

    def __bool__(self) -> bool:
        return self.outcome != "none"

    def __str__(self) -> str:
        if self.outcome == "rolled_back":
            return f"an unfinished change was taken back [{self.path}]"
        if self.outcome == "completed":
            return f"a change was complete but for its record, which is removed [{self.path}]"
        if self.outcome == "set_aside":
            return (
                f"the record of an unfinished change is of no use: {self.reason}; both files stay "
                f"as they are, and it is set aside as [{self.path}]: check them, then remove it "
                "and what else ends like that"
            )
        return "there was no unfinished change"


@dataclass(frozen=True, slots=True)
class WriteResult:
    """
    What a write did; true if it changed anything.

    Attributes:
        files: ``users`` and ``users_roles``, in this order.
        changes: What became of the users.
        created: What was created, the folder of configuration too.
        recovery: What had been left of an earlier change.
        managed: The list of users whom provisioning has made, ``users.managed``; None if this was
            not about it.
    """

    files: tuple[FileResult, ...]
    changes: UserChanges = UserChanges()
    created: tuple[str, ...] = ()
    recovery: Recovery = Recovery()
    managed: FileResult | None = None

    @property
    def changed(self) -> bool:
        """Whether any file is another."""
        files = self.files if self.managed is None else (*self.files, self.managed)
        return bool(self.created) or any(file.changed for file in files)

    def __bool__(self) -> bool:
        return self.changed

    def to_dict(self) -> dict[str, object]:
        """Give all that as a dictionary fit for JSON."""
        return {
            **asdict(self),
            "changed": self.changed,
            "files": [file.to_dict() for file in self.files],
            "managed": self.managed and self.managed.to_dict(),
        }


class WrittenRoles(tuple[str, ...]):  # noqa: SLOT001 - a tuple of any length has no room for slots
    """
    The roles of a user after a write, with what that write did.

    Attributes:
        write: The result.
    """

    write: WriteResult

    def __new__(cls, roles: Iterable[str], write: WriteResult) -> Self:
        """Make them out of both."""
        self = super().__new__(cls, roles)
        self.write = write
        return self

    def __getnewargs__(self) -> tuple[tuple[str, ...], WriteResult]:
        return tuple(self), self.write
