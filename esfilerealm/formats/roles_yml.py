"""``roles.yml``: the names of the roles that an administrator defines on a node."""

from __future__ import annotations

from ..names import RESERVED_ROLE_NAMES, broken_rule

__all__ = ["parse_role_names"]

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
    names = (_name_defined(segment) for segment in _segments(text))
    return {name for name in names if name is not None}


def _segments(text: str) -> Iterator[str]:
    segment: list[str] = []
    for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n"):
        if line.startswith("#") or not line.strip():
            continue
        if not line[0].isspace():
            if segment:
                yield "\n".join(segment)
            segment = [line]
        elif segment:
            segment.append(line)
    if segment:
        yield "\n".join(segment)


def _name_defined(segment: str) -> str | None:
    name = _first_key(segment)
    return None if broken_rule(name, reserved=RESERVED_ROLE_NAMES) else name


def _first_key(document: str) -> str | None:
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
