"""What has to be renewed in a child process, where the threads that held locks are gone."""

from __future__ import annotations

import itertools
import os
import weakref
from typing import Final, Protocol

from .logs import get_logger

__all__ = ["renew_after_fork"]


_LOG: Final = get_logger(__name__)


class _Renewable(Protocol):
    def after_fork(self) -> None:
        """Take new locks, and start anew what ran in threads."""


#: By number, so that they are renewed in the order in which they were made.
_living: Final[weakref.WeakValueDictionary[int, _Renewable]] = weakref.WeakValueDictionary()
_numbers: Final = itertools.count()


def renew_after_fork(renewable: _Renewable) -> None:
    """Have its ``after_fork`` called in every child process, for as long as it is in use."""
    _living[next(_numbers)] = renewable


def _renew_all() -> None:
    for renewable in list(_living.values()):
        try:
            renewable.after_fork()
        except Exception:  # noqa: BLE001 - the others have to be renewed whatever happens to one
            _LOG.exception("[%r] is of no use in this child process", renewable)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew_all)
