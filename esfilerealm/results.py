"""What a write returns: which files and users changed, and how."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Literal

from ._ground.moments import shown_time
from ._ground.showing import in_one_line
from ._ground.values import ReadOnlyDict

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime
    from typing import Self

__all__ = [
    "AccountState",
    "FileResult",
    "ModeChange",
    "Recovery",
    "UserChanges",
    "WriteResult",
    "WrittenRoles",
]


@dataclass(frozen=True, slots=True)
class AccountState:
    """
    What is special about a user who is locked or expires.

    Attributes:
        expires: When the time of the user is over, in UTC; None for never.
        is_locked: Whether no password opens the account until it is unlocked.
        is_emergency: Whether the user was made to rescue a node.
        is_over: Whether the time is over: the next write removes the user.
    """

    expires: datetime | None
    is_locked: bool
    is_emergency: bool
    is_over: bool

    def to_dict(self) -> dict[str, object]:
        """Return the attributes as a dictionary fit for JSON."""
        return {**asdict(self), "expires": _told_time(self.expires)}


@dataclass(frozen=True, slots=True)
class UserChanges:
    """
    The users that differ between two states: names and roles, never hashes.

    Attributes:
        added: New users with their roles.
        removed: Users that no longer exist.
        passwords: Users whose password hash changed, also if it is kept while a user is locked.
        roles: Users whose roles changed, with their roles before and after.
        orphans: Names that were not users, and whose roles were removed.
        locked: Users that are locked and were not.
        unlocked: Users that were locked and are not.
        expiries: Users whose time was set, moved or dropped, with the times before and after.
        expired: Users whose time was over. They are among *removed*, unless the same write has
            added others of their names.
    """

    added: Mapping[str, tuple[str, ...]] = field(default_factory=ReadOnlyDict)
    removed: tuple[str, ...] = ()
    passwords: tuple[str, ...] = ()
    roles: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = field(
        default_factory=ReadOnlyDict
    )
    orphans: tuple[str, ...] = ()
    locked: tuple[str, ...] = ()
    unlocked: tuple[str, ...] = ()
    expiries: Mapping[str, tuple[datetime | None, datetime | None]] = field(
        default_factory=ReadOnlyDict
    )
    expired: tuple[str, ...] = ()

    @property
    def names(self) -> frozenset[str]:
        """All users that changed."""
        both_files = *self.added, *self.removed, *self.passwords, *self.roles
        return frozenset((*both_files, *self.locked, *self.unlocked, *self.expiries, *self.expired))

    def to_dict(self) -> dict[str, object]:
        """Return the attributes as a dictionary fit for JSON; *roles* become ``role_changes``."""
        told = asdict(self)
        told["expiries"] = {
            name: {"before": _told_time(before), "after": _told_time(after)}
            for name, (before, after) in self.expiries.items()
        }
        told["role_changes"] = {
            name: {"roles_before": before, "roles_after": after}
            for name, (before, after) in told.pop("roles").items()
        }
        return told


def _told_time(time: datetime | None) -> str | None:
    return None if time is None else shown_time(time)


@dataclass(frozen=True, slots=True)
class FileResult:
    """
    What a write did to one file; in a dry run, what it would have done.

    Attributes:
        path: The real path, with links followed.
        strategy: ``rename`` if the file was replaced, ``in_place`` if it was overwritten and kept
            its inode, or None if it was not written.
        before: SHA-256 of its old content, in hexadecimal; None if the file did not exist.
        after: SHA-256 of its new content; None if the file does not exist any more.
        owner: User id; None if the file does not exist, or the system has no owners.
        group: Group id; None as for *owner*.
        mode: Permission bits; None as for *owner*.
        lost: One sentence for each guarantee that could not be given, and for each attribute that
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
        """Whether its content, owner, group or mode changed."""
        return self.strategy is not None

    def to_dict(self) -> dict[str, object]:
        """Return the attributes as a dictionary fit for JSON."""
        told = asdict(self)
        told["mode"] = None if self.mode is None else f"{self.mode:04o}"
        return {**told, "changed": self.changed}


@dataclass(frozen=True, slots=True)
class ModeChange:
    """
    A mode that a write changed beside its contents; in a dry run, that it would have changed.

    Attributes:
        path: The file or directory.
        before: Its permission bits.
        after: Its new permission bits.
    """

    path: str
    before: int
    after: int

    @in_one_line
    def __str__(self) -> str:
        return f"mode [{self.before:04o}] of [{self.path}] to [{self.after:04o}]"

    def to_dict(self) -> dict[str, object]:
        """Return the attributes as a dictionary fit for JSON."""
        return {"path": self.path, "before": f"{self.before:04o}", "after": f"{self.after:04o}"}


