"""Values by name, found in a text that may be large."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping

__all__ = ["Lookup"]

T = TypeVar("T")

#: So many questions are answered by a search each; the next one reads the text as a whole.
_SEARCHES: Final = 8


class Lookup(Generic[T]):
    """
    Remembers what was found, and what was not.

    Args:
        find: Searches for the names given, or for all if given None.
    """

    def __init__(self, find: Callable[[Collection[str] | None], Mapping[str, T]]) -> None:
        self._find = find
        self._known: dict[str, T | None] = {}
        self._searches = 0

    def get(self, names: Iterable[str]) -> dict[str, T]:
        """Give the values of those of *names* that have one."""
        names = list(names)
        unknown = {name for name in names if name not in self._known}
        if unknown and self._searches <= _SEARCHES:
            self._searches += 1
            self._known.update(dict.fromkeys(unknown))
            self._known.update(self._find(None if self._searches > _SEARCHES else unknown))
        values = ((name, self._known.get(name)) for name in names)
        return {name: value for name, value in values if value is not None}
