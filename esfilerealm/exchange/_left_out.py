"""Which users an export leaves out because of their time, with the reason."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from .._ground.moments import shown_time
from ._shared import shown_user
from .losses import Loss

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from .accounts import ExportedAccount

__all__ = ["left_out", "without_times"]

_ADVICE: Final = "export it as yaml or json, or set its time to never first"


def left_out(
    names: Iterable[str], accounts: Mapping[str, ExportedAccount]
) -> Iterator[tuple[str, Loss]]:
    """Yield the users that no export has, each with the loss."""
    for name in names:
        account = accounts.get(name)
        if account is None or not (account.is_over or account.is_emergency):
            continue
        reason = "its time is over"
        if not account.is_over:
            reason = "it gives emergency access to this node only, and its time will be over soon"
        yield name, Loss("users", shown_user(name), reason, is_blocking=False)


def without_times(
    names: Iterable[str], accounts: Mapping[str, ExportedAccount]
) -> Iterator[tuple[str, Loss]]:
    """Yield the users that a format without times cannot have, each with the loss."""
    for name in names:
        account = accounts.get(name)
        if account is not None and account.expires is not None:
            until = f"it expires at [{shown_time(account.expires)}]"
            reason = f"{until}, which this format cannot say: {_ADVICE}"
            yield name, Loss("users", shown_user(name), reason, is_blocking=True)
