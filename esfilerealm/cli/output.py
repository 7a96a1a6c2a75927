"""What a write has to say."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..results import WriteResult
    from .arguments import Invocation

__all__ = ["tell_oddities", "tell_written"]


def tell_written(invocation: Invocation, result: WriteResult, effect: str | None = None) -> None:
    """
    Tell what became of a change; for people, only a dry run and what is odd is worth a word.

    Args:
        invocation: The run.

        result: Of the change.

        effect: What a dry run "would" do; None if that is told elsewhere.
    """
    is_dry_run = invocation.has("dry-run")
    invocation.result.update(result.to_dict(), dry_run=is_dry_run)
    tell_oddities(invocation, result)
    if is_dry_run and effect is not None:
        told = f"would {effect}" if result.changed else "there is nothing to change"
        invocation.terminal.print(f"Dry run, nothing is written: {told}")


def tell_oddities(invocation: Invocation, result: WriteResult) -> None:
    """Tell what had been left of an earlier change, and what could not be kept."""
    if result.recovery:
        invocation.terminal.warn(f"WARNING: {result.recovery}")
    for file in result.files:
        for loss in file.lost:
            invocation.terminal.warn(f"WARNING: [{file.path}]: {loss}")
