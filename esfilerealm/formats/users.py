"""The ``users`` file: one ``username:hash`` a line, the last valid line of a name wins."""

from __future__ import annotations

from ..errors import InvalidHashError, InvalidUsernameError
from ..validation import (
    DEFAULT_ANONYMOUS_USERNAME,
    broken_username_rule,
    reserved_usernames,
    validate_username,
)
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

__all__ = ["ParsedUsers", "check_writable_username", "edit_users", "find_users", "parse_users"]

TYPE_CHECKING = False  # as in `validation`
if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping


class ParsedUsers:
    """
    What a node makes of a ``users`` file.

    Attributes:
        users: From username to hash text, in the order in which the file first names them.
        issues: One ``LineIssue`` for every line that a node skips, in file order.
    """

    __slots__ = ("issues", "users")

    def __init__(self, users: dict[str, str], issues: tuple[LineIssue, ...]) -> None:
        self.users = users
        self.issues = issues

    def __repr__(self) -> str:
        return f"<ParsedUsers: {len(self.users)} users, {len(self.issues)} issues>"


def parse_users(
    data: bytes,
    *,
    source: str = "users",
    allow_reserved: bool = False,
    anonymous_username: str = DEFAULT_ANONYMOUS_USERNAME,
) -> ParsedUsers:
    """
    Read a ``users`` file as a node does.

    Args:
        data: The whole file, UTF-8, one ``username:hash`` a line, ``#`` in column 0 for a comment.

        source: The file's name for errors, normally its path.

        allow_reserved: True for a node with ``xpack.security.authc.reserved_realm.enabled: false``;
            otherwise the lines of reserved usernames are skipped.

        anonymous_username: ``xpack.security.authc.anonymous.username``, reserved too.

    Returns:
        The users and the lines that a node skips. A hash is any text, whatever it is worth.

    Raises:
        FileFormatError: If *data* is not UTF-8. A bad line is an issue, not an error.

    Source:
        ``FileUserPasswdStore.parseFile``.
    """
    reserved = reserved_usernames(
        allow_reserved=allow_reserved, anonymous_username=anonymous_username
    )
    users: dict[str, str] = {}
    issues: list[LineIssue] = []
    for number, line in enumerate(read_lines(decode(data, source)), 1):
        if is_comment(line):
            continue
        name, _, password_hash = trim(line).partition(":")
        if not name or not password_hash:
            issues.append(_no_entry(number, line))
        elif rule := broken_username_rule(name):
            issues.append(LineIssue(number, "invalid-username", f"the username {rule}"))
        elif name in reserved:
            reason = "the username belongs to the reserved realm"
            issues.append(LineIssue(number, "reserved-username", reason))
        else:
            users[name] = password_hash
    return ParsedUsers(users, tuple(issues))


def _no_entry(number: int, line: str) -> LineIssue:
    if not trim(line):
        return LineIssue(number, "blank", "no entry in the line")
    return LineIssue(number, "malformed", "no colon with a username before it and a hash behind it")


def find_users(
    data: bytes,
    names: Collection[str],
    *,
    source: str = "users",
    allow_reserved: bool = False,
    anonymous_username: str = DEFAULT_ANONYMOUS_USERNAME,
) -> dict[str, str]:
    """Give the part of ``parse_users(data).users`` that concerns *names*, without the rest."""
    reserved = reserved_usernames(
        allow_reserved=allow_reserved, anonymous_username=anonymous_username
    )
    found = _entries(decode(data, source), names, reserved)
    return {name: entries[-1].password_hash for name, entries in found.items()}


