"""The half that writes: what an administrator does to the files of a realm."""

from __future__ import annotations

from .._ground.lazy import lazily
from .._storage import RealmPaths
from .users_tool import UsersTool

TYPE_CHECKING = False  # see `_ground`
if TYPE_CHECKING:
    from .._storage import Strategy as Strategy
    from .._storage import Tolerance as Tolerance
    from .._storage import WriteArguments as WriteArguments
    from .obstacles import Obstacle, rescue_obstacles
    from .rescue import Rescue, RescueUser
    from .transaction import Transaction

__all__ = [
    "Obstacle",
    "RealmPaths",
    "Rescue",
    "RescueUser",
    "Transaction",
    "UsersTool",
    "rescue_obstacles",
]

#: Where the names are; loaded on first use, so that `list` does not wait for them.
_LAZY = {
    "Obstacle": "obstacles",
    "Rescue": "rescue",
    "RescueUser": "rescue",
    "Transaction": "transaction",
    "rescue_obstacles": "obstacles",
}

__getattr__ = lazily(__name__, _LAZY)
