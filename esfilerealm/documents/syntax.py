"""
What is probably wrong where a text is not YAML, and in which line.

A parser says where it could not go on, which is often not where the mistake is. So the text is
parsed again, in Python, and the tokens before the error are looked at. The words quote nothing of
the text but single signs: it may hold secrets.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

import yaml

from .node_loader import NodeLoader

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any, Final

    #: A line, counted from 0, and what is met there.
    Cause = tuple[int, str]

__all__ = ["EQUALS", "MORE", "NO_BLANK", "fault_of_line", "syntax_issue"]

_NOT_YAML: Final = "not YAML here"
MORE: Final = (
    "there is more behind the end of the document: "
    "a second document, or a key that is indented less than the first one"
)
_TAB: Final = f"{_NOT_YAML}: use blanks in place of the tab"
_QUOTES: Final = "put text with special characters in quotes"
#: Nobody waits for the reason in a longer text.
_LONGEST: Final = 2**18
#: Nor in a deeper one, which takes the parser much longer.
_DEEPEST: Final = 100

_OPEN_QUOTE: Final = "a quote that is not closed"
_OPEN_BRACKET: Final = "a bracket that is not closed"
_INDENTATION: Final = "an indentation that fits no line above"
_BLOCK: Final = "text after [{}]: put all of it in quotes, or begin it in the next line"
_DIRECTIVE: Final = "a line that begins with [%]"
_CONFLICT: Final = "a mark of a merge conflict"
EQUALS: Final = "a [=] in place of [:]"
NO_BLANK: Final = "a [:] without a blank after it"
_NO_COLON: Final = "a line without [:]"
#: Causes that quotes do not remove.
_BESIDE_QUOTES: Final = frozenset(
    {
        *(_OPEN_QUOTE, _OPEN_BRACKET, _INDENTATION, _CONFLICT, _NO_COLON),
        *(NO_BLANK, _BLOCK.format("|"), _BLOCK.format(">")),
        "a [-] without a blank after it",
        EQUALS,
        "a comment that does not begin with [#]",
        "a key that is indented below a value",
        "an item of a list in the line of its key",
        "an item of a list among keys",
        "a key among the items of a list",
    }
)
#: From a part of the parser's words to what is met where it stopped. The first that fits counts.
_WORDS: Final = (
    ("scanning an alias", "a bare [*], which begins an alias"),
    ("scanning an anchor", "a bare [&], which begins an anchor"),
    ("sequence entries", "an item of a list in the line of its key"),
    ("mapping keys", "a value that begins with [?]"),
    ("double-quoted", "a [\\] with no meaning in double quotes"),
    ("incompatible YAML", _DIRECTIVE),
    ("a directive", _DIRECTIVE),
    (" tag", "a [!], which begins a tag"),
)
_CONFLICTS: Final = ("<<<<<<<", "=======", ">>>>>>>", "|||||||")
_COMMENTS: Final = ("//", "/*", ";")
_KEY_WITHOUT_BLANK: Final = re.compile(r"""(['"]?)[\w.${}-]+\1:(?!//)\S""")
_KEY_WITH_EQUALS: Final = re.compile(r"""(['"]?)[\w.${}-]+\1\s*=""")
_KEY: Final = re.compile(r"\s*(- +)*[\w.-]+:\s")
_LINE_BREAK: Final = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
_BRACKETS: Final = {"]": "[", "}": "{"}


def syntax_issue(text: str, line_number: int, *, has_tabs: bool) -> tuple[int, str]:
    """
    Return the line of a syntax error, counted from 1, and what is probably wrong there.

    Args:
        text: The whole text.

        line_number: Where a parser stopped.

        has_tabs: Whether the parser that stopped takes tabs as it takes blanks.
    """
    unknown = line_number, f"{_NOT_YAML}; {_QUOTES}"
    if len(text) > _LONGEST:
        return unknown
    if has_tabs:
        text = re.sub(r"(?<=\S)[ \t]+", lambda match: " " * len(match[0]), text)
    error = _error_of(text)
    if error is None:
        return unknown
    diagnosis = _Diagnosis(text, error, list(_tokens(text, error.mark.index)))
    if diagnosis.is_tab:
        return error.mark.line + 1, _TAB
    line, met = diagnosis.cause()
    if met == MORE:
        return line + 1, MORE
    advice = "" if met in _BESIDE_QUOTES else f"; {_QUOTES}"
    return line + 1, f"{_NOT_YAML}{advice}{'; met here: ' if met else ''}{met}"


def fault_of_line(line: str) -> str:
    """Return what is wrong with a line that should be a key with its value."""
    line = line.strip()
    if line.startswith(_CONFLICTS):
        return _CONFLICT
    if line.startswith(_COMMENTS):
        return "a comment that does not begin with [#]"
    line = re.sub(r"^(- +)+", "", line)
    if re.match(r"-[^\s-]", line):
        return "a [-] without a blank after it"
    if _KEY_WITHOUT_BLANK.match(line):
        return NO_BLANK
    return EQUALS if _KEY_WITH_EQUALS.match(line) else _NO_COLON


class _Error(NamedTuple):
    """Where a parser stopped, and its words."""

    words: str
    start: yaml.Mark
    mark: yaml.Mark


def _error_of(text: str) -> _Error | None:
    loader: Any = NodeLoader(text)
    try:
        while loader.check_event() and loader.flow_level + len(loader.indents) < _DEEPEST:
            loader.get_event()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or loader.get_mark()
        return _Error(f"{error.context} {error.problem}", error.context_mark or mark, mark)
    except ValueError:  # a code in double quotes that no character has
        mark = loader.get_mark()
        return _Error("scanning a double-quoted scalar", mark, mark)
    return None


def _tokens(text: str, end: int) -> Iterator[yaml.Token]:
    """Iterate over the tokens that begin before *end*, as far as the text can be scanned."""
    loader: Any = NodeLoader(text)
    try:
        while loader.check_token():  # pragma: no branch - the end of the text is behind the error
            token = loader.get_token()
            if token.start_mark.index >= end:
                return
            yield token
    except (yaml.MarkedYAMLError, ValueError):
        yield from (token for token in loader.tokens if token.start_mark.index < end)


class _Diagnosis:
    """The cause of one error."""

    def __init__(self, text: str, error: _Error, tokens: list[yaml.Token]) -> None:
        #: What the parser was reading began at the first mark, and ended at the second one.
        self._start, self._mark = error.start, error.mark
        self._line = error.mark.line
        self._text = text
        self._lines = _LINE_BREAK.split(text)
        self._met = text[self._mark.index : self._mark.index + 1]
        self._words = error.words
        self._tokens = [token for token in tokens if token.start_mark.index < token.end_mark.index]
        self._previous = self._tokens[-1] if self._tokens else None

    @property
    def is_tab(self) -> bool:
        """Whether it is a tab that cannot stand where the parser stopped, or before it."""
        line = self._lines[self._line]
        return "\t" in line[: len(line) - len(line.lstrip())] + self._met

    def cause(self) -> Cause:
        """Return the line of the mistake, and what is met there."""
        if self._lines[self._line].startswith(_CONFLICTS):
            return self._line, _CONFLICT
        for words, find in self._finders().items():
            if words in self._words:
                return find()
        for words, met in _WORDS:
            if words in self._words:
                return self._line, met
        opening = self._open_bracket()
        return self._in_brackets(opening) if opening else self._in_block()

    def _finders(self) -> dict[str, Callable[[], Cause]]:
        """Return what finds a cause, by a part of the parser's words; the first that fits."""
        return {
            "<document start>": self._behind_the_end,
            "simple key": self._unfinished_key,
            "mapping values": self._misplaced_colon,
            "cannot start any token": self._beginning,
            "scanning a block scalar": self._block_text,
            "scanning a quoted scalar": self._open_quote,
        }

    def _unfinished_key(self) -> Cause:
        line = self._start.line
        return line, fault_of_line(self._lines[line])

    def _open_quote(self) -> Cause:
        return self._start.line, _OPEN_QUOTE

    def _beginning(self) -> Cause:
        if self._text[: self._mark.index].endswith("{"):
            return self._line, "[{%], a mark of a template"
        return self._line, f"a value that begins with [{self._met}]"

    def _block_text(self) -> Cause:
        return self._line, _BLOCK.format(self._text[self._start.index])

    def _open_bracket(self) -> yaml.Token | None:
        """Return the innermost bracket that is open where the parser stopped."""
        opened: list[yaml.Token] = []
        for token in self._tokens:
            if isinstance(token, yaml.FlowSequenceStartToken | yaml.FlowMappingStartToken):
                opened.append(token)
            elif isinstance(token, yaml.FlowSequenceEndToken | yaml.FlowMappingEndToken) and opened:
                opened.pop()
        return opened[-1] if opened else None

    def _behind_the_end(self) -> Cause:
        if self._met in _BRACKETS:
            return self._line, f"a [{self._met}] that nothing opened"
        above = [n for n in range(self._line) if self._lines[n].strip()]
        if above and self._lines[above[-1]].startswith("%"):
            return above[-1], _DIRECTIVE
        previous = self._previous
        is_in_line = previous is not None and previous.end_mark.line == self._line
        met = self._behind(previous)[1] if previous is not None and is_in_line else ""
        return self._line, met or MORE

    def _misplaced_colon(self) -> Cause:
        """Return the cause of a colon that belongs to no key."""
        line, previous = self._line, self._previous
        if isinstance(previous, yaml.ScalarToken) and previous.start_mark.line < line:
            first = previous.start_mark.line
            if not previous.plain:
                return first, _OPEN_QUOTE
            fault = fault_of_line(self._lines[first])
            owner = self._tokens[-2] if len(self._tokens) > 1 else None
            is_value = isinstance(owner, yaml.ValueToken) and owner.start_mark.line == first
            if is_value and "[-]" not in fault:
                return line, "a key that is indented below a value"
            return first, fault
        return line, "a second [:] in a line"

    def _in_brackets(self, opening: yaml.Token) -> Cause:
        """Return the cause of an error between brackets."""
        first, sign = opening.start_mark.line, self._text[opening.start_mark.index]
        if self._met == "," or _BRACKETS.get(self._met) == sign:
            return self._line, f"a [{self._met}] where a value is missing"
        if self._met in _BRACKETS:
            return self._line, f"a [{self._met}] for the [{sign}] of line {first + 1}"
        closing = {sign: end for end, sign in _BRACKETS.items()}[sign]
        rest = self._text[self._mark.index :]
        is_alone = self._lines[first].lstrip().startswith(sign)
        is_outside = self._line > first and _indentation(self._lines[self._line]) <= (
            _indentation(self._lines[first])
        )
        if closing not in rest or (is_outside and not is_alone):
            return first, _OPEN_BRACKET
        previous = self._previous
        if self._met == ":" and previous is not None and previous.start_mark.line == self._line:
            return self._line, "a second [:] between two [,]"
        return self._line, "two values without [,] between them"

    def _in_block(self) -> Cause:
        """Return the cause of an error outside of brackets."""
        line, previous = self._line, self._previous
        if self._met and self._met in _BRACKETS:
            return line, f"a [{self._met}] that nothing opened"
        if previous is not None and previous.end_mark.line == line:
            return self._behind(previous)
        if self._start.column != self._mark.column:
            return line, _INDENTATION
        if "block collection" in self._words:
            return line, "a key among the items of a list"
        return line, "an item of a list among keys" if self._met == "-" else ""

    def _behind(self, previous: yaml.Token) -> Cause:
        """Return the cause of an error in the line of what precedes it."""
        line = self._line
        if isinstance(previous, yaml.ValueToken):
            return line, f"a value that begins with [{self._met}]"
        if isinstance(previous, yaml.ScalarToken) and not previous.plain:
            first = previous.start_mark.line
            if first < line and _KEY.match(self._lines[line]):
                return first, _OPEN_QUOTE
            return line, NO_BLANK if self._met == ":" else "text after a closing quote"
        if isinstance(previous, yaml.FlowSequenceEndToken | yaml.FlowMappingEndToken):
            return line, "text after a closing bracket"
        return line, "text after an alias" if isinstance(previous, yaml.AnchorToken) else ""


def _indentation(line: str) -> int:
    return len(line) - len(line.lstrip(" "))
