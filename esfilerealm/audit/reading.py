"""Reading audit logs line by line, however long they are."""

from __future__ import annotations

import gzip
import os
import zlib
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final, cast

from .._ground.faults import FaultsOf
from ..errors import AuditLogError, FileAccessError, FilePermissionError
from .lines import Line
from .results import AuditEntry

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import IO, Any

__all__ = ["RawLine", "entry_of", "raw_lines", "read"]

#: Bytes of the longest line that is read; what is longer is no line of ours.
_LONGEST: Final = 2**28


@dataclass(frozen=True, slots=True)
class RawLine:
    """
    A line as it stands in a file.

    Attributes:
        path: The file.
        number: From 1.
        data: Its bytes, without the end.
        is_whole: Whether it has an end.
    """

    path: str
    number: int
    data: bytes
    is_whole: bool


def read(*paths: str | os.PathLike[str]) -> Iterator[AuditEntry]:
    """
    Yield the changes of which logs tell, from the first line of the first to the last.

    Lines that are none of ours are passed over; see ``verify``.

    Args:
        paths: The logs, the oldest first. One whose name ends with ``.gz`` is unpacked.

    Raises:
        AuditLogError: If one cannot be read.
    """
    for path in paths:
        for raw in raw_lines(path):
            line = Line.parse(raw.data)
            if line is not None:
                yield entry_of(line)


def raw_lines(path: str | os.PathLike[str]) -> Iterator[RawLine]:
    """
    Yield the lines of a log.

    Raises:
        AuditLogError: If it cannot be read, or is no regular file.
    """
    name = os.path.abspath(os.fspath(path))
    try:
        with FaultsOf(name, "reading"), closing(_opened(name)) as file:
            number = 0
            while data := file.readline(_LONGEST):
                number += 1
                yield RawLine(name, number, data.removesuffix(b"\n"), data.endswith(b"\n"))
    except (EOFError, zlib.error):
        raise AuditLogError(name, "it is packed, and damaged") from None
    except (FileAccessError, FilePermissionError) as error:
        raise AuditLogError(name, error.reason) from None


def _opened(path: str) -> IO[bytes]:
    if not os.path.isfile(path):
        reason = "it is no regular file" if os.path.exists(path) else "there is no such file"
        raise AuditLogError(path, reason)
    return cast("IO[bytes]", gzip.open(path)) if path.endswith(".gz") else open(path, "rb")


def entry_of(line: Line) -> AuditEntry:
    """Return what a line tells; what is of another kind than ours is left out."""
    fields = line.fields
    taken_back = fields.get("taken_back")
    return AuditEntry(
        seq=line.seq,
        time=_time(fields.get("time")),
        who=_mapping(fields.get("who")),
        host=_text(fields.get("host")),
        command=_text(fields.get("command")),
        options=tuple(map(str, fields["options"])) if _is_list(fields.get("options")) else (),
        folder=_text(fields.get("folder")),
        changes=_mapping(fields.get("changes")),
        files={
            path: file
            for path, file in _mapping(fields.get("files")).items()
            if isinstance(file, dict)
        },
        recovered=_text(fields.get("recovered")) or None,
        taken_back=taken_back if isinstance(taken_back, int) else None,
        hash=line.hash,
    )


def _time(value: object) -> datetime | None:
    try:
        time = datetime.fromisoformat(_text(value))
    except ValueError:
        return None
    return None if time.tzinfo is None else time  # ours are in UTC


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _is_list(value: object) -> bool:
    return isinstance(value, list)


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
