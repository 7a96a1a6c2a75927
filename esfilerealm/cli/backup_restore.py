"""``backup diff`` and ``backup restore``: what differs from a backup, and putting it back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ..backup import diff_backup, restore_backup
from .backup import print_findings
from .backup_commands import SCOPES
from .backup_keys import remember, verified
from .exits import DIFFERENT, OK
from .output import print_changes
from .shared_options import ATTRIBUTES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..backup import BackupDiff, RestoreResult, VerifiedBackup
    from ..backup.kinds import Scope
    from .arguments import Arguments
    from .target import Target
    from .terminal import Terminal

__all__ = ["run_diff", "run_restore"]

#: How many names a line has; the rest is counted.
_MOST_NAMES: Final = 8
_INTERRUPTED: Final = (
    "all files are as before, or all are restored: see which by `esfilerealm backup diff`"
)


def run_diff(arguments: Arguments, target: Target, terminal: Terminal) -> int:
    """Show what has changed since a backup."""
    scope = arguments.choice("only", SCOPES)
    config_dir = target.config_dir
    backup = verified(arguments, terminal, keep=True)
    diff = _diff(arguments, terminal, backup, config_dir, scope)
    terminal.result["config_dir"] = config_dir
    if not diff:
        terminal.print("Everything is as in the backup")
    print_findings(terminal, diff.findings)
    return DIFFERENT if diff else OK


def _diff(
    arguments: Arguments,
    terminal: Terminal,
    backup: VerifiedBackup,
    config_dir: str,
    scope: Scope,
) -> BackupDiff:
    """Print what has changed since a backup."""
    diff = diff_backup(
        backup,
        config_dir,
        only=scope,
        lines=arguments.has("lines"),
        settings=arguments.settings(),
    )
    terminal.result.update(
        differs=bool(diff),
        differences=[file.to_dict() for file in diff.files],
        user_changes=diff.users.to_dict(),
        roles_added=list(diff.roles.added),
        roles_removed=list(diff.roles.removed),
        roles_changed=list(diff.roles.changed),
    )
    for file in diff.files:
        terminal.print(f"{file.letters:<3} {file.name}")
        for line in file.lines:
            terminal.print_change(f"    {line}")
    print_changes(terminal, diff.users, {})
    for sign, names in (("+", diff.roles.added), ("-", diff.roles.removed)):
        for name in names:
            terminal.print_change(f"  {sign} role {name}")
    for name in diff.roles.changed:
        terminal.print_change(f"  ~ role {name}")
    return diff


def run_restore(arguments: Arguments, target: Target, terminal: Terminal) -> int:
    """Restore a backup."""
    scope = arguments.choice("only", SCOPES)
    attributes = arguments.choice("attributes", ATTRIBUTES)
    keep = arguments.number("keep", "a number of versions")
    config_dir = target.config_dir
    backup = verified(arguments, terminal, keep=True)
    is_dry_run = arguments.has("dry-run")
    if arguments.has("diff"):
        _diff(arguments, terminal, backup, config_dir, scope)
        terminal.print("")
    if not is_dry_run:
        terminal.describe_written = lambda: _INTERRUPTED
    result = restore_backup(
        backup,
        config_dir,
        only=scope,
        dry_run=is_dry_run,
        allow_unsigned=arguments.has("allow-unsigned"),
        attributes=attributes,
        settings=arguments.settings(),
        audit=arguments.audit,
        keep=keep,
        allow_local_lock=arguments.has("allow-local-lock"),
    )
    _tell(terminal, result)
    _print(terminal, result)
    if not is_dry_run:
        remember(arguments, terminal, backup)
    return OK


def _tell(terminal: Terminal, result: RestoreResult) -> None:
    """Add what ``--json`` prints."""
    told = result.to_dict()
    terminal.result.update(
        result.write.to_dict(),
        **{key: told[key] for key in _TOLD},
        changed=bool(result),
        dry_run=result.is_dry_run,
    )


_TOLD: Final = (
    *("config_dir", "scope", "written", "unchanged", "links", "left_alone", "outside"),
    *("returning", "removed", "expired", "noticed_soon", "noticed_at_start"),
)


def _print(terminal: Terminal, result: RestoreResult) -> None:
    for name in result.created:
        terminal.print_change(f"+ {name}/")
    for name in result.written:
        terminal.print_change(f"~ {name}")
    for name in result.links:
        terminal.print_change(f"+ {name} (link)")
    print_changes(terminal, result.users, {})
    if not result:
        terminal.print("Everything is as in the backup")
    else:
        verb = "Dry run. Would restore" if result.is_dry_run else "Restored"
        restored = (*result.written, *result.links)
        same = f"; {len(result.unchanged)} already as in the backup" if result.unchanged else ""
        terminal.print(f"{verb} {_counted(len(restored))}{same}")
    print_findings(terminal, result.findings)
    if result.write.recovery:
        terminal.warn(f"WARNING: {result.write.recovery}")
    for fault in result.write.faults:  # what was not kept is among the findings
        terminal.warn(f"WARNING: {fault}")
    for path in result.outside:
        terminal.warn(f"WARNING: [{path}] is outside of the directory, and not restored")
    if result:
        _print_what_to_know(terminal, result)


def _print_what_to_know(terminal: Terminal, result: RestoreResult) -> None:
    """Print what a person has to know after a restore."""
    known = []
    if result.noticed_soon:
        known.append(f"A running node reads {_listed(result.noticed_soon)} within seconds.")
    if result.noticed_at_start:
        known.append(
            f"A node reads {_listed(result.noticed_at_start)} at its next start: restart it."
        )
    if result.returning:
        known.append(f"Users that were removed since are there again: {_listed(result.returning)}.")
    if result.users.passwords:
        known.append(f"Passwords of then are valid again: {_listed(result.users.passwords)}.")
    if result.users.unlocked:
        known.append(
            f"Users that were locked since are not any more: {_listed(result.users.unlocked)}."
        )
    if result.left_alone:
        known.append(f"What is not in the backup stays: {_listed(result.left_alone)}.")
    known.append("Other nodes have files of their own; native users are in no backup of files.")
    terminal.print("", *known)


def _counted(files: int) -> str:
    return f"{files} file" if files == 1 else f"{files} files"


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(names[:_MOST_NAMES])
    more = len(names) - _MOST_NAMES
    return f"{shown} and {more} more" if more > 0 else shown
