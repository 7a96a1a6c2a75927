"""
One file of the realm, as it was when it could last be used.

A file may be large, and so may be what it says. It is read in pieces, and no piece is kept longer
than that takes.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final, Generic, Protocol, TypeVar

from ..._ground.faults import without_origin
from ..._ground.logs import get_logger, log_errors
from ...errors import FileRealmError
from ...formats.lines import each_line, pieces
from ...formats.realm import ParsedRealm, find_hash_issues
from ...formats.users import UsersReader
from .snapshot import FileStamp

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from ..._storage import FileContent
    from ...formats import HashIssue, LineIssue
    from ...settings.realm_settings import NameRules

__all__ = ["CheckedUsersReader", "Reader", "TrackedFile"]

_LOG: Final = get_logger(__name__)

Parsed = TypeVar("Parsed")
Parsed_co = TypeVar("Parsed_co", covariant=True)


class Reader(Protocol[Parsed_co]):
    """Reads a file in pieces; see ``formats.users_roles.UsersRolesReader``."""

    @property
    def line_count(self) -> int:
        """The number of lines read so far."""

    def read(self, piece: bytes) -> Sequence[LineIssue]:
        """Read the next lines, and return those that a node skips."""

    def finish(self) -> Parsed_co:
        """Return what the file says, after its last piece."""


class CheckedUsersReader:
    """
    Reads a ``users`` file in pieces, and checks each hash; see ``formats.users.UsersReader``.

    Args:
        source: The path, for errors.
        rules: The node's rules for names.
        before: What the file said before. A hash that was usable then is not checked again.
    """

    def __init__(self, source: str, rules: NameRules, before: ParsedRealm) -> None:
        self._reader = UsersReader(source, **rules)
        self._before = before
        self._hash_issues: dict[str, HashIssue] = {}

    @property
    def line_count(self) -> int:
        """The number of lines read so far."""
        return self._reader.line_count

    def read(self, piece: bytes) -> Sequence[LineIssue]:
        """Read the next lines, and return those that a node skips."""
        line_count = self.line_count
        hashes, issues = self._reader.read(piece)
        found = find_hash_issues(
            hashes, piece, line_count=line_count, is_usable=self._was_usable_before
        )
        if self._hash_issues:
            for name in hashes:  # the line in this piece replaces an earlier one
                self._hash_issues.pop(name, None)
        self._hash_issues.update(found)
        return issues

    def finish(self) -> ParsedRealm:
        """Return the users with their hashes, and without roles."""
        parsed, issues = self._reader.finish(), self._hash_issues
        in_order = {name: issues[name] for name in parsed.users if name in issues} if issues else {}
        return ParsedRealm(
            parsed.users, {}, issues={"users": parsed.issues}, find_hash_issues=lambda: in_order
        )

    def _was_usable_before(self, username: str, text: str) -> bool:
        before = self._before
        return before.hashes.get(username) == text and username not in before.hash_issues


class TrackedFile(Generic[Parsed]):
    """
    One of the two files, as it was at one moment. It never changes; reading it makes a new one.

    Args:
        empty: What an empty file says.
        describe: Returns a summary of what was read, for the log.

    Attributes:
        stamp: The stamp of the content that was parsed; None before the first.
        problem: Why the file cannot be used now, or None.
    """

    def __init__(self, empty: Parsed, describe: Callable[[Parsed], str]) -> None:
        self.stamp: FileStamp | None = None
        self.problem: FileRealmError | None = None
        self._empty = empty
        self._parsed = empty
        self._describe = describe
        self._skipped: frozenset[int] = frozenset()

    @property
    def parsed_or_empty(self) -> Parsed:
        """The content of the file; that of an empty file if the file cannot be used."""
        return self._parsed if self.problem is None else self._empty

    def after(
        self,
        path: str,
        content: FileContent | FileRealmError,
        new_reader: Callable[[str], Reader[Parsed]],
        log: list[Callable[[], None]],
    ) -> TrackedFile[Parsed]:
        """
        Return the file as it is after it was read again.

        Args:
            path: The path, for errors.
            content: The result of reading it, whose bytes are freed.
            new_reader: Makes a reader for the file at a path; reading may raise
                ``FileFormatError``.
            log: Gets what is to be logged.
        """
        file = object.__new__(type(self))
        file.__dict__.update(self.__dict__)
        if isinstance(content, FileRealmError):
            file.problem = content
        else:
            file.problem = file._use(path, content, new_reader, log)
        return file

    def _use(
        self,
        path: str,
        content: FileContent,
        new_reader: Callable[[str], Reader[Parsed]],
        log: list[Callable[[], None]],
    ) -> FileRealmError | None:
        stamp = _stamp(content)
        blocks = content.release()
        if self.stamp is None or stamp.digest != self.stamp.digest:
            try:
                self._parse(path, blocks, new_reader(path), log)
            except FileRealmError as error:
                return without_origin(error)
        if not content.exists and (self.stamp is None or self.stamp.modified is not None):
            log.append(partial(_LOG.info, "file [%s] does not exist and counts as empty", path))
        self.stamp = stamp
        return None

    def _parse(
        self,
        path: str,
        blocks: Iterable[bytes],
        reader: Reader[Parsed],
        log: list[Callable[[], None]],
    ) -> None:
        skipped = _SkippedLines(path)
        for piece in pieces(blocks):
            line_count = reader.line_count
            skipped.add(reader.read(piece), piece, line_count)
        self._parsed = reader.finish()
        summary = self._describe(self._parsed)
        log.append(partial(_LOG.debug, "parsed %s from file [%s]", summary, path))
        log.append(partial(skipped.report, self._skipped))
        self._skipped = skipped.fingerprints


class _SkippedLines:
    """The lines of a file that a node skips, to be logged; blank lines are not."""

    def __init__(self, path: str) -> None:
        self._path = path
        # With a fingerprint instead of the line, which may contain a secret.
        self._issues: list[tuple[LineIssue, int]] = []

    @property
    def fingerprints(self) -> frozenset[int]:
        """What identifies these lines, wherever they move in the file."""
        return frozenset(fingerprint for _, fingerprint in self._issues)

    def add(self, issues: Sequence[LineIssue], piece: bytes, line_count: int) -> None:
        """Add the issues of a piece that comes after *line_count* lines."""
        issues = [issue for issue in issues if issue.kind != "blank"]
        if issues:
            lines = dict(each_line(piece, self._path))
            self._issues += [(i, hash(lines[i.line_number - line_count])) for i in issues]

    def report(self, known: frozenset[int]) -> None:
        """Log the lines whose fingerprints are not *known*."""
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
