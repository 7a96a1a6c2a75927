"""
The documents of a manifest as ``kubectl`` reads them, with everything that is not ours passed over.

This reader is looser than that of our own documents: it knows anchors, aliases and merge keys, and
a document that is not YAML does not stop the others.

Source:
    ``YAMLReader`` of Kubernetes, and ``resolve.go`` of the go-yaml that ``sigs.k8s.io/yaml`` uses.
"""

from __future__ import annotations

import base64
import json
import math
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import yaml

from ..documents.events import BrokenYamlError, events
from ..documents.yaml import Unread

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import NoReturn

__all__ = ["K8sDocument", "Typed", "decode_base64", "read_documents"]

_TAG: Final = "tag:yaml.org,2002:"
_SEPARATOR: Final = re.compile(r"^---(?=\s|\Z)", re.MULTILINE)
_NOT_BLANK: Final = re.compile(r"\S")
_TRUE: Final = ("y", "yes", "true", "on")
_FALSE: Final = ("n", "no", "false", "off")
_NULLS: Final = ("", "~", "null", "Null", "NULL")
_NO_JSON: Final = re.compile(r"\.(nan|NaN|NAN)|[-+]?\.(inf|Inf|INF)", re.ASCII)
_INTEGER: Final = re.compile(
    r"[-+]?(0[xX][0-9a-fA-F]+|0[bB][01]+|0[oO][0-7]+|0[0-7]*|[1-9][0-9]*)", re.ASCII
)
_FLOAT: Final = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", re.ASCII)
_BASE64: Final = re.compile(
    r"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?", re.ASCII
)

_UNKNOWN_ALIAS: Final = "not YAML here: an alias without its anchor"
_KEY: Final = "not JSON here: a key that is not a string"
_MERGE: Final = "not YAML here: a merge key without a mapping"
_INFINITE: Final = "a number that JSON does not have"
_BINARY: Final = "not YAML here: binary text that is not base64"
_DEEP: Final = "nested too deeply"
_DEEPEST: Final = 1000


class Typed(Unread):
    """
    A number or boolean, which is not a string to Kubernetes.

    Attributes:
        text: As it is written. It may be a password without quotes, so no message may show it.
    """

    __slots__ = ("text",)

    def __init__(self, kind: str, text: str) -> None:
        super().__init__(kind)
        self.text = text


@dataclass(frozen=True, slots=True)
class K8sDocument:
    """
    One document of a stream.

    Attributes:
        value: Strings, None, ``Typed``, lists and dictionaries; None if it cannot be read.
        line_number: Where it begins, counted from 1.
        problem: Why it cannot be read, or why the API server would refuse it; or nothing.
    """

    value: object = field(repr=False)
    line_number: int
    problem: str = ""


def decode_base64(text: str) -> bytes | None:
    """
    Decode base64 as Kubernetes does: padded, with line ends anywhere. None if it is invalid.

    Source:
        Go's ``base64.StdEncoding``, which ``encoding/json`` uses for bytes.
    """
    bare = text.replace("\r", "").replace("\n", "")
    return base64.b64decode(bare) if _BASE64.fullmatch(bare) else None


def read_documents(text: str) -> Iterator[K8sDocument]:
    """Iterate over the documents of a stream of YAML or JSON, except empty ones."""
    text = text.removeprefix("\ufeff")
    if text.lstrip().startswith("{"):
        values = _json_values(text)
        if values is not None:
            yield from (K8sDocument(value, line_number) for value, line_number in values)
            return
    starts = [0, *(match.end() for match in _SEPARATOR.finditer(text))]
    for start, end in zip(starts, [*(start - 3 for start in starts[1:]), len(text)], strict=True):
        document = _read_chunk(text[start:end], text.count("\n", 0, start))
        if document is not None:
            yield document


def _json_values(text: str) -> list[tuple[object, int]] | None:
    """Return the values of a stream of JSON with their lines, or None if it is not JSON."""
    decoder = json.JSONDecoder(
        parse_int=lambda text: Typed("a number", text),
        parse_float=lambda text: Typed("a number", text),
        parse_constant=_refuse_constant,
    )
    values, position = [], 0
    try:
        while match := _NOT_BLANK.search(text, position):
            value, position = decoder.raw_decode(text, match.start())
            values.append((value, text.count("\n", 0, match.start()) + 1))
    except (ValueError, RecursionError):
        return None
    return values


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _read_chunk(text: str, line_count: int) -> K8sDocument | None:
    """Read the first document of a chunk that begins after *line_count* lines."""
    composer = _Composer()
    try:
        for event in events(text):
            if composer.feed(event):
                break
    except BrokenYamlError as error:
        line_number = line_count + error.line_number
        return K8sDocument(None, line_number, f"line [{line_number}]: {error.rule}")
    if composer.value is None:
        return None
    infinite = composer.infinite_line_number
    problem = f"line [{line_count + infinite}]: not JSON here: {_INFINITE}" if infinite else ""
    return K8sDocument(composer.value, line_count + composer.line_number, problem)


class _Open:
    """A mapping or list whose end has not come."""

    __slots__ = ("anchor", "has_key", "is_merge", "key", "value")

    def __init__(self, value: dict[str, object] | list[object], anchor: str | None) -> None:
        self.value = value
        self.anchor = anchor
        self.has_key = self.is_merge = False
        self.key = ""


