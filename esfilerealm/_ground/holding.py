"""
Holding a lock so that no exception, wherever it comes, leaves it locked.

The handler of a signal may raise between any two instructions: a time limit, Ctrl-C. That may be
after ``lock.acquire()`` and before the ``try`` whose ``finally`` releases the lock, or at the end
of a ``with`` block. So here a lock is taken, and what was taken is noted, by one call that runs in
C and cannot be interrupted. It is released likewise, inside of the ``try`` and again after any
exception; the second time does nothing.
"""

from __future__ import annotations

import threading
from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

__all__ = ["Mutex", "inside"]

T = TypeVar("T")
R = TypeVar("R")

_LOCK: Final[Any] = type(threading.RLock())
_ACQUIRE: Final = _LOCK.acquire
_TRY: Final = partial(_LOCK.acquire, blocking=False)
_RELEASE: Final = _LOCK.release

#: Ends the list of what is held.
_END: Final = object()


class Mutex:
    """
    Lets one thread at a time make a call; no exception leaves it locked.

    The thread that is inside may come in again, from a signal handler, a finalizer or a weak
    reference that calls back: it would wait for itself otherwise. So whatever runs inside must bear
    that the same runs as a whole between any two of its instructions.
    """

    __slots__ = ("_lock",)

    def __init__(self) -> None:
        self._lock: Any = threading.RLock()

    def run(self, call: Callable[[], T]) -> T:
        """Make a *call* while no other thread is inside, and return its result."""
        held: list[object] = [_END]
        release: Iterator[object] = map(_RELEASE, iter(held.pop, _END))
        try:
            held.extend(filter(_ACQUIRE, (self._lock,)))
            result = call()
            next(release, None)
            return result  # noqa: TRY300 - outside of the block, an exception might come before it
        except BaseException:
            next(release, None)
            raise

    def run_if_free(self, call: Callable[[], object]) -> bool:
        """Make a *call*, unless another thread is inside; return whether it was made."""
        held: list[object] = [_END]
        release: Iterator[object] = map(_RELEASE, iter(held.pop, _END))
        try:
            held.extend(filter(_TRY, (self._lock,)))
            is_free = held[-1] is not _END
            if is_free:
                call()
                next(release, None)
            return is_free  # noqa: TRY300 - as above
        except BaseException:
            next(release, None)
            raise

    def locked(self) -> bool:
        """Check whether any thread is inside, this one or another."""
        return self._lock._is_owned() or not self.run_if_free(_nothing)  # noqa: SLF001 - as Condition does


def _nothing() -> None:
    """Do nothing."""


def inside(manager: AbstractContextManager[T], call: Callable[[T], R]) -> R:
    """
    Return the result of a *call* inside of a *manager*, as ``with`` does, but leave it for certain.

    Args:
        manager: Its exit may be called again after it was left, as that of a generator may.

        call: Gets what the manager gives.
    """
    try:
        result = call(manager.__enter__())
        manager.__exit__(None, None, None)
        return result  # noqa: TRY300 - outside of the block, an exception might come before it
    except BaseException as error:
        manager.__exit__(type(error), error, error.__traceback__)
        raise
