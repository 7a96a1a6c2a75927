"""The log of changes, which records each change before it is made."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from .._ground.holding import inside
from ..errors import FileRealmError
from ..results import UserChanges
from .read import read_file

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from contextlib import AbstractContextManager
    from typing import Self

    from ..results import ModeChange, Recovery
    from .change import Change
    from .read import FileContent

__all__ = [
    "ChangeLog",
    "NotedChange",
    "NotedFile",
    "NotedLine",
    "Unnoted",
    "note_recovery",
    "noted_files",
]


@dataclass(frozen=True, slots=True)
class NotedFile:
    """
    One file of a change.

    Attributes:
        path: Its real path.
        before: SHA-256 of its content before; None if it does not exist, or if nobody knows.
        after: SHA-256 of its content after; None if it is removed, or missing.
        attributes: Those of owner, group and mode that change, with their new values.
    """

    path: str
    before: str | None
    after: str | None
    attributes: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class NotedChange:
    """
    A change that is about to be made.

    Attributes:
        folder: The directory of the realm, or of the file that changes alone.
        files: ``users`` and ``users_roles``, and every other file that changes.
        users: The users that change; None if only the contents say it.
        former_roles: The roles of the users that are removed.
        modes: The modes that a fix changes.
        settings: The names of secure settings, by what happens to them.
        recovery: How an interrupted change ended, just now; else None.
        contents: ``users`` and ``users_roles`` before and after, if *users* is None.
    """

    folder: str
    files: tuple[NotedFile, ...] = ()
    users: UserChanges | None = field(default_factory=UserChanges)
    former_roles: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    modes: tuple[ModeChange, ...] = ()
    settings: Mapping[str, Sequence[str]] = field(default_factory=dict)
    recovery: Recovery | None = None
    contents: tuple[tuple[bytes, bytes], tuple[bytes, bytes]] | None = field(
        default=None, repr=False
    )


class NotedLine(Protocol):
    """A change in the log: it is taken back at the end of its block, unless it is kept."""

    def keep(self) -> None:
        """Leave it in the log, whatever happens."""

    def take_back(self) -> None:
        """Take it out of the log, or say there that it was not made. Raises nothing."""


class ChangeLog(Protocol):
    """A log of changes. See ``esfilerealm.audit.AuditLog``."""

    def noted(
        self, change: NotedChange, *, lock_timeout: float, allow_local_lock: bool
    ) -> AbstractContextManager[NotedLine]:
        """
        Return a block in which a change is in the log, durably.

        Args:
            change: The change.

            lock_timeout: Seconds to wait for another writer of the log.

            allow_local_lock: Whether to accept a lock that other machines do not see.

        Entering raises ``FileRealmError`` if it cannot be; then the change must not be made.
        """


class Unnoted:
    """The block and the line of a change without a log."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def keep(self) -> None:
        """Do nothing."""

    def take_back(self) -> None:
        """Do nothing."""


def noted_files(files: Sequence[FileContent], changes: Sequence[Change]) -> tuple[NotedFile, ...]:
    """Return what a log says of files: of those that stay, and of each that changes, once."""
    noted = {file.path: NotedFile(file.path, file.digest, file.digest) for file in files}
    for change in changes:
        earlier = noted.get(change.target) if change.before is not None else None
        before = change.before if earlier is None else earlier.before
        told = {} if earlier is None else earlier.attributes
        gets = {**told, **_new_attributes(change)}
        noted[change.target] = NotedFile(change.target, before, change.after, gets)
    return tuple(noted.values())


def _new_attributes(change: Change) -> dict[str, int]:
    names = "owner", "group", "mode"
    pairs = {name: (getattr(change.has, name), getattr(change.attributes, name)) for name in names}
    return {name: after for name, (before, after) in pairs.items() if after not in (before, None)}


def note_recovery(
    recovery: Recovery,
    folder: str,
    files: Sequence[str],
    noted: Callable[[NotedChange], AbstractContextManager[NotedLine]],
) -> None:
    """
    Have the log of changes say how an interrupted change ended; the caller holds the lock.

    Args:
        recovery: How it ended.

        folder: The directory of the realm, or of the file that changes alone.

        files: What the line names besides the files of the change, as far as this user may read it.

        noted: As ``WriteOptions.noted``.

    Raises:
        FileRealmError: If it cannot.
    """
    if not recovery:
        return
    found = {}
    for path in (*files, *recovery.targets):
        with suppress(FileRealmError):  # the record of another user must not stop this one
            file = read_file(path)
            found[file.path] = file.digest
    told = tuple(NotedFile(path, None, digest) for path, digest in found.items())
    inside(noted(NotedChange(folder, told, recovery=recovery)), lambda line: line.keep())
