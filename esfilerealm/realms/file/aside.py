"""
Calls of an event loop that are made in other threads.

A ``ThreadPoolExecutor`` and its futures take locks in the thread of the loop, which an exception
from the handler of a signal may leave locked for ever. Here that thread takes none.
"""

from __future__ import annotations

import threading
import weakref
from collections import deque
from itertools import compress
from operator import methodcaller, not_
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

from .concurrency import BusyError

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

__all__ = ["LoginPool", "in_thread"]

T = TypeVar("T")

#: How many logins may wait for a thread of the pool; each holds a password.
_LONGEST_QUEUE: Final = 1000


class _Call(Generic[T]):
    """
    A call, and the future of the event loop that gets its result.

    Args:
        make: Makes the call.
    """

    def __init__(self, make: Callable[[], T]) -> None:
        import asyncio  # slow to load, and loaded already where an event loop runs

        self._make = make
        self._loop = asyncio.get_running_loop()
        self.answer: asyncio.Future[T] = self._loop.create_future()

    def run(self) -> None:
        """Make the call in this thread, unless nobody waits for it any more."""
        if self.answer.done():
            return
        try:
            result = self._make()
        except BaseException as error:  # noqa: BLE001 - whatever it is, it is for the other thread
            self._settle(self.answer.set_exception, error)
        else:
            self._settle(self.answer.set_result, result)

    def _settle(self, settle: Callable[[Any], None], outcome: object) -> None:
        # In the loop, one call that runs in C: an exception that came in between would leave the
        # answer open. It sets the outcome, unless the answer is done, as that of a cancelled login.
        is_open = map(not_, map(methodcaller("done"), (self.answer,)))
        settling = map(settle, compress((outcome,), is_open))
        try:  # noqa: SIM105 - as in the rest of a login
            self._loop.call_soon_threadsafe(deque, settling, 0)
        except RuntimeError:  # the loop is closed, and nobody waits any more
            pass


class LoginPool:
    """
    A limited number of threads, each of which ends when the queue is empty; the queue has a limit.

    Args:
        workers: The most threads.
    """

    def __init__(self, workers: int) -> None:
        self._workers = workers
        self._queue: deque[_Call[Any]] = deque()
        # Weakly, so that a call that was interrupted before it was queued does not count for ever.
        self._unfinished: weakref.WeakSet[_Call[Any]] = weakref.WeakSet()
        self._threads: set[threading.Thread] = set()
        self._is_closed = False

    async def run(self, make: Callable[[], T], *, patience: float) -> T:
        """
        Have a thread make a call, and return its result.

        Args:
            make: Makes the call.
            patience: Seconds to wait for the result.

        Raises:
            BusyError: If the queue is full, or the result is not there in time.
            RuntimeError: If the pool is closed.
            BaseException: Whatever the call raises.
        """
        import asyncio

        if self._is_closed:
            raise RuntimeError("the pool is closed")
        if len(self._unfinished) >= _LONGEST_QUEUE:
            raise BusyError
        call = _Call(make)
        self._unfinished.add(call)
        try:
            self._queue.append(call)
            self._start_thread()
            return await asyncio.wait_for(call.answer, patience)
        except TimeoutError:
            raise BusyError from None
        finally:
            call.answer.cancel()  # a thread that comes to it later has nothing to do

    def close(self) -> None:
        """Accept no more calls; the threads finish those in the queue and then end."""
        self._is_closed = True

    def _start_thread(self) -> None:
        if len(self._threads) >= self._workers:
            return
        thread = threading.Thread(target=self._work, name="esfilerealm-hashing")
        try:
            self._threads.add(thread)
            thread.start()
        except BaseException as error:
            self._threads.discard(thread)
            if not isinstance(error, RuntimeError):
                raise
            if not self._threads:  # the system has no more threads, and none of ours will come
                raise BusyError from None

    def _work(self) -> None:
        this = threading.current_thread()
        is_needed = True
        while is_needed:
            self._threads.add(this)
            while self._queue:
                self._run_next()
            self._threads.discard(this)
            # Again: a call that came just now has found all threads there.
            is_needed = bool(self._queue) and len(self._threads) < self._workers

    def _run_next(self) -> None:
        try:
            call = self._queue.popleft()
        except IndexError:  # another thread was faster
            return
        call.run()
        self._unfinished.discard(call)


async def in_thread(
    make: Callable[[], T],
    undo: Callable[[], object] | None = None,
    *,
    is_daemon: bool = False,
) -> T:
    """
    Have a new thread make a call, and return its result.

    Args:
        make: Makes the call.
        undo: Called after it in yet another thread, if this is interrupted or cancelled before.
        is_daemon: Whether the interpreter may exit before the call has ended.
    """
    call = _Call(make)
    thread = threading.Thread(target=call.run, name="esfilerealm-call", daemon=is_daemon)
    try:
        thread.start()
        return await call.answer
    except BaseException:
        if undo is not None and (call.answer.cancelled() or not call.answer.done()):
            threading.Thread(target=_after, args=(thread, undo), name="esfilerealm-call").start()
        raise


def _after(thread: threading.Thread, undo: Callable[[], object]) -> None:
    if thread.ident is not None:  # or it was never started
        thread.join()
    undo()
