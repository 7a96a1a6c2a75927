"""The parser of a node: PyYAML's, with what its translation to Java has changed since."""

from __future__ import annotations

import yaml
from yaml.scanner import ScannerError

__all__ = ["NodeLoader"]

TYPE_CHECKING = False  # see `_ground`
if TYPE_CHECKING:
    from typing import Final, NoReturn, TypeVar

    _Token = TypeVar("_Token", yaml.AliasToken, yaml.AnchorToken)

_LINE_BREAKS: Final = "\r\n\x85\u2028\u2029"
_ENDS_WORD: Final = f"\0 \t{_LINE_BREAKS}"
#: What a node takes neither into the name of an anchor, nor after it.
_NOT_IN_ANCHOR: Final = "[{/.*&"
#: What ends the name of an anchor.
_ENDS_ANCHOR: Final = f"{_ENDS_WORD}:,]}}{_NOT_IN_ANCHOR}"


class NodeLoader(yaml.SafeLoader):
    """
    Parses as the parser of a node does, a translation of this one to Java that has changed since.

    It takes tabs within and after text without quotes, and more characters in names of anchors. A
    tab before a value or after a quote is an error in both.

    Source:
        ``ScannerImpl`` of SnakeYAML 1.33 to 2.5, compared by their answers.
    """

    def scan_plain_spaces(self, indent: int, start_mark: yaml.Mark) -> list[str] | None:
        """Return the blanks or the line break behind a word."""
        length = 0
        while self.peek(length) in " \t":
            length += 1
        blanks: str = self.prefix(length)
        if "\t" in blanks:
            self.forward(length)
            if self.peek() not in _LINE_BREAKS:
                return [blanks]
        spaces: list[str] | None = super().scan_plain_spaces(indent, start_mark)
        return spaces

    def scan_anchor(self, TokenClass: type[_Token]) -> _Token:  # noqa: N803 - the parser's name
        """Return the token of an anchor or alias."""
        start_mark = self.get_mark()
        name = "alias" if self.peek() == "*" else "anchor"
        self.forward()
        length = 0
        while self.peek(length) not in _ENDS_ANCHOR:
            length += 1
        if not length or self.peek(length) in _NOT_IN_ANCHOR:
            self._refuse_anchor(name, start_mark)
        value = self.prefix(length)
        self.forward(length)
        return TokenClass(value, start_mark, self.get_mark())

    def _refuse_anchor(self, name: str, start_mark: yaml.Mark) -> NoReturn:
        problem = "unexpected character"
        raise ScannerError(f"while scanning an {name}", start_mark, problem, self.get_mark())
