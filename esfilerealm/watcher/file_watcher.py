"""A group of files, compared with what was there at the last pass."""

from __future__ import annotations

import os
import threading
import time
from typing import TYPE_CHECKING, Final, TypeAlias

from .._ground.forks import renew_after_fork
from .._ground.logs import get_logger
from .changes import FileChange, merged
from .faults import LastFault
from .observation import ABSENT, change_between, observe

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from .changes import ChangeKind
    from .observation import Observation

    #: Told of all changes of one pass. False, or an exception, means: tell me again.
    Listener: TypeAlias = Callable[[tuple[FileChange, ...]], object]

__all__ = ["FileWatcher"]

_LOG: Final = get_logger(__name__)


class FileWatcher:
    """
    Watches a group of files, and nothing else in their folders.

    It does nothing by itself: ``check_and_notify`` makes a pass in the calling thread, and
    ``ResourceWatcherService`` calls it again and again. In a pass every file is looked at, links
    followed. A file has changed if its content has: it is read when its size, times or identity
    differ, and also while its times are so fresh that a second write might not show in them.

    All that happened to the group is told to each listener in one call, so that files which
    belong together are read again together. A listener that raises, or returns False, is told
    the same at the next pass, merged with what happened since (``changes.merged``), until it
    succeeds; the others are not told twice.

    Safe for any number of threads; one pass at a time. A fork during a pass does no harm to the
    child, which makes that pass again.

    Args:
        paths: The files, which need not exist. One that is not absolute is looked up anew at each
            pass. None at all is allowed, and silent.

        timer: Seconds from anywhere on, never going back.

    Source:
        ``FileWatcher``, ``FileGroupWatcher``, ``AbstractResourceWatcher``. On purpose otherwise:
        files instead of folders, content instead of times, and listeners that are told again.
    """

    def __init__(
        self, *paths: str | os.PathLike[str], timer: Callable[[], float] = time.monotonic
    ) -> None:
        self._paths: Final = tuple(dict.fromkeys(os.fspath(path) for path in paths))
        self._timer = timer
        self._observations: dict[str, Observation] | None = None
        self._audience: tuple[_Hearer, ...] = ()
        self._is_passing = False
        self._pass_lock = threading.RLock()
        self._audience_lock = threading.Lock()
        renew_after_fork(self)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(map(repr, self._paths))})"

    @property
    def paths(self) -> tuple[str, ...]:
        """The files of the group, as they were given, each once."""
        return self._paths

    def add_listener(self, listener: Listener) -> None:
        """
        Tell *listener* of everything from now on, after the listeners that were added before.

        Args:
            listener: Called in the thread of the pass with a tuple of ``FileChange``, one for each
                file something happened to, in the order of the paths.
        """
        with self._audience_lock:
            self._audience = (*self._audience, _Hearer(listener))

    def remove_listener(self, listener: Listener) -> None:
        """Tell *listener* no more, not even in a pass that has begun; unknown ones are ignored."""
        with self._audience_lock:
            for hearer in self._audience:
                if hearer.listener == listener:
                    hearer.is_gone = True
                    self._audience = tuple(h for h in self._audience if h is not hearer)
                    return

    def init(self) -> None:
        """
        Look at the files for the first time; those that exist are told as ``init``.

        Only the first call does anything. If it raises, the next call is the first one again.
        """
        with self._pass_lock:
            if self._observations is None:
                self._pass()

    def check_and_notify(self) -> bool:
        """
        Make a pass, the first of which is ``init``.

        From within a listener this does nothing: the pass that called it is not over.

        Returns:
            Whether anything happened, or a listener had to be told again.
        """
        return self._pass()

    def clear(self) -> None:
        """Forget what was seen, and make a pass: the files that exist are told as ``created``."""
        with self._pass_lock:
            self._observations = {}
            self._pass()

    def _pass(self) -> bool:
        with self._pass_lock:
            if self._is_passing:  # this thread, since the lock lets it in
                return False
            self._is_passing = True
            try:
                has_changed = self._look()
                has_told = self._tell()
                return has_changed or has_told
            finally:
                self._is_passing = False

    def _look(self) -> bool:
        before = self._observations or {}
        now = {path: observe(path, before.get(path, ABSENT), self._timer) for path in self._paths}
        changes = list(_changes(before, now, is_first=self._observations is None))
        for hearer in self._audience:
            hearer.note(changes)
        # Last, so that a fork or an interrupt on the way leads to the same changes again: noted
        # twice they are what they were, while forgotten they would be lost.
        self._observations = now
        return bool(changes)

    def _tell(self) -> bool:
        audience = [hearer for hearer in self._audience if hearer.missed]
        for hearer in audience:
            if not hearer.is_gone:
                hearer.tell(self)
        return bool(audience)

    def after_fork(self) -> None:
        """In a child process: whoever held a lock or made a pass is not there any more."""
        self._pass_lock = threading.RLock()
        self._audience_lock = threading.Lock()
        self._is_passing = False


def _changes(
    before: dict[str, Observation], now: dict[str, Observation], *, is_first: bool
) -> Iterable[FileChange]:
    for path, observation in now.items():
        kind = change_between(before.get(path, ABSENT), observation)
        if kind is not None:
            yield FileChange(path, "init" if is_first else kind)


class _Hearer:
    """
    A listener, and what it has not been told yet.

    Attributes:
        listener: The callable.
        missed: What happened to each file since the listener last succeeded.
        is_gone: Whether it was removed.
    """

    def __init__(self, listener: Listener) -> None:
        self.listener: Final = listener
        self.missed: dict[str, ChangeKind] = {}
        self.is_gone = False
        self._fault = LastFault()

    def note(self, changes: Iterable[FileChange]) -> None:
        """Add to what it has missed."""
        for change in changes:
            older = self.missed.get(change.path)
            self.missed[change.path] = merged(older, change.kind) if older else change.kind

    def tell(self, watcher: FileWatcher) -> None:
        """Call it with all that it has missed, and forget that if it succeeds."""
        told = tuple(
            FileChange(path, self.missed[path]) for path in watcher.paths if path in self.missed
        )
        try:
            is_done = self.listener(told) is not False
        except Exception as error:  # noqa: BLE001 - whatever it is, the others have to be told
            if self._fault.is_new(error):
                message = "a listener of [%s] failed; it will be told again at the next pass"
                _LOG.warning(message, ", ".join(watcher.paths), exc_info=True)
            return
        if is_done:
            self.missed = {}
            self._fault.forget()
