"""Questions that are answered by yes or no."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .exits import INTERNAL, CommandError

if TYPE_CHECKING:
    from .terminal import Terminal

__all__ = ["is_confirmed", "no_answer"]


def is_confirmed(terminal: Terminal, question: str) -> bool:
    """
    Ask a question until the answer is yes or no; an empty answer is no.

    What was answered is not printed: it may be a value that was meant for a later question.

    Raises:
        CommandError: If the input ends, unless a person sits there, who means no.
    """
    prompt = f"{question} [y/N]"
    while True:
        answer = terminal.ask_line(prompt, is_secret=False)
        if answer is None and not terminal.is_console:
            raise no_answer("yes or no")
        if not answer:
            return False
        if answer.lower() in ("y", "n"):
            return answer.lower() == "y"
        terminal.note("Did not understand the answer: type y or n")


def no_answer(what: str) -> CommandError:
    """Return the error that the input has ended before *what* was answered."""
    return CommandError(f"the input ended where {what} was expected", INTERNAL)
