"""Documents of other programs: every value with its place; the first issue is raised."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ..errors import FileFormatError
from .document import Document, Path, read_yaml, shown_path
from .syntax import EQUALS, NO_BLANK, fault_of_line
from .yaml import kind_of

if TYPE_CHECKING:
    from typing import NoReturn

__all__ = ["Node", "kind_rule", "read_nodes"]

_TRUE: Final = frozenset({"true", "yes", "on"})
_FALSE: Final = frozenset({"false", "no", "off"})
_SCALARS: Final = (bool, int, float)


def kind_rule(value: object, expected: str) -> str:
    """Return the rule that a value of the wrong kind breaks, which does not show the value."""
    hint = ""
    if expected == "a string" and isinstance(value, _SCALARS):
        hint = ": put it in quotes"
    elif expected == "a mapping" and isinstance(value, str):
        fault = fault_of_line(value)
        hint = f"; met here: {fault}" if fault in (NO_BLANK, EQUALS) else ""
    return f"must be {expected}, not {kind_of(value)}{hint}"


class Node:
    """
    A value and its place. Its ``repr`` does not show the value.

    Attributes:
        line_number: Counted from 1.
    """

    __slots__ = ("_document", "_path", "_value", "line_number")

    def __init__(self, document: Document, value: object, path: Path = ()) -> None:
        self.line_number = document.lines[path]
        self._document = document
        self._value = value
        self._path = path

    def __repr__(self) -> str:
        return f"<Node: {kind_of(self._value)} in line {self.line_number}>"

    def refuse(self, reason: str) -> NoReturn:
        """
        Raise an error about this value.

        Raises:
            FileFormatError: Always.
        """
        raise FileFormatError(self._document.source, self.line_number, reason)

    @property
    def is_null(self) -> bool:
        """Whether there is no value."""
        return self._value is None

    def entries(self) -> dict[str, Node]:
        """
        Return the entries of a mapping; null has none.

        Raises:
            FileFormatError: If it is anything else.
        """
        if isinstance(self._value, dict):
            return {key: self._below(key, value) for key, value in self._value.items()}
        if self._value is not None:
            self._refuse_kind("a mapping")
        return {}

    def items(self) -> list[Node]:
        """
        Return the items of a list; null has none.

        Raises:
            FileFormatError: If it is anything else.
        """
        if isinstance(self._value, list):
            return [self._below(number, value) for number, value in enumerate(self._value)]
        if self._value is not None:
            self._refuse_kind("a list")
        return []

    def string(self) -> str:
        """
        Return a string.

        Raises:
            FileFormatError: If it is anything else, such as a number without quotes.
        """
        if not isinstance(self._value, str):
            self._refuse_kind("a string")
        return self._value

    @property
    def scalar(self) -> str:
        """A string or a number as a string; an empty one for other values."""
        is_scalar = isinstance(self._value, str | int | float) and not isinstance(self._value, bool)
        return str(self._value) if is_scalar else ""

    @property
    def is_true(self) -> bool:
        """Whether it is true, also as a string: some tools write it in quotes."""
        return self._value is True or self.scalar.lower() in _TRUE

    @property
    def is_false(self) -> bool:
        """Whether it is false, also as a string."""
        return self._value is False or self.scalar.lower() in _FALSE

    def _below(self, step: str | int, value: object) -> Node:
        return Node(self._document, value, (*self._path, step))

    def _refuse_kind(self, expected: str) -> NoReturn:
        where = f"{shown_path(self._path)}: " if self._path else ""
        self.refuse(where + kind_rule(self._value, expected))


def read_nodes(text: str, source: str) -> list[Node]:
    """
    Read all documents of YAML, or the one document of JSON.

    Args:
        text: The whole text.

        source: The name of the file for errors.

    Raises:
        FileFormatError: If it is not YAML, or contains what the strict reader refuses.
    """
    documents, issues = read_yaml(text, source)
    for issue in issues:
        raise FileFormatError(source, issue.line_number, issue.rule)
    return [Node(document, document.value) for document in documents]
