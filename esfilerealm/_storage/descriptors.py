"""
Open files that no exception leaves open, wherever it comes.

The handler of a signal may raise after a file is open and before the ``try`` whose ``finally``
closes it. So one call that runs in C, and cannot be interrupted, opens a file and notes it; another
forgets and closes it, inside of the ``try`` and again after any exception.
"""

from __future__ import annotations

from . import system

__all__ = ["OpenFile", "with_file"]

TYPE_CHECKING = False  # see `_ground`
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Final, TypeVar

    T = TypeVar("T")

#: Ends the list of what is open.
_END: Final = -1


class OpenFile:
    """
    A file that will be opened, and is closed once.

    Attributes:
        closing: Closes the file, if it is open, when asked for its next item.
    """

    __slots__ = ("_opened", "closing")

    def __init__(self) -> None:
        self._opened = [_END]
        self.closing: Iterator[None] = map(system.close, iter(self._opened.pop, _END))

    def open(
        self, path: str, flags: int, mode: int | None = None, dir_fd: int | None = None
    ) -> int:
        """Open the file and return its descriptor; for the errors see ``os.open``."""
        modes = () if mode is None else ((mode,),)
        call = system.open
        if dir_fd is not None:
            from functools import partial  # only a restore needs it

            call = partial(system.open, dir_fd=dir_fd)
        self._opened.extend(map(call, (path,), (flags,), *modes))
        return self._opened[-1]

    def close_quietly(self) -> None:
        """Close the file through which nothing was written, so that errors do not matter."""
        try:
            next(self.closing, None)
        except OSError:
            next(self.closing, None)  # nothing is left to close, unless the error came before


def with_file(
    use: Callable[[int], T],
    path: str,
    flags: int,
    mode: int | None = None,
    dir_fd: int | None = None,
) -> T:
    """
    Open a file, return the result of *use*, and close the file.

    Args:
        use: Gets the descriptor.
        path: The file.
        flags: See ``os.open``.
        mode: See ``os.open``.
        dir_fd: See ``os.open``.

    Raises:
        OSError: As ``os.open`` and ``os.close``.
        BaseException: Whatever *use* raises.
    """
    file = OpenFile()
    try:
        result = use(file.open(path, flags, mode, dir_fd))
        next(file.closing, None)
        return result  # noqa: TRY300 - outside of the block, an exception might come before it
    except BaseException:
        next(file.closing, None)
        raise
