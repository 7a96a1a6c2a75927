"""
YAML read strictly, for data that others wrote: texts, lists and mappings, each with its line.

It is built from the parser's events without recursion, so that no nesting breaks it. Anchors,
aliases, merges, tags, keys that are no text and keys given twice are refused. No value is ever
told, and YAML's own messages are not either: they quote values, which may be secrets.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import yaml

from ..errors import FileFormatError
from ._text import decode_text

if TYPE_CHECKING:
    from typing import NoReturn

__all__ = ["Node", "read_documents"]

_TAG: Final = "tag:yaml.org,2002:"
_SCALARS: Final = {
    f"{_TAG}str": "text",
    f"{_TAG}bool": "boolean",
    f"{_TAG}null": "null",
    f"{_TAG}int": "number",
    f"{_TAG}float": "number",
    f"{_TAG}timestamp": "date",
}
#: No file of the kinds that are read here comes near it.
_DEEPEST: Final = 32
_TRUE: Final = frozenset({"true", "yes", "on"})


class Node:
    """
    A value and where it is; it is not shown.

    Attributes:
        kind: ``mapping``, ``list``, ``text``, ``boolean``, ``null``, or what else a scalar is.
        line_number: Counted from 1.
    """

    __slots__ = ("_entries", "_items", "_path", "_text", "kind", "line_number")

    def __init__(self, kind: str, path: str, line_number: int, text: str = "") -> None:
        self.kind = kind
        self.line_number = line_number
        self._path = path
        self._text = text
        self._entries: dict[str, Node] = {}
        self._items: list[Node] = []

    def __repr__(self) -> str:
        return f"<Node: {self.kind} in line {self.line_number}>"

    def refuse(self, reason: str) -> NoReturn:
        """
        Say what is wrong with it.

        Raises:
            FileFormatError: Always.
        """
        raise FileFormatError(self._path, self.line_number, reason)

    def entries(self, what: str) -> dict[str, Node]:
        """
        Give the entries of a mapping; null has none.

        Raises:
            FileFormatError: If it is anything else; *what* it should be is told.
        """
        if self.kind not in ("mapping", "null"):
            self.refuse(f"{what} must be a mapping of keys to values, and is a {self.kind}")
        return self._entries

    def items(self, what: str) -> list[Node]:
        """
        Give the items of a list; null has none.

        Raises:
            FileFormatError: If it is anything else.
        """
        if self.kind not in ("list", "null"):
            self.refuse(f"{what} must be a list, and is a {self.kind}")
        return self._items

    def text(self, what: str) -> str:
        """
        Give a text.

        Raises:
            FileFormatError: If it is anything else, such as a number without quotes.
        """
        if self.kind in ("mapping", "list", "null"):
            self.refuse(f"{what} must be text, and is a {self.kind}")
        if self.kind != "text":
            self.refuse(f"{what} must be text, and is read as a {self.kind}: put it in quotes")
        return self._text

    @property
    def scalar(self) -> str:
        """What is written, whatever kind of scalar it is; nothing for other values."""
        return self._text

    @property
    def is_true(self) -> bool:
        """Whether it is true, also as text: some tools write it in quotes."""
        return self.kind in ("boolean", "text") and self._text.lower() in _TRUE

    @property
    def is_false(self) -> bool:
        """Whether it is a boolean, or a text that is one, and not true."""
        return self._text.lower() in ("false", "no", "off")

    def add(self, key: Node | None, value: Node) -> None:
        """Put a value into a list or, with its key, into a mapping."""
        if key is None:
            self._items.append(value)
        elif earlier := self._entries.get(key.scalar):
            key.refuse(f"a key that is given twice: it is in line [{earlier.line_number}] already")
        else:
            self._entries[key.scalar] = value


def read_documents(data: bytes, path: str) -> list[Node]:
    """
    Read all documents of a YAML file, or the one of a JSON file.

    Args:
        data: The whole file.

        path: Its name for errors.

    Raises:
        FileFormatError: If it is not UTF-8 or not YAML, or holds what is refused.
    """
    text = decode_text(data, path)
    line_number = 0
    builder = _Builder(path)
    try:
        loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)(text)
        while loader.check_event():
            builder.take(loader, loader.get_event())
    except yaml.MarkedYAMLError as error:
        # Raising in here would keep YAML's error, which has a part of the text, as the context.
        line_number = error.problem_mark.line + 1 if error.problem_mark else 1
    except yaml.YAMLError:
        line_number = _line_of_control_character(text)
    if line_number:
        raise FileFormatError(path, line_number, _syntax_rule(text, line_number))
    return builder.documents


def _syntax_rule(text: str, line_number: int) -> str:
    """Say what is likely to be wrong in a line, without showing it."""
    line = "".join(text.split("\n")[line_number - 1 : line_number])
    if "\t" in line[: len(line) - len(line.lstrip())]:
        return "not YAML here: a tab must not indent"
    return "not YAML here: text with special characters must be in quotes"


def _line_of_control_character(text: str) -> int:
    match = yaml.reader.Reader.NON_PRINTABLE.search(text)
    return text.count("\n", 0, match.start()) + 1 if match else 1


class _Builder:
    """
    What the events so far make.

    Attributes:
        documents: The root of each.
    """

    def __init__(self, path: str) -> None:
        self.documents: list[Node] = []
        self._path = path
        self._open: list[Node] = []
        self._keys: list[Node | None] = []

    def take(self, loader: Any, event: yaml.Event) -> None:  # noqa: ANN401 - C or Python
        """Go on by one event."""
        if isinstance(event, yaml.NodeEvent):
            line_number = event.start_mark.line + 1 if event.start_mark else 1
            if isinstance(event, yaml.AliasEvent) or event.anchor is not None:
                raise FileFormatError(self._path, line_number, "anchors and aliases are not read")
            if isinstance(event, yaml.ScalarEvent):
                self._scalar(loader, event, line_number)
            elif isinstance(event, yaml.CollectionStartEvent):
                self._begin(event, line_number)
        elif isinstance(event, yaml.CollectionEndEvent):
            self._open.pop()
            self._keys.pop()

    def _scalar(self, loader: Any, event: yaml.ScalarEvent, line_number: int) -> None:  # noqa: ANN401
        tag = event.tag
        is_tagged = tag is not None and tag != "!"
        if not is_tagged:
            tag = loader.resolve(yaml.ScalarNode, event.value, event.implicit)
        kind = _SCALARS.get(str(tag), "" if is_tagged else "sign of YAML")
        if not kind:
            self._refuse_tag(line_number)
        self._place(Node(kind, self._path, line_number, str(event.value)))

    def _begin(self, event: yaml.CollectionStartEvent, line_number: int) -> None:
        if event.tag not in (None, "!", f"{_TAG}map", f"{_TAG}seq"):
            self._refuse_tag(line_number)
        if len(self._open) == _DEEPEST:
            raise FileFormatError(self._path, line_number, "nested too deeply")
        is_mapping = isinstance(event, yaml.MappingStartEvent)
        node = Node("mapping" if is_mapping else "list", self._path, line_number)
        self._place(node)
        self._open.append(node)
        self._keys.append(None)

    def _place(self, node: Node) -> None:
        """Put a node where it belongs: it is a root, an item, a key, or the value of a key."""
        if not self._open:
            self.documents.append(node)
        elif self._open[-1].kind == "list":
            self._open[-1].add(None, node)
        elif (key := self._keys[-1]) is not None:
            self._open[-1].add(key, node)
            self._keys[-1] = None
        elif node.kind == "text":
            self._keys[-1] = node
        else:
            node.refuse(f"a key must be text, and this is read as a {node.kind}: use quotes")

    def _refuse_tag(self, line_number: int) -> NoReturn:
        raise FileFormatError(self._path, line_number, "tags that make another type are not read")
