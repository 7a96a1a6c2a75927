"""
YAML read strictly: every value with its line, nothing twice, nothing that grows by aliases.

Nothing of the text but keys is ever told: values may be secrets, and YAML's own messages quote
them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import yaml

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["StrictYaml", "YamlPath"]

YamlPath = tuple[str | int, ...]

_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_TAG: Final = "tag:yaml.org,2002:"
_PLAIN_KINDS: Final = frozenset(_TAG + kind for kind in ("int", "float", "bool", "null"))

#: An alias may stand for a few roles that are common to many users, and not for a bomb.
_GROWTH: Final = 10
_SMALL: Final = 10_000


class _AnotherKind:
    """A value that is neither text, number, boolean nor null, such as a date."""


class StrictYaml:
    """
    One YAML document as plain values.

    Attributes:
        value: Its content: dictionaries with texts as keys, lists, texts, numbers, booleans, None.
        lines: From the path of each value in it to its line, from 1. The path of the whole is ().
        faults: What is wrong with it, as line (0 if that is not known), path and rule.
    """

    def __init__(self, text: str) -> None:
        self.lines: dict[YamlPath, int] = {}
        self.faults: list[tuple[int, YamlPath, str]] = []
        self.value: object = None
        self._seen: set[int] = set()
        self._visits = 0
        self._loader = None
        try:
            self._loader = _LOADER(text)
            root = self._loader.get_single_node()
            self.value = None if root is None else self._read(root, ())
        except yaml.MarkedYAMLError as error:
            self._refuse_syntax(text, error.problem_mark)
        except RecursionError:
            self._refuse(0, (), "it is nested too deeply, or an alias leads to what it is in")
        except _TooLargeError:
            self._refuse(0, (), "its aliases make it many times larger: write it out")
        except yaml.YAMLError:
            self._refuse(0, (), "not YAML: there is a control character in it")

    def _read(self, node: yaml.Node, path: YamlPath) -> object:
        self._visits += 1
        self._seen.add(id(node))
        if self._visits > _SMALL + _GROWTH * len(self._seen):
            raise _TooLargeError
        self.lines[path] = node.start_mark.line + 1
        if isinstance(node, yaml.MappingNode):
            return dict(self._entries(node, path))
        if isinstance(node, yaml.SequenceNode):
            return [self._read(item, (*path, number)) for number, item in enumerate(node.value)]
        return self._scalar(node, path)

    def _entries(self, mapping: yaml.MappingNode, path: YamlPath) -> Iterator[tuple[str, object]]:
        lines: dict[str, int] = {}
        for key, node in mapping.value:
            line = key.start_mark.line + 1
            if not isinstance(key, yaml.ScalarNode):
                self._refuse(line, path, "a key must be text")
            elif key.tag == f"{_TAG}merge":
                self._refuse(line, path, "the merge key [<<] is not read here: write it out")
            elif key.value in lines:
                rule = f"it is in line [{lines[key.value]}] already"
                self._refuse(line, (*path, key.value), rule)
            else:
                lines[key.value] = line
                yield key.value, self._read(node, (*path, key.value))

    def _scalar(self, node: yaml.Node, path: YamlPath) -> object:
        if node.tag == f"{_TAG}str":
            return node.value
        if node.tag in _PLAIN_KINDS:
            try:
                return self._loader.construct_object(node)  # type: ignore[union-attr]
            except ValueError:  # too many digits
                return _AnotherKind()
        if not node.tag.startswith(_TAG):
            self._refuse(self.lines[path], path, f"the tag [{node.tag}] is not read here")
        return _AnotherKind()

    def _refuse_syntax(self, text: str, mark: yaml.Mark | None) -> None:
        line = mark.line + 1 if mark else 0
        rule = "not YAML here; text with special characters must be in quotes"
        if mark and text[mark.index : mark.index + 1] == "\t":
            rule = "not YAML here: a tab in the place of blanks"
        self._refuse(line, (), rule)

    def _refuse(self, line: int, path: YamlPath, rule: str) -> None:
        self.faults.append((line, path, rule))


class _TooLargeError(Exception):
    """More values by way of aliases than anybody means to write."""
