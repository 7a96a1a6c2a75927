"""The fields of a mapping in a document, read one by one; what is wrong is noted, not raised."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from typing import TYPE_CHECKING, TypeVar

from .._ground.showing import shown_key, shown_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from .document import Document, Path

__all__ = ["Fields"]

C = TypeVar("C", bound=str)


class Fields:
    """
    One mapping of a document. A field that is null counts as not given.

    Args:
        document: Where it is.

        path: The way to it there.

        value: What is there, a mapping or not.

        known: The fields that it may have.

        faults: What is wrong is added to them, one line each.

    Attributes:
        document: See above.
        is_mapping: Whether it is one; if not, that is a fault already.
    """

    def __init__(
        self,
        document: Document,
        path: Path,
        value: object,
        known: Sequence[str],
        faults: list[str],
    ) -> None:
        self.document = document
        self._path = path
        self._faults = faults
        self._values: dict[str, object] = {}
        self._nulls: set[str] = set()
        self.is_mapping = isinstance(value, Mapping)
        if not isinstance(value, Mapping):
            self.refuse(None, f"must be a mapping, not {_kind(value)}")
            return
        for key, item in value.items():
            if key not in known:
                self._refuse_unknown(key, known)
            elif item is not None:
                self._values[key] = item
            else:
                self._nulls.add(key)

    def _refuse_unknown(self, key: object, known: Sequence[str]) -> None:
        """Name a key only if it is like a field: else it may be what was to be a value."""
        # What begins like a password field and is long may have the password behind it.
        cutoff = 0.9 if isinstance(key, str) and key.startswith("password") else 0.6
        nearest = _nearest(key, known, cutoff)
        if nearest and isinstance(key, str) and shown_key(key) == key:
            self.refuse(key, f"is no field{nearest}")
        else:
            self.refuse(None, f"has a key that is none of [{', '.join(known)}]")

    @property
    def place(self) -> str:
        """Where the mapping is."""
        return self.document.place(self._path)

    @property
    def given(self) -> frozenset[str]:
        """The fields that have a value."""
        return frozenset(self._values)

    def is_null(self, key: str) -> bool:
        """Tell whether a field is there without a value."""
        return key in self._nulls

    def refuse(self, key: str | int | None, rule: str) -> None:
        """Note what is wrong with a field, or with the mapping itself."""
        path = self._path if key is None else (*self._path, key)
        self._faults.append(f"{self.document.place(path)}: {rule}")

    def text(self, key: str) -> str | None:
        """Give a text; it is not shown if it is none, since it may be a secret."""
        value = self._values.get(key)
        if value is None or isinstance(value, str):
            return value
        self.refuse(key, f"must be text, not {_kind(value)}: put it in quotes")
        return None

    def text_or_number(self, key: str) -> str | int | None:
        """Give a text or a whole number."""
        value = self._values.get(key)
        if isinstance(value, int) and not isinstance(value, bool):
            return value
        return self.text(key)

    def number(self, key: str) -> int | None:
        """Give a whole number above 0."""
        value = self._values.get(key)
        if value is None or (isinstance(value, int) and not isinstance(value, bool) and value > 0):
            return value
        self.refuse(key, "must be a whole number above 0")
        return None

    def choice(self, key: str, choices: Sequence[C]) -> C | None:
        """Give one of *choices*."""
        value = self._values.get(key)
        for choice in choices:
            if value == choice:
                return choice
        if value is not None:
            told = f"[{shown_name(value)}]" if isinstance(value, str) else _kind(value)
            rule = f"{told} must be one of [{', '.join(choices)}]"
            self.refuse(key, rule + _nearest(value, choices))
        return None

    def texts(self, key: str, check: Callable[[str], str | None]) -> tuple[str, ...] | None:
        """
        Give a list of texts, none twice.

        Args:
            key: The field.

            check: Says what is wrong with one of them, or None.
        """
        items = self._list(key, "texts")
        if items is None:
            return None
        texts: dict[str, None] = {}
        for number, item in enumerate(items):
            rule = check(item) if isinstance(item, str) else f"must be text, not {_kind(item)}"
            if rule is None:
                texts[str(item)] = None
            else:
                self._refuse_item(key, number, rule)
        return tuple(texts)

    def mapping(self, key: str, known: Sequence[str]) -> Fields:
        """Give a mapping; one without fields if it is not given."""
        value = self._values.get(key, {})
        return Fields(self.document, (*self._path, key), value, known, self._faults)

    def mappings(self, key: str, known: Sequence[str]) -> Iterator[Fields]:
        """Give every mapping of a list."""
        for number, item in enumerate(self._list(key, "mappings") or ()):
            yield Fields(self.document, (*self._path, key, number), item, known, self._faults)

    def _list(self, key: str, what: str) -> list[object] | None:
        value = self._values.get(key)
        if isinstance(value, list | tuple):
            return list(value)
        if value is not None:
            self.refuse(key, f"must be a list of {what}, not {_kind(value)}")
        return None

    def _refuse_item(self, key: str, number: int, rule: str) -> None:
        self._faults.append(f"{self.document.place((*self._path, key, number))}: {rule}")


def _kind(value: object) -> str:
    """Name the kind of a value, which is not shown."""
    if value is None:
        return "nothing"
    kinds = {dict: "a mapping", list: "a list", tuple: "a list", str: "text", bool: "true or false"}
    return kinds.get(type(value), "a number" if isinstance(value, int | float) else "another kind")


def _nearest(word: object, known: Sequence[str], cutoff: float = 0.6) -> str:
    close = get_close_matches(word, known, 1, cutoff) if isinstance(word, str) else []
    return f"; did you mean [{close[0]}]?" if close else ""
