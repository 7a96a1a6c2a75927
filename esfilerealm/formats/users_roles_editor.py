"""Looking up and changing the roles of single users in a ``users_roles`` file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._ground.java import has_lone_surrogate
from ..errors import InvalidUsernameError
from ..names import validate_role_name
from .editing import Lookup, candidate_lines, edited_data
from .lines import COMMENT, decode, trim
from .role_line import BLANKS, line_problem, split_line, split_names

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

__all__ = ["UsersRolesEditor"]


class UsersRolesEditor:
    """
    A ``users_roles`` file to look up and edit; a lookup is not repeated for the edit.

    For the arguments see ``parse_users_roles``.

    Raises:
        FileFormatError: If *data* is not UTF-8.
    """

    def __init__(self, data: bytes, *, source: str = "users_roles") -> None:
        self._data = data
        self._text = decode(data, source)
        self._roles = Lookup(self._find)

    def roles_of(self, username: str) -> tuple[str, ...]:
        """Return the roles of a user, as ``parse_users_roles`` would, without reading all lines."""
        return self._roles.get([username]).get(username, ())

    def edited(self, changes: Mapping[str, Collection[str] | None]) -> bytes:
        """Return the edited file; see ``edit_users_roles``."""
        current = self._roles.get(changes)
        revoked: dict[str, list[str]] = {}
        granted: dict[str, list[str]] = {}
        for name, wanted in changes.items():
            before, after = dict.fromkeys(current.get(name, ())), dict.fromkeys(wanted or ())
            _collect(revoked, name, [role for role in before if role not in after])
            _collect(granted, name, [role for role in after if role not in before])
        if not revoked and not granted:
            return self._data
        for names in granted.values():
            for name in names:
                _check_writable_name(name)
        replacements = []
        for line in self._role_lines(revoked.keys() | granted.keys()):
            new_line = line.edited(revoked.get(line.role, ()), granted.pop(line.role, ()))
            replacements.append((line.start, line.start + len(line.line), new_line))
        additions = [
            f"{validate_role_name(role, writable=True)}:{','.join(names)}"
            for role, names in granted.items()
        ]
        return edited_data(self._data, self._text, replacements, additions)

    def _find(self, names: Collection[str] | None) -> dict[str, tuple[str, ...]]:
        """Find the roles of *names*, or of all users."""
        roles_by_user: dict[str, dict[str, None]] = {}
        for line in self._role_lines([""] if names is None else names):
            for name in line.names():
                if names is None or name in names:
                    roles_by_user.setdefault(name, {})[line.role] = None
        return {name: tuple(roles) for name, roles in roles_by_user.items()}

    def _role_lines(self, needles: Collection[str]) -> Iterator[_RoleLine]:
        """Find, in order, the lines that contain one of *needles* and that a node accepts."""
        for start, line in candidate_lines(self._text, needles):
            role, users_text = split_line(line)
            is_skipped = line_problem(line, role, split_names(users_text)) is not None
            if not is_skipped and not line.startswith(COMMENT):
                yield _RoleLine(start, line, role, users_text)


def _collect(names_by_role: dict[str, list[str]], name: str, roles: Iterable[str]) -> None:
    for role in roles:
        names_by_role.setdefault(role, []).append(name)


def _check_writable_name(name: str) -> None:
    """Refuse what would not be read back. Here, unlike in ``users``, almost any name is valid."""
    if not name or trim(name) != name:
        rule = "must not be empty, nor start or end with whitespace or a control character"
        raise InvalidUsernameError(name, rule)
    if has_lone_surrogate(name) or any(c in ",\n\r" for c in name):
        rule = "must not contain a comma, a line end or half a surrogate pair"
        raise InvalidUsernameError(name, rule)


class _RoleLine:
    """The line of a role, and where it starts."""

    __slots__ = ("_users_text", "line", "role", "start")

    def __init__(self, start: int, line: str, role: str, users_text: str) -> None:
        self.start = start
        self.line = line
        self.role = role
        self._users_text = users_text

    def names(self) -> list[str]:
        return split_names(self._users_text)

    def edited(self, unwanted: Collection[str], added: Collection[str]) -> str:
        """Remove and add names; the whitespace of the line stays."""
        unwanted = frozenset(unwanted)
        pieces = self._users_text.split(",")
        kept = [piece for piece in pieces if piece.strip(BLANKS) not in unwanted]
        after_last_name = len(kept)
        while after_last_name and not kept[after_last_name - 1].strip(BLANKS):
            after_last_name -= 1
        if not after_last_name:
            kept = []
        blank = " " if self._users_text.count(", ") == len(pieces) - 1 > 0 else ""
        kept[after_last_name:after_last_name] = [blank + name for name in added]
        if not kept:
            return ""
        before, _, behind = self.line.partition(":")
        users_start = len(before) + 1 + behind.index(self._users_text)
        users_end = users_start + len(self._users_text)
        new_text = _guarded(",".join(kept).strip(BLANKS))
        return self.line[:users_start] + new_text + self.line[users_end:]


def _guarded(users_text: str) -> str:
    """Protect an outer name with a control character at its end from being trimmed."""
    before = "," if trim(users_text + "x") != users_text + "x" else ""
    behind = "," if trim("x" + users_text) != "x" + users_text else ""
    return before + users_text + behind
