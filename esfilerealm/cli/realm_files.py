"""``init``, ``undo`` and ``check``: the files of a realm as such."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .changes import change_lines
from .exits import DATA, OK
from .output import tell_written

if TYPE_CHECKING:
    from .arguments import Invocation

__all__ = ["run_check", "run_init", "run_undo"]


def run_init(invocation: Invocation) -> int:
    """Create the files of a realm where they are missing."""
    tool = invocation.tool
    result = tool.init()
    tell_written(invocation, result)
    for path in result.created:
        is_dry_run = invocation.has("dry-run")
        word = "Dry run, nothing is written: would create" if is_dry_run else "Created"
        invocation.terminal.print(f"{word} [{path}]")
    if not result.created:
        invocation.terminal.print(f"Nothing to create: [{tool.config_dir}] has both files")
    return OK


def run_undo(invocation: Invocation) -> int:
    """Go back to the latest version, and name those to whom that happens."""
    result = invocation.tool.undo()
    tell_written(invocation, result, "do this:")
    lines = list(change_lines(result.changes))
    invocation.terminal.print("\n".join(lines) if lines else "No user is another")
    return OK


def run_check(invocation: Invocation) -> int:
    """Print what a person should look at."""
    findings = invocation.tool.check()
    count = len(invocation.tool.listing().hashes)
    invocation.result.update(users=count, findings=[finding.to_dict() for finding in findings])
    for finding in findings:
        invocation.terminal.print(str(finding))
    if not findings:
        users = "1 user" if count == 1 else f"{count} users"
        invocation.terminal.print(f"No problems found ({users})")
    return DATA if findings else OK
