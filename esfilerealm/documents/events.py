"""
From a text to the events of YAML: by the fastest parser that there is, or as a node parses it.

Neither parser recurses, so no nesting breaks it, with the C library or without.
"""

from __future__ import annotations

import yaml

from .node_loader import NodeLoader

__all__ = ["TOO_DEEP", "BrokenYamlError", "events"]

TYPE_CHECKING = False  # see `_ground`
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any, Final

TOO_DEEP: Final = "nested too deeply"
_CONTROL_CHARACTER: Final = "not YAML: there is a control character in it"


class BrokenYamlError(Exception):
    """
    An issue that ends the reading.

    Attributes:
        line_number: Counted from 1.
        rule: The rule that is broken.
    """

    def __init__(self, line_number: int, rule: str) -> None:
        super().__init__(rule)
        self.line_number = line_number
        self.rule = rule


_LOADER: Any = getattr(yaml, "CSafeLoader", NodeLoader)


def events(text: str, *, as_java: bool = False) -> Iterator[yaml.Event]:
    """
    Iterate over the events of a text, as they are parsed.

    Args:
        text: The whole text.

        as_java: Parse as a node does, even if there is the faster parser in C.

    Raises:
        BrokenYamlError: Where it is not YAML.
    """
    text = text.removeprefix("\ufeff")
    loader: Any = None
    rule = ""
    try:
        loader = (NodeLoader if as_java else _LOADER)(text)
        while loader.check_event():
            yield loader.get_event()
    except yaml.MarkedYAMLError as error:
        line_number = error.problem_mark.line + 1 if error.problem_mark else 1
        if "maximum nesting" in (error.problem or ""):
            rule = TOO_DEEP
    except (yaml.YAMLError, UnicodeEncodeError):
        line_number, rule = _line_of_control_character(text), _CONTROL_CHARACTER
    except ValueError:  # a code in double quotes that no character has, from the parser in Python
        line_number = loader.get_mark().line + 1
    else:
        return
    # Not in a handler: its error, which quotes the text, would be the context of this one.
    if not rule:
        from .syntax import syntax_issue

        has_tabs = not as_java and _LOADER is not NodeLoader
        line_number, rule = syntax_issue(text, line_number, has_tabs=has_tabs)
    raise BrokenYamlError(line_number, rule)


def _line_of_control_character(text: str) -> int:
    match = yaml.reader.Reader.NON_PRINTABLE.search(text)
    return text.count("\n", 0, match.start()) + 1 if match else 1
