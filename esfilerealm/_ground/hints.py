"""Guesses of what was meant."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

__all__ = ["boolean_hint", "did_you_mean", "nearest"]

if TYPE_CHECKING:
    from collections.abc import Iterable

_TRUE = ("true", "yes", "y", "on", "1", "enabled")
_FALSE = ("false", "no", "n", "off", "0", "disabled")


def did_you_mean(word: str, known: Iterable[str], cutoff: float = 0.6) -> str:
    """Return a question for the word among *known* that is most like *word*, or nothing."""
    close = get_close_matches(word, list(known), 1, cutoff)
    return f"did you mean [{close[0]}]?" if close else ""


def nearest(name: str, known: Iterable[str]) -> str:
    """Return a question for the name among *known* that is most like *name*, or list them all."""
    names = list(known)
    return did_you_mean(name.lower(), names) or f"known are [{', '.join(names)}]"


def boolean_hint(text: str) -> str:
    """Return a question for the boolean that other programs would read in *text*, or nothing."""
    word = text.strip().lower()
    if word in _TRUE + _FALSE:
        return f"did you mean [{'true' if word in _TRUE else 'false'}]?"
    return ""
