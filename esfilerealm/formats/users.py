"""The ``users`` file: one ``username:hash`` a line, the last valid line of a name wins."""

from __future__ import annotations

from ..names import (
    DEFAULT_ANONYMOUS_USERNAME,
    MAX_NAME_LENGTH,
    broken_rule,
    reserved_usernames,
)
from .lines import COMMENT, LineIssue, LineReader, each_line, pieces, trim

__all__ = ["ParsedUsers", "UsersReader", "edit_users", "line_numbers", "parse_users"]

TYPE_CHECKING = False  # see `_ground`
if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from typing import Final, NoReturn

#: All of printable ASCII but the blank and the colon.
_PLAIN: Final = bytes(code for code in range(0x21, 0x7F) if code != ord(":"))


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

    def __reduce__(self) -> NoReturn:
        raise TypeError("the users of a file have password hashes and are not to be pickled")

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
    reader = UsersReader(
        source, allow_reserved=allow_reserved, anonymous_username=anonymous_username
    )
    for piece in pieces((data,)):
        reader.read(piece)
    return reader.finish()


class UsersReader:
    """Reads a ``users`` file in pieces; for arguments and errors see ``parse_users``."""

    def __init__(self, source: str, *, allow_reserved: bool, anonymous_username: str) -> None:
        self._lines = LineReader(source)
        self._reserved = reserved_usernames(
            allow_reserved=allow_reserved, anonymous_username=anonymous_username
        )
        self._users: dict[str, str] = {}
        self._issues: list[LineIssue] = []

    @property
    def line_count(self) -> int:
        """How many lines there were so far."""
        return self._lines.line_count

    def read(self, piece: bytes) -> tuple[dict[str, str], Sequence[LineIssue]]:
        """
        Read the next lines.

        Args:
            piece: Whole lines. Only at the end of the file, a line may have no end.

        Returns:
            The users of just these lines, and those of them that a node skips.
        """
        entries = _plain_entries(piece, self._reserved)
        if entries is None:
            entries, issues = self._read_each_line(piece)
        else:
            issues = []
            self._lines.skip(piece, piece.count(b"\n") + (not piece.endswith(b"\n")))
        self._users.update(entries)
        self._issues += issues
        return entries, issues

    def finish(self) -> ParsedUsers:
        """Give what a node makes of all lines, once there are no more."""
        return ParsedUsers(self._users, tuple(self._issues))

    def _read_each_line(self, piece: bytes) -> tuple[dict[str, str], list[LineIssue]]:
        entries: dict[str, str] = {}
        issues: list[LineIssue] = []
        for number, line in self._lines.numbered_lines(piece):
            if line.startswith(COMMENT):
                continue
            name, _, password_hash = trim(line).partition(":")
            if not password_hash or name in self._reserved or broken_rule(name):
                issues.append(_issue(number, line, name, password_hash))
            else:
                entries[name] = password_hash
        return entries, issues


def _plain_entries(piece: bytes, reserved: frozenset[str]) -> dict[str, str] | None:
    """
    Give names and hashes of lines that are nothing but entries; None if there is anything else.

    Without blanks, characters outside ASCII, comments and further colons, nearly all rules hold for
    all lines at once. That is how files are that programs write, and many times as fast.
    """
    if not piece.endswith(b"\n"):
        piece += b"\n"
    if piece.translate(None, _PLAIN) != b":\n" * piece.count(b"\n") or _has_comment(piece):
        return None
    words = piece[:-1].decode("ascii").replace("\n", ":").split(":")
    entries = dict(zip(words[::2], words[1::2], strict=True))
    are_sound = "" not in words and entries.keys().isdisjoint(reserved)
    return entries if are_sound and max(map(len, entries)) <= MAX_NAME_LENGTH else None


def _has_comment(piece: bytes) -> bool:
    # To look for one character is many times as fast as for two, and it is in no hash.
    return b"#" in piece and (piece.startswith(b"#") or b"\n#" in piece)


def line_numbers(data: bytes, usernames: Collection[str]) -> dict[str, int]:
    """Find the lines, from 1, that count of some users in what ``parse_users`` accepts."""
    numbers: dict[str, int] = {}
    if not usernames:
        return numbers
    for number, line in each_line(data, "users"):
        name, _, password_hash = trim(line).partition(":")
        if password_hash and name in usernames and not line.startswith(COMMENT):
            numbers[name] = number
    return numbers


def _issue(number: int, line: str, name: str, password_hash: str) -> LineIssue:
    """Say why a node skips a line that is no comment."""
    if not trim(line):
        return LineIssue(number, "blank", "no entry in the line")
    if not name or not password_hash:
        reason = "no colon with a username before it and a hash behind it"
        return LineIssue(number, "malformed", reason)
    if rule := broken_rule(name):
        return LineIssue(number, "invalid-username", f"the username {rule}")
    return LineIssue(number, "reserved-username", "the username belongs to the reserved realm")


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
    from .users_editor import UsersEditor

    editor = UsersEditor(
        data,
        source=source,
        allow_reserved=allow_reserved,
        anonymous_username=anonymous_username,
    )
    return editor.edited(changes)
