"""
The ``users_roles`` file: one ``role:user,user`` a line.

On disk it maps a role to its users, in memory a user to its roles; every name here says which way
round a value is.
"""

from __future__ import annotations

from ..errors import InvalidRoleNameError
from ..validation import broken_name_rule, validate_role_name
from .lines import COMMENT, LineIssue, decode, read_lines, trim

__all__ = [
    "BLANKS",
    "ParsedUsersRoles",
    "check_writable_role_name",
    "edit_users_roles",
    "line_problem",
    "parse_users_roles",
    "split_line",
    "split_names",
]

TYPE_CHECKING = False  # as in `validation`
if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from typing import Final

#: The blanks that may surround a comma: those of ``\\s`` in a Java pattern, no others.
BLANKS: Final = " \t\n\v\f\r"


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


def parse_users_roles(data: bytes, *, source: str = "users_roles") -> ParsedUsersRoles:
    """
    Turn a ``users_roles`` file around as a node does: from role to users into user to roles.

    Args:
        data: The whole file, UTF-8, one ``role:user[,user...]`` a line, ``#`` in column 0 for a
            comment.

        source: The file's name for errors, normally its path.

    Returns:
        The roles of every user that is named, and the lines that a node skips.

    Raises:
        FileFormatError: If *data* is not UTF-8. A bad line is an issue, not an error.

    Source:
        ``FileUserRolesStore.parseFile`` and ``Validation.Roles``. Some versions of a node give a
        user a repeated role twice, others once; here it is once, at its first place.
    """
    roles_by_user: dict[str, dict[str, None]] = {}
    issues: list[LineIssue] = []
    for number, line in enumerate(read_lines(decode(data, source)), 1):
        if line.startswith(COMMENT):
            continue
        role, users_text = split_line(line)
        names = split_names(users_text)
        if problem := line_problem(line, role, names):
            issues.append(LineIssue(number, *problem))
            continue
        for name in names:
            roles_by_user.setdefault(name, {})[role] = None
    return ParsedUsersRoles(
        {name: tuple(roles) for name, roles in roles_by_user.items()}, tuple(issues)
    )


def split_line(line: str) -> tuple[str, str]:
    """Give a line's role and users text, both trimmed; the line may carry its end."""
    role, _, users_text = line.partition(":")
    return trim(role), trim(users_text)


def split_names(users_text: str) -> list[str]:
    """Split at commas: leading and inner empty names stay, trailing ones vanish, as in Java."""
    names = [name.strip(BLANKS) for name in users_text.split(",")]
    while names and not names[-1]:
        names.pop()
    return names


def line_problem(line: str, role: str, names: list[str]) -> tuple[str, str] | None:
    """Say why a node skips a line, as kind and reason, or None."""
    if not trim(line):
        return "blank", "no entry in the line"
    before, _, behind = line.rstrip("\r\n").partition(":")
    if not before or not behind:
        return "malformed", "no colon with a role before it and users behind it"
    if rule := broken_name_rule(role):
        return "invalid-role-name", f"the role name {rule}"
    if not names:
        return "no-users", "no users for the role"
    return None


def edit_users_roles(
    data: bytes, changes: Mapping[str, Collection[str] | None], *, source: str = "users_roles"
) -> bytes:
    """
    Give some users exactly the roles named; every line of no concern stays byte for byte.

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


def check_writable_role_name(name: str) -> str:
    """
    Return *name* if a new line can hold it.

    Raises:
        InvalidRoleNameError: If a node refuses it, or if it holds ``:`` or ``,`` or starts with
            ``#``.
    """
    validate_role_name(name)
    if name.startswith("#"):
        raise InvalidRoleNameError(name, "must not start with [#]: its line would be a comment")
    if ":" in name:
        raise InvalidRoleNameError(name, "must not hold [:]: it ends the name in users_roles")
    if "," in name:
        raise InvalidRoleNameError(name, "must not hold [,]: the commands take it for two roles")
    return name
