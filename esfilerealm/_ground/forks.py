"""Renewing objects in a child process, which lacks the threads that may hold their locks."""

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
        """Replace the locks, and restart what ran in threads of the parent."""


#: By number, so that they are renewed in the order in which they were registered.
_living: Final[weakref.WeakValueDictionary[int, _Renewable]] = weakref.WeakValueDictionary()
_numbers: Final = itertools.count()


def renew_after_fork(renewable: _Renewable) -> None:
    """Call ``renewable.after_fork`` in every child process, for as long as the object exists."""
    _living[next(_numbers)] = renewable


def _renew_all() -> None:
    for renewable in list(_living.values()):
        try:
            renewable.after_fork()
        except Exception:  # noqa: BLE001 - whatever it is, the others have to be renewed
            _LOG.exception("[%r] is unusable in this child process", renewable)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew_all)
