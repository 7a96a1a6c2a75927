"""
The ``users_roles`` file: one ``role:user,user`` on each line.

The file maps a role to its users; in memory, a user is mapped to its roles. The names say which.
"""

from __future__ import annotations

from .lines import COMMENT, LineIssue, LineReader, each_line, pieces
from .role_line import line_problem, split_line, split_names

__all__ = [
    "ParsedUsersRoles",
    "UsersRolesReader",
    "edit_users_roles",
    "lines_of_roles",
    "parse_users_roles",
]

TYPE_CHECKING = False  # see `_ground`
if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from typing import Final

#: Few users have as many roles as this.
_MANY: Final = 32


class ParsedUsersRoles:
    """
    What a node makes of a ``users_roles`` file.

    Attributes:
        roles_by_user: From username to its roles in file order, without repetitions. Names are
            not validated, and need not be users; a stray comma makes an empty name.
        issues: One ``LineIssue`` for each line that a node skips, in file order.
    """

    __slots__ = ("issues", "roles_by_user")

    def __init__(
        self, roles_by_user: dict[str, tuple[str, ...]], issues: tuple[LineIssue, ...]
    ) -> None:
        self.roles_by_user = roles_by_user
        self.issues = issues

    def __repr__(self) -> str:
        return f"<ParsedUsersRoles: {len(self.roles_by_user)} users, {len(self.issues)} issues>"


def parse_users_roles(data: bytes, *, source: str = "users_roles") -> ParsedUsersRoles:
    """
    Read a ``users_roles`` file as a node does: from role to users on disk, to user to roles.

    Args:
        data: The whole file, UTF-8, one ``role:user[,user...]`` a line, ``#`` in column 0 for a
            comment.

        source: The file's name for errors, normally its path.

    Returns:
        The roles of every name, and the lines that a node skips.

    Raises:
        FileFormatError: If *data* is not UTF-8. An invalid line is an issue, not an error.

    Source:
        ``FileUserRolesStore.parseFile`` and ``Validation.Roles``. Some versions of a node return
        a repeated role twice, others once; here it is returned once, at its first place.
    """
    reader = UsersRolesReader(source)
    for piece in pieces((data,)):
        reader.read(piece)
    return reader.finish()


class UsersRolesReader:
    """
    Reads a ``users_roles`` file in pieces.

    Args:
        source: As for ``parse_users_roles``.

        known_names: Names that are in memory already, such as those of the ``users`` file. The
            result shares their strings, and has them first.
    """

    def __init__(self, source: str, known_names: Iterable[str] = ()) -> None:
        self._lines = LineReader(source)
        self._grants = _Grants(known_names)
        self._issues: list[LineIssue] = []

    @property
    def line_count(self) -> int:
        """The number of lines read so far."""
        return self._lines.line_count

    def read(self, piece: bytes) -> Sequence[LineIssue]:
        """
        Read the next lines.

        Args:
            piece: Whole lines. Only the last line of the file may have no end.

        Returns:
            The lines of this piece that a node skips.
        """
        issues = []
        for number, line in self._lines.numbered_lines(piece):
            if line.startswith(COMMENT):
                continue
            role, users_text = split_line(line)
            names = split_names(users_text)
            if problem := line_problem(line, role, names):
                issues.append(LineIssue(number, *problem))
            else:
                self._grants.add(role, names)
        self._issues += issues
        return issues

    def finish(self) -> ParsedUsersRoles:
        """Return what a node makes of all lines, after the last of them was read."""
        return ParsedUsersRoles(self._grants.roles_by_user(), tuple(self._issues))


class _Grants:
    """
    Roles by user, while a file is read.

    Users with the same roles share one tuple. This saves memory and time, since most users of a
    role had the same roles before it. From ``_MANY`` roles on, a user has a dictionary: without
    it, the time would grow with the square of the roles (85 ms become 4 s for 20 000 roles).
    """

    def __init__(self, known_names: Iterable[str]) -> None:
        # A dictionary keeps its key when it is assigned to by another that is equal.
        self._roles: dict[str, tuple[str, ...]] = dict.fromkeys(known_names, ())
        self._many: dict[str, dict[str, None]] = {}

    def add(self, role: str, names: Iterable[str]) -> None:
        """Add a role to users. Their roles before it decide which tuple they share after it."""
        roles_by_user = self._roles
        grown: dict[tuple[str, ...] | None, tuple[str, ...]] = {}
        for name in names:
            before = roles_by_user.get(name)
            after = grown.get(before)
            if after is None:
                after = grown[before] = self._grown(before, role)
            roles_by_user[name] = after
        if any(before is not None and len(before) == _MANY for before in grown):
            self._add_to_many(role, names)

    def _add_to_many(self, role: str, names: Iterable[str]) -> None:
        for name in names:
            roles = self._roles[name]
            if len(roles) == _MANY:
                self._many.setdefault(name, dict.fromkeys(roles))[role] = None

    @staticmethod
    def _grown(roles: tuple[str, ...] | None, role: str) -> tuple[str, ...]:
        if not roles:
            return (role,)
        return roles if role in roles or len(roles) == _MANY else (*roles, role)

    def roles_by_user(self) -> dict[str, tuple[str, ...]]:
        """Return the roles of all users that have any."""
        for name, many in self._many.items():
            self._roles[name] = tuple(many)
        if () not in self._roles.values():
            return self._roles
        return {name: roles for name, roles in self._roles.items() if roles}


def lines_of_roles(data: bytes, username: str, *, source: str = "users_roles") -> dict[str, int]:
    """
    Return the roles of one user, each with the number of the first line that gives it.

    Args:
        data: The whole file.

        username: The user.

        source: As for ``parse_users_roles``.

    Raises:
        FileFormatError: As ``parse_users_roles``.
    """
    found: dict[str, int] = {}
    for number, line in each_line(data, source):
        role, users_text = split_line(line)
        if username not in users_text or line.startswith(COMMENT):
            continue
        names = split_names(users_text)
        if username in names and not line_problem(line, role, names):
            found.setdefault(role, number)
    return found


def edit_users_roles(
    data: bytes, changes: Mapping[str, Collection[str] | None], *, source: str = "users_roles"
) -> bytes:
    """
    Set the roles of some users; every other line stays byte for byte.

    A user is removed from each line of a role, and added to the first line of that role, or to a
    new line at the end. A role without users loses its line. Reading returns a user's roles in the
    order of the file. If nothing changes, the same bytes are returned.

    Args:
        data: The whole file.

        changes: From username to its roles; None or an empty collection for no roles.

        source: As for ``parse_users_roles``.

    Raises:
        FileFormatError: If *data* is not UTF-8.
        InvalidUsernameError: If a username would not be read back as written.
        InvalidRoleNameError: If a role name would not be read back as written.
    """
    from .users_roles_editor import UsersRolesEditor

    return UsersRolesEditor(data, source=source).edited(changes)
