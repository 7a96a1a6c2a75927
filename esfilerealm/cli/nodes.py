"""One command on several nodes: each is on its own, and a summary names all of them."""

from __future__ import annotations

from collections import defaultdict
from importlib import import_module
from typing import TYPE_CHECKING, Final, TypeVar

from .._ground.showing import printable
from ..errors import FileRealmError
from ..settings.location import find_same
from .exits import OK, CommandError, UsageError, describe_error, exit_code_of
from .target import Target
from .terminal import NORMAL, Terminal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from .arguments import Arguments

__all__ = ["Node", "Nodes", "run_each"]

T = TypeVar("T")

#: How many nodes a message names.
_MOST_NAMES: Final = 10

#: How a line begins that is no result.
_KINDS: Final = ("WARNING: ", "NOTE: ")


def run_each(arguments: Arguments, nodes: Nodes, _: Terminal) -> int:
    """Run a command on each node as if it were the only one."""
    module, function = arguments.command.run.split(":")
    run = getattr(import_module(f".{module}", __package__), function)

    def run_on(node: Node) -> None:
        node.exit_code = run(node.arguments, node.target, node.terminal)

    nodes.each(run_on)
    return nodes.conclude()


class Node:
    """
    One of several nodes, and what became of it.

    Attributes:
        name: Its directory, as it was typed.
        arguments: Those of the command, for this node.
        terminal: Where to print, under the name of the node.
        target: Its realm.
        exit_code: That of the command for this node; None until it has one.
        error: Why it failed, if that is an error.
        is_skipped: Whether it was left alone because another node has failed.
    """

    def __init__(self, name: str, arguments: Arguments, terminal: Terminal) -> None:
        self.name = name
        self.arguments = arguments.for_node(name)
        self.terminal = terminal
        self.target = Target(self.arguments, terminal)
        self.exit_code: int | None = None
        self.error: CommandError | FileRealmError | None = None
        self.is_skipped = False

    @property
    def has_failed(self) -> bool:
        """Whether it failed."""
        return self.exit_code not in (None, OK)

    def fail(self, error: CommandError | FileRealmError) -> None:
        """Note that it failed."""
        self.error, self.exit_code = error, exit_code_of(error)

    def describe(self) -> str:
        """Return what became of it, in a line."""
        if self.is_skipped:
            return "left alone, since another node has failed"
        if self.error is not None:
            return f"failed, with exit code {self.exit_code}"
        return self.terminal.summary

    def to_dict(self) -> dict[str, object]:
        """Return what ``--json`` prints of it."""
        told = {"node": self.name, "is_skipped": self.is_skipped, **self.terminal.result}
        if self.exit_code is not None:
            told["exit_code"] = self.exit_code
        if self.error is not None:
            told["error"] = describe_error(self.error)
        return told


class Nodes:
    """
    The nodes of a command.

    Args:
        arguments: The command line, with several directories.

        terminal: Where to print.

    Raises:
        UsageError: If a directory is empty, or given twice.
    """

    def __init__(self, arguments: Arguments, terminal: Terminal) -> None:
        self._terminal = terminal
        self._is_fail_fast = arguments.has("fail-fast")
        self._blocks: list[str] = []
        self._all = [
            Node(name, arguments, _NodeTerminal(terminal, name, self._blocks))
            for name in arguments.nodes
        ]
        same = find_same([node.target.location.path for node in self._all])
        if same is not None:
            raise UsageError(f"[{same[0]}] and [{same[1]}] are the same directory: give it once")

    def __getitem__(self, name: str) -> Node:
        return next(node for node in self._all if node.name == name)

    @property
    def left(self) -> Iterator[Node]:
        """The nodes that have not failed. With ``--fail-fast``, none is left once one has."""
        for node in self._all:
            if node.has_failed or node.is_skipped:
                continue
            if self._is_fail_fast and any(other.has_failed for other in self._all):
                node.is_skipped = True
            else:
                yield node

    def each(self, step: Callable[[Node], T]) -> dict[str, T]:
        """Take a step for each node that is left, and return the results of those that succeed."""
        results: dict[str, T] = {}
        for node in self.left:
            try:
                results[node.name] = step(node)
            except UsageError:  # it is about the command line
                raise
            except (CommandError, FileRealmError) as error:
                node.fail(error)
        return results

    def warn(self, warnings: Mapping[str, Iterable[str]]) -> None:
        """Print the warnings of each node, equal ones once."""
        nodes: dict[str, list[str]] = defaultdict(list)
        for name, texts in warnings.items():
            for text in texts:
                nodes[text].append(name)
        for text, names in nodes.items():
            self._terminal.warn(f"WARNING: {_listed(names)}: {text}")

    def describe_written(self) -> str:
        """Return which nodes the command has written."""
        written = [node.name for node in self._all if node.target.has_written]
        if not written:
            return "nothing was written"
        others = [node.name for node in self._all if node.name not in written]
        rest = f"; not written: {_listed(others)}" if others else ""
        return f"written: {_listed(written)}{rest}"

    def conclude(self, *, has_summary: bool = True) -> int:
        """Print the errors and a line for each node; return the largest of the exit codes."""
        terminal = self._terminal
        terminal.is_for_programs |= any(node.terminal.is_for_programs for node in self._all)
        if self._blocks:
            terminal.print("")
        self._report_errors()
        for node in self._all if has_summary else ():
            terminal.print(f"[{node.name}] {node.describe()}")
        terminal.result["by_node"] = [node.to_dict() for node in self._all]
        return max(node.exit_code or OK for node in self._all)

    def _report_errors(self) -> None:
        """Print each error once, with the nodes that have it."""
        nodes: dict[tuple[str, int], list[str]] = defaultdict(list)
        for node in self._all:
            if node.error is not None:
                nodes[str(node.error), node.exit_code or OK].append(node.name)
        for (message, exit_code), names in nodes.items():
            self._terminal.error(f"{_listed(names)}: {message}, with exit code {exit_code}")


def _listed(names: list[str]) -> str:
    shown = ", ".join(f"[{name}]" for name in names[:_MOST_NAMES])
    more = len(names) - _MOST_NAMES
    return f"{shown} and {more} more" if more > 0 else shown


class _NodeTerminal(Terminal):
    """
    The streams of a terminal; what is printed stands under the name of a node.

    Args:
        terminal: The terminal.

        name: The node.

        blocks: The nodes under whose name something stands already.
    """

    def __init__(self, terminal: Terminal, name: str, blocks: list[str]) -> None:
        super().__init__()
        self.verbosity = terminal.verbosity
        self.is_for_programs = terminal.is_for_programs
        self._name = name
        self._shown_name = printable(f"[{name}]")
        self._blocks = blocks

    def note_own(self, text: str, level: int = NORMAL) -> None:
        kind = next((kind for kind in _KINDS if text.startswith(kind)), "")
        super().note_own(f"{kind}{self._shown_name}: {text.removeprefix(kind)}", level)

    def _put(self, text: str) -> None:
        if self._name not in self._blocks:
            space = "\n" if self._blocks else ""
            self._blocks.append(self._name)
            super()._put(f"{space}{self._shown_name}\n")
        super()._put(text)
