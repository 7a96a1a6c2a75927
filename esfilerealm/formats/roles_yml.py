"""``roles.yml``: the names of the roles that an administrator defines on a node."""

from __future__ import annotations

from ..names import RESERVED_ROLE_NAMES, broken_rule

__all__ = ["Segment", "first_key", "parse_role_names", "segments"]

TYPE_CHECKING = False  # see `_ground`
if TYPE_CHECKING:
    from collections.abc import Iterator


def parse_role_names(data: bytes) -> set[str]:
    """
    Return the names of the roles that a ``roles.yml`` defines, without reserved names.

    A definition starts with a line that is neither indented nor a comment. Each one is parsed as
    its own document, so that a broken one does not hide the others. Its first key is the name; the
    rest is not read. Nothing here is an error, since a node skips what it cannot use: a definition
    that is not a mapping, an invalid name, and a file that is not UTF-8, which defines nothing.

    Args:
        data: The whole file.

    Source:
        ``FileRolesStore.parseFile`` without resolving permissions, as ``elasticsearch-users``
        calls it.
    """
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return set()
    names = (_name_defined(segment.text) for segment in segments(text))
    return {name for name in names if name is not None}


class Segment:
    """
    The part of the file that a node reads as one role.

    Attributes:
        text: Its lines, without comments and blank lines.
        line_numbers: The number of each in the file, counted from 1.
    """

    __slots__ = ("line_numbers", "text")

    def __init__(self, lines: list[tuple[int, str]]) -> None:
        self.line_numbers = [number for number, _ in lines]
        self.text = "\n".join(line for _, line in lines)


def segments(text: str) -> Iterator[Segment]:
    """
    Divide the text of a file into roles; indented lines before the first one are left out.

    Source:
        ``FileRolesStore.roleSegments``.
    """
    lines: list[tuple[int, str]] = []
    for number, line in enumerate(_lines(text), start=1):
        if line.startswith("#") or not line.strip():
            continue
        if not line[0].isspace():
            if lines:
                yield Segment(lines)
            lines = [(number, line)]
        elif lines:
            lines.append((number, line))
    if lines:
        yield Segment(lines)


def _lines(text: str) -> list[str]:
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")


def _name_defined(segment: str) -> str | None:
    name = first_key(segment)
    return None if broken_rule(name, reserved=RESERVED_ROLE_NAMES) else name


def first_key(document: str) -> str | None:
    """Return the first key of a mapping; what is behind it is not read."""
    import yaml

    from ..documents.events import BrokenYamlError, events

    in_mapping = False
    try:
        for event in events(document):
            if isinstance(event, yaml.ScalarEvent):
                return str(event.value) if in_mapping else None
            in_mapping = isinstance(event, yaml.MappingStartEvent)
    except BrokenYamlError:
        pass
    return None
