"""The half that writes: what an administrator does to the files of a realm."""

from __future__ import annotations

from .._storage import RealmPaths
from .users_tool import UsersTool

TYPE_CHECKING = False  # see `_ground`
if TYPE_CHECKING:
    from .._storage import Strategy as Strategy
    from .._storage import Tolerance as Tolerance
    from .._storage import WriteArguments as WriteArguments
    from .transaction import Transaction

__all__ = ["RealmPaths", "Transaction", "UsersTool"]


def __getattr__(name: str) -> object:
    if name != "Transaction":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from .transaction import Transaction  # on first use, so that `list` does not wait for it

    return Transaction
