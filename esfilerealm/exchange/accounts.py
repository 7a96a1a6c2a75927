"""What an export knows of users who are locked, expire or give emergency access."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from .._ground.values import Secret

__all__ = ["ExportedAccount"]


@dataclass(frozen=True, slots=True)
class ExportedAccount:
    """
    What is special about one user.

    Attributes:
        expires: When its time is over; None for never.
        is_emergency: Whether it gives emergency access.
        is_over: Whether its time is over.
        kept_hash: The hash of its password, if the user is locked and the hash is known.
    """

    expires: datetime | None = None
    is_emergency: bool = False
    is_over: bool = False
    kept_hash: Secret | None = None
