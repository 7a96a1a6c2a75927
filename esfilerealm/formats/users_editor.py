"""Looking up and changing single users of a ``users`` file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._ground.java import has_lone_surrogate
from ..errors import InvalidHashError, InvalidUsernameError
from ..names import (
    DEFAULT_ANONYMOUS_USERNAME,
    broken_rule,
    reserved_usernames,
    validate_username,
)
from .editing import Lookup, candidate_lines, edited_data
from .lines import COMMENT, decode, trim

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

__all__ = ["UsersEditor"]


class UsersEditor:
    """
    A ``users`` file to look up and edit; a lookup is not repeated for the edit.

    For the arguments see ``parse_users``.

    Raises:
        FileFormatError: If *data* is not UTF-8.
    """

    def __init__(
        self,
        data: bytes,
        *,
        source: str = "users",
        allow_reserved: bool = False,
        anonymous_username: str = DEFAULT_ANONYMOUS_USERNAME,
    ) -> None:
        self._data = data
        self._text = decode(data, source)
        self._reserved = reserved_usernames(
            allow_reserved=allow_reserved, anonymous_username=anonymous_username
        )
        self._entries = Lookup(self._find)

    def hash_of(self, username: str) -> str | None:
        """Return the hash of a user, as ``parse_users`` would, without reading all lines."""
        entries = self._entries.get([username]).get(username)
        return entries[-1].password_hash if entries else None

    def edited(self, changes: Mapping[str, str | None]) -> bytes:
        """Return the edited file; see ``edit_users``."""
        for name, password_hash in changes.items():
            if password_hash is not None:
                if rule := broken_rule(name, reserved=self._reserved):
                    raise InvalidUsernameError(name, rule)
                _check_writable_hash(password_hash)
        found = self._entries.get(changes)
        replacements = [
            replacement
            for name, entries in found.items()
            for replacement in _replacements(entries, changes[name])
        ]
        additions = [
            f"{validate_username(name, allow_reserved=True, writable=True)}:{password_hash}"
            for name, password_hash in changes.items()
            if password_hash is not None and name not in found
        ]
        if not replacements and not additions:
            return self._data
        return edited_data(self._data, self._text, sorted(replacements), additions)

    def _find(self, names: Collection[str] | None) -> dict[str, list[_Entry]]:
        """Find the lines of *names*, or of all users, except those that a node skips."""
        needles = [""] if names is None else [f"{name}:" for name in names]
        found: dict[str, list[_Entry]] = {}
        for start, line in candidate_lines(self._text, needles):
            name, _, password_hash = trim(line).partition(":")
            if (names is None or name in names) and self._is_entry(line, name, password_hash):
                found.setdefault(name, []).append(_Entry(start, line, password_hash))
        return found

    def _is_entry(self, line: str, name: str, password_hash: str) -> bool:
        return (
            password_hash != ""
            and not line.startswith(COMMENT)
            and name not in self._reserved
            and broken_rule(name) is None
        )


def _check_writable_hash(password_hash: str) -> None:
    if not password_hash:
        raise InvalidHashError("it is empty")
    if "\n" in password_hash or "\r" in password_hash:
        raise InvalidHashError("it contains a line end")
    if trim("x" + password_hash) != "x" + password_hash:
        raise InvalidHashError(
            "it ends with whitespace or a control character, which would be lost"
        )
    if has_lone_surrogate(password_hash):
        raise InvalidHashError("it contains half a surrogate pair, which UTF-8 cannot encode")


class _Entry:
    """One line of a user, and where it starts."""

    __slots__ = ("line", "password_hash", "start")

    def __init__(self, start: int, line: str, password_hash: str) -> None:
        self.start = start
        self.line = line
        self.password_hash = password_hash

    def replaced_by(self, password_hash: str | None) -> tuple[int, int, str]:
        """Replace only the hash; the rest of the line stays. None removes the line."""
        line = ""
        if password_hash is not None:
            hash_start = self.line.index(":") + 1
            hash_end = hash_start + len(self.password_hash)
            line = self.line[:hash_start] + password_hash + self.line[hash_end:]
        return self.start, self.start + len(self.line), line


def _replacements(
    entries: list[_Entry], password_hash: str | None
) -> Iterator[tuple[int, int, str]]:
    *repeated, effective = entries
    if effective.password_hash == password_hash:
        return
    for entry in repeated:
        yield entry.replaced_by(None)
    yield effective.replaced_by(password_hash)
