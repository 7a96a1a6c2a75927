"""
From the bytes of ``elasticsearch.yml`` to flat keys, each with its line.

Nothing of the file but keys is ever told: values may be secrets, and YAML's own messages quote
them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import yaml

from ..errors import InvalidSettingError

__all__ = ["flat_settings"]

if TYPE_CHECKING:
    from collections.abc import Iterator

    #: A value with the place it comes from. A value is text, or a list of texts.
    Placed = tuple[str | list[str], str]

_NULL = "tag:yaml.org,2002:null"


def flat_settings(data: bytes, path: str, problems: list[InvalidSettingError]) -> dict[str, Placed]:
    """
    Flatten a YAML mapping, whose keys may be nested, dotted or both, to dotted keys.

    What a node refuses is added to *problems*: a file that is not one mapping, a key without a
    value, a list of anything but plain values. So is what a node would not read as it looks: a key
    that is given twice, once flat and once nested, and YAML's aliases.

    Source:
        ``Settings.fromXContent``.
    """
    return _Flattening(path, problems).of(_composed(data, path, problems))


def _composed(
    data: bytes, path: str, problems: list[InvalidSettingError]
) -> yaml.MappingNode | None:
    """Give the mapping of a file, or None for an empty one and for one that is none."""
    rule = ""
    root = None
    try:
        loader = yaml.SafeLoader(data.decode("utf-8"))
        root = loader.get_node() if loader.check_node() else None
        rule = _rule_about_more(loader)
    except UnicodeDecodeError as error:
        rule = f"not UTF-8 at byte {error.start}"
    except yaml.MarkedYAMLError as error:
        rule = f"not YAML{_at_line(error.problem_mark)}"
    except (yaml.YAMLError, RecursionError):
        rule = "not YAML, or nested too deeply"
    if not rule and isinstance(root, yaml.MappingNode):
        return root
    is_empty = root is None or root.value == ""
    if rule or not is_empty:
        rule = rule or "must be a mapping of keys to values"
        problems.append(InvalidSettingError(None, None, rule, f"[{path}]"))
    return None


def _rule_about_more(loader: yaml.SafeLoader) -> str:
    """Say what is wrong behind the first document, if anything is."""
    try:
        if not loader.check_node():
            return ""
        node = loader.get_node()
        mark = node.start_mark if node else None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
    return (
        f"there is more{_at_line(mark)}, behind the end of the settings: "
        "a second document, or a key that is indented less than the first one"
    )


def _at_line(mark: yaml.Mark | None) -> str:
    return f" at line {mark.line + 1}" if mark else ""


class _Flattening:
    """The walk through one file."""

    def __init__(self, path: str, problems: list[InvalidSettingError]) -> None:
        self._path = path
        self._problems = problems
        self._seen: set[int] = set()

    def of(self, root: yaml.MappingNode | None) -> dict[str, Placed]:
        settings: dict[str, Placed] = {}
        for key, value, where in self._walk(root):
            if key in settings:
                self._refuse(key, f"given in {settings[key][1]} already", where)
            else:
                settings[key] = (value, where)
        return settings

    def _walk(self, root: yaml.MappingNode | None) -> Iterator[tuple[str, str | list[str], str]]:
        """Give keys and values in the order of the file, without recursion."""
        waiting = self._entries("", root) if root else []
        while waiting:
            key, line, node = waiting.pop()
            where = f"[{self._path}], line {line}"
            if self._is_alias(node):
                self._refuse(key, "must not be given by alias, which a node does not follow", where)
            elif isinstance(node, yaml.MappingNode):
                waiting += self._entries(f"{key}.", node)
            elif isinstance(node, yaml.SequenceNode):
                yield key, self._items(key, node, where), where
            elif node.tag == _NULL:
                column = node.start_mark.column + 1
                self._refuse(key, f"has no value at column {column}: give one, or remove it", where)
            else:
                yield key, str(node.value), where

    def _entries(self, prefix: str, mapping: yaml.MappingNode) -> list[tuple[str, int, yaml.Node]]:
        """Give the key, line and value of every entry of a mapping, last one first."""
        entries = []
        for key, node in mapping.value:
            line = key.start_mark.line + 1
            if isinstance(key, yaml.ScalarNode) and not self._is_alias(key):
                entries.append((f"{prefix}{key.value}", line, node))
            else:
                where = f"[{self._path}], line {line}"
                self._refuse(prefix.removesuffix(".") or None, "its keys must be plain text", where)
        return entries[::-1]

    def _items(self, key: str, node: yaml.SequenceNode, where: str) -> list[str]:
        are_texts = all(
            isinstance(item, yaml.ScalarNode) and item.tag != _NULL and not self._is_alias(item)
            for item in node.value
        )
        if not are_texts:
            self._refuse(key, "a list must hold plain values only", where)
            return []
        return [str(item.value) for item in node.value]

    def _is_alias(self, node: yaml.Node) -> bool:
        """Tell whether *node* has been met before: the loader resolves aliases by itself."""
        is_alias = id(node) in self._seen
        self._seen.add(id(node))
        return is_alias

    def _refuse(self, key: str | None, rule: str, where: str) -> None:
        self._problems.append(InvalidSettingError(key, None, rule, where))
