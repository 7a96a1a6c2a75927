"""Whether each change has a line and each line its change: by the digests of the files."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from .._storage import RealmFolder, read_file
from .actors import host

if TYPE_CHECKING:
    from .findings import Findings
    from .reading import RawLine
    from .results import AuditEntry

__all__ = ["States"]

#: What changes in the same unit as ``users``, beside it.
_BESIDE: Final = (".managed", ".accounts")
_KEYSTORE: Final = "elasticsearch.keystore"
_SHORT: Final = 16


@dataclass(frozen=True, slots=True)
class _Known:
    """
    What the lines say of a file.

    Attributes:
        before: Its digest before the latest change.
        after: Its digest after that.
        seq: The number of the line that tells of it.
        raw: That line.
    """

    before: str | None
    after: str | None
    seq: int
    raw: RawLine


class States:
    """
    The files of which the lines tell, as each line leaves them.

    Args:
        findings: Gets what is wrong.
    """

    def __init__(self, findings: Findings) -> None:
        self._findings = findings
        self._known: dict[tuple[str, str], _Known] = {}
        self._latest_keys: list[tuple[str, str]] = []
        self._unmade: set[RawLine] = set()

    def forget(self) -> None:
        """Start anew, since lines are missing that might explain what comes."""
        self._known.clear()
        self._latest_keys.clear()

    def take(self, raw: RawLine, entry: AuditEntry) -> None:
        """Compare what a line says with the lines before."""
        if entry.taken_back is not None:
            self._take_back(entry.taken_back)
            return
        raw = replace(raw, data=b"")  # its place is all that is needed later
        self._latest_keys = [(entry.host, path) for path in entry.files]
        for path, file in entry.files.items():
            known, after = self._known.get((entry.host, path)), _digest(file.get("after"))
            before = after if entry.recovered else _digest(file.get("before"))
            if known is not None and before != known.after:
                self._tell(raw, path, known, before, is_end=bool(entry.recovered))
            self._known[entry.host, path] = _Known(before, after, entry.seq, raw)

    def compare(self, folder: str) -> None:
        """
        Compare what the lines say with the files in a configuration directory as they are now.

        Raises:
            FileRealmError: If they cannot be read.
        """
        both = RealmFolder(folder).read_any()
        now = {file.path: file.digest for file in both.both}
        others = [both.users.path + end for end in _BESIDE]
        others.append(os.path.realpath(os.path.join(folder, _KEYSTORE)))
        found = {path: known for path in (*now, *others) if (known := self._latest(path))}
        if not found:
            text = "no line is about this directory on this machine"
            self._findings.add_about(os.path.abspath(folder), "unknown_folder", text)
        for path, known in found.items():
            digest = now[path] if path in now else read_file(path).digest
            if digest != known.after:
                self._tell_of_now(path, known, digest)

    def _latest(self, path: str) -> _Known | None:
        """Return what is known of a file here, or else of one of that path on other machines."""
        here = self._known.get((host(), path))
        if here is not None:
            return here
        anywhere = [known for (_, name), known in self._known.items() if name == path]
        return max(anywhere, key=lambda known: known.seq, default=None)

    def _take_back(self, seq: int) -> None:
        """Undo what the line before says, since this line says that its change was not made."""
        for key in self._latest_keys:
            known = self._known[key]
            if known.seq == seq:
                self._known[key] = _Known(known.before, known.before, seq, known.raw)

    def _tell(
        self, raw: RawLine, path: str, known: _Known, before: str | None, *, is_end: bool
    ) -> None:
        if before == known.before:
            if not is_end:  # the recovery says that it took the change back
                self._tell_unmade(path, known)
            return
        text = f"{_changed(path, known)}, and {_short(before)} before this line"
        self._findings.add("unexplained", raw, text)

    def _tell_unmade(self, path: str, known: _Known, advice: str = "") -> None:
        """Report a line without its change, once, however many files it names."""
        if known.raw not in self._unmade:
            self._unmade.add(known.raw)
            what = f"line [{known.seq}] tells of a change that was not made, or was taken back"
            self._findings.add("unmade", known.raw, f"{what}: [{path}] is as before it{advice}")

    def _tell_of_now(self, path: str, known: _Known, digest: str | None) -> None:
        if digest == known.before:
            advice = "; if its writer was interrupted, `esfilerealm recover` ends that"
            self._tell_unmade(path, known, advice)
        else:
            text = f"{_changed(path, known)}, and {_short(digest)} now"
            self._findings.add_about(path, "unexplained", text)


def _changed(path: str, known: _Known) -> str:
    what = f"[{path}] was changed without a line: its digest was {_short(known.after)}"
    return f"{what} after line [{known.seq}]"


def _short(digest: str | None) -> str:
    return "that of no file" if digest is None else f"[{digest[:_SHORT]}]"


def _digest(value: object) -> str | None:
    return value if isinstance(value, str) else None
