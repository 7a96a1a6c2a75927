"""
YAML read strictly: every value with its line, nothing twice, no anchors and aliases.

It is built from the parser's events without recursion, so that no nesting breaks it, with the C
library or without. Nothing of the text but keys is ever told: values may be secrets, and YAML's own
messages quote them; so may be what stands after ``!``, ``&`` or ``*`` where quotes were forgotten.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import yaml

if TYPE_CHECKING:
    from typing import NoReturn

__all__ = ["AnotherKind", "StrictYaml", "YamlDocument", "YamlPath", "kind_of", "read_documents"]

YamlPath = tuple[str | int, ...]
_ValueEvent = yaml.ScalarEvent | yaml.CollectionStartEvent

_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_TAG: Final = "tag:yaml.org,2002:"
_STR: Final = f"{_TAG}str"
_MERGE: Final = f"{_TAG}merge"
#: Of plain values, and of those that nobody reads here, what they are called.
_PLAIN: Final = {
    f"{_TAG}int": "number",
    f"{_TAG}float": "number",
    f"{_TAG}bool": "boolean",
    f"{_TAG}null": "null",
}
_OTHERS: Final = {
    f"{_TAG}timestamp": "date",
    f"{_TAG}value": "sign of YAML",
    _MERGE: "sign of YAML",
}
_KINDS: Final[dict[type, str]] = {
    dict: "mapping",
    list: "list",
    str: "text",
    bool: "boolean",
    int: "number",
    float: "number",
    type(None): "null",
}

#: No file of the kinds that are read here comes near these.
_DEEPEST: Final = 32
_LONGEST_NUMBER: Final = 100

_NOT_YAML: Final = "not YAML here; text with special characters must be in quotes"
_TAB: Final = "not YAML here: a tab in the place of blanks"
_CONTROL_CHARACTER: Final = "not YAML: there is a control character in it"
_TOO_DEEP: Final = "it is nested too deeply"
_ANCHORED: Final = (
    "anchors and aliases are not read; text that begins with [&] or [*] must be in quotes"
)
_ANOTHER_TYPE: Final = "tags of other types are not read here; text with [!] must be in quotes"
_MERGED: Final = "the merge key [<<] is not read here: write it out"
_SECOND: Final = "a second document: only one is read here"


class AnotherKind:
    """
    A value that is neither text, number, boolean nor null, or a number that nobody means.

    Attributes:
        kind: What it is.
    """

    __slots__ = ("kind",)

    def __init__(self, kind: str) -> None:
        self.kind = kind


def kind_of(value: object) -> str:
    """Name the kind of a value: ``mapping``, ``list``, ``text``, ``boolean``, ``null`` or so."""
    return value.kind if isinstance(value, AnotherKind) else _KINDS[type(value)]


@dataclass(slots=True)
class YamlDocument:
    """
    One document as plain values.

    Attributes:
        value: Its content: dictionaries with texts as keys, lists, texts, numbers, booleans, None.
            It counts if there are no faults.
        lines: From the path of each value in it to its line, from 1. The path of the whole is ().
        faults: What is wrong with it, as line, path and rule.
        line_number: Where it begins, be it by ``---``.
        repeated_keys: How many of the faults are keys that are given twice, the last of which
            counts: all else is as it was meant.
    """

    value: object = field(default=None, repr=False)
    lines: dict[YamlPath, int] = field(default_factory=dict, repr=False)
    faults: list[tuple[int, YamlPath, str]] = field(default_factory=list, repr=False)
    line_number: int = 1
    repeated_keys: int = 0


class StrictYaml(YamlDocument):
    """
    The one document of a text, which may also be empty.

    Args:
        text: All of it. A second document is a fault.
    """

    __slots__ = ()

    def __init__(self, text: str) -> None:
        documents = read_documents(text) or [YamlDocument()]
        first = documents[0]
        super().__init__(
            first.value, first.lines, first.faults, first.line_number, first.repeated_keys
        )
        if len(documents) > 1:
            self.faults.append((documents[1].line_number, (), _SECOND))


def read_documents(text: str) -> list[YamlDocument]:
    """
    Read all documents of a text, up to the first fault after which nothing can be known.

    Args:
        text: All of it.
    """
    text = text.removeprefix("\ufeff")
    reading = _Reading()
    try:
        reading.run(text)
    except _BrokenError as error:
        fault = error.line_number, error.rule
    except yaml.MarkedYAMLError as error:
        fault = _syntax_fault(text, error)
    except (yaml.YAMLError, UnicodeEncodeError):
        fault = _line_of_control_character(text), _CONTROL_CHARACTER
    else:
        return reading.documents
    line_number, rule = fault
    documents = reading.documents or [YamlDocument()]
    documents[-1].value = None
    documents[-1].faults.append((line_number, (), rule))
    return documents


def _syntax_fault(text: str, error: yaml.MarkedYAMLError) -> tuple[int, str]:
    """Say where it is, and what is likely to be wrong there."""
    mark = error.problem_mark
    if mark is None:
        return 1, _NOT_YAML
    rule = _NOT_YAML
    start = text.rfind("\n", 0, mark.index) + 1
    line = text[start:].partition("\n")[0]
    indentation = line[: len(line) - len(line.lstrip())]
    if "\t" in indentation + text[mark.index : mark.index + 1]:
        rule = _TAB
    elif "maximum nesting" in (error.problem or ""):
        rule = _TOO_DEEP
    return mark.line + 1, rule


def _line_of_control_character(text: str) -> int:
    match = yaml.reader.Reader.NON_PRINTABLE.search(text)
    return text.count("\n", 0, match.start()) + 1 if match else 1


class _BrokenError(Exception):
    """A fault after which nothing can be known."""

    def __init__(self, line_number: int, rule: str) -> None:
        super().__init__(rule)
        self.line_number = line_number
        self.rule = rule


@dataclass(slots=True)
class _Open:
    """A mapping or list whose end has not come; a mapping may have a key that waits for a value."""

    value: dict[str, object] | list[object]
    path: YamlPath
    key: str | None = None
    key_lines: dict[str, int] = field(default_factory=dict)


class _Reading:
    """
    What the events so far make.

    Attributes:
        documents: Each with all its values so far.
    """

    def __init__(self) -> None:
        self.documents: list[YamlDocument] = []
        self._loader: Any = None
        self._line_number = 1
        self._open: list[_Open] = []

    def run(self, text: str) -> None:
        """Take all events."""
        self._loader = _LOADER(text)
        while self._loader.check_event():
            self._take(self._loader.get_event())

    def _take(self, event: yaml.Event) -> None:
        if event.start_mark:
            self._line_number = event.start_mark.line + 1
        if isinstance(event, yaml.NodeEvent) and event.anchor is not None:
            self._break(_ANCHORED)
        if isinstance(event, _ValueEvent):
            parent = self._open[-1] if self._open else None
            if parent and isinstance(parent.value, dict) and parent.key is None:
                parent.key = self._key(event, parent)
            else:
                self._place(event, parent)
        elif isinstance(event, yaml.CollectionEndEvent):
            self._open.pop()
        elif isinstance(event, yaml.DocumentStartEvent):
            self.documents.append(YamlDocument(line_number=self._line_number))

    def _place(self, event: _ValueEvent, parent: _Open | None) -> None:
        """Put a value where it belongs: it is a whole, an item, or the value of a key."""
        if parent is None:
            path: YamlPath = ()
            self.documents[-1].value = self._value(event, path)
        elif isinstance(parent.value, list):
            path = (*parent.path, len(parent.value))
            parent.value.append(self._value(event, path))
        else:
            key, parent.key = str(parent.key), None
            path = (*parent.path, key)
            parent.value[key] = self._value(event, path)

    def _value(self, event: _ValueEvent, path: YamlPath) -> object:
        if len(path) > _DEEPEST:
            self._break(_TOO_DEEP)
        self.documents[-1].lines[path] = self._line_number
        if isinstance(event, yaml.CollectionStartEvent):
            return self._begin(event, path)
        return self._scalar(event, path)

    def _begin(self, event: yaml.CollectionStartEvent, path: YamlPath) -> object:
        is_mapping = isinstance(event, yaml.MappingStartEvent)
        if event.tag not in (None, "!", f"{_TAG}map" if is_mapping else f"{_TAG}seq"):
            self._refuse(path, _ANOTHER_TYPE)
        self._open.append(_Open({} if is_mapping else [], path))
        return self._open[-1].value

    def _scalar(self, event: yaml.ScalarEvent, path: YamlPath) -> object:
        tag = self._tag(event)
        if tag == _STR:
            return event.value
        if tag in _PLAIN:
            if len(event.value) > _LONGEST_NUMBER:
                return AnotherKind(_PLAIN[tag])
            try:
                return self._loader.construct_object(yaml.ScalarNode(tag, event.value))
            except (ValueError, LookupError):  # only if a tag says that it is one
                return AnotherKind(_PLAIN[tag])
        if tag in _OTHERS:
            return AnotherKind(_OTHERS[tag])
        self._refuse(path, _ANOTHER_TYPE)
        return event.value

    def _tag(self, event: yaml.ScalarEvent) -> str:
        if event.tag in (None, "!"):
            return str(self._loader.resolve(yaml.ScalarNode, event.value, event.implicit))
        return str(event.tag)

    def _key(self, event: _ValueEvent, mapping: _Open) -> str:
        """Give a key; after a fault, anything to go on with."""
        if isinstance(event, yaml.CollectionStartEvent):
            self._refuse_key(mapping, {} if isinstance(event, yaml.MappingStartEvent) else [])
            self._skip()
            return ""
        if self._tag(event) == _MERGE:
            self._refuse(mapping.path, _MERGED)
            return ""
        key = self._scalar(event, mapping.path)
        if not isinstance(key, str):
            self._refuse_key(mapping, key)
            return ""
        if key in mapping.key_lines:
            rule = f"a key that is given twice: it is in line [{mapping.key_lines[key]}] already"
            self._refuse((*mapping.path, key), rule)
            self.documents[-1].repeated_keys += 1
        else:
            mapping.key_lines[key] = self._line_number
        return key

    def _refuse_key(self, mapping: _Open, key: object) -> None:
        rule = f"a key must be text, and this is read as a {kind_of(key)}: put it in quotes"
        self._refuse(mapping.path, rule)

    def _skip(self) -> None:
        """Pass over a collection that has begun."""
        depth = 1
        while depth:
            event = self._loader.get_event()
            depth += isinstance(event, yaml.CollectionStartEvent)
            depth -= isinstance(event, yaml.CollectionEndEvent)

    def _refuse(self, path: YamlPath, rule: str) -> None:
        self.documents[-1].faults.append((self._line_number, path, rule))

    def _break(self, rule: str) -> NoReturn:
        raise _BrokenError(self._line_number, rule)
