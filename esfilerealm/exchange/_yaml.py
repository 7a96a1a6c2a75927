"""YAML and JSON that others wrote: each value with its line, and the first fault as an error."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ..documents import yaml as _strict_yaml
from ..errors import FileFormatError
from ._text import decode_text

if TYPE_CHECKING:
    from typing import NoReturn

    from ..documents.yaml import YamlDocument, YamlPath

__all__ = ["Node", "read_documents"]

_TRUE: Final = frozenset({"true", "yes", "on"})
_FALSE: Final = frozenset({"false", "no", "off"})


class Node:
    """
    A value and where it is; it is not shown.

    Attributes:
        kind: As of ``kind_of``.
        line_number: Counted from 1.
    """

    __slots__ = ("_document", "_path", "_source", "_value", "kind", "line_number")

    def __init__(self, document: YamlDocument, value: object, path: YamlPath, source: str) -> None:
        self.kind = _strict_yaml.kind_of(value)
        self.line_number = document.lines[path]
        self._document = document
        self._value = value
        self._path = path
        self._source = source

    def __repr__(self) -> str:
        return f"<Node: {self.kind} in line {self.line_number}>"

    def refuse(self, reason: str) -> NoReturn:
        """
        Say what is wrong with it.

        Raises:
            FileFormatError: Always.
        """
        raise FileFormatError(self._source, self.line_number, reason)

    def entries(self, what: str) -> dict[str, Node]:
        """
        Give the entries of a mapping; null has none.

        Raises:
            FileFormatError: If it is anything else; *what* it should be is told.
        """
        if isinstance(self._value, dict):
            return {key: self._below(key, value) for key, value in self._value.items()}
        if self._value is not None:
            self.refuse(f"{what} must be a mapping of keys to values, and is a {self.kind}")
        return {}

    def items(self, what: str) -> list[Node]:
        """
        Give the items of a list; null has none.

        Raises:
            FileFormatError: If it is anything else.
        """
        if isinstance(self._value, list):
            return [self._below(number, value) for number, value in enumerate(self._value)]
        if self._value is not None:
            self.refuse(f"{what} must be a list, and is a {self.kind}")
        return []

    def text(self, what: str) -> str:
        """
        Give a text.

        Raises:
            FileFormatError: If it is anything else, such as a number without quotes.
        """
        if self.kind in ("mapping", "list", "null"):
            self.refuse(f"{what} must be text, and is a {self.kind}")
        if not isinstance(self._value, str):
            self.refuse(f"{what} must be text, and is read as a {self.kind}: put it in quotes")
        return self._value

    @property
    def scalar(self) -> str:
        """A text or a number as text; nothing for other values."""
        is_scalar = isinstance(self._value, str | int | float) and self.kind != "boolean"
        return str(self._value) if is_scalar else ""

    @property
    def is_true(self) -> bool:
        """Whether it is true, also as text: some tools write it in quotes."""
        return self._value is True or self.scalar.lower() in _TRUE

    @property
    def is_false(self) -> bool:
        """Whether it is false, also as text."""
        return self._value is False or self.scalar.lower() in _FALSE

    def _below(self, step: str | int, value: object) -> Node:
        return Node(self._document, value, (*self._path, step), self._source)


def read_documents(data: bytes, path: str) -> list[Node]:
    """
    Read all documents of a YAML file, or the one of a JSON file.

    Args:
        data: The whole file.

        path: Its name for errors.

    Raises:
        FileFormatError: If it is not UTF-8 or not YAML, or holds what is refused.
    """
    documents = _strict_yaml.read_documents(decode_text(data, path))
    for line_number, _, rule in (fault for document in documents for fault in document.faults):
        raise FileFormatError(path, line_number, rule)
    return [Node(document, document.value, (), path) for document in documents]
