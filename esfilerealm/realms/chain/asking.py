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
from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeVar

from ...errors import FileRealmError
from ..file.aside import in_thread

if TYPE_CHECKING:
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
    return inspect.iscoroutinefunction(realm.authenticate)


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
        self._threads: weakref.WeakSet[threading.Thread] = weakref.WeakSet()

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
        self._require_room()
        call = _Call(make)
        thread = threading.Thread(target=call.run, name="esfilerealm-realm", daemon=True)
        self._threads.add(thread)
        try:
            thread.start()
        except RuntimeError as error:  # the system has no more threads
            raise _busy() from error
        thread.join(self._timeout)
        if call.error is not None:
            raise raised(call.error) from call.error
        if not call.results:
            raise self._too_slow()
        result: T = call.results[0]
        return result

    async def call_async(self, realm: Realm[Any], make: Callable[[], Any]) -> object:
        """Do as ``call`` without blocking the event loop; an answer that can be awaited is."""
        answer: object
        if not is_prompt(realm):
            self._require_room()
        if inspect.iscoroutinefunction(make):
            answer = make()
        elif is_prompt(realm):
            answer = self.call(realm, make)
        else:
            answer = await self._in_time(in_thread(partial(self._counted, make)))
        if not inspect.isawaitable(answer):
            return answer
        if not is_prompt(realm):
            return await self._in_time(answer)
        try:
            return await answer
        except FileRealmError as error:
            raise raised(error) from error

    def _counted(self, make: Callable[[], T]) -> T:
        self._threads.add(threading.current_thread())
        try:
            return make()
        except BaseException as error:
            raise raised(error) from error

    async def _in_time(self, answer: Awaitable[T]) -> T:
        import asyncio

        try:
            async with asyncio.timeout(self._timeout) as limit:
                return await answer
        except NoAnswerError:
            raise
        except Exception as error:
            raise (self._too_slow() if limit.expired() else raised(error)) from error

    def _require_room(self) -> None:
        if sum(thread.is_alive() for thread in list(self._threads)) >= _MOST_THREADS:
            raise _busy()

    def _too_slow(self) -> NoAnswerError:
        return NoAnswerError("timeout", f"no answer within {self._timeout:g} s")


class _Call:
    """
    A call that is made in another thread, with the context of this one.

    Args:
        make: Makes the call.
    """

    def __init__(self, make: Callable[[], Any]) -> None:
        self.results: list[Any] = []
        self.error: BaseException | None = None
        self._make = make
        self._context = contextvars.copy_context()

    def run(self) -> None:
        try:
            self.results.append(self._context.run(self._make))
        except BaseException as error:  # noqa: BLE001 - whatever it is, it is for the other thread
            self.error = error


def raised(error: BaseException) -> NoAnswerError:
    """Return the error of a realm that raised; it does not show the words, which may be secret."""
    return NoAnswerError("raised", f"it raised {type(error).__name__}")


def _busy() -> NoAnswerError:
    return NoAnswerError("busy", "too many calls of realms are waiting for an answer; try again")
