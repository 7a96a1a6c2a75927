"""From the bytes of a YAML, JSON or TOML file to plain values with their places."""

from __future__ import annotations

import json
import re
import tomllib
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final, Literal, get_args

from .._ground.faults import FaultsOf
from .._ground.showing import shown, shown_key
from ..errors import ConfigurationFileMissingError, InvalidDesiredStateError
from .yaml import YamlReader

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from .yaml import YamlIssue

__all__ = [
    "FORMATS",
    "Document",
    "DocumentFormat",
    "Path",
    "content_of",
    "content_of_stream",
    "format_of",
    "read_document",
    "read_yaml",
    "shown_path",
]

Path = tuple[str | int, ...]

DocumentFormat = Literal["yaml", "json", "toml"]

FORMATS: Final[tuple[DocumentFormat, ...]] = get_args(DocumentFormat)
"""The formats of a document."""

_ENDINGS: Final[dict[str, DocumentFormat]] = {
    ".yaml": "yaml",
    ".yml": "yaml",
    ".json": "json",
    ".toml": "toml",
}
_LARGEST: Final = 2**28
_LONGEST_SOURCE: Final = 300
_TOML_LINE: Final = re.compile(r"at line (\d+)")


@dataclass(frozen=True, slots=True)
class Document:
    """
    The content of a file, or of a dictionary.

    Attributes:
        value: Plain values, which may include secrets.
        source: The name of the file, or another origin, for messages.
        lines: From the path of a value to its line, where that is known.
        folder: The directory from which its relative paths start.
        issues: What is wrong already, one line each, such as a duplicate key.
    """

    value: object = field(repr=False)
    source: str
    lines: Mapping[Path, int] = field(default_factory=dict, repr=False)
    folder: str = ""
    issues: tuple[str, ...] = ()

    def place(self, path: Path) -> str:
        """Return where a value is: the source, the line if that is known, and the path."""
        return place(self.source, self.lines.get(path) or self.lines.get(path[:-1]), path)


def place(source: str, line: int | None, path: Path) -> str:
    """Return where a value is, for messages."""
    parts = [f"[{shown(source, _LONGEST_SOURCE)}]"]
    if line:
        parts.append(f"line [{line}]")
    if path:
        parts.append(shown_path(path))
    return ", ".join(parts)


def shown_path(path: Path) -> str:
    """Return a path as text, such as ``users[0].name``."""
    return "".join(_step(step) for step in path).removeprefix(".")


def _step(step: str | int) -> str:
    return f"[{step}]" if isinstance(step, int) else f".{shown_key(step)}"


def content_of(path: str) -> bytes:
    """
    Read a file.

    Raises:
        ConfigurationFileMissingError: If it does not exist.
        FilePermissionError, FileAccessError: If it cannot be read.
        InvalidDesiredStateError: If it is endless, or larger than any realm could be.
    """
    with FaultsOf(path, "reading"):
        try:
            with open(path, "rb") as file:
                return content_of_stream(file.read, path)
        except FileNotFoundError:
            raise ConfigurationFileMissingError(path, "check the path") from None


def content_of_stream(read: Callable[[int], bytes], source: str) -> bytes:
    """
    Read a stream to its end.

    Args:
        read: Takes the largest number of bytes to return.

        source: The name of the stream for messages.

    Raises:
        InvalidDesiredStateError: If it is endless, or larger than any realm could be.
    """
    data = read(_LARGEST + 1)
    if len(data) > _LARGEST:
        raise _error(source, 0, f"larger than {_LARGEST} bytes")
    return data


def format_of(path: str, data: bytes) -> DocumentFormat:
    """
    Return the format of a document by the name of its file, else by its first character.

    A document of an unknown ending that does not look like JSON is YAML.
    """
    for ending, format_ in _ENDINGS.items():
        if path.lower().endswith(ending):
            return format_
    return "json" if data.lstrip().startswith(b"{") else "yaml"


