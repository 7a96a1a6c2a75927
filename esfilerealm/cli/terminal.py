"""Standard input and output of a run: what it prints and asks, at the chosen verbosity."""

from __future__ import annotations

import os
import sys

from .._ground.showing import printable, printable_lines
from .exits import DATA, INTERNAL, CommandError
from .naming import as_called

__all__ = ["NORMAL", "SILENT", "VERBOSE", "OutputError", "Terminal"]

TYPE_CHECKING = False  # see `_ground`
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Literal, TextIO

    Mark = Literal["", "warning", "error"]

#: Text of a level is printed at this verbosity and all higher ones.
SILENT, NORMAL, VERBOSE = range(3)

#: Columns. Wider lines are hard to read; in narrower ones, help is not worth wrapping.
_WIDEST, _NARROWEST = 100, 40

_GREEN, _RED, _YELLOW, _BOLD = 32, 31, 33, 1
_COLOUR_OF_MARK = {"error": _RED, "warning": _YELLOW}
_COLOUR_OF_CHANGE = {"+": _GREEN, "-": _RED, "~": _YELLOW}


class OutputError(Exception):
    """A result could not be printed; the cause says why."""


class Terminal:
    """
    The standard streams as they are when the command is called; each may be missing.

    Attributes:
        verbosity: ``SILENT``, ``NORMAL`` or ``VERBOSE``.
        is_for_programs: With ``--json``: omit what is printed for people, except warnings and
            errors, which go to standard error.
        result: What ``--json`` prints.
        summary: What came out, in a few words, which the command says where it runs on several
            nodes.
        describe_written: Returns what a command that writes has written, for the message of an
            interrupt or a fault; nothing for other commands.
    """

    def __init__(self) -> None:
        self.verbosity = NORMAL
        self.is_for_programs = False
        self.result: dict[str, object] = {}
        self.summary = ""
        self.describe_written: Callable[[], str] = str
        self._status_width = 0
        self._stdin: TextIO | None = sys.stdin
        self._stdout: TextIO | None = sys.stdout
        self._stderr: TextIO | None = sys.stderr

    def print(self, *lines: str) -> None:
        """Print lines of a result for people, except with ``--silent``."""
        self.print_own("\n".join(map(printable, lines)))

    def print_own(self, text: str) -> None:
        """Print a text that this package has written, such as help, except with ``--silent``."""
        if self.verbosity >= NORMAL and not self.is_for_programs:
            self._put(text + "\n")

    def print_change(self, line: str, *, is_important: bool = False) -> None:
        """Print a line of a diff, which begins with its sign, in the colour of that sign."""
        line = printable(line)
        code = _COLOUR_OF_CHANGE.get(line.lstrip()[:1])
        if code is not None and self.is_coloured:
            line = _coloured(line, _BOLD, code) if is_important else _coloured(line, code)
        self.print_own(line)

    def print_cells(self, cells: Iterable[tuple[str, Mark]]) -> None:
        """Print a line of a table, each text in the colour of its mark."""
        line = ""
        for text, mark in cells:
            code = _COLOUR_OF_MARK.get(mark) if self.is_coloured else None
            line += printable(text) if code is None else _coloured(printable(text), code)
        self.print_own(line.rstrip())

    def print_problem(self, line: str, *, is_error: bool) -> None:
        """Print a result that is an error, in the colour of errors, or a warning; also silently."""
        if not self.is_for_programs:
            line = as_called(printable(line))
            line = _coloured(line, _RED) if is_error and self.is_coloured else line
            self._put(line + "\n")

    def print_report(self, text: str) -> None:
        """Print a report that this package has written, as it is; also silently."""
        if not self.is_for_programs:
            self._put(as_called(text))

    def _put(self, text: str) -> None:
        """Print to standard output."""
        _write(self._stdout, text)

    def painted(self, text: str, *codes: int) -> str:
        """Return *text* in colours, if results are printed in colours."""
        return _coloured(text, *codes) if self.is_coloured else text

    def print_paged(self, text: str, wrap: Callable[[str, int], str]) -> None:
        """Print a long text; on a terminal wrapped, and by ``$PAGER``, by default ``less``."""
        if self.is_console:
            text = wrap(text, self.columns)
        if self.verbosity < NORMAL or not self.is_console or not _page(text):
            self.print_own(text)

    def print_for_programs(self, text: str) -> None:
        """Print the one line of ``--json``; what else a terminal obeys, it has escaped."""
        self._put(text.replace("\x7f", "\\u007f") + "\n")

    def print_document(self, data: bytes) -> None:
        """
        Print a requested document, byte for byte, whatever the verbosity.

        Raises:
            OutputError: If it cannot be printed.
        """
        buffer = getattr(self._stdout, "buffer", None)
        if buffer is None:
            self._put(data.decode("utf-8", "replace"))
            return
        self.flush()
        try:
            buffer.write(data)
            buffer.flush()
        except OSError as error:
            raise OutputError(error.strerror) from error

    def print_secret(self, secret: str) -> None:
        """
        Print a requested secret, whatever the verbosity; never among JSON.

        Raises:
            CommandError: If there is no stream to print to.
            OutputError: If it cannot be printed.
        """
        stream = self._stderr if self.is_for_programs else self._stdout
        _write(stream, secret + "\n")
        _flush(stream)

    def warn(self, text: str) -> None:
        """Print a warning to standard error, whatever the verbosity."""
        self.note(text, SILENT)

    def note(self, text: str, level: int = NORMAL) -> None:
        """Print what is worth knowing to standard error; if that fails, continue without."""
        self.note_own(printable(text), level)

    def note_own(self, text: str, level: int = NORMAL) -> None:
        """Print a text to standard error that this package has written."""
        if level <= self.verbosity:
            self.flush()
            try:
                _write(self._stderr, as_called(text) + "\n")
            except OutputError:
                self._stderr = None

    def hide_warnings(self) -> None:
        """Print nothing to standard error from now on."""
        self._stderr = None

    def error(self, text: str) -> None:
        """Print an error, which may have lines, to standard error, whatever the verbosity."""
        line = f"ERROR: {printable_lines(text)}"
        self.note_own(_coloured(line, _RED) if _shows_colours(self._stderr) else line, SILENT)

    @property
    def is_coloured(self) -> bool:
        """Whether results are printed in colours."""
        return not self.is_for_programs and _shows_colours(self._stdout)

    @property
    def is_console(self) -> bool:
        """Whether a person sits at both ends: standard input and output are terminals."""
        return _is_terminal(self._stdin) and _is_terminal(self._stdout)

    @property
    def is_watched(self) -> bool:
        """Whether a person sees standard error while the command works."""
        return self.verbosity >= NORMAL and not self.is_for_programs and _is_terminal(self._stderr)

    @property
    def columns(self) -> int:
        """The width for text: that of the terminal, within reason."""
        try:
            columns = int(os.environ.get("COLUMNS", ""))
        except ValueError:
            columns = 0
        if columns <= 0:
            try:
                columns = os.get_terminal_size(
                    self._stdout.fileno() if self._stdout else -1
                ).columns
            except (OSError, ValueError):  # no terminal
                columns = 80
        return min(max(columns, _NARROWEST), _WIDEST)

    def ask_secret(self, prompt: str) -> str:
        """
        Ask for a line without echo; if standard input is not a terminal, read the line from it.

        Raises:
            CommandError: If the input has ended, or is not valid text.
        """
        line = self._answer_line(prompt, is_secret=True)
        if line is None:
            raise CommandError(f"the input ended before an answer to [{prompt.strip()}]", INTERNAL)
        return line if isinstance(line, str) else self._decoded(line)

    def ask_line(self, prompt: str, *, is_secret: bool) -> str | None:
        """
        Ask for a line as Elasticsearch's newer tools do: bytes that are not UTF-8 become U+FFFD.

        Args:
            prompt: The question.

            is_secret: Whether a terminal must not show the answer.

        Returns:
            The line, or None if the input has ended.
        """
        line = self._answer_line(prompt, is_secret=is_secret)
        if not isinstance(line, bytes):
            return line
        from .._ground.java import decode_utf8

        text = decode_utf8(line)
        if text.encode() != line:
            self.warn(
                "WARNING: a line of the input is not UTF-8: each part that is not text became "
                "U+FFFD, so it is not what you sent"
            )
        return text

    def _answer_line(self, prompt: str, *, is_secret: bool) -> str | bytes | None:
        """
        Read a line, without the LF at its end and one CR before it; None at the end of the input.

        A CR alone is part of the line, as Java's tools see it; Python's text streams differ.
        """
        self.flush()
        prompt = printable_lines(prompt)
        if self._stdin is None:
            return None
        if is_secret and _is_terminal(self._stdin):
            from .hidden import read_hidden

            line = read_hidden(prompt, self._stdin, self._stderr)
        else:
            self._prompt(prompt)
            line = getattr(self._stdin, "buffer", self._stdin).readline() or None
        if isinstance(line, bytes):
            return line.removesuffix(b"\n").removesuffix(b"\r")
        return None if line is None else line.removesuffix("\n").removesuffix("\r")

    def _decoded(self, line: bytes) -> str:
        """Decode a line as the text stream of standard input would."""
        encoding = getattr(self._stdin, "encoding", "utf-8")
        errors = getattr(self._stdin, "errors", None) or "strict"
        return _text(lambda: line.decode(encoding, errors))

    def _prompt(self, prompt: str) -> None:
        """Print a prompt; without a standard error, go on without, as programs do."""
        if self._stderr is not None:
            _write(self._stderr, prompt)
            _flush(self._stderr)

    def read_secret(self) -> str:
        """
        Read all of standard input; on a terminal, ask for one line without echo.

        Raises:
            CommandError: If it is not valid text.
        """
        if _is_terminal(self._stdin):
            return self.ask_secret("Password: ")
        return _text(self._stdin.read) if self._stdin is not None else ""

    def read_document(self, size: int) -> bytes:
        """Read standard input as bytes, up to about *size* of them."""
        if self._stdin is None:
            return b""
        buffer = getattr(self._stdin, "buffer", None)
        return self._stdin.read(size).encode() if buffer is None else buffer.read(size)

    def show_status(self, text: str) -> None:
        """
        Show what goes on in one line of the terminal, in place of what it showed before.

        Args:
            text: The line, of ASCII; an empty one clears it. What the window has no room for is
                left out, since a line that wraps cannot be replaced.
        """
        if not self.shows_status:
            return
        text = text[: self._status_room()]
        try:
            _write(self._stderr, f"\r{text:<{self._status_width}}" + "\r" * (not text))
            _flush(self._stderr)
        except OutputError:  # the terminal is gone, and nobody looks
            self._stderr = None
        self._status_width = len(text)

    def _status_room(self) -> int:
        """Return how many columns a line of standard error has, but for the last."""
        try:
            columns = os.get_terminal_size(self._stderr.fileno() if self._stderr else -1).columns
        except (OSError, ValueError):  # no terminal, such as in a test
            columns = 0
        return (columns or _WIDEST) - 1

    @property
    def shows_status(self) -> bool:
        """Whether standard error is a terminal, and the user wants to read what goes on."""
        return self.verbosity >= NORMAL and _is_terminal(self._stderr)

    @property
    def keyboard(self) -> int | None:
        """The descriptor of standard input, if that is a terminal."""
        return self._stdin.fileno() if self._stdin and _is_terminal(self._stdin) else None

    def flush(self) -> None:
        """Flush the results, so that they appear before what goes to standard error next."""
        _flush(self._stdout)

    def settle(self) -> None:
        """Flush the results, or drop them if they cannot be printed; an error is reported next."""
        try:
            self.flush()
        except OutputError:
            self._abandon_output()

    def _abandon_output(self) -> None:
        """Drop results that cannot be printed, so that the interpreter does not try again."""
        stdout, self._stdout = self._stdout, None
        try:
            descriptor = stdout.fileno() if stdout is not None else -1
            if descriptor >= 0:
                nowhere = os.open(os.devnull, os.O_WRONLY)
                os.dup2(nowhere, descriptor)
                os.close(nowhere)
        except OSError:  # a stream without a file, or no descriptor is left
            return


