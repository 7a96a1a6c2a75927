"""The half that writes: what an administrator does to the files of a realm."""

from __future__ import annotations

from .users_tool import UsersTool

TYPE_CHECKING = False  # see `_ground`
if TYPE_CHECKING:
    from .._storage.options import Tolerance as Tolerance
    from .._storage.options import WriteArguments as WriteArguments
    from .._storage.target import Strategy as Strategy
    from .transaction import Transaction

__all__ = ["Transaction", "UsersTool"]


def __getattr__(name: str) -> object:
    if name != "Transaction":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from .transaction import Transaction  # on first use, so that `list` does not wait for it

    return Transaction
