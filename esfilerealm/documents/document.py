"""From the bytes of a YAML, JSON or TOML file to plain values whose places are known."""

from __future__ import annotations

import json
import re
import tomllib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from .._ground.faults import FaultsOf
from .._ground.showing import shown, shown_key
from ..errors import ConfigurationFileMissingError, InvalidDesiredStateError
from .yaml import StrictYaml

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = [
    "FORMATS",
    "Document",
    "Path",
    "content_of",
    "content_of_stream",
    "format_of",
    "read_document",
]

Path = tuple[str | int, ...]

FORMATS: Final = ("yaml", "json", "toml")
"""What a document may be written in."""

_ENDINGS: Final = {".yaml": "yaml", ".yml": "yaml", ".json": "json", ".toml": "toml"}
_LARGEST: Final = 2**28
_LONGEST_SOURCE: Final = 300
_MOST_PARTS: Final = 32
_TOML_LINE: Final = re.compile(r"at line (\d+)")
#: Texts and comments of TOML, in which a dot or an equals sign means nothing.
_TOML_TEXT: Final = re.compile(
    r'''"""(?:[^"\\]++|\\.|"(?!""))*+(?:""")?|"(?:[^"\\\n]++|\\.)*+"?|#[^\n]*+'''
    r"""|'''(?:[^']++|'(?!''))*+(?:''')?|'[^'\n]*+'?""",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Document:
    """
    What a file, or a dictionary, holds.

    Attributes:
        value: Plain values; there may be secrets among them.
        source: The name of the file, or what else it comes from, for messages.
        lines: From the path of a value to its line, where that is known.
        folder: Where paths in it that are not absolute begin.
        faults: What is wrong with it already, one line each, such as a key that is given twice.
    """

    value: object = field(repr=False)
    source: str
    lines: Mapping[Path, int] = field(default_factory=dict, repr=False)
    folder: str = ""
    faults: tuple[str, ...] = ()

    def place(self, path: Path) -> str:
        """Say where something is: source, line if that is known, and the way to it."""
        return place(self.source, self.lines.get(path) or self.lines.get(path[:-1]), path)


def place(source: str, line: int | None, path: Path) -> str:
    """Say where something is."""
    parts = [f"[{shown(source, _LONGEST_SOURCE)}]"]
    if line:
        parts.append(f"line [{line}]")
    if path:
        parts.append("".join(_step(step) for step in path).removeprefix("."))
    return ", ".join(parts)


def _step(step: str | int) -> str:
    return f"[{step}]" if isinstance(step, int) else f".{shown_key(step)}"


def content_of(path: str) -> bytes:
    """
    Read a file.

    Raises:
        ConfigurationFileMissingError: If there is none.
        FilePermissionError, FileAccessError: If it cannot be read.
        InvalidDesiredStateError: If it is endless, or larger than any realm.
    """
    with FaultsOf(path, "reading"):
        try:
            with open(path, "rb") as file:
                return content_of_stream(file.read, path)
        except FileNotFoundError:
            raise ConfigurationFileMissingError(path, "check the path") from None


def content_of_stream(read: Callable[[int], bytes], source: str) -> bytes:
    """
    Read all that *read* gives, which takes a number of bytes.

    Raises:
        InvalidDesiredStateError: If it is endless, or larger than any realm.
    """
    data = read(_LARGEST + 1)
    if len(data) > _LARGEST:
        raise _fault(source, 0, f"it holds more than {_LARGEST} bytes")
    return data


def format_of(path: str, data: bytes) -> str:
    """
    Tell the format of a document: by the name of its file, else by its first character.

    What is neither JSON nor named is YAML.
    """
    for ending, format_ in _ENDINGS.items():
        if path.lower().endswith(ending):
            return format_
    return "json" if data.lstrip().startswith(b"{") else "yaml"


def read_document(data: bytes, format: str, source: str) -> Document:
    """
    Read a document.

    Args:
        data: The whole file, UTF-8.

        format: ``yaml``, ``json`` or ``toml``.

        source: The name of the file for messages.

    Raises:
        InvalidDesiredStateError: If it is not well formed; a key of TOML that is given twice is not
            either. In others, that is among the ``faults``.
        ValueError: If there is no such format.
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
    raise _fault(source, line, f"not UTF-8 at byte [{offset}]")


def _read_yaml(text: str, source: str) -> Document:
    document = StrictYaml(text)
    faults = tuple(f"{place(source, line, path)}: {rule}" for line, path, rule in document.faults)
    if len(faults) > document.repeated_keys:
        raise InvalidDesiredStateError(faults)
    return Document(document.value, source, document.lines, faults=faults)


def _read_json(text: str, source: str) -> Document:
    line, rule = 0, "a number is too long, or it is nested too deeply"
    faults: list[str] = []
    try:
        pairs = json.loads(text, object_pairs_hook=_Pairs, parse_constant=_refuse_constant)
        value = _unpaired(pairs, (), source, faults)
    except json.JSONDecodeError as error:
        line, rule = error.lineno, f"not JSON at column [{error.colno}]"
    except _ConstantError as error:
        rule = f"[{error}] is no JSON"
    except (ValueError, RecursionError):
        pass
    else:
        return Document(value, source, faults=tuple(faults))
    # Not in the handler: its error, which holds the whole text, would be the context of this one.
    raise _fault(source, line, rule)


class _Pairs(list[tuple[str, object]]):
    """An object of JSON before it is known that no key of it is given twice."""


class _ConstantError(ValueError):
    """NaN or an infinity, which JSON does not have."""


def _refuse_constant(name: str) -> object:
    raise _ConstantError(name)


def _unpaired(value: object, path: Path, source: str, faults: list[str]) -> object:
    if isinstance(value, _Pairs):
        unpaired: dict[str, object] = {}
        for key, item in value:
            if key in unpaired:
                faults.append(f"{place(source, None, (*path, key))}: it is given twice")
            unpaired[key] = _unpaired(item, (*path, key), source, faults)
        return unpaired
    if isinstance(value, list):
        return [_unpaired(item, (*path, n), source, faults) for n, item in enumerate(value)]
    return value


def _read_toml(text: str, source: str) -> Document:
    line, rule = 0, "not TOML here, or a key that is given twice"
    without_texts = _TOML_TEXT.sub(lambda match: "_" + "\n" * match[0].count("\n"), text)
    for number, text_line in enumerate(without_texts.split("\n"), 1):
        if _has_too_many_parts(text_line):
            raise _fault(source, number, "a key of too many parts")
    try:
        return Document(tomllib.loads(text), source)
    except tomllib.TOMLDecodeError as error:
        match = _TOML_LINE.search(str(error))
        line = int(match[1]) if match else text.count("\n") + 1
    except (ValueError, RecursionError):
        rule = "a number is too long, or it is nested too deeply"
    raise _fault(source, line, rule)


def _has_too_many_parts(line: str) -> bool:
    """Tell whether a dotted key has many parts, which costs tomllib their square in memory."""
    *keys, last = line.split("=")
    if line.lstrip().startswith("["):
        keys.append(last)
    return any(key.count(".") > _MOST_PARTS for key in keys)


_READERS: Final = {"yaml": _read_yaml, "json": _read_json, "toml": _read_toml}


def _fault(source: str, line: int, rule: str) -> InvalidDesiredStateError:
    return InvalidDesiredStateError((f"{place(source, line, ())}: {rule}",))