def _shows_colours(stream: TextIO | None) -> bool:
    """Check whether a stream is a terminal that shows colours, and the user wants them."""
    return (
        _is_terminal(stream)
        and not os.environ.get("NO_COLOR")
        and os.environ.get("TERM") not in (None, "", "dumb")
    )


def _coloured(text: str, *codes: int) -> str:
    return f"\x1b[{';'.join(map(str, codes))}m{text}\x1b[0m"


def _is_terminal(stream: TextIO | None) -> bool:
    return stream is not None and stream.isatty()


def _page(text: str) -> bool:
    """Show a text in a pager; return False if there is none."""
    import shlex
    import signal
    import subprocess

    if os.environ.get("TERM") in (None, "", "dumb"):
        return False
    pager = shlex.split(os.environ.get("PAGER") or "less")
    # As git sets it: leave at once if the text fits, keep colours, do not clear the screen.
    environ = {"LESS": "FRX", **os.environ}
    before = signal.signal(signal.SIGINT, lambda *_: None)  # Control-C is for the pager
    try:
        subprocess.run(pager, input=text.encode() + b"\n", env=environ, check=False)  # noqa: S603 - the user's pager
    except OSError:
        return False
    finally:
        signal.signal(signal.SIGINT, before)
    return True


def _write(stream: TextIO | None, text: str) -> None:
    if stream is None:
        raise OutputError("the output is closed")
    try:
        stream.write(text)
    except UnicodeEncodeError:  # a path of bytes, or a terminal without these letters
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


def _text(read: Callable[[], str]) -> str:
    try:
        return read()
    except UnicodeDecodeError:
        pass
    # Not in the handler: its error, which holds the secret, would be the context of this one.
    raise CommandError("the password on standard input is not valid text in its encoding", DATA)
