"""The ``users`` file: one ``username:hash`` on each line; the last valid line of a name counts."""

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

#: Printable ASCII except the space and the colon.
_PLAIN: Final = bytes(code for code in range(0x21, 0x7F) if code != ord(":"))


class ParsedUsers:
    """
    What a node makes of a ``users`` file.

    Attributes:
        users: From username to stored hash, in the order in which the file first names them.
        issues: One ``LineIssue`` for each line that a node skips, in file order.
    """

    __slots__ = ("issues", "users")

    def __init__(self, users: dict[str, str], issues: tuple[LineIssue, ...]) -> None:
        self.users = users
        self.issues = issues

    def __reduce__(self) -> NoReturn:
        raise TypeError("parsed users hold password hashes and cannot be pickled")

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
        The users, and the lines that a node skips. Any text counts as a hash, even an unusable one.

    Raises:
        FileFormatError: If *data* is not UTF-8. An invalid line is an issue, not an error.

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
        """The number of lines read so far."""
        return self._lines.line_count

    def read(self, piece: bytes) -> tuple[dict[str, str], Sequence[LineIssue]]:
        """
        Read the next lines.

        Args:
            piece: Whole lines. Only the last line of the file may have no end.

        Returns:
            The users of this piece, and the lines of this piece that a node skips.
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
        """Return what a node makes of all lines, after the last of them was read."""
        return ParsedUsers(self._users, tuple(self._issues))

    def _read_each_line(self, piece: bytes) -> tuple[dict[str, str], list[LineIssue]]:
        entries: dict[str, str] = {}
        issues: list[LineIssue] = []
        reserved = self._reserved
        for number, line in self._lines.numbered_lines(piece):
            if line.startswith(COMMENT):
                continue
            name, _, password_hash = trim(line).partition(":")
            # Nearly all names are sound, and three calls in C say so faster than `broken_rule`.
            is_plain = name.isascii() and name.isprintable() and " " not in name
            is_sound = 0 < len(name) <= MAX_NAME_LENGTH if is_plain else not broken_rule(name)
            if is_sound and password_hash and name not in reserved:
                entries[name] = password_hash
            else:
                issues.append(_issue(number, line, name, password_hash))
        return entries, issues


def _plain_entries(piece: bytes, reserved: frozenset[str]) -> dict[str, str] | None:
    """
    Return the entries of a piece if each of its lines is a plain entry, else None.

    A piece without blanks, comments, non-ASCII characters and further colons can be checked as a
    whole, which is many times as fast. Programs write such files.
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
    # A search for one character is many times as fast as one for two, and no hash contains it.
    return b"#" in piece and (piece.startswith(b"#") or b"\n#" in piece)


def line_numbers(data: bytes, usernames: Collection[str]) -> dict[str, int]:
    """Return the numbers, from 1, of the effective lines of some users of a valid file."""
    numbers: dict[str, int] = {}
    if not usernames:
        return numbers
    for number, line in each_line(data, "users"):
        name, _, password_hash = trim(line).partition(":")
        if password_hash and name in usernames and not line.startswith(COMMENT):
            numbers[name] = number
    return numbers


def _issue(number: int, line: str, name: str, password_hash: str) -> LineIssue:
    """Return why a node skips a line that is not a comment."""
    if not trim(line):
        return LineIssue(number, "blank", "the line is blank")
    if not name or not password_hash:
        return LineIssue(number, "malformed", "expected [username:hash]")
    if rule := broken_rule(name):
        return LineIssue(number, "invalid-username", f"the username {rule}")
    return LineIssue(number, "reserved-username", "the username is reserved by Elasticsearch")


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

    Of several lines of a user, only the last one, which counts, is kept. New users are added at
    the end, in the order of *changes*, with the line ends of the file. If nothing changes, the same
    bytes are returned.

    Args:
        data: The whole file.

        changes: From username to its hash, or None to remove the user. Lines that a node skips
            are not removed.

        source: As for ``parse_users``.

        allow_reserved: As for ``parse_users``.

        anonymous_username: As for ``parse_users``.

    Raises:
        FileFormatError: If *data* is not UTF-8.
        InvalidUsernameError: If a username would not be read back as written.
        InvalidHashError: If a hash would not be read back as written.
    """
    from .users_editor import UsersEditor

    editor = UsersEditor(
        data,
        source=source,
        allow_reserved=allow_reserved,
        anonymous_username=anonymous_username,
    )
    return editor.edited(changes)
