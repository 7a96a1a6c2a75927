"""
The YAML reader: strict by default, or as Elasticsearch reads its settings.

It reads the parser's events without recursion, so that no nesting breaks it, with the C library or
without. Messages quote nothing of the text except keys: values may be secrets, and so may be what
stands after ``!``, ``&`` or ``*`` where quotes were forgotten. YAML's own messages quote them all.
"""

from __future__ import annotations

import yaml

from .events import TOO_DEEP, BrokenYamlError, events

__all__ = ["A_DATE", "Unread", "YamlIssue", "YamlReader", "kind_of"]

TYPE_CHECKING = False  # see `_ground`
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any, Final, NoReturn

    YamlPath = tuple[str | int, ...]

A_DATE: Final = "a date"
"""The kind of a value that YAML takes for a date or time."""

_TAG: Final = "tag:yaml.org,2002:"
_STR: Final = f"{_TAG}str"
_NULL: Final = f"{_TAG}null"
_MERGE: Final = f"{_TAG}merge"
#: What the values behind a tag are called: those that become plain values, and others.
_PLAIN: Final = {
    f"{_TAG}int": "a number",
    f"{_TAG}float": "a number",
    f"{_TAG}bool": "a boolean",
    _NULL: "null",
}
_OTHERS: Final = {
    f"{_TAG}timestamp": A_DATE,
    f"{_TAG}value": "a special value of YAML",
    _MERGE: "a special value of YAML",
}

#: No file that is meant comes near these.
_DEEPEST: Final = 32
#: What a node follows.
_DEEPEST_OF_NODES: Final = 1000
_LONGEST_NUMBER: Final = 100

_ANCHORED: Final = (
    "anchors and aliases are not supported; put text that begins with [&] or [*] in quotes"
)
_TAGGED: Final = "this tag is not supported; put text that contains [!] in quotes"
_KEY: Final = "a key must be a string"
_TEMPLATE: Final = "put text that begins with [{{], a mark of a template, in quotes"
_MERGED: Final = "the merge key [<<] is not supported: write its entries out"


class Unread:
    """
    A value that is not read: a date, an alias, a number of absurd length.

    Attributes:
        kind: What it is, with its article.
        text: The name of an alias, or a date as it is written.
    """

    __slots__ = ("kind", "text")

    def __init__(self, kind: str, text: str = "") -> None:
        self.kind = kind
        self.text = text


#: What the values of a document are called.
_KINDS: Final[dict[type, str]] = {
    dict: "a mapping",
    list: "a list",
    tuple: "a list",
    str: "a string",
    bool: "a boolean",
    int: "a number",
    float: "a number",
    type(None): "null",
}


_KINDS_OF_EVENTS: Final[dict[type, str]] = {
    yaml.MappingStartEvent: "a mapping",
    yaml.SequenceStartEvent: "a list",
    yaml.AliasEvent: "an alias",
}


def kind_of(value: object) -> str:
    """Return the kind of a value, with its article, for messages that must not show the value."""
    if isinstance(value, Unread):
        return value.kind
    name = type(value).__name__
    return _KINDS.get(type(value), f"{'an' if name[0] in 'aeiou' else 'a'} {name}")


class YamlIssue:
    """
    What is wrong with a line.

    Attributes:
        line_number: Counted from 1.
        path: The path of the value.
        rule: The rule that is broken.
        is_duplicate_key: Whether it is only a key that is given twice. The last one counts, and all
            other values can still be checked.
    """

    __slots__ = ("is_duplicate_key", "line_number", "path", "rule")

    def __init__(
        self, line_number: int, path: YamlPath, rule: str, *, is_duplicate_key: bool = False
    ) -> None:
        self.line_number = line_number
        self.path = path
        self.rule = rule
        self.is_duplicate_key = is_duplicate_key


class _PlainValues(yaml.constructor.SafeConstructor, yaml.resolver.Resolver):
    """Resolves tags and constructs plain values, neither of which changes it."""


_PLAIN_VALUES: Final[Any] = _PlainValues()


def _tag(event: yaml.ScalarEvent) -> str:
    if event.tag in (None, "!"):
        return str(_PLAIN_VALUES.resolve(yaml.ScalarNode, event.value, event.implicit))
    return str(event.tag)


def _construct(tag: str, text: str) -> object:
    construct = yaml.SafeLoader.yaml_constructors[tag]
    if len(text) <= _LONGEST_NUMBER:
        try:
            value: object = construct(_PLAIN_VALUES, yaml.ScalarNode(tag, text))
        except (ValueError, LookupError):  # only if the tag is written, and wrong
            pass
        else:
            return value
    return Unread(_PLAIN[tag])


