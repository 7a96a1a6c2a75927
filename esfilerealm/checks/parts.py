"""Parts of a node, each read once, when a rule asks for it first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar, overload

from .._ground.faults import without_origin
from .._ground.showing import printable
from ..errors import FileRealmError

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Self

__all__ = ["Unreadable", "part", "unreadable"]

T = TypeVar("T")


class Unreadable(Exception):  # noqa: N818 - a fact about a node, which `run` reports
    """
    A part of a node could not be examined.

    Attributes:
        reason: Why, as the end of a sentence, without a period.
        path: The file, or None.
    """

    def __init__(self, reason: str, path: str | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.path = path

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Unreadable) and self._facts == other._facts

    def __hash__(self) -> int:
        return hash(self._facts)

    @property
    def _facts(self) -> tuple[str, str | None]:
        return self.reason, self.path


def unreadable(error: FileRealmError) -> Unreadable:
    """Return what an error says of a part: the reason, and the file if it names one."""
    path, reason = getattr(error, "path", None), getattr(error, "reason", None)
    if isinstance(path, str) and isinstance(reason, str):
        return Unreadable(printable(reason), path)
    return Unreadable(str(without_origin(error)), path if isinstance(path, str) else None)


class part(Generic[T]):  # noqa: N801 - a decorator
    """
    Make a property of a method that reads a part of a node.

    What it returns is kept. If it raises ``Unreadable`` or an error of this package, whoever asks
    for the part gets an ``Unreadable``, each time.
    """

    def __init__(self, read: Callable[[Any], T]) -> None:
        self._read = read
        self._name = read.__name__
        self.__doc__ = read.__doc__

    @overload
    def __get__(self, node: None, owner: type) -> Self: ...
    @overload
    def __get__(self, node: object, owner: type) -> T: ...
    def __get__(self, node: object, owner: type) -> Self | T:
        if node is None:
            return self
        parts: dict[str, T | Unreadable] = node.__dict__.setdefault("_parts", {})
        if self._name not in parts:
            parts[self._name] = self._value(node)
        value = parts[self._name]
        if isinstance(value, Unreadable):
            raise Unreadable(value.reason, value.path)
        return value

    def _value(self, node: object) -> T | Unreadable:
        try:
            return self._read(node)
        except Unreadable as error:
            return Unreadable(error.reason, error.path)
        except FileRealmError as error:
            return unreadable(error)
