"""A plan: what would become of a realm, and, once applied, what became of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from .._ground.secret import Secret
    from .._storage import Tolerance
    from ..hashing.policy import Policy
    from ..results import WriteResult
    from ..settings import RealmSettings
    from .changes import Change
    from .desired import DesiredState

    Roles = tuple[str, ...] | None

__all__ = ["Basis", "Plan"]


@dataclass(frozen=True, slots=True)
class Basis:
    """
    What a plan was made of, and what it takes to apply it.

    Attributes:
        desired: What is wanted.
        settings: Of the node, with the algorithm of *policy*.
        policy: For hashes.
        force: Whether guards are off.
        attributes: What to do about attributes of the files that cannot be kept or given.
        digests: SHA-256 of ``users``, ``users_roles`` and, for a managed purge, the list of managed
            users; None for a file that is not there.
        passwords: Of those whose password is to be hashed.
        hashes: Of those who get one that was made elsewhere.
        roles: Of everybody to whom anything happens, before and after; None for who is not there.
    """

    desired: DesiredState
    settings: RealmSettings
    policy: Policy
    force: bool
    attributes: Tolerance
    digests: tuple[str | None, ...]
    passwords: Mapping[str, Secret]
    hashes: Mapping[str, Secret]
    roles: Mapping[str, tuple[Roles, Roles]]


@dataclass(frozen=True, slots=True)
class Plan:
    """
    What a desired state means for a realm. Made by ``plan``; ``apply`` gives one with its result.

    Attributes:
        config_dir: The folder of the realm.
        changes: Everything that becomes another, users in the order of the desired state.
        notes: Which document overrides which.
        warnings: What somebody should know.
        result: What the write did; None until then.
        basis: What it takes to apply it; not for callers.
    """

    config_dir: str
    changes: tuple[Change, ...]
    notes: tuple[str, ...]
    warnings: tuple[str, ...]
    basis: Basis = field(repr=False, compare=False)
    result: WriteResult | None = None

    @property
    def changed(self) -> bool:
        """Whether anything becomes another."""
        return bool(self.changes)

    def diff(self) -> str:
        """
        Give one line for each change: ``+`` who comes, ``-`` who goes, ``~`` what is another.

        Passwords are not shown. Where a document overrides another one, that comes behind ``#``.
        """
        return "\n".join([*map(str, self.changes), *(f"# {note}" for note in self.notes)])

    def before(self) -> str:
        """Give one line for each user to whom anything happens: the roles that it has now."""
        return "".join(self._state(0))

    def after(self) -> str:
        """Give the same as it is to be."""
        return "".join(self._state(1))

    def _state(self, side: int) -> Iterator[str]:
        from .changes import RehashPassword, SetAttributes, SetPassword

        another = {
            change.username
            for change in self.changes
            if isinstance(change, SetPassword | RehashPassword)
        }
        for name, both in self.basis.roles.items():
            roles = both[side]
            if roles is not None:
                mark = " (password changed)" if side and name in another else ""
                yield f"{name}: {','.join(roles) or '-'}{mark}\n"
        for change in self.changes:
            if isinstance(change, SetAttributes):
                attributes = (change.before, change.after)[side]
                yield f"[{change.path}]: {', '.join(map(' '.join, attributes.items()))}\n"

    def to_dict(self) -> dict[str, object]:
        """Give all that as a dictionary fit for JSON; no secret is in it."""
        return {
            "changed": self.changed,
            "changes": [change.to_dict() for change in self.changes],
            "notes": list(self.notes),
            "warnings": list(self.warnings),
            "result": None if self.result is None else self.result.to_dict(),
        }
