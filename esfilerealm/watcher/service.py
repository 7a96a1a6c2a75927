"""A thread that asks all watchers again and again, each at its frequency."""

from __future__ import annotations

import sys
import threading
import weakref
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

from .._ground.forks import renew_after_fork
from .._ground.holding import Mutex
from .._ground.logs import RepeatedError, get_logger
from .folders import FolderWatch
from .timetable import Frequency, Timetable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
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

#: Seconds that ``close`` waits for a running pass.
_CLOSE_TIMEOUT: Final = 10.0


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
    """What a service can watch. ``FileWatcher`` is one."""

    @property
    def paths(self) -> Sequence[str]:
        """The watched files, whose directories may have events."""

    def init(self) -> None:
        """Look for the first time; do nothing in later calls."""

    def check_and_notify(self) -> bool:
        """Look again, and call the listeners if anything changed."""


class ResourceWatcherService:
    """
    Asks its watchers whether anything changed, in its own thread and in ``notify_now``.

    The thread is a daemon and keeps neither the interpreter nor the service alive: it ends when the
    service is garbage. All frequencies share it, so one pass waits for another. With
    ``resource.reload.enabled: false`` there is no thread, and everything else works.

    File events only shorten the wait of ``Frequency.HIGH``: a write to a watched file leads to a
    pass some 20 ms later, at most twenty a second. Where there are no events (a network mount, an
    exhausted limit, a missing directory), that is logged once at INFO, and polling goes on. With
    events, a pass also follows whenever a directory is newly watched.

    After a fork, the service of the child has the same watchers and listeners: its locks are new,
    and if the thread ran in the parent, the child starts another. Listeners have to renew their own
    locks. On macOS the child has no file events, whose libraries do not survive a fork.

    Args:
        settings: Whether and how often to ask; None for the defaults of 5, 30 and 60 seconds.
        watch_events: Whether to use file events.

    Source:
        ``ResourceWatcherService``. Different on purpose: a watcher that fails, in whatever way,
        never keeps another from its turn.
    """

    def __init__(
        self, settings: ReloadSettings | None = None, *, watch_events: bool = True
    ) -> None:
        self._settings: Final = settings or _DefaultSettings()
        self._watch_events = watch_events
        self._entries: dict[Frequency, tuple[_Entry, ...]] = dict.fromkeys(Frequency, ())
        self._runner: _Runner | None = None
        self._lock = Mutex()
        self._pass_locks = {frequency: Mutex() for frequency in Frequency}
        renew_after_fork(self)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        count = sum(map(len, self._entries.values()))
        state = "stopped" if self._runner is None else "running"
        return f"<{type(self).__name__}: {count} watchers, {state}>"

    def add(
        self, watcher: ResourceWatcher, frequency: Frequency = Frequency.MEDIUM
    ) -> WatcherHandle:
        """
        Initialise *watcher* in this thread, and ask it at *frequency* from now on.

        A watcher is not added twice at the same frequency.

        Raises:
            Exception: Whatever its ``init`` raises; then it is not added.
        """
        watcher.init()
        self._add(watcher, frequency)
        return WatcherHandle(self, watcher, frequency)

    def notify_now(self, frequency: Frequency = Frequency.HIGH) -> None:
        """
        Make one pass of a frequency in this thread, after a pass of it that is running.

        A listener may call this for its own frequency, which skips the watcher that called the
        listener. It must not do so for another frequency: two that wait for each other would hang.
        """
        self._pass(frequency)

    def start(self) -> None:
        """Start the thread, unless it runs already or the settings forbid it."""
        self._lock.run(self._start)

    def _start(self) -> None:
        if self._runner is None and self._settings.reload_enabled:
            runner = _Runner(self, self._intervals(), watch_events=self._watch_events)
            try:
                runner.start()
                self._runner = runner
            except BaseException:
                self._runner = None
                runner.stop()
                raise

    def close(self) -> None:
        """
        End the thread after a running pass. The service may be started again.

        When called from a listener, it does not wait. Without a thread it does nothing.
        """
        runner = self._runner
        self.stop()
        if runner is not None:
            runner.join()

    def stop(self) -> None:
        """Have the thread end after a running pass, and do not wait for it."""
        self._lock.run(self._stop)

    def _stop(self) -> None:
        runner = self._runner
        if runner is not None:
            runner.stop()
        self._runner = None

    def after_fork(self) -> None:
        """In a child process, replace the locks. For the thread see ``_Runner.after_fork``."""
        self._lock = Mutex()
        self._pass_locks = {frequency: Mutex() for frequency in Frequency}
        self._watch_events = self._watch_events and sys.platform != "darwin"

    def _intervals(self) -> dict[Frequency, float]:
        return {
            Frequency.HIGH: self._settings.reload_interval_high,
            Frequency.MEDIUM: self._settings.reload_interval_medium,
            Frequency.LOW: self._settings.reload_interval_low,
        }

    def _add(self, watcher: ResourceWatcher, frequency: Frequency) -> None:
        self._lock.run(lambda: self._add_entry(watcher, frequency))

    def _add_entry(self, watcher: ResourceWatcher, frequency: Frequency) -> None:
        entries = self._entries[frequency]
        if not any(entry.watcher is watcher for entry in entries):
            self._entries[frequency] = (*entries, _Entry(watcher))
            self._refollow(frequency)

    def _remove(self, watcher: ResourceWatcher, frequency: Frequency) -> None:
        self._lock.run(lambda: self._remove_entry(watcher, frequency))

    def _remove_entry(self, watcher: ResourceWatcher, frequency: Frequency) -> None:
        entries = self._entries[frequency]
        self._entries[frequency] = tuple(one for one in entries if one.watcher is not watcher)
        self._refollow(frequency)

    def _refollow(self, frequency: Frequency) -> None:
        """Have the thread check which directories it needs."""
        if self._runner is not None and self._watch_events and frequency is Frequency.HIGH:
            self._runner.timetable.wake()

    def _pass(self, frequency: Frequency, survived: type[BaseException] = Exception) -> None:
        self._pass_locks[frequency].run(lambda: self._ask_all(frequency, survived))

    def _ask_all(self, frequency: Frequency, survived: type[BaseException]) -> None:
        for entry in self._entries[frequency]:
            try:
                entry.watcher.check_and_notify()
                entry.error.clear()
            except OSError:
                _LOG.debug("%r could not be checked", entry.watcher, exc_info=True)
            except survived as error:
                if entry.error.is_new(error):
                    message = "%r failed; it will be asked again at the next pass"
                    _LOG.warning(message, entry.watcher, exc_info=True)

    def _timed_pass(self, frequency: Frequency) -> None:
        # In our own thread, ``SystemExit`` and its like would end only the watching.
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
    A watcher that was added to a service.

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

    def __repr__(self) -> str:
        return f"<WatcherHandle of {self.watcher!r}, {self.frequency.value}>"

    def stop(self) -> None:
        """Remove the watcher from the service; a running pass may still ask it."""
        self._service._remove(self.watcher, self.frequency)  # noqa: SLF001 - the other half of a handle

    def resume(self) -> None:
        """Add it again; the next pass reports what happened in the meantime."""
        self._service._add(self.watcher, self.frequency)  # noqa: SLF001 - the other half of a handle


