"""``guide`` and ``ansible-path``: what the package ships beside its code."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from .commands import TOPICS
from .exits import OK, UsageError
from .options import did_you_mean

if TYPE_CHECKING:
    from .arguments import Arguments
    from .target import Target
    from .terminal import Terminal

__all__ = ["run_ansible_path", "run_guide"]

_PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def run_guide(arguments: Arguments, _: Target, terminal: Terminal) -> int:
    """Print a guide, or list the topics."""
    topic = arguments.optional
    if topic is None:
        width = max(map(len, TOPICS))
        rows = [f"{name:<{width}}  {summary}" for name, (_, summary) in TOPICS.items()]
        terminal.print("\n".join(rows))
        return OK
    if topic not in TOPICS:
        hint = did_you_mean(topic, TOPICS)
        raise UsageError(f"unknown guide [{topic}]{hint}: use one of [{', '.join(TOPICS)}]")
    with open(os.path.join(_PACKAGE, TOPICS[topic][0]), encoding="utf-8") as file:
        terminal.print_paged(file.read().rstrip("\n"))
    return OK


def run_ansible_path(_: Arguments, __: Target, terminal: Terminal) -> int:
    """Print the directory that holds ``ansible_collections``: that of this package."""
    terminal.print(_PACKAGE)
    return OK
