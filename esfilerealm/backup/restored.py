"""What a restore did."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from ..results import UserChanges, WriteResult
from .kinds import scope_of

if TYPE_CHECKING:
    from typing import Any

    from ..findings import Finding
    from .kinds import Scope

__all__ = ["RestoreResult"]

_WITHOUT_FILES: Final = WriteResult(())


@dataclass(frozen=True, slots=True, kw_only=True)
class RestoreResult:
    """
    What a restore did; in a dry run, what it would do. True if anything changed.

    Files are named by their paths in the configuration directory, with slashes.

    Attributes:
        config_dir: The configuration directory.
        scope: What was to be restored.
        is_dry_run: Whether nothing was written.
        written: The files that were new or differed, in content or attributes.
        unchanged: The files that were as in the backup already.
        created: The directories that were missing.
        links: The links that were missing.
        left_alone: The files that are there and not in the backup. They stay.
        outside: The files of other places that the backup has, by their absolute paths; a restore
            writes none of them.
        returning: The users that were removed since the backup and are there again.
        removed: The users that were added since the backup and are gone.
        expired: The users of the backup whose time is over, and its emergency users. They are not
            restored.
        users: How users differ from before, by name.
        noticed_soon: The written files that a running node reads again within 5 seconds.
        noticed_at_start: The written files that a node reads at its next start.
        findings: What a person should know.
        write: What was written, with owners and modes, and what could not be given.
    """

    config_dir: str
    scope: Scope
    is_dry_run: bool = False
    written: tuple[str, ...] = ()
    unchanged: tuple[str, ...] = ()
    created: tuple[str, ...] = ()
    links: tuple[str, ...] = ()
    left_alone: tuple[str, ...] = ()
    outside: tuple[str, ...] = ()
    expired: tuple[str, ...] = ()
    users: UserChanges = field(default_factory=UserChanges)
    noticed_soon: tuple[str, ...] = ()
    noticed_at_start: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
    write: WriteResult = _WITHOUT_FILES

    @property
    def returning(self) -> tuple[str, ...]:
        """See above."""
        return tuple(self.users.added)

    @property
    def removed(self) -> tuple[str, ...]:
        """See above."""
        return self.users.removed

    def __bool__(self) -> bool:
        return bool(self.written or self.created or self.links) or self.write.changed

    def to_dict(self) -> dict[str, object]:
        """Return the attributes as a dictionary fit for JSON, with ``changed``."""
        told: dict[str, Any] = {
            name: getattr(self, name)
            for name in self.__slots__
            if name not in ("users", "write", "findings")
        }
        lists = {name: list(v) if isinstance(v, tuple) else v for name, v in told.items()}
        return {
            **lists,
            "returning": list(self.returning),
            "removed": list(self.removed),
            "users": self.users.to_dict(),
            "findings": [finding.to_dict() for finding in self.findings],
            "write": self.write.to_dict(),
            "changed": bool(self),
        }


def is_noticed_soon(kind: str) -> bool:
    """Check whether a running node reads a file of that kind again by itself."""
    return kind != "accounts" and scope_of(kind) == "realm"  # type: ignore[arg-type]
