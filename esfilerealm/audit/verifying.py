"""Verifying audit logs: their lines, and what the lines say of the files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._ground.values import ReadOnlyDict
from .chain import Chain
from .findings import Findings
from .keys import key_of
from .reading import entry_of, raw_lines
from .results import Verification
from .states import States

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable
    from datetime import datetime

    from .reading import RawLine
    from .results import AuditEntry

__all__ = ["verify"]


def verify(
    *paths: str | os.PathLike[str],
    key: bytes | str | os.PathLike[str] | None = None,
    heads: Iterable[str] = (),
    folders: Iterable[str | os.PathLike[str]] = (),
) -> Verification:
    """
    Check that all lines of a log are there, unchanged and in order, and that they fit the files.

    A line whose change was not made is found, and a change without a line. Without a key, whoever
    can write the log can write another one: only a head that is kept elsewhere shows that. The log
    is read once, line by line, without a lock: a write that is under way looks like one that was
    interrupted.

    Args:
        paths: The logs, the oldest first; one whose name ends with ``.gz`` is unpacked.

        key: The key that sealed the lines, or the path of a file that holds it.

        heads: The ``head`` of earlier verifications: such a line must still be there, or right
            before the first.

        folders: Configuration directories whose files are compared with the lines.

    Raises:
        AuditLogError: If a log or the key cannot be read.
        FileRealmError: If a file of a realm cannot be read.
        ValueError: If no log is given.
    """
    if not paths:
        raise ValueError("no audit log is given")
    run = _Run(key_of(key), tuple(heads))
    for path in paths:
        if not run.read(path):
            break
    else:
        run.chain.end()
        for folder in folders:
            run.states.compare(str(folder))
    return run.result()


class _Run:
    """One verification."""

    def __init__(self, key: bytes | None, heads: tuple[str, ...]) -> None:
        self.findings = Findings()
        self.chain = Chain(self.findings, key, heads)
        self.states = States(self.findings)
        self._lines = 0
        self._folders: dict[str, int] = {}
        self._time: datetime | None = None

    def read(self, path: str | os.PathLike[str]) -> bool:
        """Check one log; return whether to go on."""
        for raw in raw_lines(path):
            self.findings.enter(raw.path)
            self._lines += 1
            self._take(raw)
            if self.findings.is_full:
                self.findings.note("so much is wrong that the lines that follow were not checked")
                return False
        return True

    def result(self) -> Verification:
        """Return what was found."""
        last = self.chain.last
        return Verification(
            self.findings.problems,
            self.findings.notes,
            self._lines,
            None if last is None else last.hash,
            ReadOnlyDict(self._folders),
        )

    def _take(self, raw: RawLine) -> None:
        line = self.chain.take(raw)
        if self.chain.is_broken:
            self.states.forget()
        if line is None:
            return
        entry = entry_of(line)
        self._note_time(raw, entry)
        if entry.folder:
            self._folders[entry.folder] = self._folders.get(entry.folder, 0) + 1
        self.states.take(raw, entry)

    def _note_time(self, raw: RawLine, entry: AuditEntry) -> None:
        if entry.time is None:
            return
        if self._time is not None and entry.time < self._time:
            place = f"[{raw.path}], line {raw.number}"
            self.findings.note(f"{place}: its time is before that of the line before")
        self._time = entry.time
