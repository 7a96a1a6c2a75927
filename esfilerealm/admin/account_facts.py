"""The record of locked and expiring users, for exports, which know no record."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._ground import moments
from .._ground.values import Secret
from ..exchange import ExportedAccount, Loss

if TYPE_CHECKING:
    from .._storage import Accounts

__all__ = ["exported_accounts", "record_losses"]


def exported_accounts(accounts: Accounts) -> dict[str, ExportedAccount]:
    """Return what an export needs to know of users; nothing if the record cannot be used."""
    moment = moments.now()
    return {
        name: ExportedAccount(
            account.expires,
            account.is_emergency,
            account.is_over(moment),
            None if account.kept_hash is None else Secret(account.kept_hash),
        )
        for name, account in accounts.by_name.items()
    }


def record_losses(accounts: Accounts) -> tuple[Loss, ...]:
    """Return the loss of a record that cannot be used: nobody can tell who expires."""
    if accounts.fault is None:
        return ()
    reason = (
        f"{accounts.fault}; so a user who expires or gives emergency access would become an "
        "ordinary one, and a locked one would lose its password"
    )
    return (Loss("users.accounts", "the record of such users", reason, is_blocking=True),)
