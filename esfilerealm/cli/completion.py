"""``--print-completion``, and the values that the printed script asks for."""

from __future__ import annotations

import os
import shlex
from argparse import ArgumentParser
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from .._ground.system_faults import require_missing
from ..errors import FileRealmError
from ..hashing import STORED_ALGORITHMS
from .arguments import Arguments
from .commands import COMMANDS, PROGRAM, TOPICS, find_command
from .exits import CONFIGURATION, OK, CommandError, UsageError
from .options import parse
from .schemas import names_of_schemas
from .target import Target

if TYPE_CHECKING:
    from argparse import Action
    from collections.abc import Iterable

    from .options import Command, ParsedLine
    from .terminal import Terminal

__all__ = ["completion_script", "print_candidates"]

_SHELLS: Final = ("bash", "zsh", "tcsh")

#: The name of Elastic's tool, by which a link or an alias may call this program.
_ALIAS: Final = "elasticsearch-users"

# A name may hold `$(…)`: it must never reach a word list that the shell expands, such as that of
# `compgen -W`. `printf %q` quotes it for the command line.
_BASH: Final = """\
# $1: users, roles or settings, $2: the word that is being completed
_esfilerealm_values() {
  local before="" value program="${COMP_WORDS[0]}"
  if [[ "$program" != */* ]] && type -P esfilerealm > /dev/null; then
    program=esfilerealm  # the word may be an alias, which is not one here
  fi
  [ "$1" = roles ] && case "$2" in *,*) before="${2%,*},";; esac
  while IFS= read -r value; do
    case "$value" in "${2#"$before"}"*) printf '%s%q\\n' "$before" "$value";; esac
  done < <("$program" __complete "$1" "${COMP_WORDS[@]:1:COMP_CWORD-1}" 2>/dev/null)
}
_esfilerealm_users() { _esfilerealm_values users "$1"; }
_esfilerealm_roles() { _esfilerealm_values roles "$1"; }
_esfilerealm_settings() { _esfilerealm_values settings "$1"; }
_esfilerealm_owners() { compgen -u -- "$1"; }
_esfilerealm_groups() { compgen -g -- "$1"; }
"""
#: bash splits words at ``=``: here ``--config=DIR`` becomes two words, and ``KEY=VALUE`` one.
_BASH_END: Final = """
_esfilerealm() {
  local -a words=()
  local index last word joined=0
  for (( index = 0; index <= COMP_CWORD; index++ )); do
    word="${COMP_WORDS[index]}" last=$(( ${#words[@]} - 1 ))
    if [ "$word" = = ] && (( last > 0 )); then
      case "${words[last]}" in
        --*) (( index == COMP_CWORD )) && words+=("");;
        *) words[last]+="="; joined=1;;
      esac
    elif (( joined )); then
      words[last]+="$word"; joined=0
    else
      words+=("$word")
    fi
  done
  local -a COMP_WORDS=("${words[@]}")
  local COMP_CWORD=$(( ${#words[@]} - 1 ))
  _shtab_esfilerealm
}
complete -o bashdefault -F _esfilerealm esfilerealm
# An alias or a link of that name is completed too, and Elastic's tool is left alone.
if [ "$(type -t elasticsearch-users)" != file ] ||
   [ "$(type -P elasticsearch-users)" -ef "$(type -P esfilerealm)" ]; then
  complete -o bashdefault -F _esfilerealm elasticsearch-users
fi
"""
_ZSH: Final = """\
_esfilerealm_values() {
  local -a typed=("${(@z)LBUFFER}") values
  local program=${typed[1]}
  [[ $program == */* ]] || (( ! $+commands[esfilerealm] )) || program=esfilerealm
  [[ $LBUFFER == *[[:space:]] ]] || typed=("${(@)typed[1,-2]}")
  values=("${(@f)$("$program" __complete "$1" "${(@)typed[2,-1]}" 2>/dev/null)}")
  [[ $1 == roles ]] && compset -P '*,'
  compadd -a values
}
_esfilerealm_users() { _esfilerealm_values users }
_esfilerealm_roles() { _esfilerealm_values roles }
_esfilerealm_settings() { _esfilerealm_values settings }
"""


def completion_script(shell: str) -> str:
    """
    Return the script that makes *shell* complete command lines.

    Raises:
        UsageError: If *shell* is not supported.
        CommandError: If the extra ``completion`` is not installed.
    """
    try:
        import shtab
    except ImportError as error:
        require_missing(error)
        advice = "run `pip install 'esfilerealm[completion]'`"
        raise CommandError(f"completion needs the package shtab: {advice}", CONFIGURATION) from None
    if shell not in _SHELLS:
        raise UsageError(f"unknown shell [{shell}]: use one of [{', '.join(_SHELLS)}]")
    script: str = shtab.complete(_parser(), shell)
    match shell:
        case "bash":
            return script + _BASH_END
        case "zsh":
            for registered in ("#compdef esfilerealm", "-N esfilerealm"):
                script = script.replace(registered, f"{registered} {_ALIAS}", 1)
            return script
        case _:
            start = script.index(f"complete {PROGRAM.name}")
            other = script[start:].replace(PROGRAM.name, _ALIAS, 1)
            return f"{script.rstrip()}\n{other}"


