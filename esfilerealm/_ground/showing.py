"""What a message may show of strings that others wrote, where a secret may stand by mistake."""

from __future__ import annotations

__all__ = ["CLEAR_TEXT", "is_shown_whole", "shown", "shown_key", "shown_name"]

TYPE_CHECKING = False  # see `_ground`
if TYPE_CHECKING:
    from typing import Final

CLEAR_TEXT: Final = "a node lets in whoever types the text itself: "
"""How the reason begins why a text that a node takes for clear text is not a usable hash."""

_LONGEST: Final = 60
_LONGEST_KEY: Final = 41


def shown(value: object, longest: int = _LONGEST) -> str:
    """Return *value* fit for one line of a message: no control characters, at most *longest*."""
    text = value if isinstance(value, str) else repr(value)
    text = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
    if len(text) <= longest:
        return text
    return f"{text[:longest]}… ({len(text)} characters)"


def shown_name(name: str) -> str:
    """Return *name* without what may be secret: a hash, or anything after a colon."""
    import re  # not above, since `list` rarely needs it

    # Hashes begin like `$2y$` and `{SHA}`.
    if re.search(r"\$[\w-]+\$|\{[\w-]+\}|^[${]", name, re.ASCII):
        return "(a hash)"
    head, colon, _ = name.partition(":")
    return shown(head) + (":…" if colon else "")


def is_shown_whole(name: str) -> bool:
    """Check whether ``shown_name`` conceals nothing of *name*, since it cannot be secret."""
    return ":" not in name and shown_name(name) == shown(name)


def shown_key(key: str) -> str:
    """Return *key* if it looks like a key; after a missing blank, it may contain a password."""
    is_key = key.isascii() and key.isidentifier() and len(key) <= _LONGEST_KEY
    return key if is_key else "(a key)"
