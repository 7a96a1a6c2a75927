"""Help: of the program, and of a command."""

from __future__ import annotations

from textwrap import fill, wrap
from typing import TYPE_CHECKING, Final

from .commands import COMMAND_GROUPS, PROGRAM, every_command, find_command
from .exits import OK, UsageError
from .naming import as_called
from .options import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from .arguments import Arguments
    from .options import Command, OptionGroup
    from .target import Target
    from .terminal import Terminal

__all__ = ["help_of", "overview", "run_help"]

_LEFT: Final = 28
"""Columns for the names of an option; longer names have a line of their own."""

_NARROW: Final = 64
"""In fewer columns, the names of all options have lines of their own."""


def run_help(arguments: Arguments, _: Target, terminal: Terminal) -> int:
    """Print the help of a command, or of the program."""
    name = " ".join(arguments.positionals)
    command = find_command(name) if name else PROGRAM
    if command is None:
        hint = did_you_mean(name, [command.name for command in every_command()])
        raise UsageError(f"unknown command [{name}]{hint}")
    terminal.print_own(help_of(command, terminal.columns))
    return OK


def help_of(command: Command, columns: int) -> str:
    """Return the help of a command or of the program, at most so many columns wide."""
    if command is PROGRAM:
        blocks = [overview(columns)]
    else:
        blocks = [_usage(command)]
        blocks += [fill(text, columns) for text in (f"{command.summary}.", *command.notes)]
        if command.subcommands:
            blocks.append(_titled("Commands", _summaries(command.subcommands, columns)))
    blocks += [_options(group, columns) for group in command.groups]
    blocks.append(_titled("Examples", command.examples))
    if command is PROGRAM:
        more = "'esfilerealm help COMMAND' explains a command, 'esfilerealm guide' lists guides."
        blocks.append(fill(more, columns))
    elif command.exits:
        codes = [(f"{code}", meaning) for code, meaning in ((OK, "done"), *command.exits)]
        blocks.append(_titled("Exit codes", _table(codes, columns, width=3)))
    return as_called("\n\n".join(blocks))


def overview(columns: int) -> str:
    """Return the usage line of the program and its commands."""
    blocks = [_usage(PROGRAM), fill(f"{PROGRAM.summary}.", columns)]
    blocks += [_titled(title, _summaries(commands, columns)) for title, commands in COMMAND_GROUPS]
    return as_called("\n\n".join(blocks))


def _summaries(commands: Iterable[Command], columns: int) -> Iterator[str]:
    for command in commands:
        text = f"{command.name.split()[-1]} - {command.summary}"
        yield from wrap(text, columns - 2, subsequent_indent="    ", break_on_hyphens=False)


def _usage(command: Command) -> str:
    words = [] if command is PROGRAM else [PROGRAM.name]
    return " ".join(["Usage:", *words, command.name, "[OPTIONS]", command.arguments]).rstrip()


def _options(group: OptionGroup, columns: int) -> str:
    rows = []
    for option in group.options:
        value = f" {option.metavar}" if option.metavar else ""
        # So that long names stand below one another, whether or not there is a short one.
        indent = "    " if len(option.names[0]) > 1 else ""
        rows.append((f"{indent}{', '.join(option.flags)}{value}", option.help))
    return _titled(
        fill(group.title, columns - 1),
        _table(rows, columns, width=4 if columns < _NARROW else _LEFT),
    )


def _table(rows: Iterable[tuple[str, str]], columns: int, *, width: int) -> list[str]:
    """Return two columns, of which the second is wrapped."""
    lines = []
    for left, text in rows:
        first, *rest = wrap(text, max(columns - width - 4, 24), break_on_hyphens=False)
        if len(left) > width:
            lines.append(left)
            left = ""  # noqa: PLW2901 - it has its line
        lines.append(f"{left:<{width}}  {first}")
        lines += [f"{'':<{width}}  {line}" for line in rest]
    return lines


def _titled(title: str, lines: Iterable[str]) -> str:
    return "\n".join([f"{title}:", *(f"  {line}" for line in lines)])
