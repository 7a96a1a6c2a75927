"""Dictionaries that can be handed out."""

from __future__ import annotations

from typing import NoReturn, TypeVar

__all__ = ["ReadOnlyDict"]

K = TypeVar("K")
V = TypeVar("V")


class ReadOnlyDict(dict[K, V]):
    """A dictionary that nobody changes; unlike a proxy, it can be copied, pickled and be JSON."""

    def _refuse(self, *_arguments: object, **_more: object) -> NoReturn:
        raise TypeError("this dictionary cannot be changed")

    __setitem__ = __delitem__ = __ior__ = _refuse
    clear = pop = popitem = setdefault = update = _refuse

    def __reduce__(self) -> tuple[type[ReadOnlyDict[K, V]], tuple[dict[K, V]]]:
        return type(self), (dict(self),)
