"""
Reading lines, in the way that ``users`` and ``users_roles`` share: bytes, line ends, trimming.

Both formats are defined on text. ``decode`` and ``encode`` are exact opposites: a text in which
nothing was replaced encodes to the bytes that it came from.
"""

from __future__ import annotations

from .._ground.showing import CLEAR_TEXT, in_one_line
from ..errors import FileFormatError

__all__ = [
    "COMMENT",
    "HashIssue",
    "LineIssue",
    "LineReader",
    "decode",
    "each_line",
    "encode",
    "pieces",
    "read_lines",
    "trim",
]

TYPE_CHECKING = False  # see `_ground`
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Final, Literal

    from ..errors import HashProblemKind

    LineKind = Literal[
        "blank",
        "malformed",
        "invalid-username",
        "reserved-username",
        "invalid-role-name",
        "no-users",
    ]

#: A line that starts with this, in column 0 and before any trimming, is a comment.
COMMENT: Final = "#"

#: What Java's ``String.trim`` removes: all characters up to U+0020, and no other whitespace.
_TRIMMED: Final = "".join(map(chr, range(0x21)))

#: Bytes to decode at once: enough to be fast, and little compared with what is made of them.
_PIECE: Final = 2**16


class _Issue:
    """Something wrong in one line of a file; equal to another of the same facts."""

    __slots__ = ()

    def _facts(self) -> tuple[object, ...]:
        names: tuple[str, ...] = self.__slots__
        return tuple(getattr(self, name) for name in names)

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and self._facts() == other._facts()

    def __hash__(self) -> int:
        return hash(self._facts())

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(map(repr, self._facts()))})"


class LineIssue(_Issue):
    """
    A line that a node skips. The line is not quoted, since it may contain a password hash.

    Attributes:
        line_number: Counted from 1.
        kind: ``blank``, ``malformed``, ``invalid-username``, ``reserved-username``,
            ``invalid-role-name`` or ``no-users``.
        reason: The rule that the line breaks, for people.
    """

    __slots__ = ("line_number", "kind", "reason")  # noqa: RUF023 - the order of the arguments

    def __init__(self, line_number: int, kind: LineKind, reason: str) -> None:
        self.line_number = line_number
        self.kind: LineKind = kind
        self.reason = reason


class HashIssue(_Issue):
    """
    A user that cannot log in because of the stored hash. The hash is not quoted.

    Attributes:
        username: The user.
        line_number: The effective line of the user in ``users``, counted from 1.
        kind: ``clear-text``: a node would take the text for the password itself. ``unsupported``:
            a hash of an algorithm or cost that a node does not know. ``malformed``: a node would
            throw, or never match.
        reason: The rule that the hash breaks, for people.
    """

    __slots__ = ("username", "line_number", "kind", "reason")  # noqa: RUF023 - as above

    def __init__(self, username: str, line_number: int, kind: HashProblemKind, reason: str) -> None:
        self.username = username
        self.line_number = line_number
        self.kind: HashProblemKind = kind
        self.reason = reason

    @in_one_line
    def describe(self, *, has_line: bool = True) -> str:
        """Return who is concerned and what happens, in one line that begins with the danger."""
        user = f"user [{self.username}]" + f", line [{self.line_number}]" * has_line
        _, is_clear_text, what = self.reason.partition(CLEAR_TEXT)
        if is_clear_text:
            danger = "a node lets in whoever types the text that stands in the file"
            return f"{danger} for {user}: {what}"
        return f"{user}{',' * has_line} cannot log in: {self.reason}"


def decode(data: bytes, source: str) -> str:
    """
    Decode a whole file strictly: one invalid byte, even in a comment, makes all of it unusable.

    Raises:
        FileFormatError: With the offset and line of the first invalid byte.

    Source:
        ``FileUserPasswdStore.parseFile`` reads all lines with a strict UTF-8 decoder.
    """
    return _decode(data, source, 0, 0)


def _decode(piece: bytes, source: str, offset: int, line_count: int) -> str:
    """Decode a piece that starts after *offset* bytes and *line_count* lines of a file."""
    try:
        return piece.decode("utf-8")
    except UnicodeDecodeError as error:
        start = error.start
    # Not in the handler: the other error, which holds the content, would be this one's context.
    line_number = line_count + len((piece[:start] + b"x").splitlines())
    reason = "not UTF-8: a node cannot read the file"
    raise FileFormatError(source, line_number, reason, offset + start)


def encode(text: str) -> bytes:
    """Undo ``decode``."""
    return text.encode("utf-8")


class LineReader:
    """
    Splits a file that is read in pieces into lines, without ever decoding it as a whole.

    Args:
        source: The file's name for errors.

    Attributes:
        line_count: The number of lines read so far.
    """

    def __init__(self, source: str) -> None:
        self.line_count = 0
        self._source = source
        self._offset = 0

    def numbered_lines(self, piece: bytes) -> Iterator[tuple[int, str]]:
        """
        Return the lines of the next piece without their ends, with their numbers in the file.

        Raises:
            FileFormatError: As ``decode``.
        """
        lines = read_lines(_decode(piece, self._source, self._offset, self.line_count))
        first = self.line_count + 1
        self.skip(piece, len(lines))
        return enumerate(lines, first)

    def skip(self, piece: bytes, line_count: int) -> None:
        """Skip a piece of *line_count* lines that was read by other means."""
        self.line_count += line_count
        self._offset += len(piece)


def each_line(data: bytes, source: str) -> Iterator[tuple[int, str]]:
    """
    Yield the numbers and lines of a whole file, without the line ends.

    Raises:
        FileFormatError: As ``decode``, but only when the invalid byte is reached.
    """
    reader = LineReader(source)
    for piece in pieces((data,)):
        yield from reader.numbered_lines(piece)


def pieces(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """Cut a file that is read in blocks into pieces of whole lines; small ones, if it has LF."""
    rest: list[bytes] = []  # the start of the next piece
    missing = _PIECE  # how many more bytes the next piece should have
    for block in blocks:
        start = 0
        # A cut after a line feed splits neither a character nor a line end.
        while end := block.find(b"\n", start + missing) + 1:
            yield b"".join((*rest, block[start:end]))
            rest, missing, start = [], _PIECE, end
        rest.append(block[start:])
        missing = max(missing - (len(block) - start), 0)
    if any(rest):
        yield b"".join(rest)


def read_lines(text: str) -> list[str]:
    """
    Split *text* into lines without their ends, which are LF, CR LF or a lone CR.

    ``str.splitlines`` would also split at U+000B, U+000C, U+0085, U+2028 and others.
    """
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    lines = text.split("\n")
    if not lines[-1]:
        lines.pop()
    return lines


def trim(text: str) -> str:
    """Remove all characters up to U+0020 at both ends, and no other whitespace, as Java does."""
    return text.strip(_TRIMMED)
