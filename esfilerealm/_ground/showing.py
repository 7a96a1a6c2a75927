"""What may be shown of words that others wrote, where a secret may stand by mistake."""

from __future__ import annotations

import re
from typing import Final

from ..errors import shown

__all__ = ["shown_key", "shown_name"]

#: How hashes begin, such as ``$2y$`` and ``{SHA}``.
_HASH: Final = re.compile(r"\$[\w-]+\$|\{[\w-]+\}|^[${]", re.ASCII)
_KEY: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,40}", re.ASCII)


def shown_name(name: str) -> str:
    """Show a name, but no hash, nor what stands behind a colon, which may be a password."""
    if _HASH.search(name):
        return "(a hash)"
    head, colon, _ = name.partition(":")
    return shown(head) + (":…" if colon else "")


def shown_key(key: str) -> str:
    """Show a key that looks like one; with a forgotten blank, a password may be a part of it."""
    return key if _KEY.fullmatch(key) else "(a key)"
