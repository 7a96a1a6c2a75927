"""Guesses of what was meant."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import FrameType

__all__ = ["boolean_hint", "did_you_mean", "levels_inside", "nearest"]

_PACKAGE = __name__.partition(".")[0]

_TRUE = ("true", "yes", "y", "on", "1", "enabled")
_FALSE = ("false", "no", "n", "off", "0", "disabled")


def did_you_mean(
    word: object, known: Iterable[str], cutoff: float = 0.6, *, prefix: str = ""
) -> str:
    """
    Return a question that names the known word most like *word*, or an empty string.

    Args:
        word: What was written; a value that is not a string is like no word.

        known: The words to choose from.

        cutoff: How alike both must be, up to 1 for equal.

        prefix: What to show before the word.
    """
    from difflib import get_close_matches

    close = get_close_matches(word, list(known), 1, cutoff) if isinstance(word, str) else []
    return f"did you mean [{prefix}{close[0]}]?" if close else ""


def nearest(name: str, known: Iterable[str]) -> str:
    """Return the question of ``did_you_mean``, or the list of all known words."""
    names = list(known)
    return did_you_mean(name.lower(), names) or f"known are [{', '.join(names)}]"


def boolean_hint(text: str) -> str:
    """Return a question that names the boolean that other programs would read in *text*."""
    word = text.strip().lower()
    if word in _TRUE + _FALSE:
        return f"did you mean [{'true' if word in _TRUE else 'false'}]?"
    return ""


def levels_inside(*also: str) -> int:
    """
    Return the *stacklevel* of a warning for the caller of this package.

    Python 3.12 could skip the frames of the package itself.

    Args:
        also: Other packages whose frames are skipped.
    """
    inside = (_PACKAGE, *also)
    levels = 0
    frame: FrameType | None = sys._getframe(1)  # noqa: SLF001 - `inspect` is slow to import
    while frame is not None and frame.f_globals.get("__name__", "").partition(".")[0] in inside:
        frame = frame.f_back
        levels += 1
    return levels + 1
