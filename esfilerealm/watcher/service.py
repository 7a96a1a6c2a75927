"""One thread that asks all watchers again and again, each at its frequency."""

from __future__ import annotations

import sys
import threading
import weakref
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

from .._ground.forks import renew_after_fork
from .._ground.logs import get_logger
from .faults import LastFault
from .folders import FolderWatch
from .timetable import Frequency, Timetable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from types import TracebackType
    from typing import Self

__all__ = [
    "Frequency",
    "ReloadSettings",
    "ResourceWatcher",
    "ResourceWatcherService",
    "WatcherHandle",
]

_LOG: Final = get_logger(__name__)

_THREAD_NAME: Final = "esfilerealm-watcher"

#: Seconds that ``close`` waits for a pass that is under way.
_PATIENCE: Final = 10.0


class ReloadSettings(Protocol):
    """The settings ``resource.reload.*``; ``RealmSettings`` has them. Intervals in seconds."""

    @property
    def reload_enabled(self) -> bool:
        """``resource.reload.enabled``."""

    @property
    def reload_interval_high(self) -> float:
        """``resource.reload.interval.high``."""

    @property
    def reload_interval_medium(self) -> float:
        """``resource.reload.interval.medium``."""

    @property
    def reload_interval_low(self) -> float:
        """``resource.reload.interval.low``."""


@dataclass(frozen=True, slots=True)
class _DefaultSettings:
    reload_enabled: bool = True
    reload_interval_high: float = 5.0
    reload_interval_medium: float = 30.0
    reload_interval_low: float = 60.0


class ResourceWatcher(Protocol):
    """What a service can ask; ``FileWatcher`` is one."""

    @property
    def paths(self) -> Sequence[str]:
        """The files it is about, for events of their folders."""

    def init(self) -> None:
        """Look for the first time; do nothing at a later call."""

    def check_and_notify(self) -> bool:
        """Look, and tell the listeners."""


class ResourceWatcherService:
    """
    Asks its watchers whether anything changed, in a thread of its own and whenever told to.

    The thread is a daemon and keeps neither the interpreter nor the service alive: a service that
    nobody has any more ends by itself. All frequencies share it, so one pass waits for another.
    With ``resource.reload.enabled: false`` there is no thread, and all else works.

    File events only shorten the wait of ``Frequency.HIGH``: a write beside a watched file leads to
    a pass some 20 ms later, at most twenty a second. Where there are no events (a network mount,
    an exhausted limit, a missing folder) that is said once at INFO, and the poll alone goes on.
    With events, a pass also follows whenever another folder is watched.

    After a fork the child has a service of its own with the same watchers and listeners: the locks
    are new, and if the thread ran in the parent, another is started in the child. A listener's
    own locks are the listener's business. On macOS the child has no file events, whose libraries
    do not survive a fork.

    Args:
        settings: Whether and how often; None for the defaults of 5, 30 and 60 seconds.
        watch_events: Whether to use file events.

    Source:
        ``ResourceWatcherService``. On purpose otherwise: one watcher's fault of whatever kind
        never keeps another from its turn.
    """

    def __init__(
        self, settings: ReloadSettings | None = None, *, watch_events: bool = True
    ) -> None:
        self._settings: Final = settings or _DefaultSettings()
        self._watch_events = watch_events
        self._entries: dict[Frequency, tuple[_Entry, ...]] = dict.fromkeys(Frequency, ())
        self._runner: _Runner | None = None
        self._lock = threading.Lock()
        self._pass_locks = {frequency: threading.RLock() for frequency in Frequency}
        renew_after_fork(self)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def add(
        self, watcher: ResourceWatcher, frequency: Frequency = Frequency.MEDIUM
    ) -> WatcherHandle:
        """
        Initialise *watcher* in this thread, then ask it at *frequency*.

        A watcher that is there already is not added twice.

        Raises:
            Exception: What its ``init`` raises; then it is not added.
        """
        watcher.init()
        self._add(watcher, frequency)
        return WatcherHandle(self, watcher, frequency)

    def notify_now(self, frequency: Frequency = Frequency.HIGH) -> None:
        """
        Make one pass of a frequency in this thread; a pass of it that is under way comes first.

        A listener may ask for its own frequency, which skips the watcher that called it, but not
        for another: two that wait for each other would wait for ever.
        """
        self._pass(frequency)

    def start(self) -> None:
        """Start the thread, if it does not run and the settings do not forbid it."""
        with self._lock:
            if self._runner is None and self._settings.reload_enabled:
                runner = _Runner(self, self._intervals(), watch_events=self._watch_events)
                runner.start()
                self._runner = runner

    def close(self) -> None:
        """
        End the thread, once a pass that is under way is over; it may be started again.

        From within a listener it does not wait. Without a thread it does nothing.
        """
        with self._lock:
            runner, self._runner = self._runner, None
        if runner is not None:
            runner.close()

    def after_fork(self) -> None:
        """In a child process: whoever held a lock is not there any more. See also ``_Runner``."""
        self._lock = threading.Lock()
        self._pass_locks = {frequency: threading.RLock() for frequency in Frequency}
        self._watch_events = self._watch_events and sys.platform != "darwin"

    def _intervals(self) -> dict[Frequency, float]:
        return {
            Frequency.HIGH: self._settings.reload_interval_high,
            Frequency.MEDIUM: self._settings.reload_interval_medium,
            Frequency.LOW: self._settings.reload_interval_low,
        }

    def _add(self, watcher: ResourceWatcher, frequency: Frequency) -> None:
        with self._lock:
            entries = self._entries[frequency]
            if not any(entry.watcher is watcher for entry in entries):
                self._entries[frequency] = (*entries, _Entry(watcher))
                self._refollow(frequency)

    def _remove(self, watcher: ResourceWatcher, frequency: Frequency) -> None:
        with self._lock:
            entries = self._entries[frequency]
            kept = tuple(entry for entry in entries if entry.watcher is not watcher)
            self._entries[frequency] = kept
            self._refollow(frequency)

    def _refollow(self, frequency: Frequency) -> None:
        """Let the thread look which folders it needs."""
        if self._runner is not None and self._watch_events and frequency is Frequency.HIGH:
            self._runner.timetable.wake()

    def _pass(self, frequency: Frequency, survived: type[BaseException] = Exception) -> None:
        with self._pass_locks[frequency]:
            for entry in self._entries[frequency]:
                try:
                    entry.watcher.check_and_notify()
                    entry.fault.forget()
                except OSError:
                    _LOG.debug("%r could not look", entry.watcher, exc_info=True)
                except survived as error:
                    if entry.fault.is_new(error):
                        _LOG.warning("%r failed; it goes on", entry.watcher, exc_info=True)

    def _timed_pass(self, frequency: Frequency) -> None:
        # On our own thread there is nobody to end for whom ``SystemExit`` and its like are meant.
        self._pass(frequency, survived=BaseException)

    def _followed_paths(self) -> Iterator[str]:
        for entry in self._entries[Frequency.HIGH]:
            yield from entry.watcher.paths

    def _restart(self, runner: _Runner) -> None:
        if self._runner is runner:
            self._runner = None
            self.start()


