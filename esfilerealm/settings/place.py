"""Where a setting is."""

from __future__ import annotations

__all__ = ["Place"]

TYPE_CHECKING = False  # see `_ground`
if TYPE_CHECKING:
    from typing import Self


class Place(str):
    """
    A line of a file, as messages show it.

    Attributes:
        path: The file.
        line_number: Counted from 1.
    """

    __slots__ = ("line_number", "path")

    path: str
    line_number: int

    def __new__(cls, path: str, line_number: int) -> Self:
        """Make the place of a line."""
        place = super().__new__(cls, f"[{path}], line {line_number}")
        place.path, place.line_number = path, line_number
        return place
