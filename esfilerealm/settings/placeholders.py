"""``${NAME}`` and ``${NAME:default}`` within values."""

from __future__ import annotations

from typing import TYPE_CHECKING

__all__ = ["PlaceholderError", "replace_placeholders"]

if TYPE_CHECKING:
    from collections.abc import Callable

_OPENING = "${"


class PlaceholderError(ValueError):
    """
    A placeholder that refers to nothing, or to itself.

    Attributes:
        name: What is in the braces. Other values may be a part of it, and so may secrets.
        rule: The rule that is broken; the name goes before it.
    """

    def __init__(self, name: str, rule: str) -> None:
        super().__init__(rule)
        self.name = name
        self.rule = rule


def replace_placeholders(text: str, look_up: Callable[[str], str | None]) -> str:
    """
    Replace every placeholder of *text*, including those in placeholders and in their values.

    Args:
        text: A brace that is not closed stays as it is.

        look_up: Returns the value of a name, or None.

    Raises:
        PlaceholderError: If a name without default has no value, or refers to itself.

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
            raise PlaceholderError(inside, "refers to itself")
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
    """Return the position of the brace that closes the placeholder at *start*, or -1."""
    depth = 0
    for position in range(start + 1, len(text)):
        if text[position] == "{":
            depth += 1
        elif text[position] == "}":
            depth -= 1
            if depth == 0:
                return position
    return -1
