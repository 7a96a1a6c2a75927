"""``check --fix``: what ends findings without harm, as a plan, and then as one transaction."""

from __future__ import annotations

import os
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Final

from .._ground.showing import shown_name
from .exits import UsageError
from .output import print_modes, print_written

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..findings import Finding, Fix
    from ..results import WriteResult
    from .arguments import Arguments
    from .target import Target
    from .terminal import Terminal

__all__ = ["fix", "refuse_without_fix"]

#: Options of ``check`` that say how ``--fix`` writes.
_ONLY_WITH_FIX: Final = (
    *("protect", "dry-run", "owner", "group", "mode", "attributes", "strategy"),
    *("allow-local-lock", "keep"),
)


def refuse_without_fix(arguments: Arguments) -> None:
    """
    Refuse options that have no meaning without ``--fix``.

    Raises:
        UsageError: If there is one.
    """
    for key in _ONLY_WITH_FIX:
        if arguments.has(key):
            raise UsageError(f"option [{key}] needs [fix]: without it, nothing is written")


def fix(
    arguments: Arguments, target: Target, terminal: Terminal, findings: Sequence[Finding]
) -> Sequence[Finding]:
    """
    Show the fixes that findings have, and make all of them in one transaction.

    Returns:
        The findings that are fixed; none in a dry run.
    """
    fixes = _fixes(arguments, findings)
    if fixes:
        terminal.print("To fix:", *(f"  {_step(each)}" for each in fixes))
    with target.tool.transaction() as change:
        for each in fixes:
            change.fix(each)
    result = change.result
    print_written(arguments, target, terminal, result)
    _print_made(arguments, target, terminal, result)
    return () if arguments.has("dry-run") else [f for f in findings if _is_made(f.fix, result)]


def _fixes(arguments: Arguments, findings: Sequence[Finding]) -> list[Fix]:
    """Return the fixes to make, each once."""
    patterns = arguments.protected
    fixes = [finding.fix for finding in findings if finding.fix is not None]
    return [each for each in dict.fromkeys(fixes) if not _is_protected(each, patterns)]


def _is_protected(fix: Fix, patterns: Sequence[str]) -> bool:
    name = fix.name if fix.path is None else os.path.basename(fix.path)
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def _step(fix: Fix) -> str:
    if fix.path is None or fix.mode is None:
        return f"- remove [{shown_name(fix.name)}] from [users_roles]"
    return f"- change the mode of [{fix.path}] to [{fix.mode:04o}]"


def _print_made(
    arguments: Arguments, target: Target, terminal: Terminal, result: WriteResult
) -> None:
    removed = result.changes.orphans
    verb = "Dry run. Would remove" if arguments.has("dry-run") else "Removed"
    for name in removed:
        terminal.print(f"{verb} [{name}] from [{target.tool.paths.users_roles}]")
    print_modes(arguments, terminal, result)
    terminal.result["fixed"] = len(removed) + len(result.modes)
    if not removed and not result.modes:
        terminal.print("Nothing to fix")


def _is_made(fix: Fix | None, result: WriteResult) -> bool:
    if fix is None:
        return False
    if fix.path is None:
        return shown_name(fix.name) in result.changes.orphans
    return any(change.path == fix.path for change in result.modes)