@dataclass(frozen=True, slots=True)
class Recovery:
    """
    What became of an interrupted write; true if there was one.

    Attributes:
        outcome: ``none`` if there was none; ``rolled_back`` if the files are now as before the
            write; ``completed`` if they are as after it, since only its journal was left;
            ``quarantined`` if the journal was unusable, and the files are as they were found.
        path: The journal; if it was quarantined, where it is now.
        reason: Why the journal could not be used.
        targets: The real paths of the files that the write was about; empty if nobody knows.
    """

    outcome: Literal["none", "rolled_back", "completed", "quarantined"] = "none"
    path: str | None = None
    reason: str | None = None
    targets: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return self.outcome != "none"

    @in_one_line
    def __str__(self) -> str:
        if self.outcome == "rolled_back":
            return f"an interrupted write was rolled back [{self.path}]"
        if self.outcome == "completed":
            return f"a write was complete except for removing its journal [{self.path}]"
        if self.outcome == "quarantined":
            return (
                f"the journal of an interrupted write is unusable: {self.reason}; both files stay "
                f"as they are, and the journal is now [{self.path}]: check both files, then remove "
                "it and the other files with the same suffix"
            )
        return "there was no interrupted write"


@dataclass(frozen=True, slots=True)
class WriteResult:
    """
    What a write did; true if it changed anything.

    Attributes:
        files: ``users`` and ``users_roles``, in this order.
        changes: The users that changed.
        created: The files that were created, and the configuration directory if it was.
        recovery: What became of an earlier write that was interrupted.
        managed: The list of users that provisioning has made, ``users.managed``; None if the write
            did not concern it.
        accounts: The record of users that are locked or expire, ``users.accounts``; None likewise.
        modes: The modes that a fix changed, or an undo of it.
        remarks: One sentence for each thing that was asked for and is probably not meant, such as
            a role that nobody defines.
        about_accounts: Those of the remarks that are about users who expire or are locked.
        faults: One sentence for each thing that failed when the change was made already.
    """

    files: tuple[FileResult, ...]
    changes: UserChanges = UserChanges()
    created: tuple[str, ...] = ()
    recovery: Recovery = Recovery()
    managed: FileResult | None = None
    accounts: FileResult | None = None
    modes: tuple[ModeChange, ...] = ()
    remarks: tuple[str, ...] = ()
    about_accounts: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()

    @property
    def changed(self) -> bool:
        """Whether any file changed, in content or mode."""
        files = *self.files, *filter(None, (self.managed, self.accounts))
        return bool(self.created or self.modes) or any(file.changed for file in files)

    @property
    def losses(self) -> tuple[str, ...]:
        """What could not be given or kept: one sentence for each, which names the files."""
        paths: dict[str, list[str]] = {}
        for file in self.files:
            for loss in file.lost:
                paths.setdefault(loss, []).append(f"[{file.path}]")
        return tuple(f"{', '.join(names)}: {loss}" for loss, names in paths.items())

    @property
    def warnings(self) -> tuple[str, ...]:
        """
        Everything that somebody should read, one sentence each.

        They are what became of an interrupted write, the ``losses``, the ``remarks`` and the
        ``faults``.
        """
        recovered = (str(self.recovery),) if self.recovery else ()
        return (*recovered, *self.losses, *self.remarks, *self.faults)

    def __bool__(self) -> bool:
        return self.changed

    def to_dict(self) -> dict[str, object]:
        """Return the attributes as a dictionary fit for JSON, with ``warnings``."""
        told = asdict(self)
        del told["changes"], told["remarks"], told["about_accounts"], told["faults"]
        return {
            **told,
            "warnings": list(self.warnings),
            "user_changes": self.changes.to_dict(),
            "changed": self.changed,
            "files": [file.to_dict() for file in self.files],
            "managed": self.managed and self.managed.to_dict(),
            "accounts": self.accounts and self.accounts.to_dict(),
            "modes": [change.to_dict() for change in self.modes],
        }


class WrittenRoles(tuple[str, ...]):  # noqa: SLOT001 - a tuple of any length has no room for slots
    """
    The roles of a user after a write, with what that write did.

    Attributes:
        write: The result.
    """

    write: WriteResult

    def __new__(cls, roles: Iterable[str], write: WriteResult) -> Self:
        """Return the roles, with the result of the write as an attribute."""
        self = super().__new__(cls, roles)
        self.write = write
        return self

    def __getnewargs__(self) -> tuple[tuple[str, ...], WriteResult]:
        return tuple(self), self.write
