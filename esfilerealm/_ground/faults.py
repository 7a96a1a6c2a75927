"""Errors of the operating system, raised again as our errors, which name the file."""

from __future__ import annotations

import errno

from ..errors import FileAccessError, FilePermissionError, FileRealmError

__all__ = ["FaultsOf", "without_origin"]

TYPE_CHECKING = False  # see `_ground`
if TYPE_CHECKING:
    from types import TracebackType
    from typing import Final, TypeVar

    E = TypeVar("E", bound=FileRealmError)

_READ: Final = 0o400
_NOTHING: Final = 0

_NOT_PERMITTED: Final = (errno.EACCES, errno.EPERM, errno.EROFS)


class FaultsOf:
    """
    A block in which every ``OSError`` becomes an error of ours about one file.

    Args:
        path: The file to name.

        doing: What the block does to the file, for the message: "while *doing* it".
    """

    # Not a generator with `contextlib`, whose import would slow down `esfilerealm list`.
    def __init__(self, path: str, doing: str) -> None:
        self._path = path
        self._doing = doing

    def __enter__(self) -> None:
        pass

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if not isinstance(error, OSError) or isinstance(error, FileRealmError):
            return
        reason = f"{error.strerror or error} while {self._doing} it"
        if error.errno in _NOT_PERMITTED:
            if error.errno != errno.EROFS:
                from .rights import whose

                needs = _READ if self._doing.startswith("reading") else _NOTHING
                reason += whose(self._path, needs=needs)
            raise FilePermissionError(self._path, reason, error.errno) from error
        raise FileAccessError(self._path, error.errno or 0, reason) from error


def without_origin(error: E) -> E:
    """
    Return *error* without traceback and context, for an error that is kept.

    Otherwise the frames of the traceback would keep file contents, and so hashes, alive.
    """
    error.__traceback__ = error.__cause__ = error.__context__ = None
    return error
