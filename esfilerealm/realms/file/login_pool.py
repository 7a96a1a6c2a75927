"""Threads for logins of an event loop."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final, TypeVar

from ..._ground.forks import renew_after_fork

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future

__all__ = ["LoginPool"]

T = TypeVar("T")

#: How many may wait for a thread; each holds a password.
_LONGEST_QUEUE: Final = 1000


class LoginPool:
    """
    So many threads, started when they are needed, and a queue that does not grow without bound.

    Args:
        workers: How many threads.
    """

    def __init__(self, workers: int) -> None:
        self._workers = workers
        self._executor: ThreadPoolExecutor | None = None
        self._is_closed = False
        self._queued = 0
        self._lock = threading.Lock()
        renew_after_fork(self)

    def after_fork(self) -> None:
        """Renew the lock; the threads and who waited for them are the parent's."""
        self._executor = None
        self._queued = 0
        self._lock = threading.Lock()

    def submit(self, call: Callable[[], T]) -> Future[T] | None:
        """
        Have *call* made by one of the threads; None if too many are waiting.

        Raises:
            RuntimeError: If the pool is closed, or the interpreter is ending.
        """
        with self._lock:
            if self._is_closed:
                raise RuntimeError("the pool is closed")
            if self._queued >= _LONGEST_QUEUE:
                return None
            if self._executor is None:
                self._executor = ThreadPoolExecutor(self._workers, "esfilerealm-hashing")
            work = self._executor.submit(call)
            self._queued += 1
        work.add_done_callback(self._has_left)
        return work

    def close(self) -> None:
        """Take no more; what is waiting is done, by threads that then end."""
        with self._lock:
            self._is_closed = True
            executor, self._executor = self._executor, None
        if executor is not None:
            executor.shutdown(wait=False)

    def _has_left(self, _work: Future[T]) -> None:
        with self._lock:
            self._queued -= 1
