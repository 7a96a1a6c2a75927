"""What is special about the users of a realm: who is locked, and whose time is limited."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._ground import moments
from .._ground.locked import is_locked
from .._ground.values import ReadOnlyDict
from ..results import AccountState

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .._storage import Accounts

__all__ = ["account_states"]


def account_states(hashes: Mapping[str, str], accounts: Accounts) -> Mapping[str, AccountState]:
    """
    Return the state of every user who is locked or expires, by name, sorted.

    Args:
        hashes: The stored hash of every user.

        accounts: The record.
    """
    moment, states = moments.now(), {}
    for name in sorted(hashes):
        account, locked = accounts.by_name.get(name), is_locked(hashes[name])
        expires = account.expires if account is not None else None
        if locked or (account is not None and expires is not None):
            is_emergency = account is not None and account.is_emergency
            is_over = account is not None and account.is_over(moment)
            states[name] = AccountState(expires, locked, is_emergency, is_over)
    return ReadOnlyDict(states)
