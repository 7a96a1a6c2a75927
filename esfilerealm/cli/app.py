"""From a command line to an exit code."""

from __future__ import annotations

import sys

from .._ground.showing import printable
from ..errors import FileRealmError
from .arguments import EXCLUDING, Arguments
from .commands import COMMANDS, PROGRAM, find_command
from .exits import (
    INTERRUPTED,
    IO,
    OK,
    CommandError,
    UsageError,
    describe_error,
    exit_code_of,
)
from .naming import implied_words
from .options import ParsedLine, did_you_mean, parse
from .target import Target
from .terminal import OutputError, Terminal
from .unexpected import explain

__all__ = ["main"]

TYPE_CHECKING = False  # see `_ground`
if TYPE_CHECKING:
    from .nodes import Nodes
    from .options import Command


_JSON_VERSION = 1  # `output.VERSION`, which a test compares: `list` does not load that module


def main(argv: list[str] | None = None) -> int:
    """
    Run the command.

    Args:
        argv: The arguments after the program's name; by default those of the process.

    Returns:
        The exit code. Standard streams and environment are used as found at the call.
    """
    terminal = Terminal()
    try:
        exit_code = _run(sys.argv[1:] if argv is None else argv, terminal)
        terminal.flush()
    except (KeyboardInterrupt, Exception) as error:  # noqa: BLE001 - 1 is "wrong password"
        return _report_fault(error, terminal)
    return exit_code


def _report_fault(error: KeyboardInterrupt | Exception, terminal: Terminal) -> int:
    """Print why the command did not end as it should, and what it has written; no traceback."""
    terminal.settle()
    written = terminal.describe_written()
    if isinstance(error, KeyboardInterrupt):
        terminal.note("")
        if written:
            terminal.warn(f"Interrupted: {written}")
        return INTERRUPTED
    if isinstance(error, OutputError):
        if isinstance(error.__cause__, BrokenPipeError):  # the reader has left on purpose
            return IO
        text, exit_code = f"cannot print: {error}", IO
    else:
        text, exit_code = explain(error)
        text = printable(text)
    _print_error(terminal, f"{text}; {written}" if written else text, exit_code)
    return exit_code


def _run(argv: list[str], terminal: Terminal) -> int:
    if argv[:1] == ["__complete"] and argv[1:]:  # the completion script asks
        from .completion import print_candidates

        return print_candidates(argv[1:], terminal)
    command = PROGRAM
    argv = [*implied_words(), *argv]
    terminal.is_for_programs = "--json" in argv  # until the line is parsed
    try:
        before = parse(argv, PROGRAM.options, stop_at_first_argument=True)
        _check_config(before)
        if not before.arguments or before.values.keys() & {"version", "print-completion"}:
            return _run_program(before, terminal)
        name, *words = before.arguments
        command = _command(name)
        if command.subcommands:
            group = parse(words, command.options, stop_at_first_argument=True)
            if "help" in group.values or not group.arguments:
                return _run_group(command, group, terminal)
            name, *words = group.arguments
            command = _subcommand(command, name)
            before = _merged(before, _without_native(group))
            words += [f"-E{pair}" for pair in group.values.get("E", ())]
        line = _merged(before, parse(words, command.options), takes_nodes=bool(command.run_all))
        return _run_command(Arguments(command, line), terminal)
    except (CommandError, FileRealmError) as error:
        exit_code = exit_code_of(error)
        terminal.settle()
        _report(error, exit_code, terminal, command)
        if terminal.is_for_programs:
            told = {"command": command.name, "version": _JSON_VERSION}
            terminal.result.update(told, error=describe_error(error))
            _print_json(terminal)
        return exit_code


def _run_program(line: ParsedLine, terminal: Terminal) -> int:
    """Run the program without a command."""
    terminal.is_for_programs = False
    if "help" in line.values:
        from .help import help_of

        terminal.print_own(help_of(PROGRAM, terminal.columns))
    elif "version" in line.values:
        from .._version import __version__

        terminal.print(f"esfilerealm {__version__}")
    elif "print-completion" in line.values:
        from .completion import completion_script

        terminal.print_own(completion_script(line.values["print-completion"][0]))
    else:
        from .help import overview

        terminal.note_own(overview(terminal.columns) + "\n")
        raise UsageError("the command is missing")
    return OK


def _run_group(command: Command, line: ParsedLine, terminal: Terminal) -> int:
    """Run a command that needs a subcommand and got none."""
    from .help import help_of

    page = help_of(command, terminal.columns)
    if "help" in line.values:
        terminal.is_for_programs = False
        terminal.print_own(page)
        return OK
    terminal.note_own(page + "\n")
    raise UsageError("the command is missing")


