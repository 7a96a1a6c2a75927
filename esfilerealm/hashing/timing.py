"""How long a password takes to verify, told from the hash."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Collection

__all__ = ["typical_hash"]

_BCRYPT_COST: Final = slice(4, 6)


def typical_hash(hashes: Collection[str]) -> str | None:
    """Give one of some usable hashes that takes as long as most of them; None if there is none."""
    most = Counter(map(_cost_class, hashes)).most_common(1)
    return next((text for text in hashes if _cost_class(text) == most[0][0]), None)


def _cost_class(text: str) -> str:
    """Give what two hashes have in common if verifying takes the same time: family and cost."""
    if text.startswith("$"):
        return text[_BCRYPT_COST]
    return text[: text.find("$") if "$" in text else text.find("}")]
