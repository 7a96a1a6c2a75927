"""Faults of what is tried again and again: each is worth one line of the log, not one a pass."""

from __future__ import annotations

__all__ = ["LastFault"]


class LastFault:
    """The last fault of something, until it succeeds."""

    def __init__(self) -> None:
        self._last: tuple[type[BaseException], str] | None = None

    def is_new(self, error: BaseException) -> bool:
        """Tell whether *error* is another than the last one, and remember it."""
        before, self._last = self._last, (type(error), str(error))
        return self._last != before

    def forget(self) -> None:
        """Remember that it succeeded, so that the same fault is news again."""
        self._last = None
