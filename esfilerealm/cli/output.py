"""Print what several commands report: writes, warnings, changes of users, losses."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

from ..errors import FileAccessError, FileRealmError
from .exits import DATA, CommandError, UsageError
from .terminal import VERBOSE

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from ..exchange import Loss
    from ..results import UserChanges, WriteResult
    from .arguments import Arguments
    from .target import Target
    from .terminal import Terminal

__all__ = [
    "VERSION",
    "counted",
    "print_changes",
    "print_modes",
    "print_reload",
    "print_warnings",
    "print_written",
    "report_losses",
    "titled",
    "write_output",
]

VERSION = 1
"""Of the shapes that ``--json`` prints; it changes when a key goes or changes its meaning."""

_SUPERUSER = "superuser"
_WIDTH = 12
"""Of a title, and the blanks behind it."""


def print_written(
    arguments: Arguments,
    target: Target,
    terminal: Terminal,
    result: WriteResult,
    effect: str | None = None,
) -> None:
    """
    Print the outcome of a write: for people, only warnings and what a dry run would do.

    Args:
        arguments: Whether this is a dry run.

        target: The realm.

        terminal: Where to print.

        result: Of the write.

        effect: What a dry run "would" do; None if the caller prints that.
    """
    is_dry_run = arguments.has("dry-run")
    terminal.result.update(result.to_dict(), dry_run=is_dry_run)
    print_warnings(terminal, result)
    if is_dry_run and effect is not None:
        outcome = f"Would {effect}" if result.changed else "Nothing would change"
        terminal.print(f"Dry run. {outcome}")
    if not is_dry_run:
        print_reload(target, terminal, result)


def print_modes(arguments: Arguments, terminal: Terminal, result: WriteResult) -> None:
    """Print each mode that a fix, or its undo, has changed or would change."""
    verb = "Dry run. Would change" if arguments.has("dry-run") else "Changed"
    for change in result.modes:
        terminal.print(f"{verb} the {change}")


def print_reload(target: Target, terminal: Terminal, result: WriteResult) -> None:
    """Print with ``--verbose`` when a node will see what was written."""
    if terminal.verbosity < VERBOSE or not any(file.changed for file in result.files):
        return
    try:
        settings = target.realm_settings
    except FileRealmError:
        when = "once it starts, which its settings prevent: see 'esfilerealm settings'"
    else:
        when = (
            f"at its next poll, within {settings.reload_interval_high:g} seconds"
            if settings.reload_enabled
            else "when it is restarted, since [resource.reload.enabled] is false"
        )
    terminal.print(f"The node of [{target.tool.config_dir}] sees this {when}")


def print_warnings(terminal: Terminal, result: WriteResult) -> None:
    """
    Warn of a write that was recovered, of what was not kept, and of what failed at the end.

    What happened to users who expire or are locked is among it; other remarks were printed before.
    """
    if result.recovery:
        terminal.warn(f"WARNING: {result.recovery}")
    for loss in result.losses:
        terminal.warn(f"WARNING: {loss}")
    for remark in result.about_accounts:
        terminal.warn(f"WARNING: {remark}")
    for fault in result.faults:
        terminal.warn(f"WARNING: {fault}")


def print_changes(
    terminal: Terminal, changes: UserChanges, before: Mapping[str, Collection[str]]
) -> None:
    """
    Print a line for each user that was added, removed or changed; never a hash.

    Args:
        terminal: Where to print.

        changes: What changed.

        before: The roles of each user before, to emphasize that a superuser was removed.
    """
    for name, roles in changes.added.items():
        line = f"  + {name}: {_listed(roles)}"
        terminal.print_change(line, is_important=_SUPERUSER in roles)
    for name in changes.removed:
        is_important = _SUPERUSER in before.get(name, ())
        terminal.print_change(f"  - {name}", is_important=is_important)
    for name in changes.passwords:
        terminal.print_change(f"  ~ {name}: password")
    for name in changes.locked:
        terminal.print_change(f"  ~ {name}: locked")
    for name in changes.unlocked:
        terminal.print_change(f"  ~ {name}: unlocked")
    for name, (old, new) in changes.roles.items():
        is_important = (_SUPERUSER in old) != (_SUPERUSER in new)
        line = f"  ~ {name}: roles {_listed(old)} -> {_listed(new)}"
        terminal.print_change(line, is_important=is_important)


def report_losses(arguments: Arguments, terminal: Terminal, losses: Sequence[Loss]) -> None:
    """
    Print everything that cannot be converted, and more quietly what costs nobody anything.

    Raises:
        CommandError: If a user or a role would be missing, and ``--partial`` is not given.
    """
    from dataclasses import asdict

    terminal.result["losses"] = [asdict(loss) for loss in losses]
    for loss in losses:
        if loss.is_note:
            terminal.note(f"NOTE: {loss}")
        else:
            terminal.warn(f"WARNING: {loss}")
    blocking = sum(loss.is_blocking for loss in losses)
    if blocking and not arguments.has("partial"):
        raise CommandError(
            f"not all users and roles can be converted ([{blocking}] cannot), so nothing was "
            "written: pass --partial to leave them out",
            DATA,
        )


def write_output(
    option: str, path: str, data: bytes, config_dir: str | None = None, *, force: bool = False
) -> None:
    """
    Write the file that an option names, for its owner only.

    Args:
        option: The option.
        path: The file.
        data: Its content.
        config_dir: The directory of the realm, if there is one.
        force: Whether to replace a file in it that is none of the realm or node.

    Raises:
        UsageError: If it must not be replaced.
        FilePermissionError, FileAccessError: As ``write_private_file``.
    """
    from .._storage import write_private_file

    try:
        write_private_file(path, data, config_dir=config_dir, force=force)
    except FileAccessError as error:
        if error.errno != errno.EEXIST:
            raise
        raise UsageError(f"option [{option}]{error.reason.removeprefix('it')}") from None


def titled(rows: Iterable[tuple[str, Iterable[str]]]) -> Iterator[str]:
    """Yield the lines of a table: a title, and behind it, below one another, what it is about."""
    for title, texts in rows:
        for number, text in enumerate(texts):
            yield f"{'' if number else title:<{_WIDTH}}{text}"


def counted(users: int) -> str:
    """Return a number of users with its noun."""
    return f"{users} user" if users == 1 else f"{users} users"


def _listed(roles: Collection[str]) -> str:
    return ",".join(roles) or "-"
