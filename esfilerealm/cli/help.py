"""Help, in the layout of ``elasticsearch-users``."""

from __future__ import annotations

__all__ = ["command_list", "full_help", "usage"]

TYPE_CHECKING = False  # see `_ground`
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from .options import Command, Option

_WIDTH = 80


def full_help(command: Command, subcommands: Sequence[Command] = ()) -> str:
    """Give what ``-h`` prints: summary, commands or notes, options."""
    blocks = [command.summary]
    if subcommands:
        blocks.append(command_list(subcommands))
    if command.notes:
        blocks.append("\n".join(command.notes))
    return "\n\n".join([*blocks, _option_block(command)])


def usage(command: Command) -> str:
    """Give what is printed beside a usage error: summary and options."""
    return f"{command.summary}\n\n{_option_block(command)}"


def command_list(subcommands: Iterable[Command]) -> str:
    """Give the subcommands, one a line."""
    rows = [f"{command.name} - {command.summary}" for command in subcommands]
    return "\n".join(["Commands", "--------", *rows])


def _option_block(command: Command) -> str:
    options = sorted(command.options, key=lambda option: option.names[0])
    rows = [(_left(option), option.help) for option in options]
    width = max(len("Option"), *(len(left) for left, _ in rows))
    lines = []
    if command.argument:
        lines += ["Non-option arguments:", command.argument, ""]
    lines += [f"{'Option':<{width}}  Description", f"{'------':<{width}}  -----------"]
    for left, help_text in rows:
        lines += _row(left, help_text, width)
    return "\n".join(lines)


def _row(left: str, help_text: str, width: int) -> list[str]:
    from textwrap import wrap

    first, *others = wrap(help_text, max(_WIDTH - width - 2, 30))
    return [f"{left:<{width}}  {first}", *(f"{'':<{width}}    {line}" for line in others)]


def _left(option: Option) -> str:
    names = ", ".join(f"-{name}" if len(name) == 1 else f"--{name}" for name in option.names)
    return f"{names} <{option.metavar}>" if option.metavar else names
