"""
What ``users`` and ``users_roles`` have in common: bytes, lines, comments, trimming, edits.

Both formats are decided on text. ``decode`` and ``encode`` are exact opposites, so that a text in
which nothing was replaced gives the very bytes it came from.
"""

from __future__ import annotations

from ..errors import FileFormatError

__all__ = [
    "COMMENT",
    "HashIssue",
    "LineIssue",
    "LineReader",
    "candidate_lines",
    "decode",
    "each_line",
    "edited_data",
    "encode",
    "pieces",
    "read_lines",
    "replace_lines",
    "trim",
]

TYPE_CHECKING = False  # see `_ground`
if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence
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

#: A line that starts with it, in column 0 and before any trimming, is a comment.
COMMENT: Final = "#"

#: What Java's ``String.trim`` removes: every character up to U+0020, and no other blank.
_TRIMMED: Final = "".join(map(chr, range(0x21)))

#: So many bytes are decoded at once: enough to be fast, and little beside what comes of them.
_PIECE: Final = 2**16

#: Up to so many names are looked for by searching the text, more by reading it line by line.
_FEW: Final = 8


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
    A user whom no password lets in because of the stored hash. The hash is not quoted.

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


def decode(data: bytes, source: str) -> str:
    """
    Decode a whole file strictly: one bad byte spoils it, even in a comment.

    Raises:
        FileFormatError: With the offset and line of the first bad byte.

    Source:
        ``FileUserPasswdStore.parseFile`` reads all lines with a strict UTF-8 decoder.
    """
    return _decode(data, source, 0, 0)


def _decode(piece: bytes, source: str, offset: int, line_count: int) -> str:
    """Decode what comes behind so many bytes and lines of a file."""
    try:
        return piece.decode("utf-8")
    except UnicodeDecodeError as error:
        start = error.start
    # Not in the handler: its error, which holds the content, would be the context of this one.
    line_number = line_count + len((piece[:start] + b"x").splitlines())
    reason = "not UTF-8; a node cannot read any of the file"
    raise FileFormatError(source, line_number, reason, offset + start)


def encode(text: str) -> bytes:
    """Undo ``decode``."""
    return text.encode("utf-8")


class LineReader:
    """
    Gives the lines of a file that comes in pieces; it is never decoded as a whole.

    Args:
        source: The file's name for errors.

    Attributes:
        line_count: How many lines there were so far.
    """

    def __init__(self, source: str) -> None:
        self.line_count = 0
        self._source = source
        self._offset = 0

    def numbered_lines(self, piece: bytes) -> Iterator[tuple[int, str]]:
        """
        Give the lines of the next piece without their ends, and their numbers in the file.

        Raises:
            FileFormatError: As ``decode``.
        """
        lines = read_lines(_decode(piece, self._source, self._offset, self.line_count))
        first = self.line_count + 1
        self.skip(piece, len(lines))
        return enumerate(lines, first)

    def skip(self, piece: bytes, line_count: int) -> None:
        """Go on behind a piece of so many lines that was read by other means."""
        self.line_count += line_count
        self._offset += len(piece)


def each_line(data: bytes, source: str) -> Iterator[tuple[int, str]]:
    """
    Give the lines of a whole file without their ends, and their numbers.

    Raises:
        FileFormatError: As ``decode``, but when the bad byte is reached.
    """
    reader = LineReader(source)
    for piece in pieces((data,)):
        yield from reader.numbered_lines(piece)


def pieces(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """Cut a file that comes in blocks into pieces of whole lines; small ones, if it has any LF."""
    rest: list[bytes] = []  # what begins the next piece
    missing = _PIECE  # how much more of it there should be
    for block in blocks:
        start = 0
        # Behind a line feed, neither a character nor the end of a line is cut in two.
        while end := block.find(b"\n", start + missing) + 1:
            yield b"".join((*rest, block[start:end]))
            rest, missing, start = [], _PIECE, end
        rest.append(block[start:])
        missing = max(missing - (len(block) - start), 0)
    if any(rest):
        yield b"".join(rest)


def read_lines(text: str) -> list[str]:
    """
    Split *text* into its lines without their ends: LF, CR LF or a lone CR, and nothing else.

    ``str.splitlines`` would also split at U+000B, U+000C, U+0085, U+2028 and others.
    """
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    lines = text.split("\n")
    if not lines[-1]:
        lines.pop()
    return lines


def trim(text: str) -> str:
    """Trim as Java does: all characters up to U+0020 at both ends, and no other blank."""
    return text.strip(_TRIMMED)


def candidate_lines(text: str, needles: Collection[str]) -> Iterator[tuple[int, str]]:
    """
    Yield in order (start, line with its end) for every line that contains one of *needles*.

    Other lines may come too, so the caller decides what each line means. One change to a large
    file is thereby a search at the speed of memory, and many changes are one pass over the lines.
    """
    if len(needles) > _FEW or "\r" in text or "" in needles:
        return _all_lines(text)
    return _lines_found(text, needles)


def _all_lines(text: str) -> Iterator[tuple[int, str]]:
    start = 0
    # Unlike that of str, the splitlines of bytes knows just the line ends that Java knows.
    for encoded in encode(text).splitlines(keepends=True):
        line = encoded.decode("utf-8")
        yield start, line
        start += len(line)


def _lines_found(text: str, needles: Iterable[str]) -> Iterator[tuple[int, str]]:
    ends: dict[int, int] = {}
    for needle in needles:
        position = text.find(needle)
        while position >= 0:
            end = text.find("\n", position) + 1 or len(text)
            ends[text.rfind("\n", 0, position) + 1] = end
            position = text.find(needle, end)
    for start in sorted(ends):
        yield start, text[start : ends[start]]


def replace_lines(text: str, replacements: Iterable[tuple[int, int, str]]) -> str:
    """
    Put (start, end, new line with its end), sorted by start, into *text*; "" removes the line.

    Lines whose neighbours would join (a lone CR before them, an empty LF line after them) leave
    an empty comment behind, since "CR, LF" would read as the end of a single line.
    """
    pieces: list[str] = []
    kept = 0
    before = ""
    for start, end, line in replacements:
        for piece in (text[kept:start], line):
            pieces.append(piece)
            before = piece or before
        kept = end
        if before.endswith("\r") and text.startswith("\n", end):
            pieces.append(before := "#\n")
    pieces.append(text[kept:])
    return "".join(pieces)


def edited_data(
    data: bytes, text: str, replacements: Sequence[tuple[int, int, str]], additions: Iterable[str]
) -> bytes:
    """
    Give a file with lines replaced, as for ``replace_lines``, and others added at its end.

    Args:
        data: The file.

        text: The same, decoded.

        replacements: Sorted by their start.

        additions: Lines without their ends.
    """
    if not replacements:
        return data + encode(_added_lines(text, additions))
    text = replace_lines(text, replacements)
    return encode(text + _added_lines(text, additions))


def _added_lines(text: str, lines: Iterable[str]) -> str:
    """Give what adds *lines*, given without their ends, to *text*, with the line ends it uses."""
    ending = _line_ending(text)
    added = "".join([line + ending for line in lines])
    separator = ending if added and text and not text.endswith(("\n", "\r")) else ""
    return separator + added


def _line_ending(text: str) -> str:
    newline = text.find("\n")
    carriage = text.find("\r", 0, newline if newline >= 0 else len(text))
    if carriage < 0:
        return "\n"
    return "\r\n" if carriage == newline - 1 else "\r"
