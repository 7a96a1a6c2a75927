"""How to write."""

from __future__ import annotations

__all__ = ["WriteOptions"]

TYPE_CHECKING = False  # see `_ground`
if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from os import PathLike
    from typing import Literal, TypedDict

    from .attributes import Attributes
    from .noting import ChangeLog, NotedChange, NotedLine
    from .target import Strategy

    #: What to do about attributes that cannot be kept or set.
    Tolerance = Literal["refuse", "warn"]

    class WriteArguments(TypedDict, total=False):
        """How to write: arguments of ``UsersTool``."""

        lock_timeout: float
        strategy: Strategy
        attributes: Tolerance
        keep: int | None
        allow_local_lock: bool
        audit: str | PathLike[str] | ChangeLog | None


class WriteOptions:
    """
    How to write; for the arguments see ``UsersTool``.

    Raises:
        InvalidAttributeError: If an owner, group or mode does not exist.
        ValueError: If any other argument has an invalid value.
    """

    def __init__(
        self,
        *,
        lock_timeout: float = 10.0,
        dry_run: bool = False,
        strategy: Strategy = "rename",
        owner: str | int | None = None,
        group: str | int | None = None,
        mode: int | None = None,
        attributes: Tolerance = "refuse",
        keep: int | None = None,
        allow_local_lock: bool = False,
        audit: ChangeLog | None = None,
    ) -> None:
        _check("strategy", strategy, ("rename", "in_place", "auto"))
        _check("attributes", attributes, ("refuse", "warn"))
        if keep is not None and (isinstance(keep, bool) or keep < 0):
            raise ValueError(f"keep is [{keep}]: must be a number of versions, or None")
        self.lock_timeout = lock_timeout
        self.dry_run = dry_run
        self.strategy: Strategy = strategy
        self.is_tolerant = attributes == "warn"
        self.keep = keep
        self.allow_local_lock = allow_local_lock
        self.audit = audit
        self.owner = owner
        self.group = group
        self.mode = mode
        if (owner, group, mode) != (None, None, None):
            self.requested_attributes()  # raises a mistake where it is made

    def changed_by(
        self, owner: str | int | None, group: str | int | None, mode: int | None
    ) -> WriteOptions:
        """Return the same with other attributes, except where they are None."""
        from copy import copy

        other = copy(self)
        other.owner = self.owner if owner is None else owner
        other.group = self.group if group is None else group
        other.mode = self.mode if mode is None else mode
        other.requested_attributes()  # raises a mistake where it is made
        return other

    def noted(self, change: NotedChange) -> AbstractContextManager[NotedLine]:
        """Return a block in which the log of changes has a change, if there is a log."""
        if self.audit is None:
            from .noting import Unnoted

            return Unnoted()
        return self.audit.noted(
            change, lock_timeout=self.lock_timeout, allow_local_lock=self.allow_local_lock
        )

    def requested_attributes(self) -> Attributes:
        """Return the owner, group and mode that files are to get."""
        from .attributes import Attributes  # a reader does not need it

        requested = Attributes.requested(self.owner, self.group, self.mode)
        return requested.tolerant() if self.is_tolerant else requested


def _check(name: str, value: str, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise ValueError(f"{name} is [{value}]: must be one of {', '.join(allowed)}")