#: Words of other tools; a hint from their letters alone would be ``userdel``.
_MEANT = {"usermod": "roles", "usersmod": "roles"}


def _command(name: str) -> Command:
    # A subcommand is found by its own words only.
    command = None if " " in name else find_command(name)
    if command is None:
        meant = _MEANT.get(name, name)
        hint = did_you_mean(meant, [command.name for command in COMMANDS])
        raise UsageError(f"unknown command [{name}]{hint}")
    return command


def _subcommand(command: Command, name: str) -> Command:
    found = find_command(f"{command.name} {name}")
    if found is None:
        names = [each.name.split()[-1] for each in command.subcommands]
        raise UsageError(f"unknown command [{name}]{did_you_mean(name, names)}")
    return found


def _without_native(line: ParsedLine) -> ParsedLine:
    """Return the options before a subcommand that count for it: those that are ours."""
    if line.values.keys() >= {"silent", "verbose"}:
        raise UsageError(EXCLUDING)
    kept = ParsedLine()
    kept.values = {key: line.values[key] for key in line.values.keys() - {"silent", "verbose", "E"}}
    return kept


def _check_config(before: ParsedLine) -> None:
    """Refuse several directories in front of a command that takes one."""
    if len(before.values.get("config", ())) > 1:
        command = find_command(before.arguments[0]) if before.arguments else None
        if command is None or not command.run_all:
            raise UsageError("option [c/config] is given more than once")


def _merged(before: ParsedLine, behind: ParsedLine, *, takes_nodes: bool = False) -> ParsedLine:
    """Merge the options before and behind the name of the command."""
    merged = ParsedLine()
    merged.arguments = behind.arguments
    for line in (behind, before):
        for key, values in line.values.items():
            if key in merged.values and key != "E" and not (takes_nodes and key == "config"):
                raise UsageError(f"option [{key}] is given more than once")
            merged.values.setdefault(key, []).extend(values)
    if "config" in before.values:  # in the order in which they were typed
        merged.values["config"] = [*before.values["config"], *behind.values.get("config", ())]
    return merged


def _run_command(arguments: Arguments, terminal: Terminal) -> int:
    command = arguments.command
    terminal.is_for_programs = arguments.has("json")
    if arguments.has("help"):
        from .help import help_of

        terminal.is_for_programs = False
        terminal.print_own(help_of(command, terminal.columns))
        return OK
    terminal.verbosity = arguments.verbosity
    arguments.check()
    terminal.result.update(command=command.name, version=_JSON_VERSION)
    entry = command.run_all if arguments.nodes else command.run
    subject = _subject(arguments, terminal)
    from importlib import import_module

    module, _, function = entry.partition(":")
    run = getattr(import_module(f".{module}", __package__), function)
    import warnings

    from ..errors import UnknownRoleWarning

    if arguments.writes:
        terminal.describe_written = subject.describe_written
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UnknownRoleWarning)  # printed as one line instead
            exit_code: int = run(arguments, subject, terminal)
    finally:
        if command.hashes_ahead:
            from .._ground.ahead import forget_hash

            forget_hash()
    if terminal.is_for_programs:
        _print_json(terminal)
    return exit_code


def _subject(arguments: Arguments, terminal: Terminal) -> Target | Nodes:
    """Return what the command runs on: a realm, or several nodes."""
    if arguments.nodes:
        from .nodes import Nodes

        return Nodes(arguments, terminal)
    target = Target(arguments, terminal)
    if arguments.command.hashes_ahead:
        from .ahead import hash_ahead

        hash_ahead(arguments, target)
    return target


def _report(
    error: CommandError | FileRealmError, exit_code: int, terminal: Terminal, command: Command
) -> None:
    if not isinstance(error, UsageError):
        terminal.note("")
        _print_error(terminal, str(error), exit_code)
        return
    _print_error(terminal, str(error), exit_code)
    is_about_all = command is PROGRAM or command.name == "help"
    name = PROGRAM.name if is_about_all else f"{PROGRAM.name} {command.name}"
    terminal.note(f"Try '{name} --help' for more information.")


def _print_error(terminal: Terminal, message: str, exit_code: int) -> None:
    terminal.error(f"{message}, with exit code {exit_code}")


def _print_json(terminal: Terminal) -> None:
    import json

    terminal.print_for_programs(json.dumps(terminal.result))
