"""Immutable dictionaries."""

from __future__ import annotations

from typing import NoReturn, TypeVar

__all__ = ["ReadOnlyDict"]

K = TypeVar("K")
V = TypeVar("V")


class ReadOnlyDict(dict[K, V]):
    """An immutable dictionary that, unlike a proxy, can be copied, pickled and written as JSON."""

    def _refuse(self, *_arguments: object, **_more: object) -> NoReturn:
        raise TypeError("this dictionary cannot be changed")

    __setitem__ = __delitem__ = __ior__ = _refuse
    clear = pop = popitem = setdefault = update = _refuse

    def __reduce__(self) -> tuple[type[ReadOnlyDict[K, V]], tuple[dict[K, V]]]:
        return type(self), (dict(self),)
