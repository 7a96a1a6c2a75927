"""What was probably meant."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

__all__ = ["boolean_hint", "nearest"]

if TYPE_CHECKING:
    from collections.abc import Iterable

_TRUE = ("true", "yes", "y", "on", "1", "enabled")
_FALSE = ("false", "no", "n", "off", "0", "disabled")


def nearest(name: str, known: Iterable[str]) -> str:
    """Ask for the name among *known* that is most like *name*, or list them all."""
    names = list(known)
    close = get_close_matches(name.lower(), names, 1)
    return f"did you mean [{close[0]}]?" if close else f"known are [{', '.join(names)}]"


def boolean_hint(text: str) -> str:
    """Ask for the boolean that other programs would read in *text*."""
    word = text.strip().lower()
    if word in _TRUE + _FALSE:
        return f"did you mean [{'true' if word in _TRUE else 'false'}]?"
    return ""
