"""``init``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import InvalidAttributeError
from .exits import OK

if TYPE_CHECKING:
    from .invocation import Invocation

__all__ = ["run_init"]


def run_init(invocation: Invocation) -> int:
    """Create the files of a realm where they are missing."""
    tool = invocation.tool
    created = tool.init(
        owner=invocation.value("owner"),
        group=invocation.value("group"),
        mode=_mode(invocation.value("mode")),
    )
    dry_run = invocation.has("dry-run")
    invocation.result.update(created=created, changed=bool(created), dry_run=dry_run)
    for path in created:
        word = "Dry run, nothing is written: would create" if dry_run else "Created"
        invocation.terminal.print(f"{word} [{path}]")
    if not created:
        invocation.terminal.print(f"Nothing to create: [{tool.config_dir}] has both files")
    return OK


def _mode(text: str | None) -> int | None:
    if text is None:
        return None
    try:
        return int(text, 8)
    except ValueError:
        raise InvalidAttributeError("mode", text, "must be an octal number such as 640") from None
