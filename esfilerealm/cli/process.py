"""
The command as a process of its own: from its start, before anything is loaded, to its exit code.

Next to nothing is imported here at the top, so that an interrupt or a fault of the system ends in
an exit code of the command even while the command is loaded.
"""

from __future__ import annotations

import os
import sys

from .unexpected import explain

__all__ = ["program"]

TYPE_CHECKING = False  # see `_ground`
if TYPE_CHECKING:
    from typing import Final, NoReturn, TextIO

# Of `exits`, which may be what cannot be loaded.
_INTERRUPTED: Final = 130
_IO: Final = 74

#: Memory for the report that there is none: it is freed first.
_RESERVE: Final = [bytearray(2**18)]
_NO_MEMORY: Final = b"ERROR: there is not enough memory, with exit code 74\n"
_STANDARD_ERROR: Final = 2


def program() -> NoReturn:
    """
    Run the command as a process of its own, and end it.

    Nothing is left to clean up then, so the interpreter does not take its modules apart one by one,
    which would take a tenth of the time of a short command.
    """
    sys.unraisablehook = _ignore
    if _WholeHashlib not in sys.meta_path:
        sys.meta_path.insert(0, _WholeHashlib)
    try:
        exit_code = _run()
    except KeyboardInterrupt:  # while the command was loaded, or the second one
        exit_code = _INTERRUPTED
    except MemoryError:  # there was none even to explain that
        exit_code = _report_no_memory()
    if "coverage" in sys.modules or sys.gettrace() or sys.getprofile():
        sys.exit(exit_code)
    else:
        _end(exit_code)


def _report_no_memory() -> int:
    """Free the reserve, report that memory ran out, and return the exit code."""
    _RESERVE.clear()
    try:
        os.write(_STANDARD_ERROR, _NO_MEMORY)
    except OSError:
        return _IO  # the message cannot be printed either
    return _IO


class _WholeHashlib:
    """
    Loads the libraries of ``hashlib`` before it.

    If the system does not load one, ``hashlib`` prints a traceback, and goes on without; so that
    error is raised instead.
    """

    @staticmethod
    def find_spec(name: str, *_: object) -> None:
        """Find nothing."""
        if name == "hashlib":
            for library in ("_hashlib", "_blake2"):
                try:
                    __import__(library)
                except ModuleNotFoundError:  # a Python that was built without it
                    continue


def _end(exit_code: int) -> NoReturn:
    """End the process at once; nothing that fails or happens now changes the exit code."""
    try:
        for stream in (sys.stdout, sys.stderr):
            _flush(stream)
    except KeyboardInterrupt:
        pass
    os._exit(exit_code)


def _ignore(_: sys.UnraisableHookArgs) -> None:
    """Print no traceback of an interrupt that came while an object was given up."""


def _run() -> int:
    try:
        from .app import main

        return main()
    except Exception as error:  # noqa: BLE001 - 1 would be "wrong password", and a traceback leaks
        text, exit_code = explain(error)
        _print_error(f"ERROR: {text}, with exit code {exit_code}")
        return exit_code


def _print_error(line: str) -> None:
    try:
        if sys.stderr is not None:
            sys.stderr.write("".join(map(_escaped, line)) + "\n")
    except (OSError, ValueError):  # nobody can be told, and the exit code stays
        return


def _escaped(character: str) -> str:
    """Return a character as ``printable`` does, which may be what cannot be loaded."""
    is_shown = character.isascii() and character.isprintable()
    return character if is_shown else ascii(character)[1:-1]


def _flush(stream: TextIO | None) -> None:
    """Flush a stream, if there is one; ``main`` has reported what cannot be printed."""
    try:
        if stream is not None:
            stream.flush()
    except (OSError, ValueError):
        return
