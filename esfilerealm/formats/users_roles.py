"""
The ``users_roles`` file: one ``role:user,user`` a line.

On disk it maps a role to its users, in memory a user to its roles; every name here says which way
round a value is.
"""

from __future__ import annotations

from ..errors import InvalidRoleNameError, InvalidUsernameError
from ..validation import broken_role_name_rule, validate_role_name
from .lines import (
    LineIssue,
    append_lines,
    candidate_lines,
    decode,
    encode,
    is_comment,
    read_lines,
    replace_lines,
    trim,
)

__all__ = [
    "ParsedUsersRoles",
    "check_writable_role_name",
    "edit_users_roles",
    "find_users_roles",
    "parse_users_roles",
]

TYPE_CHECKING = False  # as in `validation`
if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from typing import Final

#: The blanks that may surround a comma: those of ``\\s`` in a Java pattern, no others.
_BLANKS: Final = " \t\n\v\f\r"


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
        if is_comment(line):
            continue
        role, users_text = _split(line)
        names = _names(users_text)
        if problem := _problem(line, role, names):
            issues.append(LineIssue(number, *problem))
            continue
        for name in names:
            roles_by_user.setdefault(name, {})[role] = None
    return ParsedUsersRoles(
        {name: tuple(roles) for name, roles in roles_by_user.items()}, tuple(issues)
    )


def _split(line: str) -> tuple[str, str]:
    """Give a line's role and users text, both trimmed; the line may carry its end."""
    role, _, users_text = line.partition(":")
    return trim(role), trim(users_text)


def _names(users_text: str) -> list[str]:
    """Split at commas: leading and inner empty names stay, trailing ones vanish, as in Java."""
    names = [name.strip(_BLANKS) for name in users_text.split(",")]
    while names and not names[-1]:
        names.pop()
    return names


def _problem(line: str, role: str, names: list[str]) -> tuple[str, str] | None:
    """Say why a node skips a line, as kind and reason, or None."""
    if not trim(line):
        return "blank", "no entry in the line"
    before, _, behind = line.rstrip("\r\n").partition(":")
    if not before or not behind:
        return "malformed", "no colon with a role before it and users behind it"
    if rule := broken_role_name_rule(role):
        return "invalid-role-name", f"the role name {rule}"
    if not names:
        return "no-users", "no users for the role"
    return None


def find_users_roles(
    data: bytes, names: Collection[str], *, source: str = "users_roles"
) -> dict[str, tuple[str, ...]]:
    """Give the part of ``parse_users_roles(data).roles_by_user`` that concerns *names*."""
    return _find(decode(data, source), names)


def _find(text: str, names: Collection[str]) -> dict[str, tuple[str, ...]]:
    roles_by_user: dict[str, dict[str, None]] = {}
    for line in _role_lines(text, [name for name in names if name]):
        for name in line.names():
            if name in names:
                roles_by_user.setdefault(name, {})[line.role] = None
    return {name: tuple(roles) for name, roles in roles_by_user.items()}


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
    text = decode(data, source)
    wanted = {name: dict.fromkeys(roles or ()) for name, roles in changes.items()}
    current = _find(text, wanted)
    revoked: dict[str, list[str]] = {}
    granted: dict[str, list[str]] = {}
    for name, roles in wanted.items():
        _collect(revoked, name, [role for role in current.get(name, ()) if role not in roles])
        _collect(granted, name, [role for role in roles if role not in current.get(name, ())])
    for name in dict.fromkeys(name for names in granted.values() for name in names):
        _check_writable_name(name)
    if not revoked and not granted:
        return data
    replacements = []
    for line in _role_lines(text, revoked.keys() | granted.keys()):
        new_line = line.edited(revoked.get(line.role, ()), granted.pop(line.role, ()))
        replacements.append((line.start, line.start + len(line.line), new_line))
    additions = [
        f"{check_writable_role_name(role)}:{','.join(names)}" for role, names in granted.items()
    ]
    return encode(append_lines(replace_lines(text, replacements), additions))


def _collect(names_by_role: dict[str, list[str]], name: str, roles: Iterable[str]) -> None:
    for role in roles:
        names_by_role.setdefault(role, []).append(name)


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


def _check_writable_name(name: str) -> None:
    """Refuse what would not read back. Unlike in ``users``, a node takes almost any name here."""
    if not name or trim(name) != name:
        rule = "must not be empty, nor start or end with a blank or control character"
        raise InvalidUsernameError(name, rule)
    if any(c in ",\n\r" or "\ud800" <= c <= "\udfff" for c in name):
        rule = "must not hold a comma, the end of a line or half a surrogate pair"
        raise InvalidUsernameError(name, rule)


class _RoleLine:
    """A line that gives a role, and where it is."""

    __slots__ = ("_users_text", "line", "role", "start")

    def __init__(self, start: int, line: str, role: str, users_text: str) -> None:
        self.start = start
        self.line = line
        self.role = role
        self._users_text = users_text

    def names(self) -> list[str]:
        return _names(self._users_text)

    def edited(self, unwanted: Collection[str], added: Collection[str]) -> str:
        """Take names out and put names in; the blanks that the line is written with stay."""
        unwanted = frozenset(unwanted)
        pieces = self._users_text.split(",")
        kept = [piece for piece in pieces if piece.strip(_BLANKS) not in unwanted]
        after_last_name = len(kept)
        while after_last_name and not kept[after_last_name - 1].strip(_BLANKS):
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
        new_text = _guarded(",".join(kept).strip(_BLANKS))
        return self.line[:users_start] + new_text + self.line[users_end:]


def _guarded(users_text: str) -> str:
    """Keep the trimming of the text off an outer name with a control character at its end."""
    before = "," if trim(users_text + "x") != users_text + "x" else ""
    behind = "," if trim("x" + users_text) != "x" + users_text else ""
    return before + users_text + behind


def _role_lines(text: str, needles: Collection[str]) -> Iterable[_RoleLine]:
    """Find in order all lines that contain one of *needles* and that a node would accept."""
    for start, line in candidate_lines(text, needles):
        if is_comment(line):
            continue
        role, users_text = _split(line)
        if not _problem(line, role, _names(users_text)):
            yield _RoleLine(start, line, role, users_text)
