"""A group of files, compared with what was there at the last pass."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, TypeAlias

from .._ground.forks import renew_after_fork
from .._ground.holding import Mutex
from .._ground.logs import RepeatedError, get_logger
from .observation import ABSENT, FileChange, change_between, merged, observe

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .observation import ChangeKind, Observation

__all__ = ["FileWatcher", "Listener"]

_LOG: Final = get_logger(__name__)

#: Called with all changes of one pass. If it returns False or raises, it is called again.
Listener: TypeAlias = Callable[[tuple[FileChange, ...]], object]


class FileWatcher:
    """
    Watches a group of files, and nothing else in their directories.

    It does nothing by itself: ``check_and_notify`` makes a pass in the calling thread, and
    ``ResourceWatcherService`` calls it again and again. A pass looks at every file, and follows
    links. A file has changed if its content has. The content is read when the size, times or
    identity of the file differ, and also while its times are so recent that a second write might
    leave the same ones.

    Each listener gets all changes of a pass in one call, so that it can read files that belong
    together at once. A listener that raises, or returns False, is called again at the next pass
    with the same changes, merged with later ones, until it succeeds. The other listeners are not
    called twice.

    Any number of threads may use it; one pass runs at a time. If a process forks during a pass, the
    child repeats that pass.

    Args:
        paths: The files, which need not exist. A relative path is resolved anew at each pass.
            Without any path, nothing is ever reported.

        timer: Seconds from any origin, never going back.

    Source:
        ``FileWatcher``, ``FileGroupWatcher``, ``AbstractResourceWatcher``. Different on purpose:
        files instead of directories, content instead of times, and listeners that are called again.
    """

    def __init__(
        self, *paths: str | os.PathLike[str], timer: Callable[[], float] = time.monotonic
    ) -> None:
        self._paths: Final = tuple(dict.fromkeys(os.fspath(path) for path in paths))
        self._timer = timer
        self._observations: dict[str, Observation] | None = None
        self._subscribers: tuple[_Subscriber, ...] = ()
        self._is_passing = False
        self._pass_lock = Mutex()
        self._subscribers_lock = Mutex()
        renew_after_fork(self)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(map(repr, self._paths))})"

    @property
    def paths(self) -> tuple[str, ...]:
        """The files of the group as they were given, without repetitions."""
        return self._paths

    def add_listener(self, listener: Listener, *, is_behind: bool = False) -> None:
        """
        Call *listener* with all later changes, after the listeners that were added before.

        Args:
            listener: Called in the thread of the pass with a tuple of ``FileChange``, one for each
                file that changed, in the order of the paths.

            is_behind: Call it at the next pass even if no file changes, as if it had returned
                False; the tuple is empty then.
        """
        subscriber = _Subscriber(listener, is_behind=is_behind)
        self._subscribers_lock.run(lambda: self._add(subscriber))

    def _add(self, subscriber: _Subscriber) -> None:
        self._subscribers = (*self._subscribers, subscriber)

    def remove_listener(self, listener: Listener) -> None:
        """Stop calling *listener*, even in a pass that has begun; ignore an unknown listener."""
        self._subscribers_lock.run(lambda: self._remove(listener))

    def _remove(self, listener: Listener) -> None:
        for subscriber in self._subscribers:
            if subscriber.listener == listener:
                subscriber.is_removed = True
                self._subscribers = tuple(s for s in self._subscribers if s is not subscriber)
                return

    def init(self) -> None:
        """
        Look at the files for the first time, and report those that exist as ``init``.

        Only the first call does anything. If it raises, the next call counts as the first.
        """
        self._pass_lock.run(lambda: self._observations is None and self._pass())

    def check_and_notify(self) -> bool:
        """
        Make a pass. The first pass is ``init``.

        When called from a listener, do nothing: the pass that called the listener is not over.

        Returns:
            Whether a file changed, or a listener had to be called again.
        """
        return self._pass_lock.run(self._pass)

    def clear(self) -> None:
        """Forget what was seen and make a pass, which reports existing files as ``created``."""
        self._pass_lock.run(self._clear)

    def _clear(self) -> None:
        self._observations = {}
        self._pass()

    def _pass(self) -> bool:
        if self._is_passing:  # in this thread, which may come in again
            return False
        try:
            self._is_passing = True
            has_changed = self._look()
            has_called = self._notify()
            self._is_passing = False
            return has_changed or has_called  # noqa: TRY300 - an exception might come before it
        except BaseException:  # no `finally`: an exception at its start would leave it passing
            self._is_passing = False
            raise

    def _look(self) -> bool:
        before = self._observations or {}
        now = {path: observe(path, before.get(path, ABSENT), self._timer) for path in self._paths}
        changes = list(_changes(before, now, is_first=self._observations is None))
        for subscriber in self._subscribers:
            subscriber.add(changes)
        # Last, so that after a fork or an interrupt the next pass finds the same changes again.
        # Adding them twice does no harm, and losing them would.
        self._observations = now
        return bool(changes)

    def _notify(self) -> bool:
        behind = [subscriber for subscriber in self._subscribers if subscriber.is_behind]
        for subscriber in behind:
            if not subscriber.is_removed:
                subscriber.notify(self)
        return bool(behind)

    def after_fork(self) -> None:
        """In a child process, forget threads of the parent that hold a lock or make a pass."""
        self._pass_lock = Mutex()
        self._subscribers_lock = Mutex()
        self._is_passing = False


def _changes(
    before: dict[str, Observation], now: dict[str, Observation], *, is_first: bool
) -> Iterable[FileChange]:
    for path, observation in now.items():
        kind = change_between(before.get(path, ABSENT), observation)
        if kind is not None:
            yield FileChange(path, "init" if is_first else kind)


class _Subscriber:
    """
    A listener, and the changes that it has not handled yet.

    Attributes:
        listener: The callable.
        is_behind: Whether it has to be called at the next pass.
        is_removed: Whether it was removed.
    """

    def __init__(self, listener: Listener, *, is_behind: bool) -> None:
        self.listener: Final = listener
        self.is_behind = is_behind
        self.is_removed = False
        self._pending: dict[str, ChangeKind] = {}
        self._error = RepeatedError()

    def add(self, changes: Iterable[FileChange]) -> None:
        """Add to the changes that the listener has to handle."""
        for change in changes:
            older = self._pending.get(change.path)
            self._pending[change.path] = merged(older, change.kind) if older else change.kind
            self.is_behind = True

    def notify(self, watcher: FileWatcher) -> None:
        """Call the listener with all pending changes, and forget them if it succeeds."""
        changes = tuple(
            FileChange(path, self._pending[path]) for path in watcher.paths if path in self._pending
        )
        try:
            is_done = self.listener(changes) is not False
        except Exception as error:  # noqa: BLE001 - whatever it is, the others have to be called
            if self._error.is_new(error):
                message = "a listener of [%s] failed; it will be called again at the next pass"
                _LOG.warning(message, ", ".join(watcher.paths), exc_info=True)
            return
        if is_done:
            self._pending = {}
            self.is_behind = False
            self._error.clear()
