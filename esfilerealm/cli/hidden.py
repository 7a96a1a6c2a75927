"""
A line that is typed and not shown.

``getpass`` throws away what was typed before it asks. Whoever pastes the answers to several
questions, or a program that sends them at once, would lose all but the first.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import TextIO

__all__ = ["read_hidden"]


def read_hidden(prompt: str, stdin: TextIO, stderr: TextIO | None) -> str | bytes | None:
    """
    Ask on the terminal that is standard input, and do not show the answer.

    Args:
        prompt: The question. The terminal shows it wherever the output goes.

        stdin: The terminal.

        stderr: Where to ask if the terminal cannot be opened by its name.

    Returns:
        The line with its end, as bytes where the system allows it; None at the end of the input.
    """
    try:
        import termios

        descriptor = stdin.fileno()
        shown = termios.tcgetattr(descriptor)
    except (ImportError, OSError):
        return _by_getpass(prompt, stderr)
    hidden = [*shown[:3], shown[3] & ~termios.ECHO, *shown[4:]]
    termios.tcsetattr(descriptor, termios.TCSADRAIN, hidden)
    try:
        with _opened_terminal(stderr) as screen:
            if screen is not None:
                screen.write(prompt)
                screen.flush()
            line: bytes = stdin.buffer.readline()
            if screen is not None:
                screen.write("\n")  # the one that was typed is not shown either
                screen.flush()
    finally:
        termios.tcsetattr(descriptor, termios.TCSADRAIN, shown)
    return line or None


def _by_getpass(prompt: str, stderr: TextIO | None) -> str | None:
    from getpass import getpass

    try:
        return getpass(prompt, stream=stderr) + "\n"
    except EOFError:
        return None


@contextmanager
def _opened_terminal(stderr: TextIO | None) -> Iterator[TextIO | None]:
    try:
        descriptor = os.open("/dev/tty", os.O_WRONLY | os.O_NOCTTY)
    except OSError:
        yield stderr
        return
    with open(descriptor, "w", encoding="utf-8", errors="backslashreplace") as screen:
        yield screen
