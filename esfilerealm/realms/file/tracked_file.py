"""
A file of the realm as it was last read, and as it was when it could last be used.

The content may be large, and so may be what is made of it. It is read in pieces, and none is kept
longer than that takes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Generic, Protocol, TypeVar

from ..._ground.faults import without_origin
from ..._ground.logs import get_logger, log_errors
from ...errors import FileRealmError
from ...formats.lines import each_line, pieces
from .snapshot import FileStamp

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from ..._storage.read import FileContent
    from ...formats.lines import LineIssue

__all__ = ["LoadedFile", "Reader"]

_LOG: Final = get_logger(__name__)

Parsed = TypeVar("Parsed")
Parsed_co = TypeVar("Parsed_co", covariant=True)


class Reader(Protocol[Parsed_co]):
    """Reads a file that comes in pieces; see ``formats.users.UsersReader``."""

    @property
    def line_count(self) -> int:
        """How many lines there were so far."""

    def read(self, piece: bytes) -> Sequence[LineIssue]:
        """Read the next lines, and give those of them that a node skips."""

    def finish(self) -> Parsed_co:
        """Give what a node makes of all lines, once there are no more."""


class LoadedFile(Generic[Parsed]):
    """
    One of the two files.

    Args:
        empty: What an empty file says.
        new_reader: From the path to what reads the content; that may raise ``FileFormatError``.
        describe: How much was read, for the log.

    Attributes:
        stamp: Of the content that was parsed; None before there was any.
        problem: Why the file cannot be used now.
    """

    def __init__(
        self,
        empty: Parsed,
        new_reader: Callable[[str], Reader[Parsed]],
        describe: Callable[[Parsed], str],
    ) -> None:
        self.stamp: FileStamp | None = None
        self.problem: FileRealmError | None = None
        self._empty = empty
        self._parsed = empty
        self._new_reader = new_reader
        self._describe = describe
        self._skipped: frozenset[int] = frozenset()

    @property
    def parsed_or_empty(self) -> Parsed:
        """What the file says; nothing if it cannot be used."""
        return self._parsed if self.problem is None else self._empty

    def take(self, path: str, content: FileContent | FileRealmError) -> None:
        """Take what reading the file gave, and part a content from its bytes."""
        if isinstance(content, FileRealmError):
            self.problem = content
        else:
            self.problem = self._use(path, content)

    def _use(self, path: str, content: FileContent) -> FileRealmError | None:
        stamp = _stamp(content)
        blocks = content.release()
        if self.stamp is None or stamp.digest != self.stamp.digest:
            try:
                self._parse(path, blocks)
            except FileRealmError as error:
                return without_origin(error)
        if not content.exists and (self.stamp is None or self.stamp.modified is not None):
            _LOG.info("file [%s] does not exist: it counts as empty", path)
        self.stamp = stamp
        return None

    def _parse(self, path: str, blocks: Iterable[bytes]) -> None:
        reader = self._new_reader(path)
        skipped = _SkippedLines(path)
        for piece in pieces(blocks):
            line_count = reader.line_count
            skipped.add(reader.read(piece), piece, line_count)
        self._parsed = reader.finish()
        _LOG.debug("parsed %s from file [%s]", self._describe(self._parsed), path)
        skipped.report(self._skipped)
        self._skipped = skipped.fingerprints


class _SkippedLines:
    """Lines without meaning, to be logged; a blank one is no error."""

    def __init__(self, path: str) -> None:
        self._path = path
        # Beside what each line hashes to: it may hold a secret.
        self._issues: list[tuple[LineIssue, int]] = []

    @property
    def fingerprints(self) -> frozenset[int]:
        """What tells these lines from others, wherever they move."""
        return frozenset(fingerprint for _, fingerprint in self._issues)

    def add(self, issues: Sequence[LineIssue], piece: bytes, line_count: int) -> None:
        """Note those in a piece that comes behind so many lines."""
        issues = [issue for issue in issues if issue.kind != "blank"]
        if issues:
            lines = dict(each_line(piece, self._path))
            self._issues += [(i, hash(lines[i.line_number - line_count])) for i in issues]

    def report(self, known: frozenset[int]) -> None:
        """Log those that are not *known* yet."""
        new = [issue for issue, fingerprint in self._issues if fingerprint not in known]
        log_errors(
            _LOG,
            "skipped line [%d] of file [%s]: %s",
            [(issue.line_number, self._path, issue.reason) for issue in new],
            f"lines skipped of file [{self._path}]",
        )


def _stamp(content: FileContent) -> FileStamp:
    modified = None if content.stat is None else content.stat.st_mtime_ns
    size = sum(map(len, content.blocks))
    return FileStamp(content.path, size, modified, content.digest)
