"""Documents in our own form: the fields of a mapping, read one by one; issues are collected."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING, TypeVar

from .._ground.hints import did_you_mean
from .._ground.showing import shown_key, shown_name
from .nodes import kind_rule
from .yaml import A_DATE, Unread, kind_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from .document import Document, Path

__all__ = ["Fields"]

C = TypeVar("C", bound=str)


class Fields:
    """
    One mapping of a document. A field that is null counts as not given.

    Args:
        document: The document that contains it.

        path: Its path in the document.

        value: What is there, a mapping or not.

        known: The fields that it may have.

        issues: Everything that is wrong is added to them, one line each.

    Attributes:
        document: See above.
        is_mapping: Whether it is a mapping; if not, that is an issue already.
    """

    def __init__(
        self,
        document: Document,
        path: Path,
        value: object,
        known: Sequence[str],
        issues: list[str],
    ) -> None:
        self.document = document
        self._path = path
        self._issues = issues
        self._values: dict[str, object] = {}
        self._nulls: set[str] = set()
        self.is_mapping = isinstance(value, Mapping)
        if not isinstance(value, Mapping):
            self.refuse(None, kind_rule(value, "a mapping"))
            return
        for key, item in value.items():
            if key not in known:
                self._refuse_unknown(key, known)
            elif item is not None:
                self._values[key] = item
            else:
                self._nulls.add(key)

    def _refuse_unknown(self, key: object, known: Sequence[str]) -> None:
        """Name a key only if it is like a field: otherwise it may be a misplaced value."""
        # A long key that begins like the field of a secret may have the secret behind it.
        is_secret = isinstance(key, str) and key.startswith(("password", "value", "keystore_pass"))
        cutoff = 0.9 if is_secret else 0.6
        hint = did_you_mean(key, known, cutoff)
        if hint and isinstance(key, str) and shown_key(key) == key:
            self.refuse(key, f"unknown field; {hint}")
        else:
            self.refuse(None, f"unknown field; known are [{', '.join(known)}]")

    @property
    def place(self) -> str:
        """The place of the mapping."""
        return self.document.place(self._path)

    @property
    def given(self) -> frozenset[str]:
        """The fields that have a value."""
        return frozenset(self._values)

    def is_null(self, key: str) -> bool:
        """Check whether a field is there without a value."""
        return key in self._nulls

    def refuse(self, key: str | int | None, rule: str) -> None:
        """Add an issue about a field, or about the mapping itself."""
        path = self._path if key is None else (*self._path, key)
        self._issues.append(f"{self.document.place(path)}: {rule}")

    def string(self, key: str) -> str | None:
        """Return a string."""
        value = self._values.get(key)
        if value is None or isinstance(value, str):
            return value
        self.refuse(key, kind_rule(value, "a string"))
        return None

    def string_or_number(self, key: str) -> str | int | None:
        """Return a string or a whole number."""
        value = self._values.get(key)
        if isinstance(value, int) and not isinstance(value, bool):
            return value
        return self.string(key)

    def number(self, key: str) -> int | None:
        """Return a whole number above 0."""
        value = self._values.get(key)
        if value is None or (isinstance(value, int) and not isinstance(value, bool) and value > 0):
            return value
        self.refuse(key, "must be a whole number above 0")
        return None

    def flag(self, key: str) -> bool | None:
        """Return true or false."""
        value = self._values.get(key)
        if value is None or isinstance(value, bool):
            return value
        self.refuse(key, kind_rule(value, "true or false"))
        return None

    def time(self, key: str) -> str | None:
        """Return a string, or a date or time as text: YAML and TOML know them without quotes."""
        value = self._values.get(key)
        if isinstance(value, date):  # a datetime is one, too
            return value.isoformat()
        if isinstance(value, Unread) and value.kind == A_DATE:
            return value.text
        return self.string(key)

    def choice(self, key: str, choices: Sequence[C]) -> C | None:
        """Return one of *choices*."""
        value = self._values.get(key)
        for choice in choices:
            if value == choice:
                return choice
        if value is not None:
            rule = f"must be one of [{', '.join(choices)}]"
            if isinstance(value, str):
                hint = did_you_mean(value, choices)
                rule = f"[{shown_name(value)}] {rule}{hint and f'; {hint}'}"
            else:
                rule = f"{kind_of(value)} {rule}"
            self.refuse(key, rule)
        return None

    def strings(self, key: str, check: Callable[[str], str | None]) -> tuple[str, ...] | None:
        """
        Return a list of strings without repetitions.

        Args:
            key: The field.

            check: Returns the rule that a string breaks, or None.
        """
        items = self._list(key, "strings")
        if items is None:
            return None
        strings: dict[str, None] = {}
        for number, item in enumerate(items):
            rule = check(item) if isinstance(item, str) else kind_rule(item, "a string")
            if rule is None:
                strings[str(item)] = None
            else:
                self._issues.append(f"{self.document.place((*self._path, key, number))}: {rule}")
        return tuple(strings)

    def mapping(self, key: str, known: Sequence[str]) -> Fields:
        """Return a mapping; one without fields if it is not given."""
        value = self._values.get(key, {})
        return Fields(self.document, (*self._path, key), value, known, self._issues)

    def mappings(self, key: str, known: Sequence[str]) -> Iterator[Fields]:
        """Iterate over the mappings of a list."""
        for number, item in enumerate(self._list(key, "mappings") or ()):
            yield Fields(self.document, (*self._path, key, number), item, known, self._issues)

    def mappings_by_name(
        self, key: str, known: Sequence[str], name: str
    ) -> Iterator[tuple[str | None, Fields]]:
        """
        Iterate over mappings that are listed, or that stand each behind its name.

        Args:
            key: The field.

            known: The fields that each may have.

            name: The field for the name, which a mapping behind its name need not have.

        Yields:
            The name, or None in a list, and the mapping.
        """
        value = self._values.get(key)
        if not isinstance(value, Mapping):
            yield from ((None, fields) for fields in self.mappings(key, known))
            return
        for one, item in value.items():
            path = (*self._path, key, one)
            fields = Fields(self.document, path, {} if item is None else item, known, self._issues)
            if fields.string(name) not in (None, one):
                fields.refuse(name, f"differs from the name before these fields: omit [{name}]")
            yield one, fields

    def _list(self, key: str, what: str) -> list[object] | None:
        value = self._values.get(key)
        if isinstance(value, list | tuple):
            return list(value)
        if value is not None:
            self.refuse(key, kind_rule(value, f"a list of {what}"))
        return None
