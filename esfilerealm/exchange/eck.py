"""
What Elastic's operator (ECK) makes of Secrets: pure functions on the bytes of their values.

Source:
    ``user_provided.go``, ``validation.go`` and ``filerealm/`` of the operator.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from ..names import MAX_NAME_LENGTH

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

__all__ = [
    "FILES",
    "MIN_PASSWORD_BYTES",
    "BasicAuth",
    "Merged",
    "Provided",
    "SecretSkippedError",
    "basic_auth",
    "is_basic_auth",
    "is_utf8",
    "provided_by_files",
]

#: The keys of a Secret that holds the files of a realm.
FILES: Final = ("users", "users_roles")

MIN_PASSWORD_BYTES: Final = 6
"""The length of the shortest password in a Secret with one user."""

_MAX_PASSWORD_BYTES: Final = 72
_PRINTABLE: Final = range(0x20, 0x7F)


class SecretSkippedError(Exception):
    """A Secret that the operator skips; the only argument says why."""


@dataclass(frozen=True, slots=True)
class Provided:
    """
    What one Secret gives.

    Attributes:
        hashes: From username to hash.
        names_by_role: From role to usernames.
    """

    hashes: dict[bytes, bytes] = field(repr=False)
    names_by_role: dict[bytes, list[bytes]]

    def is_utf8(self, key: str) -> bool:
        """Check whether a node could decode what this gives to a file."""
        if key == "users":
            parts = [*self.hashes, *self.hashes.values()]
        else:
            parts = [*self.names_by_role]
            parts += (name for names in self.names_by_role.values() for name in names)
        return is_utf8(b"\n".join(parts))


@dataclass(frozen=True, slots=True)
class BasicAuth:
    """
    A Secret with one user.

    Attributes:
        name: The username.
        password: The password.
        roles: The roles, each once.
    """

    name: bytes
    password: bytes = field(repr=False)
    roles: tuple[bytes, ...]

    def provided(self, password_hash: bytes) -> Provided:
        """Return what the Secret gives, with a hash of the password."""
        return Provided({self.name: password_hash}, {role: [self.name] for role in self.roles})


def is_utf8(data: bytes) -> bool:
    """Check whether a node could decode bytes."""
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def is_basic_auth(values: Mapping[str, bytes]) -> bool:
    """Check whether a Secret holds one user. Its keys decide, and never its type."""
    return "username" in values and "password" in values


def basic_auth(
    values: Mapping[str, bytes],
    *,
    is_in_use: Callable[[bytes, bytes], bool] = lambda _name, _password: False,
) -> BasicAuth:
    """
    Read a Secret with one user.

    Args:
        values: The decoded values of the Secret.

        is_in_use: Called with a name and a password that is too long; True if the user has that
            password already, which may stay then.

    Raises:
        SecretSkippedError: With everything that is wrong.
    """
    name, password = values["username"], values["password"]
    roles = tuple(dict.fromkeys(values["roles"].split(b","))) if "roles" in values else ()
    problems = [f"[username] {rule}" for rule in _name_problems(name)]
    problems += dict.fromkeys(
        f"[roles]: each role {rule}" for role in roles for rule in _name_problems(role)
    )
    if len(password) < MIN_PASSWORD_BYTES:
        problems.append(f"[password] must have at least {MIN_PASSWORD_BYTES} bytes")
    if len(password) > _MAX_PASSWORD_BYTES and not is_in_use(name, password):
        problems.append(f"[password] must have at most {_MAX_PASSWORD_BYTES} bytes")
    if problems:
        raise SecretSkippedError("; ".join(problems))
    return BasicAuth(name, password, roles)


def _name_problems(name: bytes) -> Iterator[str]:
    """Find the rules that the name of a user or role breaks."""
    if not 0 < len(name) <= MAX_NAME_LENGTH:
        yield f"must have 1 to {MAX_NAME_LENGTH} characters"
    if name[:1].isspace() or name[-1:].isspace():
        yield "must not start or end with a blank or a line end"
    if not all(byte in _PRINTABLE for byte in name):
        yield "must consist of printable ASCII characters, U+0020 to U+007E"


def provided_by_files(values: Mapping[str, bytes]) -> Provided:
    """
    Read a Secret with the files of a realm. Nothing is trimmed, and there are no comments.

    Raises:
        SecretSkippedError: At the first row that has not exactly one colon.
    """
    hashes = dict(_rows(values, "users"))
    grants: dict[bytes, list[bytes]] = {}
    for role, names in _rows(values, "users_roles"):
        _grant(grants, role, sorted(names.split(b",")) if names else [])
    return Provided(hashes, grants)


def _rows(values: Mapping[str, bytes], key: str) -> Iterator[tuple[bytes, bytes]]:
    for number, row in enumerate(values.get(key, b"").split(b"\n"), 1):
        if row:
            before, colon, after = row.partition(b":")
            if not colon or b":" in after:
                raise SecretSkippedError(
                    f"[{key}], line [{number}] must have exactly one colon; there are no comments"
                )
            yield before, after


def _grant(grants: dict[bytes, list[bytes]], role: bytes, names: list[bytes]) -> None:
    """Add users to a role. Repetitions stay until the role comes a second time."""
    grants[role] = sorted({*grants[role], *names}) if role in grants else names


class Merged:
    """
    What several Secrets give together: the last hash of each user, and all roles.

    Attributes:
        hashes: From username to hash, in the order in which the names come first.
        names_by_role: From role to usernames.
        hash_sources: From username to the label of the Secret whose hash counts.
        role_sources: From role to the label of the first Secret that gives it.
        spoilers: From a file to the first Secret that makes it unreadable. A node then takes the
            file for empty.
    """

    def __init__(self) -> None:
        self.hashes: dict[bytes, bytes] = {}
        self.names_by_role: dict[bytes, list[bytes]] = {}
        self.hash_sources: dict[bytes, str] = {}
        self.role_sources: dict[bytes, str] = {}
        self.spoilers: dict[str, str] = {}

    def add(self, provided: Provided, label: str) -> None:
        """Add the next Secret."""
        for key in FILES:
            if not provided.is_utf8(key):
                self.spoilers.setdefault(key, label)
        for name, password_hash in provided.hashes.items():
            self.hashes[name] = password_hash
            self.hash_sources[name] = label
        for role, names in provided.names_by_role.items():
            _grant(self.names_by_role, role, names)
            self.role_sources.setdefault(role, label)

    def empty_unreadable(self) -> None:
        """Empty the files that a node could not decode."""
        if "users" in self.spoilers:
            self.hashes.clear()
        if "users_roles" in self.spoilers:
            self.names_by_role.clear()

    def rows(self, key: str) -> list[tuple[bytes, str]]:
        """Return the rows of a file, sorted as wholes, each with the label of its Secret."""
        if key == "users":
            rows = [
                (b"%b:%b" % (name, password_hash), self.hash_sources[name])
                for name, password_hash in self.hashes.items()
            ]
        else:
            rows = [
                (b"%b:%b" % (role, b",".join(names)), self.role_sources[role])
                for role, names in self.names_by_role.items()
            ]
        return sorted(rows)

    def file(self, key: str) -> bytes:
        """Return the bytes of a file as the operator writes it."""
        return b"".join(b"%b\n" % row for row, _ in self.rows(key)) or b"\n"
