"""
Asking a realm, so that an answer comes in time, whatever the realm does.

A realm of a program is asked in a thread of its own: the login goes on without it if it takes too
long. A realm that says ``is_prompt`` computes its answer without waiting for anything outside of
this process; it is asked in the thread of the login, which is much cheaper.
"""

from __future__ import annotations

import contextvars
import inspect
import threading
import weakref
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

from ...errors import FileRealmError
from ..file.aside import in_thread

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Awaitable, Callable

    from ..base import Realm

__all__ = ["Asking", "NoAnswerError", "is_async", "is_prompt", "raised"]

T = TypeVar("T")

#: How many threads may wait for realms that do not answer, for each chain.
_MOST_THREADS: Final = 64


class NoAnswerError(Exception):
    """
    A realm that did not answer; what it raised is the cause.

    Attributes:
        reason: Why, for programs.
        message: Why, for people.
    """

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(reason, message)
        self.reason = reason
        self.message = message


def is_prompt(realm: Realm[Any]) -> bool:
    """Check whether a realm answers without waiting for anything outside of this process."""
    return getattr(realm, "is_prompt", False) is True


def is_async(realm: Realm[Any]) -> bool:
    """Check whether a realm can only be awaited."""
    return any(map(inspect.iscoroutinefunction, (realm.authenticate, realm.lookup_user)))


class Asking:
    """
    Makes calls of realms. What a realm raises becomes a ``NoAnswerError``.

    Of a prompt realm, only the errors of this package do: any other may come from the handler of a
    signal, which runs in the same thread.

    Args:
        timeout: Seconds that a realm may take that is not prompt.
    """

    def __init__(self, timeout: float) -> None:
        if not timeout > 0:
            raise ValueError(f"realm_timeout is [{timeout!r}]: must be a number of seconds above 0")
        self._timeout = timeout
        # Weakly, so that a call that was interrupted before it began does not count for ever. Only
        # its length is asked for: another thread may add to it at any time.
        self._unfinished: weakref.WeakSet[_Call[Any]] = weakref.WeakSet()

    def call(self, realm: Realm[Any], make: Callable[[], T]) -> T:
        """
        Make a call of a realm, and return its result.

        Raises:
            NoAnswerError: If the realm raises or takes too long.
        """
        if not is_prompt(realm):
            return self._call_aside(make)
        try:
            return make()
        except FileRealmError as error:
            raise raised(error) from error

    def _call_aside(self, make: Callable[[], T]) -> T:
        call = self._new_call(make)
        thread = threading.Thread(target=call.run, name="esfilerealm-realm", daemon=True)
        try:
            thread.start()
        except RuntimeError as error:  # the system has no more threads
            raise _busy() from error
        thread.join(self._timeout)
        if not call.is_done:
            raise self._too_slow()
        return call.outcome()

    def _new_call(self, make: Callable[[], T]) -> _Call[T]:
        if len(self._unfinished) >= _MOST_THREADS:
            raise _busy()
        call = _Call(make, self._unfinished.discard)
        self._unfinished.add(call)
        return call

    async def call_async(self, realm: Realm[Any], make: Callable[[], Any]) -> object:
        """Do as ``call`` without blocking the event loop; an answer that can be awaited is."""
        answer: object
        if inspect.iscoroutinefunction(make):
            answer = make()
        elif is_prompt(realm):
            answer = self.call(realm, make)
        else:
            call = self._new_call(make)
            answer = await self._in_time(in_thread(call.made, is_daemon=True))
        if not inspect.isawaitable(answer):
            return answer
        if not is_prompt(realm):
            return await self._in_time(answer)
        try:
            return await answer
        except FileRealmError as error:
            raise raised(error) from error

    async def _in_time(self, answer: Awaitable[T]) -> T:
        """Await an answer in a task of its own: a realm may go on although it is cancelled."""
        import asyncio

        task = asyncio.ensure_future(answer)
        try:
            task.add_done_callback(_look_at)
            await asyncio.wait((task,), timeout=self._timeout)
            if not task.done():
                raise self._too_slow()
        finally:
            task.cancel()
        try:
            return task.result()
        except NoAnswerError:
            raise
        except BaseException as error:
            raise raised(error) from error

    def _too_slow(self) -> NoAnswerError:
        return NoAnswerError("timeout", f"no answer within {self._timeout:g} s")


class _Call(Generic[T]):
    """
    A call that is made in another thread, with the context of this one.

    Args:
        make: Makes the call.
        on_end: Gets this when the call has ended.
    """

    def __init__(self, make: Callable[[], T], on_end: Callable[[_Call[T]], object]) -> None:
        self._results: list[T] = []
        self._error: BaseException | None = None
        self._make = make
        self._on_end = on_end
        self._context = contextvars.copy_context()

    @property
    def is_done(self) -> bool:
        """Whether there is an outcome."""
        return bool(self._results) or self._error is not None

    def run(self) -> None:
        """Make the call."""
        try:
            self._results.append(self._context.run(self._make))
        except BaseException as error:  # noqa: BLE001 - whatever it is, it is for the other thread
            self._error = error
        finally:
            self._on_end(self)

    def outcome(self) -> T:
        """
        Return what the call returned.

        Raises:
            NoAnswerError: If it raised.
        """
        if self._error is not None:
            raise raised(self._error) from self._error
        return self._results[0]

    def made(self) -> T:
        """Make the call, and return its outcome."""
        self.run()
        return self.outcome()


def _look_at(task: asyncio.Future[Any]) -> None:
    """Take the error of a task, which may come too late; else asyncio would log its words."""
    if not task.cancelled():
        task.exception()


def raised(error: BaseException) -> NoAnswerError:
    """Return the error of a realm that raised; it does not show the words, which may be secret."""
    return NoAnswerError("raised", f"it raised {type(error).__name__}")


def _busy() -> NoAnswerError:
    return NoAnswerError("busy", "too many calls of realms are waiting for an answer; try again")
