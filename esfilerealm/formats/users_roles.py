"""
The ``users_roles`` file: one ``role:user,user`` a line.

On disk it maps a role to its users, in memory a user to its roles; every name here says which way
round a value is.
"""

from __future__ import annotations

from .lines import COMMENT, LineIssue, LineReader, pieces
from .role_line import line_problem, split_line, split_names

__all__ = ["ParsedUsersRoles", "UsersRolesReader", "edit_users_roles", "parse_users_roles"]

TYPE_CHECKING = False  # see `_ground`
if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from typing import Final

#: A user with so many roles or more is a rare one.
_MANY: Final = 32


class ParsedUsersRoles:
    """
    What a node makes of a ``users_roles`` file.

    Attributes:
        roles_by_user: From username to its roles in file order, none twice. Names are neither
            validated nor known to be users; a stray comma gives a user with an empty name.
        issues: One ``LineIssue`` for every line that a node skips, in file order.
    """

    __slots__ = ("issues", "roles_by_user")

    def __init__(
        self, roles_by_user: dict[str, tuple[str, ...]], issues: tuple[LineIssue, ...]
    ) -> None:
        self.roles_by_user = roles_by_user
        self.issues = issues

    def __repr__(self) -> str:
        return f"<ParsedUsersRoles: {len(self.roles_by_user)} users, {len(self.issues)} issues>"


def parse_users_roles(
    data: bytes, *, source: str = "users_roles", known_names: Iterable[str] = ()
) -> ParsedUsersRoles:
    """
    Turn a ``users_roles`` file around as a node does: from role to users into user to roles.

    Args:
        data: The whole file, UTF-8, one ``role:user[,user...]`` a line, ``#`` in column 0 for a
            comment.

        source: The file's name for errors, normally its path.

        known_names: Names that are in memory already, as those of ``parse_users``. For these, no
            text is made that is equal to one of them, and they come first.

    Returns:
        The roles of every user that is named, and the lines that a node skips.

    Raises:
        FileFormatError: If *data* is not UTF-8. A bad line is an issue, not an error.

    Source:
        ``FileUserRolesStore.parseFile`` and ``Validation.Roles``. Some versions of a node give a
        user a repeated role twice, others once; here it is once, at its first place.
    """
    reader = UsersRolesReader(source, known_names)
    for piece in pieces((data,)):
        reader.read(piece)
    return reader.finish()


class UsersRolesReader:
    """Reads a ``users_roles`` file in pieces; for arguments see ``parse_users_roles``."""

    def __init__(self, source: str, known_names: Iterable[str] = ()) -> None:
        self._lines = LineReader(source)
        self._grants = _Grants(known_names)
        self._issues: list[LineIssue] = []

    @property
    def line_count(self) -> int:
        """How many lines there were so far."""
        return self._lines.line_count

    def read(self, piece: bytes) -> Sequence[LineIssue]:
        """
        Read the next lines.

        Args:
            piece: Whole lines. Only at the end of the file, a line may have no end.

        Returns:
            Those of these lines that a node skips.
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
        """Give what a node makes of all lines, once there are no more."""
        return ParsedUsersRoles(self._grants.roles_by_user(), tuple(self._issues))


class _Grants:
    """
    Roles by user while they grow.

    Users with the same roles share one tuple, which spares memory and time: most users of a role
    have had the same roles before it. Who has many gets a dictionary, to stay linear.
    """

    def __init__(self, known_names: Iterable[str]) -> None:
        # A dictionary keeps the key that it has when it is given another that is equal.
        self._roles: dict[str, tuple[str, ...]] = dict.fromkeys(known_names, ())
        self._many: dict[str, dict[str, None]] = {}

    def add(self, role: str, names: Iterable[str]) -> None:
        """Give a role to users: what they have had says what they have then."""
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
        """Give the roles of all who have any."""
        for name, many in self._many.items():
            self._roles[name] = tuple(many)
        if () not in self._roles.values():
            return self._roles
        return {name: roles for name, roles in self._roles.items() if roles}


def edit_users_roles(
    data: bytes, changes: Mapping[str, Collection[str] | None], *, source: str = "users_roles"
) -> bytes:
    """
    Give some users exactly the roles named; every other line stays byte for byte.

    A role is taken away where the file gives it and added to the first line of that role, else to
    a new line at the end; a role that no user holds any more loses its line. The order in which a
    user's roles read back is that of the file. Where nothing changes, the same bytes come back.

    Args:
        data: The whole file.

        changes: From username to its roles, or None (or an empty collection) for no roles.

        source: As for ``parse_users_roles``.

    Raises:
        FileFormatError: If *data* is not UTF-8.
        InvalidUsernameError: If a name would not read back as written.
        InvalidRoleNameError: If a role would not read back as written.
    """
    from .users_roles_editor import UsersRolesEditor

    return UsersRolesEditor(data, source=source).edited(changes)
