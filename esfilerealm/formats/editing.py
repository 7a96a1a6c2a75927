"""Finding and replacing lines of a file, with every other byte kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Generic, TypeVar

from .lines import encode

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

__all__ = ["Lookup", "candidate_lines", "edited_data"]

T = TypeVar("T")

#: Up to this many names are searched for in the text; for more, all lines are read.
_FEW: Final = 8

#: Up to this many lookups search the text; the next one reads all of it.
_SEARCHES: Final = 8


class Lookup(Generic[T]):
    """
    Values by name, found in a large text and remembered; so are the names that have no value.

    Args:
        find: Searches for the given names, or for all names if given None.
    """

    def __init__(self, find: Callable[[Collection[str] | None], Mapping[str, T]]) -> None:
        self._find = find
        self._known: dict[str, T | None] = {}
        self._searches = 0

    def get(self, names: Iterable[str]) -> dict[str, T]:
        """Return the values of those of *names* that have one."""
        names = list(names)
        unknown = {name for name in names if name not in self._known}
        if unknown and self._searches <= _SEARCHES:
            self._searches += 1
            self._known.update(dict.fromkeys(unknown))
            self._known.update(self._find(None if self._searches > _SEARCHES else unknown))
        values = ((name, self._known.get(name)) for name in names)
        return {name: value for name, value in values if value is not None}


def candidate_lines(text: str, needles: Collection[str]) -> Iterator[tuple[int, str]]:
    """
    Yield (start, line with its end), in order, for every line that contains one of *needles*.

    Other lines may be yielded too, so the caller decides what each line means. This makes one
    change to a large file a search at the speed of memory, and many changes one pass over the
    lines.
    """
    if len(needles) > _FEW or "\r" in text or "" in needles:
        return _all_lines(text)
    return _lines_found(text, needles)


def _all_lines(text: str) -> Iterator[tuple[int, str]]:
    start = 0
    # Unlike str.splitlines, bytes.splitlines knows only the line ends that Java knows.
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


def _replace_lines(text: str, replacements: Iterable[tuple[int, int, str]]) -> str:
    """
    Put (start, end, new line with its end), sorted by start, into *text*; "" removes the line.

    Removing a line between a lone CR and an empty line that ends with LF leaves an empty comment
    behind: otherwise CR and LF would read as the end of a single line.
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
    Return a file with some lines replaced, and others added at its end.

    Args:
        data: The file.

        text: The file, decoded.

        replacements: Sorted by start.

        additions: Lines without their ends.
    """
    if not replacements:
        return data + encode(_added_lines(text, additions))
    text = _replace_lines(text, replacements)
    return encode(text + _added_lines(text, additions))


def _added_lines(text: str, lines: Iterable[str]) -> str:
    """Return what adds *lines*, given without ends, to *text*, with the line ends of *text*."""
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
