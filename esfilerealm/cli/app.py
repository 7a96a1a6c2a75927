"""From the words of a command line to an exit code."""

from __future__ import annotations

import sys

from ..errors import FileRealmError
from . import help as help_text
from .arguments import Invocation
from .commands import COMMANDS, PROGRAM
from .exits import INTERNAL, INTERRUPTED, IO, OK, CommandError, UsageError, exit_code_of
from .options import ParsedWords, parse
from .terminal import SILENT, OutputError, Terminal

__all__ = ["main"]

TYPE_CHECKING = False  # see `_ground`
if TYPE_CHECKING:
    from .options import Command


def main(argv: list[str] | None = None) -> int:
    """
    Run the command.

    Args:
        argv: The words behind the program's name; by default those of the process.

    Returns:
        The exit code. Standard streams and environment are used as found at the call.
    """
    terminal = Terminal()
    try:
        exit_code = _run(sys.argv[1:] if argv is None else argv, terminal)
        terminal.flush()
    except KeyboardInterrupt:
        terminal.warn("")
        return INTERRUPTED
    except OutputError as error:
        terminal.abandon_output()
        if not isinstance(error.__cause__, BrokenPipeError):  # who read it has left, and knows
            _print_error(terminal, f"cannot print: {error}", IO)
        return IO
    except ImportError as error:
        _print_error(terminal, f"[{error.name}] is not installed: reinstall esfilerealm", INTERNAL)
        return INTERNAL
    except Exception as error:  # noqa: BLE001 - 1 would be "wrong password", and a traceback leaks
        _print_error(terminal, f"unexpected {type(error).__name__}, please report it", INTERNAL)
        return INTERNAL
    return exit_code


def _run(argv: list[str], terminal: Terminal) -> int:
    command = PROGRAM
    invocation = Invocation(PROGRAM, ParsedWords(), terminal)
    is_for_programs = "--json" in argv  # until the words are understood
    try:
        before = parse(argv, PROGRAM.options, stop_at_first_positional=True)
        if not before.positionals or before.values.keys() & {"version", "print-completion"}:
            return _run_program(before, terminal)
        name, *words = before.positionals
        command = _command(name)
        invocation = Invocation(command, _merged(before, parse(words, command.options)), terminal)
        is_for_programs = invocation.has("json")
        invocation.check()
        return _run_command(invocation)
    except (CommandError, FileRealmError) as error:
        exit_code = _report(error, terminal, command)
        if is_for_programs:
            kind = type(error).__name__
            fault = {"type": kind, "message": str(error), "exit_code": exit_code}
            _print_json(invocation, command=command.name, error=fault)
        return exit_code


def _run_program(words: ParsedWords, terminal: Terminal) -> int:
    """Do what the program does without a subcommand."""
    if "help" in words.values:
        terminal.print(help_text.full_help(PROGRAM, COMMANDS))
    elif "version" in words.values:
        from .._version import __version__

        terminal.print(f"esfilerealm {__version__}")
    elif "print-completion" in words.values:
        from .completion import completion_script

        terminal.print(completion_script(words.values["print-completion"][0]))
    else:
        raise UsageError("the command is missing")
    return OK


def _command(name: str) -> Command:
    for command in COMMANDS:
        if command.name == name:
            return command
    from difflib import get_close_matches

    close = get_close_matches(name, [command.name for command in COMMANDS], 1)
    suggestion = f"; did you mean [{close[0]}]?" if close else ""
    raise UsageError(f"[{name}] is not a command{suggestion}")


def _merged(before: ParsedWords, behind: ParsedWords) -> ParsedWords:
    """Put together what stands before and behind the name of the subcommand."""
    merged = ParsedWords()
    merged.positionals = behind.positionals
    for words in (behind, before):
        for key, values in words.values.items():
            if key in merged.values and key != "E":
                raise UsageError(f"option [{key}] is given more than once")
            merged.values.setdefault(key, []).extend(values)
    return merged


def _run_command(invocation: Invocation) -> int:
    command = invocation.command
    if invocation.has("help"):
        invocation.terminal.print(help_text.full_help(command))
        return OK
    from importlib import import_module

    home = import_module(f".{command.home}", __package__)
    run = getattr(home, f"run_{command.name.replace('-', '_')}")
    exit_code: int = run(invocation)
    if invocation.has("json"):
        _print_json(invocation)
    return exit_code


def _report(error: CommandError | FileRealmError, terminal: Terminal, command: Command) -> int:
    exit_code = exit_code_of(error)
    if isinstance(error, UsageError):
        terminal.warn(help_text.usage(command))
    terminal.warn("")
    _print_error(terminal, str(error), exit_code)
    if command is PROGRAM and isinstance(error, UsageError):
        terminal.warn("\n" + help_text.command_list(COMMANDS))
    return exit_code


def _print_error(terminal: Terminal, message: str, exit_code: int) -> None:
    terminal.warn(f"ERROR: {message}, with exit code {exit_code}", SILENT)


def _print_json(invocation: Invocation, **more: object) -> None:
    import json

    invocation.terminal.print_for_programs(json.dumps({**invocation.result, **more}))
