"""Writing an audit log: one line for each change, durable before the change is made."""

from __future__ import annotations

import hashlib
import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from .._ground.logs import get_logger
from .._ground.showing import shown
from .._storage import AppendedFile
from ..errors import AuditLogError, FileAccessError, FilePermissionError, FileRealmError
from .actors import host, verb, who
from .described import described
from .keys import key_of
from .lines import BEGINNING, Line, hash_of, key_id, sealed, starts_like_a_line
from .rotation import last_line_before

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from contextlib import AbstractContextManager
    from typing import NoReturn, Self

    from .._storage import NotedChange, NotedLine

__all__ = ["AuditLog"]

_LOG: Final = get_logger(__name__)

_WAY_OUT: Final = (
    "so nothing was changed: correct that, name another file (--audit, audit=, ESFILEREALM_AUDIT), "
    "or name none to write without an audit log"
)
_NO_LINE: Final = (
    "its end is no line of an audit log of esfilerealm: name another file, or move it away and a "
    "new one begins"
)


class AuditLog:
    """
    A log with one line for each change of any realm; see ``UsersTool``'s argument *audit*.

    Any number of tools, processes and realms may share one. A line is durable before its change is
    made. If it cannot be written, the change is refused; if the change fails, it is taken back.

    Args:
        path: The file; a missing one is created with the mode 0600.

        key: The key by which lines are sealed, or the path of a file that holds it, at least 16
            bytes. Without, anybody who can write the file can forge its lines.

        command: What makes the changes, for the lines; by default, the function that was called.

        options: Of that command, without secrets.

    Attributes:
        path: The file, as an absolute path.

    Raises:
        AuditLogError: If the key is too short. A file of a key is read for each change, and not
            before: whoever only reads a realm needs no key.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        key: bytes | str | os.PathLike[str] | None = None,
        *,
        command: str | None = None,
        options: Sequence[str] = (),
    ) -> None:
        if not os.fspath(path):
            raise AuditLogError("", "its path is empty: name a file")
        self.path: str = os.path.abspath(os.fspath(path))
        self._key = key_of(key) if isinstance(key, bytes) else key
        self._command = command
        self._options = list(options)

    def __repr__(self) -> str:
        return f"<AuditLog {self.path!r}{'' if self._key is None else ', with a key'}>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("an audit log cannot be pickled: it may hold a key")

    def require_key(self) -> None:
        """
        Check that the key can be used, before much is done for a change.

        Raises:
            AuditLogError: If it is too short or cannot be read.
        """
        key_of(self._key)

    def noted(
        self, change: NotedChange, *, lock_timeout: float = 10.0, allow_local_lock: bool = False
    ) -> AbstractContextManager[NotedLine]:
        """
        Return a block in which a change is in the log; for a writer of files, inside of its lock.

        Args:
            change: The change.

            lock_timeout: Seconds to wait for another writer of the log.

            allow_local_lock: Whether to accept a lock that other machines do not see.

        At the end of the block the line is taken back, unless ``keep`` was called. Entering raises
        ``AuditLogError`` or ``LockTimeoutError`` if the line cannot be written, and this function
        ``AuditLogError`` if the key cannot be used.
        """
        key = key_of(self._key)
        fields = {
            "time": _now().isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "who": who(),
            "host": host(),
            "command": verb() if self._command is None else self._command,
            "options": self._options,
            **described(change),
        }
        file = AppendedFile(
            self.path,
            change.folder,
            beginning=BEGINNING,
            lock_timeout=lock_timeout,
            allow_local_lock=allow_local_lock,
        )
        return _NotedLine(self.path, key, fields, file)


class _NotedLine:
    """See ``AuditLog.noted``. It may be left twice."""

    def __init__(
        self, path: str, key: bytes | None, fields: Mapping[str, object], file: AppendedFile
    ) -> None:
        self._path = path
        self._key = key
        self._fields = fields
        self._file = file
        self._seq = 0
        self._hash: str | None = None
        self._is_settled = True
        self._is_whole = False

    def __enter__(self) -> Self:
        try:
            self._enter()
        except (FileAccessError, FilePermissionError) as error:
            self.__exit__()
            raise AuditLogError(self._path, f"{error.reason}; {_WAY_OUT}") from error
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        try:
            if not self._is_settled:
                self.take_back()
        finally:
            self._file.__exit__()

    def keep(self) -> None:
        """Leave the line in the log, whatever happens."""
        self._is_settled = True

    def take_back(self) -> None:
        """Take the line out of the log; if that may only grow, say there that it was not made."""
        self._is_settled = True
        if self._file.cut_off_quietly() or not self._is_whole:
            return
        told = {key: self._fields[key] for key in ("time", "who", "host", "command", "folder")}
        try:
            self._append({"taken_back": self._seq, **told})
        except FileRealmError as error:
            _LOG.warning("a line of [%s] tells of a change that failed: %s", self._path, error)

    def _enter(self) -> None:
        self._file.__enter__()
        raw, torn = self._file.last_line()
        last = self._checked(raw) if raw else last_line_before(self._file.path)
        if last is not None:
            self._seq, self._hash = last.seq, last.hash
        torn_field = self._without(torn) if torn else {}
        self._is_settled = False
        self._append({**self._fields, **torn_field}, b"\n" if torn_field else b"")
        self._is_whole = True

    def _append(self, fields: Mapping[str, object], begin: bytes = b"") -> None:
        numbered = {"seq": self._seq + 1, **fields, "key": key_id(self._key)}
        line = sealed({**numbered, "previous": self._hash}, self._key)
        self._file.append(begin + line)
        self._seq, self._hash = self._seq + 1, hash_of(line)

    def _checked(self, raw: bytes) -> Line:
        """Refuse to go on behind what is no line of ours, or has another key."""
        last = Line.parse(raw)
        if last is None:
            raise AuditLogError(self._path, f"{_NO_LINE}; {_WAY_OUT}")
        if last.key_id != key_id(self._key):
            theirs = "no key" if last.key_id is None else f"the key [{shown(last.key_id)}]"
            ours = "none is" if self._key is None else f"the key [{key_id(self._key)}] is"
            reason = f"its last line is sealed with {theirs}, and {ours} given; {_WAY_OUT}"
            raise AuditLogError(self._path, reason)
        return last

    def _without(self, torn: bytes) -> dict[str, object]:
        """
        Remove a line that its writer could not end, so that its change was not made.

        If the file may only grow, return the field by which the next line says that it is there.
        """
        if not starts_like_a_line(torn):
            raise AuditLogError(self._path, f"{_NO_LINE}; {_WAY_OUT}")
        if self._file.cut_off(self._file.size - len(torn)):
            return {}
        return {"torn": hashlib.sha256(torn).hexdigest()}


def _now() -> datetime:
    return datetime.now(UTC)
