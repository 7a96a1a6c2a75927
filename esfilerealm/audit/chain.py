"""Whether the lines of a log are those that were written: all of them, unchanged and in order."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from .._ground.showing import shown
from .lines import Line, key_id

if TYPE_CHECKING:
    from collections.abc import Collection

    from .findings import Findings
    from .reading import RawLine

__all__ = ["Chain"]


class Chain:
    """
    Takes the lines of logs one by one.

    Args:
        findings: Gets what is wrong.

        key: Of the logs.

        heads: The digests of lines that must be there, or right before the first.

    Attributes:
        last: The line with the highest number so far.
        is_broken: Whether lines are missing before the latest, so that nobody knows what they did.
    """

    def __init__(self, findings: Findings, key: bytes | None, heads: Collection[str]) -> None:
        self.last: Line | None = None
        self.is_broken = False
        self._findings = findings
        self._key = key
        self._wanted = set(heads)
        self._odd: RawLine | None = None
        self._missing: list[tuple[range, RawLine]] = []
        self._has_foreign_key = False
        self._path = ""

    def take(self, raw: RawLine) -> Line | None:
        """Check the next line; return it if it counts, for the first time."""
        line = Line.parse(raw.data) if raw.is_whole else None
        self._tell_of_odd(line)
        self.is_broken = False
        if line is None:
            self._odd = raw
            return None
        self._check_seal(raw, line)
        is_new = self._check_place(raw, line)
        self._path = raw.path
        self._wanted.discard(line.hash)
        return line if is_new else None

    def end(self) -> None:
        """Report what no later line can explain any more."""
        self._tell_of_odd(None)
        for numbers, raw in self._missing:
            self._findings.add("removed", raw, _missing(numbers))
        for head in sorted(self._wanted):
            text = (
                f"no line has the digest [{shown(head)}]: lines are cut off, or it is another log"
            )
            self._findings.add_about(self._path, "head", text)

    def _tell_of_odd(self, line: Line | None) -> None:
        """Report an unreadable line, unless the next line says that its writer was killed."""
        raw, self._odd = self._odd, None
        if raw is None:
            return
        digest = hashlib.sha256(raw.data).hexdigest()
        if line is not None and line.fields.get("torn") == digest:
            return
        if raw.is_whole:
            self._findings.add("malformed", raw, "this is no line of an audit log")
        else:
            text = (
                "its writer could not end it, so its change was not made; the next write removes it"
            )
            self._findings.add("torn", raw, text)

    def _check_seal(self, raw: RawLine, line: Line) -> None:
        if line.key_id != key_id(self._key):
            if not (self._key is None and self._has_foreign_key):
                self._findings.add("forged", raw, self._foreign(line))
            self._has_foreign_key = True
        elif not line.is_intact(self._key):
            text = f"line [{line.seq}] was changed: its digest is that of another content"
            self._findings.add("edited", raw, text)

    def _foreign(self, line: Line) -> str:
        theirs = "no key" if line.key_id is None else f"the key [{shown(line.key_id)}]"
        if self._key is None:
            return f"line [{line.seq}] is sealed with {theirs}, which is needed to check it"
        return f"line [{line.seq}] is sealed with {theirs}, and not with the key that is given"

    def _check_place(self, raw: RawLine, line: Line) -> bool:
        """Check the number of a line, and which it follows; return whether it is a new one."""
        last = self.last
        is_anew = raw.path != self._path and line.seq == 1 and line.previous is None
        if last is None or is_anew:
            self._begin(raw, line, is_anew=last is not None)
        elif line.seq <= last.seq:
            self._check_late(raw, line)
            return False
        elif line.seq > last.seq + 1:
            self._missing.append((range(last.seq + 1, line.seq), raw))
            self.is_broken = True
        elif line.previous != last.hash:
            text = (
                f"line [{line.seq}] does not follow the line before, which is another than it was"
            )
            self._findings.add("edited", raw, text)
            self.is_broken = True
        self.last = line
        return True

    def _begin(self, raw: RawLine, line: Line, *, is_anew: bool) -> None:
        self.is_broken = is_anew
        if is_anew:
            text = "a log begins here anew, so lines may be missing between it and the one before"
        elif line.previous in self._wanted:
            self._wanted.discard(line.previous)
            return
        elif line.seq == 1 and line.previous is None:
            return
        else:
            text = (
                f"the log begins with line [{line.seq}]: give the older logs before it, or the "
                "head that they ended with"
            )
        self._findings.add("beginning", raw, text)

    def _check_late(self, raw: RawLine, line: Line) -> None:
        for at, (numbers, where) in enumerate(self._missing):
            if line.seq in numbers:
                parts = range(numbers.start, line.seq), range(line.seq + 1, numbers.stop)
                self._missing[at : at + 1] = [(part, where) for part in parts if part]
                text = f"line [{line.seq}] stands behind later lines: lines were moved"
                self._findings.add("reordered", raw, text)
                return
        text = f"line [{line.seq}] is there a second time"
        self._findings.add("duplicated", raw, text)


def _missing(numbers: range) -> str:
    if len(numbers) == 1:
        return f"line [{numbers[0]}] is missing before this one"
    return f"the lines [{numbers[0]}] to [{numbers[-1]}] are missing before this one"
