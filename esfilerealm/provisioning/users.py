"""What is wanted of one user, of hashes and of files: plain values."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Final, Literal

from .._ground.secret import Secret

__all__ = [
    "PASSWORD_SOURCES",
    "DesiredUser",
    "FileAttributes",
    "HashPolicy",
    "State",
    "UpdatePassword",
]

State = Literal["present", "absent"]
UpdatePassword = Literal["always", "on_create"]

PASSWORD_SOURCES: Final = ("password", "password_file", "password_env", "password_hash")
"""The fields of which one at most says what a user logs in with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DesiredUser:
    """
    What is wanted of one user.

    Attributes:
        name: Of the user.
        state: Whether there is to be such a user; None means ``present``.
        password: To log in with.
        password_file: Path of a file that holds it, absolute or as seen from the working folder.
        password_env: Name of an environment variable that holds it.
        password_hash: Its hash, made elsewhere. Without any of the four, a user's password stays.
        update_password: Whether a user who exists gets it too; None means ``always``.
        roles: All that the user is to have; None to leave them but for the next two.
        roles_add: Roles to have, besides others.
        roles_remove: Roles not to have.
        source: The document that says so.
        place: Where in it.
        credentials_place: Where the password is, if that is elsewhere.
    """

    name: str
    state: State | None = None
    password: Secret | None = None
    password_file: str | None = None
    password_env: str | None = None
    password_hash: Secret | None = None
    update_password: UpdatePassword | None = None
    roles: tuple[str, ...] | None = None
    roles_add: tuple[str, ...] = ()
    roles_remove: tuple[str, ...] = ()
    source: str = ""
    place: str = field(default="", compare=False)
    credentials_place: str | None = field(default=None, compare=False)

    def __post_init__(self) -> None:
        for field_name in ("password", "password_hash"):
            text = getattr(self, field_name)
            if isinstance(text, str):  # nobody is to see it by accident
                object.__setattr__(self, field_name, Secret(text))

    @property
    def has_credentials(self) -> bool:
        """Whether anything says what the user logs in with."""
        return any(getattr(self, source) is not None for source in PASSWORD_SOURCES)

    @property
    def is_absent(self) -> bool:
        """Whether there is to be no such user."""
        return self.state == "absent"

    @property
    def updates_password(self) -> bool:
        """Whether the password counts for a user who exists."""
        return self.update_password != "on_create"  # noqa: S105 - no password

    def with_credentials_of(self, other: DesiredUser) -> DesiredUser:
        """Give the same with what *other* logs in with."""
        return replace(
            self,
            password=other.password,
            password_file=other.password_file,
            password_env=other.password_env,
            password_hash=other.password_hash,
            credentials_place=other.credentials_place or other.place,
        )

    def with_password(self, password: Secret | None) -> DesiredUser:
        """Give the same with a password in place of where it was read, if there is one."""
        if password is None:
            return self
        return replace(self, password=password, password_file=None, password_env=None)

    def roles_after(self, before: tuple[str, ...]) -> tuple[str, ...]:
        """Give the roles that the user is to have who has those of *before*."""
        if self.roles is not None:
            return self.roles
        if not (self.roles_add or self.roles_remove):
            return before
        wanted = (*before, *self.roles_add)
        return tuple(role for role in dict.fromkeys(wanted) if role not in self.roles_remove)

    def fault(self, field: str, rule: str) -> str:
        """Say what is wrong with a field."""
        is_elsewhere = field in PASSWORD_SOURCES and self.credentials_place is not None
        return f"{self.credentials_place if is_elsewhere else self.place}.{field}: {rule}"


@dataclass(frozen=True, slots=True)
class HashPolicy:
    """
    What hashes are good enough; None for no wish.

    Attributes:
        algorithm: For new hashes, one of ``hashing.STORED_ALGORITHMS``; by default that of the
            node's settings. A password whose hash is of another family is hashed anew.
        minimum_cost: Binary logarithm of rounds for bcrypt, iterations for PBKDF2; by default that
            of *algorithm* if there is one. A password whose hash costs less is hashed anew.
        place: Where that is said.
    """

    algorithm: str | None = None
    minimum_cost: int | None = None
    place: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class FileAttributes:
    """
    What both files are to have; None to leave it.

    Attributes:
        owner: A name or number.
        group: A name or number.
        mode: Permission bits.
    """

    owner: str | int | None = None
    group: str | int | None = None
    mode: int | None = None

    def __bool__(self) -> bool:
        return (self.owner, self.group, self.mode) != (None, None, None)