def print_candidates(words: list[str], terminal: Terminal) -> int:
    """
    Print the values of one kind, one a line; none of a realm that cannot be read.

    Args:
        words: ``users``, ``roles`` or ``settings`` (of a keystore without password), then the words
            in front of the one that is being completed, as they are typed.

        terminal: Where to print.
    """
    kind, *typed = words
    terminal.hide_warnings()  # they would stand between the words that are typed
    try:
        line = _addressed(typed)
    except CommandError:
        return OK
    names: dict[str, None] = {}
    for arguments in [line.for_node(node) for node in line.nodes] or [line]:
        with suppress(CommandError, FileRealmError):
            names |= dict.fromkeys(_names(kind, Target(arguments, terminal)))
    for name in names:
        terminal.print(name)
    return OK


def _names(kind: str, target: Target) -> Iterable[str]:
    if kind == "users":
        return target.tool.listing().users
    if kind == "roles":
        return sorted(target.tool.known_roles())
    from ..keystore import load_header
    from ..keystore.file import FILE_NAME

    sealed = load_header(os.path.join(target.config_dir, FILE_NAME))
    return () if sealed.has_password else sealed.open().names


def _addressed(typed: list[str]) -> Arguments:
    """Return the options that say which realm is meant, from an unfinished command line."""
    words = [_expanded(word) for word in typed]
    for end in (len(words), len(words) - 1):  # the last option may lack its value
        try:
            return Arguments(PROGRAM, _parsed(words[:end]))
        except UsageError:
            continue
    raise UsageError("the command line cannot be parsed")


def _parsed(words: list[str]) -> ParsedLine:
    line = parse(words, PROGRAM.options, stop_at_first_argument=True)
    name, *rest = line.arguments
    command = find_command(name) or PROGRAM
    if command.subcommands and rest:
        command = find_command(f"{name} {rest.pop(0)}") or PROGRAM
    behind = parse(rest, command.options)
    for key in ("config", "E"):
        line.values.setdefault(key, []).extend(behind.values.get(key, ()))
    line.values = {key: values for key, values in line.values.items() if values}
    return line


def _expanded(word: str) -> str:
    """Return a typed word as the shell would, as far as that runs nothing."""
    try:
        unquoted = "".join(shlex.split(word))
    except ValueError:  # an open quote
        unquoted = word
    return os.path.expanduser(os.path.expandvars(unquoted))


def _parser() -> ArgumentParser:
    parser = ArgumentParser(prog=PROGRAM.name, description=PROGRAM.summary, add_help=False)
    _add_options(parser, PROGRAM)
    _add_commands(parser, COMMANDS)
    return parser


def _add_commands(parser: ArgumentParser, commands: Iterable[Command]) -> None:
    subparsers = parser.add_subparsers()
    for command in commands:
        name = command.name.split()[-1]
        subparser = subparsers.add_parser(name, help=command.summary, add_help=False)
        _add_options(subparser, command)
        if command.subcommands:
            _add_commands(subparser, command.subcommands)
        elif command.arguments:
            nargs = "+" if command.argument_is_repeatable else None
            for name in command.argument.split():
                argument = subparser.add_argument(name, nargs=nargs)
                _complete(argument, name.upper())


def _add_options(parser: ArgumentParser, command: Command) -> None:
    for option in command.options:
        if option.metavar is None:
            parser.add_argument(*option.flags, help=option.help, action="store_true")
            continue
        argument = parser.add_argument(
            *option.flags,
            help=option.help,
            metavar=option.metavar,
            choices=option.choices or None,
            action="append" if option.repeatable else "store",
        )
        _complete(argument, option.metavar)


def _complete(argument: Action, metavar: str) -> None:
    """Set how an argument is completed, by the name of its value."""
    import shtab

    choices = {
        "ALGORITHM": STORED_ALGORITHMS,
        "TOPIC": tuple(TOPICS),
        "SHAPE": names_of_schemas(),
        "COMMAND": tuple(command.name for command in COMMANDS),
    }
    functions = {
        "FILE": shtab.FILE,
        "SOURCE": shtab.FILE,
        "DIR": shtab.DIRECTORY,
        "USER": _function("owners", zsh="_users", tcsh="u"),
        "GROUP": _function("groups", zsh="_groups", tcsh="g"),
        "USERNAME": _function("users"),
        "ROLES": _function("roles"),
        "SETTING": _function("settings"),
        "SETTING FILE": shtab.FILE,
    }
    if metavar in choices:
        argument.choices = choices[metavar]
    elif metavar in functions:
        argument.complete = functions[metavar]  # type: ignore[attr-defined] # read by shtab


def _function(kind: str, *, zsh: str = "", tcsh: str = "") -> dict[str, str | dict[str, str]]:
    """Return how each shell completes with a function of ours; tcsh has none."""
    name = f"_esfilerealm_{kind}"
    preamble = {"bash": _BASH, "zsh": _ZSH}
    return {"bash": name, "zsh": zsh or name, "tcsh": tcsh, "preamble": preamble}
