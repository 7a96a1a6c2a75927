"""``check --fix``: what ends findings without harm, as a plan, and then as one transaction."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Final

from .exits import UsageError
from .output import print_written

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..findings import Finding, Fix
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
    Make all fixes that findings have in one transaction.

    Returns:
        The findings that are fixed; none in a dry run.
    """
    patterns = arguments.protected
    fixable = [each for each in findings if each.fix and not _is_protected(each.fix, patterns)]
    with target.tool.transaction() as change:
        for finding in fixable:
            if finding.fix is not None:
                change.fix(finding.fix)
    removed = change.result.changes.orphans
    print_written(arguments, target, terminal, change.result)
    verb = "Dry run. Would remove" if arguments.has("dry-run") else "Removed"
    for name in removed:
        terminal.print(f"{verb} [{name}] from [{target.tool.paths.users_roles}]")
    terminal.result["fixed"] = len(removed)
    if not removed:
        terminal.print("Nothing to fix")
    if arguments.has("dry-run"):
        return ()
    return [each for each in fixable if each.fix is not None and each.subject in removed]


def _is_protected(fix: Fix, patterns: Sequence[str]) -> bool:
    return any(fnmatchcase(fix.name, pattern) for pattern in patterns)