def edit_users(
    data: bytes,
    changes: Mapping[str, str | None],
    *,
    source: str = "users",
    allow_reserved: bool = False,
    anonymous_username: str = DEFAULT_ANONYMOUS_USERNAME,
) -> bytes:
    """
    Set the hashes of some users and remove others; every other line stays byte for byte.

    A name with several lines keeps the last of them, the one that counts. New users come last, in
    the order of *changes*. The file's line ends are kept, and where nothing changes, the same
    bytes come back.

    Args:
        data: The whole file.

        changes: From username to its hash text, or None to remove the user. Names that a node
            does not see in the file are not there to be removed.

        source: As for ``parse_users``.

        allow_reserved: As for ``parse_users``.

        anonymous_username: As for ``parse_users``.

    Raises:
        FileFormatError: If *data* is not UTF-8.
        InvalidUsernameError: If a name to be set would not read back as written.
        InvalidHashError: If a hash would not read back as written.
    """
    text = decode(data, source)
    for name, password_hash in changes.items():
        if password_hash is not None:
            validate_username(
                name, allow_reserved=allow_reserved, anonymous_username=anonymous_username
            )
            _check_writable_hash(password_hash)
    reserved = reserved_usernames(
        allow_reserved=allow_reserved, anonymous_username=anonymous_username
    )
    found = _entries(text, changes, reserved)
    replacements = [
        replacement
        for name, entries in found.items()
        for replacement in _replacements(entries, changes[name])
    ]
    additions = [
        f"{check_writable_username(name)}:{password_hash}"
        for name, password_hash in changes.items()
        if password_hash is not None and name not in found
    ]
    if not replacements and not additions:
        return data
    return encode(append_lines(replace_lines(text, sorted(replacements)), additions))


def check_writable_username(name: str) -> str:
    """
    Return *name* if a new line can hold it in either file.

    Raises:
        InvalidUsernameError: If it holds ``:`` or ``,`` or starts with ``#``.
    """
    if name.startswith("#"):
        raise InvalidUsernameError(name, "must not start with [#]: its line would be a comment")
    if ":" in name:
        raise InvalidUsernameError(name, "must not hold [:]: it ends the name in the users file")
    if "," in name:
        raise InvalidUsernameError(name, "must not hold [,]: it ends the name in users_roles")
    return name


def _check_writable_hash(password_hash: str) -> None:
    if not password_hash:
        raise InvalidHashError("it is empty")
    if "\n" in password_hash or "\r" in password_hash:
        raise InvalidHashError("it holds the end of a line")
    if trim("x" + password_hash) != "x" + password_hash:
        raise InvalidHashError("it ends with a blank or control character, which would be lost")
    if any("\ud800" <= c <= "\udfff" for c in password_hash):
        raise InvalidHashError("it holds half a surrogate pair, which UTF-8 cannot encode")


class _Entry:
    """One line of one user, and where it is."""

    __slots__ = ("line", "password_hash", "start")

    def __init__(self, start: int, line: str, password_hash: str) -> None:
        self.start = start
        self.line = line
        self.password_hash = password_hash

    def replaced_by(self, password_hash: str | None) -> tuple[int, int, str]:
        """Change the hash alone: whatever stands around it in the line stays."""
        line = ""
        if password_hash is not None:
            hash_start = self.line.index(":") + 1
            hash_end = hash_start + len(self.password_hash)
            line = self.line[:hash_start] + password_hash + self.line[hash_end:]
        return self.start, self.start + len(self.line), line


def _entries(
    text: str, names: Collection[str], reserved: Collection[str]
) -> dict[str, list[_Entry]]:
    """Find all lines of each of *names* in file order, without those that a node would skip."""
    wanted = {n for n in names if n not in reserved and broken_username_rule(n) is None}
    found: dict[str, list[_Entry]] = {}
    for start, line in candidate_lines(text, [name + ":" for name in wanted]):
        name, _, password_hash = trim(line).partition(":")
        if name in wanted and password_hash and not is_comment(line):
            found.setdefault(name, []).append(_Entry(start, line, password_hash))
    return found


def _replacements(
    entries: list[_Entry], password_hash: str | None
) -> Iterable[tuple[int, int, str]]:
    *repeated, effective = entries
    if effective.password_hash == password_hash:
        return
    for entry in repeated:
        yield entry.replaced_by(None)
    yield effective.replaced_by(password_hash)