def read_document(data: bytes, format: DocumentFormat, source: str) -> Document:
    """
    Read a document.

    Args:
        data: The whole file, UTF-8.

        format: ``yaml``, ``json`` or ``toml``.

        source: The name of the file for messages.

    Raises:
        InvalidDesiredStateError: If it is not well formed. A duplicate key breaks TOML;
            in other formats it is one of the ``issues``.
        ValueError: If the format is unknown.
    """
    if format not in FORMATS:
        raise ValueError(f"format is [{format}]: must be one of {', '.join(FORMATS)}")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        offset = error.start
    else:
        return _READERS[format](text, source)
    line = data.count(b"\n", 0, offset) + 1
    raise _error(source, line, f"not UTF-8 at byte [{offset}]")


def read_yaml(
    text: str, source: str, *, one_document: bool = False
) -> tuple[list[Document], list[YamlIssue]]:
    """
    Read all documents of YAML.

    Args:
        text: The whole text.

        source: The name of the file for messages.

        one_document: A second document is an issue.

    Returns:
        The documents, with strings as keys and ``Unread`` for values that are not plain, and
        everything that is wrong. If an issue ends the reading, there are no documents.
    """
    reader = YamlReader(text, one_document=one_document)
    documents: list[Document] = []
    containers: list[Any] = []
    lines: dict[Path, int] = {}
    for path, value in reader:
        depth = len(path)
        if not depth:
            lines = {}
            documents.append(Document(value, source, lines))
        elif isinstance(step := path[-1], int):
            containers[depth - 1].append(value)
        else:
            containers[depth - 1][step] = value
        lines[path] = reader.line_number
        if isinstance(value, dict | list):
            containers[depth:] = (value,)
    return [] if reader.is_broken else documents, reader.issues


def _read_yaml(text: str, source: str) -> Document:
    documents, issues = read_yaml(text, source, one_document=True)
    lines = tuple(
        f"{place(source, issue.line_number, issue.path)}: {issue.rule}" for issue in issues
    )
    if not all(issue.is_duplicate_key for issue in issues):
        raise InvalidDesiredStateError(lines)
    return replace(documents[0], issues=lines) if documents else Document(None, source)


def _read_json(text: str, source: str) -> Document:
    line, rule = 0, "a number is too long, or a value is nested too deeply"
    issues: list[str] = []
    try:
        pairs = json.loads(text, object_pairs_hook=_Pairs, parse_constant=_refuse_constant)
        value = _unpaired(pairs, (), source, issues)
    except json.JSONDecodeError as error:
        line, rule = error.lineno, f"not JSON at column [{error.colno}]"
    except _ConstantError as error:
        rule = f"[{error}] is not JSON"
    except (ValueError, RecursionError):
        pass
    else:
        return Document(value, source, issues=tuple(issues))
    # Not in the handler: its error, which holds the whole text, would be the context of this one.
    raise _error(source, line, rule)


class _Pairs(list[tuple[str, object]]):
    """An object of JSON, whose keys may be given twice."""


class _ConstantError(ValueError):
    """NaN or an infinity, which JSON does not have."""


def _refuse_constant(name: str) -> object:
    raise _ConstantError(name)


def _unpaired(value: object, path: Path, source: str, issues: list[str]) -> object:
    if isinstance(value, _Pairs):
        unpaired: dict[str, object] = {}
        for key, item in value:
            if key in unpaired:
                issues.append(f"{place(source, None, (*path, key))}: duplicate key")
            unpaired[key] = _unpaired(item, (*path, key), source, issues)
        return unpaired
    if isinstance(value, list):
        return [_unpaired(item, (*path, n), source, issues) for n, item in enumerate(value)]
    return value


def _read_toml(text: str, source: str) -> Document:
    line, rule = 0, "not TOML here, or a duplicate key"
    try:
        return Document(tomllib.loads(text), source)
    except tomllib.TOMLDecodeError as error:
        match = _TOML_LINE.search(str(error))
        line = int(match[1]) if match else text.count("\n") + 1
    except (ValueError, RecursionError):
        rule = "a number is too long, or a value is nested too deeply"
    raise _error(source, line, rule)


_READERS: Final = {"yaml": _read_yaml, "json": _read_json, "toml": _read_toml}


def _error(source: str, line: int, rule: str) -> InvalidDesiredStateError:
    return InvalidDesiredStateError((f"{place(source, line, ())}: {rule}",))
