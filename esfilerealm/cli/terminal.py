"""What the command prints and asks, at the chosen verbosity."""

from __future__ import annotations

import os
import sys

from .exits import DATA, INTERNAL, CommandError

__all__ = ["NORMAL", "SILENT", "VERBOSE", "OutputError", "Terminal"]

TYPE_CHECKING = False  # see `_ground`
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TextIO

#: What is printed at a level appears at this verbosity and all higher ones.
SILENT, NORMAL, VERBOSE = range(3)


class OutputError(Exception):
    """A result could not be printed; the cause says why."""


class Terminal:
    """
    Standard input and output as they are when the command is called; each may be missing.

    Attributes:
        verbosity: ``SILENT``, ``NORMAL`` or ``VERBOSE``.
        is_for_programs: With ``--json``: what is printed for people is left out, but not
            warnings and errors, which go to another stream.
    """

    def __init__(self) -> None:
        self.verbosity = NORMAL
        self.is_for_programs = False
        self._stdin: TextIO | None = sys.stdin
        self._stdout: TextIO | None = sys.stdout
        self._stderr: TextIO | None = sys.stderr

    def print(self, text: str) -> None:
        """Print a result, unless nothing but errors is wanted."""
        if self.verbosity >= NORMAL and not self.is_for_programs:
            _write(self._stdout, text + "\n")

    def print_for_programs(self, text: str) -> None:
        """Print the one line of ``--json``."""
        _write(self._stdout, text + "\n")

    def print_document(self, data: bytes) -> None:
        """
        Print a document that was asked for, byte for byte, whatever the verbosity.

        Raises:
            OutputError: If it cannot be printed.
        """
        buffer = getattr(self._stdout, "buffer", None)
        if buffer is None:
            _write(self._stdout, data.decode("utf-8", "replace"))
            return
        self.flush()
        try:
            buffer.write(data)
            buffer.flush()
        except OSError as error:
            raise OutputError(error.strerror) from error

    def print_secret(self, secret: str) -> None:
        """
        Print a secret that was asked for, whatever the verbosity; never among JSON.

        Raises:
            CommandError: If there is no stream to print it to.
            OutputError: If it cannot be printed.
        """
        stream = self._stderr if self.is_for_programs else self._stdout
        if stream is None:
            raise CommandError("there is no output to show the secret on", INTERNAL)
        _write(stream, secret + "\n")
        _flush(stream)

    def warn(self, text: str, level: int = NORMAL) -> None:
        """Print something that is no result, if that is possible."""
        if level <= self.verbosity:
            self.flush()
            try:
                _write(self._stderr, text + "\n")
            except OutputError:
                self._stderr = None

    def ask_secret(self, prompt: str) -> str:
        """
        Ask for a line that is not shown; without a terminal, read it from standard input.

        Raises:
            CommandError: If there is no more input, or if it is no text.
        """
        self.flush()
        if self._is_interactive():
            from getpass import getpass

            return _answer(lambda: getpass(prompt, stream=self._stderr), prompt)
        _write(self._stderr, prompt)
        _flush(self._stderr)
        line = _answer(self._stdin.readline, prompt) if self._stdin is not None else ""
        if not line:
            raise _no_answer(prompt)
        return line.removesuffix("\n").removesuffix("\r")

    def read_secret(self) -> str:
        """
        Read all of standard input; who types it is asked for one line, which is not shown.

        Raises:
            CommandError: If it is no text.
        """
        if self._is_interactive():
            return self.ask_secret("Password: ")
        return _answer(self._stdin.read, "") if self._stdin is not None else ""

    def read_document(self, size: int) -> bytes:
        """Read standard input, whatever it is; of one without end about so many bytes."""
        if self._stdin is None:
            return b""
        buffer = getattr(self._stdin, "buffer", None)
        return self._stdin.read(size).encode() if buffer is None else buffer.read(size)

    def flush(self) -> None:
        """Send on what was printed; both streams often end in one place, and in this order."""
        _flush(self._stdout)

    def abandon_output(self) -> None:
        """Forget results that cannot be printed; the interpreter must not try them once more."""
        stdout, self._stdout = self._stdout, None
        try:
            descriptor = stdout.fileno() if stdout is not None else -1
        except OSError:  # a stream of no file
            return
        if descriptor >= 0:
            os.dup2(os.open(os.devnull, os.O_WRONLY), descriptor)

    def _is_interactive(self) -> bool:
        return self._stdin is not None and self._stdin.isatty()


def _write(stream: TextIO | None, text: str) -> None:
    if stream is None:
        return
    try:
        stream.write(text)
    except UnicodeEncodeError:  # a path of bytes, or a terminal of few letters
        encoding = stream.encoding or "ascii"
        _write(stream, text.encode(encoding, "backslashreplace").decode(encoding))
    except OSError as error:
        raise OutputError(error.strerror) from error


def _flush(stream: TextIO | None) -> None:
    try:
        if stream is not None:
            stream.flush()
    except OSError as error:
        raise OutputError(error.strerror) from error


def _answer(read: Callable[[], str], prompt: str) -> str:
    try:
        return read()
    except EOFError:
        raise _no_answer(prompt) from None
    except UnicodeDecodeError:
        pass
    # Not in the handler: its error, which holds the secret, would be the context of this one.
    raise CommandError("the password on standard input is no text in its encoding", DATA)


def _no_answer(prompt: str) -> CommandError:
    return CommandError(f"the input ended before an answer to [{prompt.strip()}]", INTERNAL)