def _as_java(text: str) -> str:
    """Return a string whose pairs of surrogates, which double quotes can hold, are characters."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


class _Open:
    """A mapping or list whose end has not come."""

    __slots__ = ("is_list", "key_line_number", "key_lines", "path", "step")

    def __init__(self, path: YamlPath, *, is_list: bool) -> None:
        self.path = path
        self.is_list = is_list
        #: Of the next value: its number in a list, or its key in a mapping. None if the key is
        #: still to come, _IGNORED if it is unusable.
        self.step: Any = 0 if is_list else None
        self.key_line_number = 0
        self.key_lines: dict[str, int] = {}


#: Stands for an unusable key.
_IGNORED: Final = object()


class YamlReader:
    """
    The values of a text, one after the other, each with its path. It can be iterated once.

    A mapping or list comes before its content, as an empty dictionary or list.

    Args:
        text: The whole text.

        as_written: Read the text as Elasticsearch reads its settings. Every scalar except null is
            a string, as it is written. Tags and anchors are ignored, an alias is ``Unread``, and a
            duplicate key is passed on.

        one_document: Anything behind the first document is an issue, and is not read.

    Attributes:
        issues: What is wrong so far.
        is_broken: Whether reading has ended because of an issue.
        line_number: Of the latest value, counted from 1.
        column: Of the latest value, counted from 1.
        key_line_number: Of the key of the latest value of a mapping.
    """

    def __init__(self, text: str, *, as_written: bool = False, one_document: bool = False) -> None:
        self.issues: list[YamlIssue] = []
        self.is_broken = False
        self.line_number = self.column = self.key_line_number = 1
        self._text = text = text.removeprefix("\ufeff")
        self._events = events(text, as_java=as_written)
        self._as_written = as_written
        self._one_document = one_document

    def __iter__(self) -> Iterator[tuple[YamlPath, object]]:
        try:
            yield from self._values()
        except BrokenYamlError as error:
            self.issues.append(YamlIssue(error.line_number, (), error.rule))
            self.is_broken = True

    def _values(self) -> Iterator[tuple[YamlPath, object]]:
        open_: list[_Open] = []
        has_document = False
        for event in self._events:
            if isinstance(event, yaml.NodeEvent):
                self._note_place(event)
                path = self._path(event, open_[-1] if open_ else None)
                if path is None:
                    continue
                yield path, self._value(event, path)
                if isinstance(event, yaml.CollectionStartEvent):
                    is_list = isinstance(event, yaml.SequenceStartEvent)
                    open_.append(_Open(path, is_list=is_list))
            elif isinstance(event, yaml.CollectionEndEvent):
                open_.pop()
            elif isinstance(event, yaml.DocumentStartEvent):
                self._note_place(event)
                if has_document and self._one_document:
                    from .syntax import MORE

                    self._break(MORE)
                has_document = True

    def _note_place(self, event: yaml.Event) -> None:
        mark = event.start_mark
        if mark:
            self.line_number = mark.line + 1
            self.column = mark.column + 1

    def _path(self, event: yaml.NodeEvent, parent: _Open | None) -> YamlPath | None:
        """Return the path of a value, or None for a key and for the value of an unusable one."""
        if event.anchor is not None and not self._as_written:
            self._break(_ANCHORED)
        if parent is None:
            return ()
        step = parent.step
        if parent.is_list:
            parent.step += 1
        elif step is None:
            parent.step = self._key(event, parent)
            parent.key_line_number = self.line_number
            return None
        else:
            parent.step = None
            self.key_line_number = parent.key_line_number
            if step is _IGNORED:
                self._skip(event)
                return None
        return (*parent.path, step)

    def _value(self, event: yaml.NodeEvent, path: YamlPath) -> object:
        if len(path) > (_DEEPEST_OF_NODES if self._as_written else _DEEPEST):
            self._break(TOO_DEEP)
        if isinstance(event, yaml.ScalarEvent):
            return self._scalar(event, path)
        if not isinstance(event, yaml.CollectionStartEvent):
            return Unread("an alias", event.anchor or "")
        is_mapping = isinstance(event, yaml.MappingStartEvent)
        expected = f"{_TAG}map" if is_mapping else f"{_TAG}seq"
        if event.tag not in (None, "!", expected) and not self._as_written:
            self._refuse(path, _TAGGED)
        return {} if is_mapping else []

    def _scalar(self, event: yaml.ScalarEvent, path: YamlPath) -> object:
        tag = _tag(event)
        if self._as_written:
            return None if tag == _NULL else _as_java(event.value)
        if tag in _PLAIN:
            return _construct(tag, event.value)
        if tag in _OTHERS:
            return Unread(_OTHERS[tag], event.value if _OTHERS[tag] == A_DATE else "")
        if tag != _STR:
            self._refuse(path, _TAGGED)
        return event.value

    def _key(self, event: yaml.NodeEvent, mapping: _Open) -> object:
        if not isinstance(event, yaml.ScalarEvent):
            rule = f"{_KEY}, not {_KINDS_OF_EVENTS[type(event)]}"
            mark = event.start_mark
            is_template = mark and "{{" in self._text[max(mark.index - 1, 0) : mark.index + 2]
            self._refuse(mapping.path, f"{rule}; {_TEMPLATE}" if is_template else rule)
            return self._skip(event)
        if self._as_written:
            return _as_java(event.value)
        if _tag(event) == _MERGE:
            return self._refuse(mapping.path, _MERGED)
        key = self._scalar(event, mapping.path)
        if not isinstance(key, str):
            return self._refuse(mapping.path, f"{_KEY}, not {kind_of(key)}: put it in quotes")
        if key in mapping.key_lines:
            rule = f"duplicate key, already in line [{mapping.key_lines[key]}]"
            issue = YamlIssue(self.line_number, (*mapping.path, key), rule, is_duplicate_key=True)
            self.issues.append(issue)
        else:
            mapping.key_lines[key] = self.line_number
        return key

    def _skip(self, start: yaml.NodeEvent) -> object:
        """Read past the end of the collection, if any, that begins with *start*."""
        depth = int(isinstance(start, yaml.CollectionStartEvent))
        while depth:
            event = next(self._events)
            depth += isinstance(event, yaml.CollectionStartEvent)
            depth -= isinstance(event, yaml.CollectionEndEvent)
        return _IGNORED

    def _refuse(self, path: YamlPath, rule: str) -> object:
        self.issues.append(YamlIssue(self.line_number, path, rule))
        return _IGNORED

    def _break(self, rule: str) -> NoReturn:
        raise BrokenYamlError(self.line_number, rule)