class _Composer:
    """
    Makes the value of a document from its events, without recursion.

    Attributes:
        value: The value, once it is whole.
        line_number: Where it begins, counted from 1.
        infinite_line_number: Where it has a number that JSON does not have; else 0.
    """

    def __init__(self) -> None:
        self.value: object = None
        self.line_number = 1
        self.infinite_line_number = 0
        self._open: list[_Open] = []
        self._anchors: dict[str, object] = {}
        self._has_begun = False

    def feed(self, event: yaml.Event) -> bool:
        """Take the next event, and return whether the document has ended."""
        if isinstance(event, yaml.NodeEvent) and not self._has_begun:
            self._has_begun = True
            self.line_number = _line_number(event)
        if isinstance(event, yaml.ScalarEvent):
            self._take_scalar(event)
        elif isinstance(event, yaml.AliasEvent):
            if event.anchor not in self._anchors:
                raise BrokenYamlError(_line_number(event), _UNKNOWN_ALIAS)
            self._put(self._anchors[event.anchor], event)
        elif isinstance(event, yaml.CollectionStartEvent):
            parent = self._open[-1] if self._open else None
            if len(self._open) == _DEEPEST:
                raise BrokenYamlError(_line_number(event), _DEEP)
            if parent is not None and isinstance(parent.value, dict) and not parent.has_key:
                raise BrokenYamlError(_line_number(event), _KEY)
            is_mapping = isinstance(event, yaml.MappingStartEvent)
            self._open.append(_Open({} if is_mapping else [], event.anchor))
        elif isinstance(event, yaml.CollectionEndEvent):
            ended = self._open.pop()
            if ended.anchor is not None:
                self._anchors[ended.anchor] = ended.value
            self._put(ended.value, event)
        return isinstance(event, yaml.DocumentEndEvent)

    def _take_scalar(self, event: yaml.ScalarEvent) -> None:
        parent = self._open[-1] if self._open else None
        if parent is not None and isinstance(parent.value, dict) and not parent.has_key:
            self._take_key(event, parent)
            return
        value = _scalar(event)
        if isinstance(value, Typed) and value.kind == _INFINITE:
            self.infinite_line_number = _line_number(event)
        if event.anchor is not None:
            self._anchors[event.anchor] = value
        self._put(value, event)

    @staticmethod
    def _take_key(event: yaml.ScalarEvent, parent: _Open) -> None:
        parent.has_key = True
        parent.is_merge = event.value == "<<" and event.implicit[0]
        if not parent.is_merge:
            key = _scalar(event)
            if key is None or (isinstance(key, Typed) and key.kind == _INFINITE):
                raise BrokenYamlError(_line_number(event), _KEY)
            parent.key = key.text if isinstance(key, Typed) else key

    def _put(self, value: object, event: yaml.Event) -> None:
        """Put a whole value where it belongs."""
        if not self._open:
            self.value = value
            return
        parent = self._open[-1]
        if isinstance(parent.value, list):
            parent.value.append(value)
        elif not parent.has_key:  # an alias in the place of a key
            if not isinstance(value, str):
                raise BrokenYamlError(_line_number(event), _KEY)
            parent.has_key, parent.is_merge, parent.key = True, False, value
        else:
            parent.has_key = False
            if parent.is_merge:
                self._merge(parent.value, value, event)
            else:
                parent.value[parent.key] = value

    @staticmethod
    def _merge(mapping: dict[str, object], merged: object, event: yaml.Event) -> None:
        """Merge a mapping, or a list of them of which the first counts."""
        for one in reversed(merged) if isinstance(merged, list) else (merged,):
            if not isinstance(one, dict):
                raise BrokenYamlError(_line_number(event), _MERGE)
            mapping.update(one)


def _line_number(event: yaml.Event) -> int:
    return event.start_mark.line + 1 if event.start_mark else 1


def _scalar(event: yaml.ScalarEvent) -> str | Typed | None:
    """Return a scalar as Kubernetes reads it."""
    text = str(event.value)
    match (event.tag or "").removeprefix(_TAG):
        case "" | "!" if event.implicit[0] or (event.tag == "!" and not event.style):
            return _resolved(text)
        case "int" | "float":
            return Typed("a number", text)
        case "bool":
            return Typed("a boolean", text)
        case "null":
            return None
        case "binary":
            decoded = decode_base64(text)
            if decoded is None:
                raise BrokenYamlError(_line_number(event), _BINARY)
            return decoded.decode("utf-8", "replace")
        case _:
            return text


def _resolved(text: str) -> str | Typed | None:
    """Return a scalar without quotes and tag: base 60 and dates are strings."""
    if text in _NULLS:
        return None
    if text.lower() in (*_TRUE, *_FALSE) and text in (text.lower(), text.upper(), text.title()):
        return Typed("a boolean", text)
    if _NO_JSON.fullmatch(text):
        return Typed(_INFINITE, text)
    plain = text if text[0] == "." else text.replace("_", "")
    if text[0] in "+-.0123456789" and (
        _INTEGER.fullmatch(plain) or (_FLOAT.fullmatch(plain) and math.isfinite(float(plain)))
    ):
        return Typed("a number", text)
    return text
