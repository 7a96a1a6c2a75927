"""What a plan changes: one small value for each thing that becomes another; never a secret."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "AddRoles",
    "AddUser",
    "Change",
    "RehashPassword",
    "RemoveRoles",
    "RemoveUser",
    "SetAttributes",
    "SetManaged",
    "SetPassword",
]


@dataclass(frozen=True, slots=True)
class Change:
    """The root of all changes; ``str`` gives a line of a diff."""

    kind: ClassVar[str]

    def to_dict(self) -> dict[str, object]:
        """Give it as a dictionary fit for JSON, with its ``kind``."""
        return {"kind": self.kind, **asdict(self)}


@dataclass(frozen=True, slots=True)
class AddUser(Change):
    """A new user with these roles."""

    kind: ClassVar[str] = "add_user"

    username: str
    roles: tuple[str, ...]

    def __str__(self) -> str:
        return f"+ {self.username}: {_listed(self.roles)}"


@dataclass(frozen=True, slots=True)
class RemoveUser(Change):
    """A user who goes, with its roles, since that is asked for or because nobody wants it."""

    kind: ClassVar[str] = "remove_user"

    username: str
    reason: Literal["absent", "purge"]

    def __str__(self) -> str:
        return f"- {self.username}" + (" (purged)" if self.reason == "purge" else "")


@dataclass(frozen=True, slots=True)
class SetPassword(Change):
    """Another password, or another hash."""

    kind: ClassVar[str] = "set_password"

    username: str

    def __str__(self) -> str:
        return f"~ {self.username}: password (changed)"


@dataclass(frozen=True, slots=True)
class RehashPassword(Change):
    """The same password with a better hash."""

    kind: ClassVar[str] = "rehash_password"

    username: str
    algorithm: str

    def __str__(self) -> str:
        return f"~ {self.username}: password (the same, hashed anew by {self.algorithm})"


@dataclass(frozen=True, slots=True)
class AddRoles(Change):
    """Roles for a user who exists."""

    kind: ClassVar[str] = "add_roles"

    username: str
    roles: tuple[str, ...]

    def __str__(self) -> str:
        return f"~ {self.username}: roles " + " ".join(f"+{role}" for role in self.roles)


@dataclass(frozen=True, slots=True)
class RemoveRoles(Change):
    """Roles taken from a user who stays."""

    kind: ClassVar[str] = "remove_roles"

    username: str
    roles: tuple[str, ...]

    def __str__(self) -> str:
        return f"~ {self.username}: roles " + " ".join(f"-{role}" for role in self.roles)


@dataclass(frozen=True, slots=True)
class SetAttributes(Change):
    """
    Another owner, group or mode of a file.

    Attributes:
        path: Of the file.
        before: Of each attribute that becomes another, by its name; modes in octal.
        after: Likewise.
    """

    kind: ClassVar[str] = "set_attributes"

    path: str
    before: dict[str, str]
    after: dict[str, str]

    def __str__(self) -> str:
        shown = (f"{name} {self.before[name]} -> {value}" for name, value in self.after.items())
        return f"~ [{self.path}]: {', '.join(shown)}"


@dataclass(frozen=True, slots=True)
class SetManaged(Change):
    """
    Users who from then on count as made by provisioning, or no longer do.

    Attributes:
        path: Of the list of them.
        add: Names.
        remove: Names of users who are gone.
    """

    kind: ClassVar[str] = "set_managed"

    path: str
    add: tuple[str, ...]
    remove: tuple[str, ...]

    def __str__(self) -> str:
        names = (*(f"+{name}" for name in self.add), *(f"-{name}" for name in self.remove))
        return f"~ [{self.path}]: {' '.join(names)}"


def _listed(roles: Iterable[str]) -> str:
    return ",".join(roles) or "-"
