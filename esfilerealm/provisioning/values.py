"""Plain values of a desired state: users, the hash policy, attributes of the files."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final, Literal

from .._ground.locked import is_locked
from .._ground.values import Secret

__all__ = [
    "PASSWORD_SOURCES",
    "VALUE_SOURCES",
    "DesiredSetting",
    "DesiredUser",
    "Expiry",
    "FileAttributes",
    "HashPolicy",
    "KeystorePassword",
    "State",
    "UpdatePassword",
]

State = Literal["present", "absent"]
UpdatePassword = Literal["always", "on_create"]
Expiry = datetime | Literal["never"]
"""When the time of a user is over."""

PASSWORD_SOURCES: Final = ("password", "password_file", "password_env", "password_hash")
"""The fields for the credentials of a user; a user may have one of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DesiredUser:
    """
    The desired state of one user.

    Attributes:
        name: The username.
        state: Whether the user is to exist; None means ``present``.
        password: The password.
        password_file: The path of a file with the password. A relative path starts at the working
            directory.
        password_env: The name of an environment variable with the password.
        password_hash: A hash of the password. Without any of these four, the password stays.
        update_password: Whether an existing user gets the password too; None means ``always``.
        roles: All roles of the user; None to change only the next two.
        roles_add: Roles to add.
        roles_remove: Roles to remove.
        expires: When the time of the user is over, or ``never``; None to leave that as it is. After
            a time that has passed, the user is not to exist.
        locked: Whether nobody may log in as the user; None to leave that as it is.
        source: The document.
        place: The place of the user in the document.
        credentials_place: The place of the password, if another document has it.
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
    expires: Expiry | None = None
    locked: bool | None = None
    source: str = ""
    place: str = field(default="", compare=False)
    credentials_place: str | None = field(default=None, compare=False)

    def __post_init__(self) -> None:
        for field_name in ("password", "password_hash"):
            text = getattr(self, field_name)
            if isinstance(text, str):  # so that no repr shows it
                object.__setattr__(self, field_name, Secret(text))

    @property
    def has_credentials(self) -> bool:
        """Whether the document has a password or hash for the user."""
        return any(getattr(self, source) is not None for source in PASSWORD_SOURCES)

    @property
    def is_absent(self) -> bool:
        """Whether the user is not to exist."""
        return self.state == "absent"

    @property
    def has_locked_hash(self) -> bool:
        """Whether the hash is that of a user who is locked elsewhere, which is no credentials."""
        return self.password_hash is not None and is_locked(self.password_hash.reveal())

    @property
    def is_to_be_locked(self) -> bool | None:
        """Whether the user is to be locked; None to leave that as it is."""
        return True if self.locked is None and self.has_locked_hash else self.locked

    def is_over_at(self, time: datetime) -> bool:
        """Check whether the time of the user has passed."""
        return isinstance(self.expires, datetime) and self.expires <= time

    @property
    def updates_password(self) -> bool:
        """Whether an existing user gets the password too."""
        return self.update_password != "on_create"  # noqa: S105 - no password

    def with_credentials_of(self, other: DesiredUser) -> DesiredUser:
        """Return a copy with the credentials of *other*."""
        return replace(
            self,
            password=other.password,
            password_file=other.password_file,
            password_env=other.password_env,
            password_hash=other.password_hash,
            credentials_place=other.credentials_place or other.place,
        )

    def with_password(self, password: Secret | None) -> DesiredUser:
        """Return a copy with a password in place of the file or variable that it came from."""
        if password is None:
            return self
        return replace(self, password=password, password_file=None, password_env=None)

    def roles_after(self, before: tuple[str, ...]) -> tuple[str, ...]:
        """Return the roles wanted for a user who has *before*."""
        if self.roles is not None:
            return self.roles
        if not (self.roles_add or self.roles_remove):
            return before
        wanted = (*before, *self.roles_add)
        return tuple(role for role in dict.fromkeys(wanted) if role not in self.roles_remove)

    def issue(self, field: str, rule: str) -> str:
        """Return a message about a rule that a field breaks, with its place."""
        is_elsewhere = field in PASSWORD_SOURCES and self.credentials_place is not None
        return f"{self.credentials_place if is_elsewhere else self.place}.{field}: {rule}"


VALUE_SOURCES: Final = ("value", "value_file", "value_env", "file")
"""The fields for the value of a setting in the keystore; a setting may have one of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DesiredSetting:
    """
    The desired state of one setting in the keystore.

    Attributes:
        name: The name.
        state: Whether the setting is to exist; None means ``present``.
        value: The value, a string.
        value_file: The path of a file with the value; one line end at its end is not part of it.
        value_env: The name of an environment variable with the value.
        file: The path of a file that is the value, byte for byte. Without any of these four, the
            value stays.
        source: The document.
        place: The place of the setting in the document.
        content: The value once it was read, each byte as a character.
    """

    name: str
    state: State | None = None
    value: Secret | None = None
    value_file: str | None = None
    value_env: str | None = None
    file: str | None = None
    source: str = ""
    place: str = field(default="", compare=False)
    content: Secret | None = field(default=None, compare=False)

    def __post_init__(self) -> None:
        if isinstance(self.value, str):  # so that no repr shows it
            object.__setattr__(self, "value", Secret(self.value))

    @property
    def is_absent(self) -> bool:
        """Whether the setting is not to exist."""
        return self.state == "absent"

    def with_content(self, data: bytes) -> DesiredSetting:
        """Return a copy with the value as it was read."""
        return replace(self, content=Secret(data.decode("latin-1")))


@dataclass(frozen=True, slots=True)
class KeystorePassword:
    """
    The password of the keystore. It is ignored if the keystore has none; a new one gets it.

    Attributes:
        password: The password.
        password_file: The path of a file with the password.
        password_env: The name of an environment variable with the password.
    """

    password: Secret | None = None
    password_file: str | None = None
    password_env: str | None = None

    def __bool__(self) -> bool:
        return (self.password, self.password_file, self.password_env) != (None, None, None)


@dataclass(frozen=True, slots=True)
class HashPolicy:
    """
    Which hashes are good enough.

    Attributes:
        algorithm: The algorithm for new hashes, one of ``hashing.STORED_ALGORITHMS``; by default
            that of the node's settings. A password whose hash is of another family is hashed anew.
        minimum_cost: The binary logarithm of rounds for bcrypt, iterations for PBKDF2; by default
            the cost of *algorithm*, if given. A password whose hash costs less is hashed anew.
        place: The place in the document.
    """

    algorithm: str | None = None
    minimum_cost: int | None = None
    place: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class FileAttributes:
    """
    The attributes of both files; None keeps an attribute.

    Attributes:
        owner: A name or number.
        group: A name or number.
        mode: The permission bits.
    """

    owner: str | int | None = None
    group: str | int | None = None
    mode: int | None = None

    def __bool__(self) -> bool:
        return (self.owner, self.group, self.mode) != (None, None, None)
