"""A plan: the changes that a realm needs and, once applied, the result of the write."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, ClassVar, Literal

from .._ground.moments import shown_time
from .._ground.showing import in_one_line, shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime

    from .._ground.values import Secret
    from .._storage import Tolerance
    from ..keystore import Keystore
    from ..results import WriteResult
    from .credentials import CredentialRules
    from .desired import DesiredState

    Roles = tuple[str, ...] | None

__all__ = [
    "AddRoles",
    "AddUser",
    "Basis",
    "Change",
    "ChangeKind",
    "CreateFile",
    "CreateKeystore",
    "LockUser",
    "Plan",
    "RehashPassword",
    "RemovalReason",
    "RemoveOrphan",
    "RemoveRoles",
    "RemoveSecureSetting",
    "RemoveUser",
    "SetAttributes",
    "SetExpiry",
    "SetManaged",
    "SetPassword",
    "SetSecureSetting",
    "UnlockUser",
    "basis_of",
    "standing_text",
]

ChangeKind = Literal[
    "create_file",
    "add_user",
    "remove_user",
    "remove_orphan",
    "set_password",
    "rehash_password",
    "add_roles",
    "remove_roles",
    "set_expiry",
    "lock_user",
    "unlock_user",
    "set_attributes",
    "set_managed",
    "create_keystore",
    "set_secure_setting",
    "remove_secure_setting",
]


RemovalReason = Literal["absent", "purge", "expired"]


@dataclass(frozen=True, slots=True)
class Change:
    """The base of all changes. None contains a secret, and ``str`` returns a line of a diff."""

    kind: ClassVar[ChangeKind]

    def to_dict(self) -> dict[str, object]:
        """Return a dictionary for JSON, which includes ``kind``."""
        return {"kind": self.kind, **asdict(self)}


@dataclass(frozen=True, slots=True)
class CreateFile(Change):
    """A file of the realm, or its directory, that is missing."""

    kind: ClassVar[ChangeKind] = "create_file"

    path: str

    @in_one_line
    def __str__(self) -> str:
        return f"+ [{self.path}]"


@dataclass(frozen=True, slots=True)
class AddUser(Change):
    """A new user with roles."""

    kind: ClassVar[ChangeKind] = "add_user"

    username: str
    roles: tuple[str, ...]

    @in_one_line
    def __str__(self) -> str:
        return f"+ {self.username}: {_listed(self.roles)}"


@dataclass(frozen=True, slots=True)
class RemoveUser(Change):
    """
    A user removed together with its roles.

    Attributes:
        username: The name.
        reason: ``absent`` if a document asks for it, ``purge`` if no document lists the user, and
            ``expired`` if its time is over.
    """

    kind: ClassVar[ChangeKind] = "remove_user"

    username: str
    reason: RemovalReason

    @in_one_line
    def __str__(self) -> str:
        reason = {"absent": "", "purge": " (purged)", "expired": " (its time is over)"}
        return f"- {self.username}{reason[self.reason]}"


@dataclass(frozen=True, slots=True)
class RemoveOrphan(Change):
    """
    A name that has roles and is not a user, removed from ``users_roles``.

    Attributes:
        username: The name; not the whole of it if it looks like a hash.
        roles: Its roles.
        reason: As for a user.
    """

    kind: ClassVar[ChangeKind] = "remove_orphan"

    username: str
    roles: tuple[str, ...]
    reason: RemovalReason

    @in_one_line
    def __str__(self) -> str:
        purged = ", purged" if self.reason == "purge" else ""
        return f"- {self.username}: {_listed(self.roles)} (not a user{purged})"


@dataclass(frozen=True, slots=True)
class SetPassword(Change):
    """A changed password, or a changed hash."""

    kind: ClassVar[ChangeKind] = "set_password"

    username: str

    @in_one_line
    def __str__(self) -> str:
        return f"~ {self.username}: password (changed)"


@dataclass(frozen=True, slots=True)
class RehashPassword(Change):
    """A better hash of the same password."""

    kind: ClassVar[ChangeKind] = "rehash_password"

    username: str
    algorithm: str

    @in_one_line
    def __str__(self) -> str:
        return f"~ {self.username}: password (the same, hashed anew by {self.algorithm})"


@dataclass(frozen=True, slots=True)
class AddRoles(Change):
    """Roles added to an existing user."""

    kind: ClassVar[ChangeKind] = "add_roles"

    username: str
    roles: tuple[str, ...]

    @in_one_line
    def __str__(self) -> str:
        return f"~ {self.username}: roles " + " ".join(f"+{role}" for role in self.roles)


@dataclass(frozen=True, slots=True)
class RemoveRoles(Change):
    """Roles taken from a user who stays."""

    kind: ClassVar[ChangeKind] = "remove_roles"

    username: str
    roles: tuple[str, ...]

    @in_one_line
    def __str__(self) -> str:
        return f"~ {self.username}: roles " + " ".join(f"-{role}" for role in self.roles)


@dataclass(frozen=True, slots=True)
class SetExpiry(Change):
    """
    Another time at which a user is to go.

    Attributes:
        username: The name.
        expires_before: The time now, as ``2026-12-01T08:00:00Z``; None for never.
        expires_after: The new time, likewise.
    """

    kind: ClassVar[ChangeKind] = "set_expiry"

    username: str
    expires_before: str | None
    expires_after: str | None

    @in_one_line
    def __str__(self) -> str:
        before, after = self.expires_before or "never", self.expires_after or "never"
        return f"~ {self.username}: expires {before} -> {after}"


@dataclass(frozen=True, slots=True)
class LockUser(Change):
    """A user as whom nobody may log in any more; its password is kept aside."""

    kind: ClassVar[ChangeKind] = "lock_user"

    username: str

    @in_one_line
    def __str__(self) -> str:
        return f"~ {self.username}: locked"


@dataclass(frozen=True, slots=True)
class UnlockUser(Change):
    """A locked user who gets its password back."""

    kind: ClassVar[ChangeKind] = "unlock_user"

    username: str

    @in_one_line
    def __str__(self) -> str:
        return f"~ {self.username}: unlocked"


@dataclass(frozen=True, slots=True)
class SetAttributes(Change):
    """
    A changed owner, group or mode of a file.

    Attributes:
        path: The path of the file.
        before: From the name of each changed attribute to its value now; modes are octal.
        after: The same for the new values.
    """

    kind: ClassVar[ChangeKind] = "set_attributes"

    path: str
    before: dict[str, str]
    after: dict[str, str]

    def to_dict(self) -> dict[str, object]:
        """Return a dictionary for JSON; owner and group are numbers, as in a result."""
        return {
            "kind": self.kind,
            "path": self.path,
            "attributes_before": _attributes(self.before),
            "attributes_after": _attributes(self.after),
        }

    @in_one_line
    def __str__(self) -> str:
        shown = (f"{name} {self.before[name]} -> {value}" for name, value in self.after.items())
        return f"~ [{self.path}]: {', '.join(shown)}"


@dataclass(frozen=True, slots=True)
class SetManaged(Change):
    """
    Users added to or removed from the list of managed users.

    Attributes:
        path: The path of the list.
        add: The names of users that provisioning creates.
        remove: The names of users that no longer count as created by provisioning.
    """

    kind: ClassVar[ChangeKind] = "set_managed"

    path: str
    add: tuple[str, ...]
    remove: tuple[str, ...]

    @in_one_line
    def __str__(self) -> str:
        names = (*(f"+{name}" for name in self.add), *(f"-{name}" for name in self.remove))
        return f"~ [{self.path}]: {' '.join(names)}"


@dataclass(frozen=True, slots=True)
class CreateKeystore(Change):
    """A keystore that is missing; it gets a ``keystore.seed`` besides the desired settings."""

    kind: ClassVar[ChangeKind] = "create_keystore"

    path: str

    @in_one_line
    def __str__(self) -> str:
        return f"+ [{self.path}]"


@dataclass(frozen=True, slots=True)
class SetSecureSetting(Change):
    """
    A setting of the keystore that is new, or gets another value.

    Attributes:
        setting: Its name.
        is_new: Whether the keystore does not have it yet.
    """

    kind: ClassVar[ChangeKind] = "set_secure_setting"

    setting: str
    is_new: bool

    @in_one_line
    def __str__(self) -> str:
        if self.is_new:
            return f"+ keystore: {self.setting}"
        return f"~ keystore: {self.setting}: value (changed)"


@dataclass(frozen=True, slots=True)
class RemoveSecureSetting(Change):
    """A setting removed from the keystore."""

    kind: ClassVar[ChangeKind] = "remove_secure_setting"

    setting: str

    @in_one_line
    def __str__(self) -> str:
        return f"- keystore: {shown(self.setting)}"


@dataclass(frozen=True, slots=True)
class Basis:
    """
    The input of a plan, and what applying it needs.

    Attributes:
        desired: The desired state.
        rules: The settings of the node and the hash policy.
        force: Whether the guards are off.
        create: Whether missing files are created.
        attributes: What to do if attributes of the files cannot be kept or set.
        digests: SHA-256 of ``users``, ``users_roles`` and, for a managed purge, the list of managed
            users; None for a missing file.
        passwords: From the users whose password is to be hashed to that password.
        hashes: From the users who get a given hash to that hash.
        orphans: The names that are not users and lose their roles.
        roles: From each affected user to the roles before and after; None while there is no user.
        expiries: From the users who get another time to that time; None for no end.
        standings: From the users whose lock or time changes to what is said of it before and after.
        accounts: Path and digest of the record of locked and expiring users; None if it cannot be
            used, and nothing depends on it.
        keystore: The keystore with all changes, not saved; None if it stays.
        keystore_digest: SHA-256 of its file; None if it does not exist.
    """

    desired: DesiredState
    rules: CredentialRules
    force: bool
    create: bool
    attributes: Tolerance
    digests: tuple[str | None, ...]
    passwords: Mapping[str, Secret]
    hashes: Mapping[str, Secret]
    orphans: tuple[Secret, ...]
    roles: Mapping[str, tuple[Roles, Roles]]
    expiries: Mapping[str, datetime | None]
    standings: Mapping[str, tuple[str, str]]
    accounts: tuple[str, str | None] | None
    keystore: Keystore | None = None
    keystore_digest: str | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """
    What a desired state changes in a realm. ``plan`` makes it; ``apply`` adds the result.

    Attributes:
        config_dir: The directory of the realm.
        changes: All changes, with users in the order of the desired state.
        notes: Which document overrides which.
        warnings: What the administrator should know.
        unknown_roles: Roles that the plan gives to users and that no file defines.
        objections: Why the plan is probably a mistake; ``apply`` refuses it then. With *force*,
            there are none.
        result: The result of the write; None before it.
    """

    config_dir: str
    changes: tuple[Change, ...]
    notes: tuple[str, ...]
    warnings: tuple[str, ...]
    unknown_roles: tuple[str, ...]
    _basis: Basis = field(repr=False, compare=False)
    objections: tuple[str, ...] = ()
    result: WriteResult | None = None

    @property
    def changed(self) -> bool:
        """Whether there is any change."""
        return bool(self.changes)

    def diff(self) -> str:
        """
        Return a line for each change: ``+`` for a new user, ``-`` for a removed one, else ``~``.

        Passwords are not shown. Documents that override others follow, in lines that start with
        ``#``.
        """
        return "\n".join([*map(str, self.changes), *(f"# {note}" for note in self.notes)])

    def before(self) -> str:
        """Return a line for each affected user, with its roles now, and for each affected file."""
        return "".join(self._state(0))

    def after(self) -> str:
        """Return the same lines for the state after the changes."""
        return "".join(self._state(1))

    def _state(self, side: int) -> Iterator[str]:
        with_new_password = {
            change.username
            for change in self.changes
            if isinstance(change, SetPassword | RehashPassword)
        }
        for name, both in self._basis.roles.items():
            roles = both[side]
            if roles is not None:
                mark = " (password changed)" if side and name in with_new_password else ""
                standing = self._basis.standings.get(name, ("", ""))[side]
                yield f"{name}: {_listed(roles)}{standing}{mark}\n"
        for change in self.changes:
            if side and isinstance(change, CreateFile | CreateKeystore):
                yield f"[{change.path}]: created\n"
            if isinstance(change, SetAttributes):
                attributes = (change.before, change.after)[side]
                yield f"[{change.path}]: {', '.join(map(' '.join, attributes.items()))}\n"
            if isinstance(change, SetSecureSetting) and (side or not change.is_new):
                mark = " (value changed)" if side and not change.is_new else ""
                yield f"keystore: {change.setting}{mark}\n"
            if isinstance(change, RemoveSecureSetting) and not side:
                yield f"keystore: {shown(change.setting)}\n"

    def to_dict(self) -> dict[str, object]:
        """Return a dictionary for JSON; it contains no secret."""
        return {
            "changed": self.changed,
            "changes": [change.to_dict() for change in self.changes],
            "notes": list(self.notes),
            "warnings": list(self.warnings),
            "unknown_roles": list(self.unknown_roles),
            "objections": list(self.objections),
            "result": None if self.result is None else self.result.to_dict(),
        }


def _attributes(shown: dict[str, str]) -> dict[str, object]:
    return {name: text if name == "mode" else int(text) for name, text in shown.items()}


def standing_text(*, is_locked: bool, expires: datetime | None) -> str:
    """Return what is said of a user behind its roles, with a blank before it."""
    said = ["locked"] if is_locked else []
    if expires is not None:
        said.append(f"expires {shown_time(expires)}")
    return f" ({', '.join(said)})" if said else ""


def given_roles(changes: Iterable[Change]) -> list[str]:
    """Return the roles that changes give to users, each once."""
    gaining = (change for change in changes if isinstance(change, AddUser | AddRoles))
    return list(dict.fromkeys(role for change in gaining for role in change.roles))


def basis_of(plan: Plan) -> Basis:
    """Return what this package needs to apply a plan, which is private to it."""
    return plan._basis  # noqa: SLF001 - see above


def _listed(roles: Iterable[str]) -> str:
    return ",".join(roles) or "-"
