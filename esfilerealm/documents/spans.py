"""
Where the fields of a document stand in its text, so that one can be changed and no other byte.

The text has been read without an issue before. So its syntax needs no judge here, only a place.
"""

from __future__ import annotations

import json
import re
import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import yaml

from .events import events

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from .document import DocumentFormat

__all__ = ["Span", "find_strings"]


@dataclass(frozen=True, slots=True)
class Span:
    """
    A field whose value is a string: offsets in the text.

    Attributes:
        key: The name of the field.
        key_start: Where the key begins, as it is written.
        key_end: Where it ends.
        start: Where the value begins, with its quotes.
        end: Where it ends.
        comment: A comment inside of the value, behind the mark of a block of YAML.
    """

    key: str
    key_start: int
    key_end: int
    start: int
    end: int
    comment: str = ""


#: A mark of a block of YAML, and the comment behind it.
_BLOCK_HEAD: Final = re.compile(r"[|>][-+0-9]*([ \t]+#[^\r\n]*)?")

_JSON_STRING: Final = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)
_JSON_COLON: Final = re.compile(r"\s*:\s*")

#: Strings of TOML, and comments, in which what looks like a string is none. Two quotes may stand
#: in front of the three that end a string of several lines.
_TOML_TOKEN: Final = re.compile(
    r"#[^\n]*"
    r'|"""(?:\\.|[^\\])*?"{3,5}'
    r"|'''.*?'{3,5}"
    r'|"(?:[^"\\\n]|\\.)*"'
    r"|'[^'\n]*'",
    re.DOTALL,
)
_TOML_EQUALS: Final = re.compile(r"[ \t]*=[ \t]*")
_TOML_BARE: Final = re.compile(r"([A-Za-z0-9_-]+)[ \t]*=[ \t]*\Z")


def find_strings(text: str, format: DocumentFormat, keys: Collection[str]) -> list[Span]:
    """
    Find all fields of these names whose value is a scalar, wherever they stand.

    Args:
        text: A document without a byte order mark, which ``read_document`` has read.

        format: Its format.

        keys: The names of the fields.

    Returns:
        The fields in the order of the text.
    """
    return [span for span in _FINDERS[format](text) if span.key in keys]


def _in_yaml(text: str) -> Iterator[Span]:
    open_: list[dict[str, Any]] = []
    for event in events(text):
        if isinstance(event, yaml.CollectionEndEvent):
            open_.pop()
        elif isinstance(event, yaml.NodeEvent):
            key = _key_of(event, open_[-1] if open_ else {})
            if key is not None and isinstance(event, yaml.ScalarEvent):
                yield _yaml_span(text, key, event)
            if isinstance(event, yaml.CollectionStartEvent):
                open_.append({"is_mapping": isinstance(event, yaml.MappingStartEvent)})


def _key_of(event: yaml.NodeEvent, parent: dict[str, Any]) -> Any:  # noqa: ANN401 - a marked event
    """Return the key in front of a value, or None if *event* is a key or in a list."""
    if not parent.get("is_mapping"):
        return None
    key = parent.pop("key", None)
    if key is None:
        parent["key"] = event
    return key


def _yaml_span(text: str, key: Any, value: Any) -> Span:  # noqa: ANN401 - marked events
    start, end, comment = value.start_mark.index, value.end_mark.index, ""
    if value.style in ("|", ">"):  # such a value ends behind the line ends below it
        head = _BLOCK_HEAD.search(text, start, end)
        comment = (head and head[1]) or ""
        end = start + len(text[start:end].rstrip())
    return Span(key.value, key.start_mark.index, key.end_mark.index, start, end, comment)


def _in_json(text: str) -> Iterator[Span]:
    previous: re.Match[str] | None = None
    for match in _JSON_STRING.finditer(text):
        if previous is not None and _JSON_COLON.fullmatch(text, previous.end(), match.start()):
            yield Span(json.loads(previous[0]), *previous.span(), *match.span())
        previous = match


def _in_toml(text: str) -> Iterator[Span]:
    previous, since = (0, 0), 0
    for match in _TOML_TOKEN.finditer(text):
        if match[0][0] != "#":
            bare = _TOML_BARE.search(text, since, match.start())
            if bare is not None:
                yield Span(bare[1], *bare.span(1), *match.span())
            elif previous[1] and _TOML_EQUALS.fullmatch(text, previous[1], match.start()):
                key = tomllib.loads(f"key = {text[slice(*previous)]}")["key"]
                yield Span(key, *previous, *match.span())
        previous, since = match.span(), match.end()


_FINDERS: Final[dict[DocumentFormat, Callable[[str], Iterator[Span]]]] = {
    "yaml": _in_yaml,
    "json": _in_json,
    "toml": _in_toml,
}
