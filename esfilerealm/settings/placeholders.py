"""``${NAME}`` and ``${NAME:default}`` within values."""

from __future__ import annotations

from typing import TYPE_CHECKING

__all__ = ["PlaceholderError", "replaced"]

if TYPE_CHECKING:
    from collections.abc import Callable

_OPENING = "${"


class PlaceholderError(ValueError):
    """
    A placeholder that stands for nothing, or for itself.

    Attributes:
        name: What is in the braces. It may be made of other values, and so be a secret.
        rule: The rule that is broken, to be read behind the name.
    """

    def __init__(self, name: str, rule: str) -> None:
        super().__init__(rule)
        self.name = name
        self.rule = rule


def replaced(text: str, look_up: Callable[[str], str | None]) -> str:
    """
    Replace every placeholder of *text*, also within placeholders and within what replaces them.

    Args:
        text: An opening without its end stays as it is.

        look_up: Gives what a name stands for, or None.

    Raises:
        PlaceholderError: If a name without default stands for nothing, or for itself.

    Source:
        ``PropertyPlaceholder``.
    """
    return _replaced(text, look_up, frozenset())


def _replaced(text: str, look_up: Callable[[str], str | None], within: frozenset[str]) -> str:
    pieces: list[str] = []
    done = 0
    while (start := text.find(_OPENING, done)) >= 0 and (end := _end_of(text, start)) >= 0:
        inside = text[start + len(_OPENING) : end]
        if inside in within:
            raise PlaceholderError(inside, "stands for itself")
        pieces += text[done:start], _value_of(inside, look_up, within | {inside})
        done = end + 1
    return "".join([*pieces, text[done:]])


def _value_of(inside: str, look_up: Callable[[str], str | None], within: frozenset[str]) -> str:
    name, colon, default = _replaced(inside, look_up, within).partition(":")
    value = look_up(name)
    if value is None:
        if not colon:
            raise PlaceholderError(name, "is neither in the environment nor a setting")
        value = default
    return _replaced(value, look_up, within)


def _end_of(text: str, start: int) -> int:
    """Find the brace that closes the placeholder at *start*, or -1."""
    depth = 0
    for position in range(start + 1, len(text)):
        if text[position] == "{":
            depth += 1
        elif text[position] == "}":
            depth -= 1
            if depth == 0:
                return position
    return -1
