"""``guide`` and ``ansible-path``: what the package ships beside its code."""

from __future__ import annotations

import os
import re
from textwrap import fill
from typing import TYPE_CHECKING, Final

from .commands import TOPICS
from .exits import OK, UsageError
from .options import did_you_mean

if TYPE_CHECKING:
    from .arguments import Arguments
    from .target import Target
    from .terminal import Terminal

__all__ = ["run_ansible_path", "run_guide", "wrapped"]

_CODE: Final = re.compile(r"(^ *```.*?^ *```$)", re.MULTILINE | re.DOTALL)

#: A paragraph or an item of a list, without the line end behind it.
_PROSE: Final = re.compile(
    r"^(?P<mark> *(?:[-*] |\d+\. )?)(?![|#<\s]).+(?:\n(?! *(?:[-*] |\d+\. |[|#<\n]|$)).+)*",
    re.MULTILINE,
)

_PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def run_guide(arguments: Arguments, _: Target, terminal: Terminal) -> int:
    """Print a guide, or list the topics."""
    topic = arguments.optional
    if topic is None:
        width = max(map(len, TOPICS))
        rows = [f"{name:<{width}}  {summary}" for name, (_, summary) in TOPICS.items()]
        terminal.print(*rows)
        return OK
    if topic not in TOPICS:
        hint = did_you_mean(topic, TOPICS)
        raise UsageError(f"unknown guide [{topic}]{hint}: use one of [{', '.join(TOPICS)}]")
    with open(os.path.join(_PACKAGE, TOPICS[topic][0]), encoding="utf-8") as file:
        terminal.print_paged(file.read().rstrip("\n"), wrapped)
    return OK


def wrapped(page: str, columns: int) -> str:
    """Return Markdown with its prose wrapped anew; code, tables and headings stay as they are."""
    parts = _CODE.split(page)  # every second part is code
    parts[::2] = [
        _PROSE.sub(lambda match: _filled(match[0], match["mark"], columns), part)
        for part in parts[::2]
    ]
    return "".join(parts)


def _filled(text: str, mark: str, columns: int) -> str:
    return fill(
        " ".join(text.split()),
        columns,
        initial_indent=mark[: len(mark) - len(mark.lstrip())],
        subsequent_indent=" " * len(mark),
        break_long_words=False,
        break_on_hyphens=False,
    )


def run_ansible_path(_: Arguments, __: Target, terminal: Terminal) -> int:
    """Print the directory that holds ``ansible_collections``: that of this package."""
    terminal.print(_PACKAGE)
    return OK
