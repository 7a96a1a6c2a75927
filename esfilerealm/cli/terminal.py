"""What the command prints and asks, at the chosen verbosity."""

from __future__ import annotations

import sys

from .exits import INTERNAL, CommandError

__all__ = ["NORMAL", "SILENT", "VERBOSE", "Terminal"]

TYPE_CHECKING = False  # as in `esfilerealm.validation`

#: What is printed at a level appears at this verbosity and all higher ones.
SILENT, NORMAL, VERBOSE = range(3)


class Terminal:
    """
    Standard input and output as they are when the command is called.

    Attributes:
        verbosity: ``SILENT``, ``NORMAL`` or ``VERBOSE``.
        is_for_programs: With ``--json``: what is printed for people is left out, but not
            warnings and errors, which go to another stream.
    """

    def __init__(self) -> None:
        self.verbosity = NORMAL
        self.is_for_programs = False
        self._stdin = sys.stdin
        self._stdout = sys.stdout
        self._stderr = sys.stderr

    def print(self, text: str, level: int = NORMAL) -> None:
        """Print a result."""
        if level <= self.verbosity and not self.is_for_programs:
            self._stdout.write(text + "\n")

    def print_for_programs(self, text: str) -> None:
        """Print the one line of ``--json``."""
        self._stdout.write(text + "\n")

    def print_secret(self, secret: str) -> None:
        """Print a secret that was asked for, whatever the verbosity; never among JSON."""
        stream = self._stderr if self.is_for_programs else self._stdout
        stream.write(secret + "\n")

    def warn(self, text: str, level: int = NORMAL) -> None:
        """Print something that is no result."""
        if level <= self.verbosity:
            self._flush_results()
            self._stderr.write(text + "\n")

    def ask_secret(self, prompt: str) -> str:
        """
        Ask for a line that is not shown; without a terminal, read it from standard input.

        Raises:
            CommandError: If there is no more input.
        """
        self._flush_results()
        if self._is_interactive():
            from getpass import getpass

            try:
                return getpass(prompt, stream=self._stderr)
            except EOFError:
                raise _no_answer(prompt) from None
        self._stderr.write(prompt)
        self._stderr.flush()
        line = self._stdin.readline() if self._stdin is not None else ""
        if not line:
            raise _no_answer(prompt)
        return line.removesuffix("\n").removesuffix("\r")

    def read_secret(self) -> str:
        """Read all of standard input; who types it is asked for one line, which is not shown."""
        if self._is_interactive():
            return self.ask_secret("Password: ")
        return self._stdin.read() if self._stdin is not None else ""

    def _is_interactive(self) -> bool:
        return self._stdin is not None and self._stdin.isatty()

    def _flush_results(self) -> None:
        # Both streams often end in the same place, where they should appear in order.
        self._stdout.flush()


def _no_answer(prompt: str) -> CommandError:
    return CommandError(f"the input ended before an answer to [{prompt.strip()}]", INTERNAL)