class WatcherHandle:
    """
    A watcher at its place in a service.

    Attributes:
        watcher: The watcher.
        frequency: How often it is asked.

    Source:
        ``WatcherHandle``.
    """

    def __init__(
        self, service: ResourceWatcherService, watcher: ResourceWatcher, frequency: Frequency
    ) -> None:
        self._service: Final = service
        self.watcher: Final = watcher
        self.frequency: Final = frequency

    def stop(self) -> None:
        """Take the watcher out; a pass that is under way may still ask it."""
        self._service._remove(self.watcher, self.frequency)  # noqa: SLF001 - its other half

    def resume(self) -> None:
        """Put it back: what happened meanwhile is told at the next pass."""
        self._service._add(self.watcher, self.frequency)  # noqa: SLF001 - its other half


class _Entry:
    """A watcher in a service."""

    def __init__(self, watcher: ResourceWatcher) -> None:
        self.watcher: Final = watcher
        self.fault: Final = LastFault()


class _Runner:
    """The thread of a service, which knows the service by a weak reference only."""

    def __init__(
        self,
        service: ResourceWatcherService,
        intervals: Mapping[Frequency, float],
        *,
        watch_events: bool,
    ) -> None:
        self.timetable: Final = Timetable(intervals)
        self._folders = FolderWatch(self.timetable.wake) if watch_events else None
        self._service: Final = weakref.ref(service)
        self._farewell = weakref.finalize(service, self.timetable.close)
        self._farewell.atexit = False
        self._thread = threading.Thread(
            target=_run,
            args=(self._service, self.timetable, self._folders),
            name=_THREAD_NAME,
            daemon=True,
        )

    def start(self) -> None:
        """Start the thread."""
        # Not before, so that in the child of a fork the thread starts after the locks of all
        # watchers and listeners that were there when it started here have been renewed.
        renew_after_fork(self)
        self._thread.start()

    def close(self) -> None:
        """End the thread, and wait for that unless this is it."""
        self._farewell.detach()
        self.timetable.close()
        if self._thread is not threading.current_thread():
            self._thread.join(_PATIENCE)

    def after_fork(self) -> None:
        """In a child process: let go of what is the parent's, and have another thread started."""
        self._farewell.detach()
        self.timetable.abandon()
        if self._folders is not None:
            self._folders.forget()
        service = self._service()
        if service is not None:
            service._restart(self)  # noqa: SLF001 - its own thread


def _run(
    reference: weakref.ref[ResourceWatcherService],
    timetable: Timetable,
    folders: FolderWatch | None,
) -> None:
    try:
        _follow(reference(), folders)
        while (frequency := timetable.wait()) is not None:
            service = reference()
            if service is None:
                return
            try:
                service._timed_pass(frequency)  # noqa: SLF001 - its own thread
                if frequency is Frequency.HIGH:
                    _follow(service, folders)
            except Exception:  # noqa: BLE001, S110 - even the log failed: the next pass has to come
                pass
            del service  # while waiting, nothing here may keep it alive
            timetable.done(frequency)
    finally:
        if folders is not None:
            folders.close()


def _follow(service: ResourceWatcherService | None, folders: FolderWatch | None) -> None:
    if service is not None and folders is not None:
        folders.follow(service._followed_paths())  # noqa: SLF001 - its own thread
