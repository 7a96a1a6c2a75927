"""``--print-completion``: the command table, handed to shtab as the parser that it expects."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import TYPE_CHECKING

from .commands import COMMANDS, PROGRAM
from .exits import CONFIGURATION, CommandError, UsageError

if TYPE_CHECKING:
    from argparse import Action

    from .options import Command

__all__ = ["completion_script"]

#: Options whose value is a path, by what it is called in the help.
_PATHS = ("FILE", "DIR")


def completion_script(shell: str) -> str:
    """
    Give the script that makes *shell* complete the words of the command.

    Raises:
        UsageError: If *shell* is not supported.
        CommandError: If the extra ``completion`` is not installed.
    """
    try:
        import shtab
    except ImportError:
        advice = "run `pip install 'esfilerealm[completion]'`"
        raise CommandError(f"completion needs the package shtab: {advice}", CONFIGURATION) from None
    if shell not in shtab.SUPPORTED_SHELLS:
        known = ", ".join(shtab.SUPPORTED_SHELLS)
        raise UsageError(f"no completion for the shell [{shell}]: use one of [{known}]")
    return shtab.complete(_parser(), shell)


def _parser() -> ArgumentParser:
    parser = ArgumentParser(prog=PROGRAM.name, description=PROGRAM.summary, add_help=False)
    _add_options(parser, PROGRAM)
    subparsers = parser.add_subparsers()
    for command in COMMANDS:
        subparser = subparsers.add_parser(command.name, help=command.summary, add_help=False)
        _add_options(subparser, command)
        if command.argument:
            nargs = "+" if command.argument_is_repeatable else None
            argument = subparser.add_argument(command.argument, nargs=nargs)
            if command.argument.upper() in _PATHS:
                _complete_path(argument, command.argument.upper())
    return parser


def _add_options(parser: ArgumentParser, command: Command) -> None:
    for option in command.options:
        flags = [f"-{name}" if len(name) == 1 else f"--{name}" for name in option.names]
        if option.metavar is None:
            parser.add_argument(*flags, help=option.help, action="store_true")
            continue
        argument = parser.add_argument(*flags, help=option.help, metavar=option.metavar)
        if option.metavar in _PATHS:
            _complete_path(argument, option.metavar)


def _complete_path(argument: Action, kind: str) -> None:
    import shtab

    argument.complete = shtab.DIRECTORY if kind == "DIR" else shtab.FILE  # type: ignore[attr-defined] # how shtab is told