class _Entry:
    """A watcher in a service."""

    def __init__(self, watcher: ResourceWatcher) -> None:
        self.watcher: Final = watcher
        self.error: Final = RepeatedError()


class _Runner:
    """The thread of a service. It holds only a weak reference to the service."""

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
        self._finalizer = weakref.finalize(service, self.timetable.close)
        self._finalizer.atexit = False
        self._thread = threading.Thread(
            target=_run,
            args=(self._service, self.timetable, self._folders),
            name=_THREAD_NAME,
            daemon=True,
        )

    def start(self) -> None:
        """Start the thread."""
        # Not earlier: in a child process, the thread must start after the locks of all watchers
        # and listeners that existed at this moment have been renewed.
        renew_after_fork(self)
        self._thread.start()

    def stop(self) -> None:
        """Have the thread end."""
        self.timetable.close()
        self._finalizer.detach()

    def join(self) -> None:
        """Wait for the end of the thread, unless this is that thread or it never began."""
        if self._thread is not threading.current_thread() and self._thread.ident is not None:
            self._thread.join(_CLOSE_TIMEOUT)

    def after_fork(self) -> None:
        """In a child process, let go of the parent's thread and have the service start another."""
        self._finalizer.detach()
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
            except Exception:  # noqa: BLE001, S110 - even logging failed; watching has to go on
                pass
            del service  # nothing here may keep it alive during the wait
            timetable.done(frequency)
    finally:
        if folders is not None:
            folders.close()


def _follow(service: ResourceWatcherService | None, folders: FolderWatch | None) -> None:
    if service is not None and folders is not None:
        folders.follow(service._followed_paths())  # noqa: SLF001 - its own thread
