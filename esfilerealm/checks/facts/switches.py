"""What is switched off by an ``enabled`` that is set to false."""

from __future__ import annotations

from itertools import accumulate
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..node import Node

__all__ = ["counts"]


def counts(node: Node, key: str) -> bool:
    """Check whether nothing that a key belongs to is switched off: its layer, realm, security."""
    owners = accumulate(key.split("."), "{}.{}".format)
    return not any(node.settings.is_false(f"{owner}.enabled") for owner in owners)
