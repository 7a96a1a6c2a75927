"""``compare --watch``."""

from __future__ import annotations

import json
import os
from datetime import datetime
from threading import Event
from typing import TYPE_CHECKING, Final, NoReturn

from .._storage import RealmPaths
from ..watcher import FileWatcher, Frequency, ResourceWatcherService
from .exits import UsageError
from .output import VERSION

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from ..drift import Drift
    from .terminal import Terminal

__all__ = ["watch_drift"]

#: Seconds. An interrupt that comes just before the wait for the next event does not end that wait.
_LONGEST_WAIT: Final = 1.0
#: What in a configuration directory decides who its users are.
_NAMES: Final = ("elasticsearch.yml", "users", "users_roles")
_LEGACY_NAMES: Final = ("x-pack/users", "x-pack/users_roles")


def watch_drift(
    sources: Sequence[str],
    terminal: Terminal,
    *,
    compare: Callable[[], Drift],
    show: Callable[[Drift], object],
) -> NoReturn:
    """
    Compare whenever a source changes, and print each result that is new, until interrupted.

    Args:
        sources: Directories and files.

        terminal: Where to print.

        compare: Reads all of them.

        show: Prints a result for people.

    Raises:
        UsageError: If a source can be read only once.
    """
    for source in sources:
        if os.path.exists(source) and not (os.path.isdir(source) or os.path.isfile(source)):
            raise UsageError(f"[{source}] is no directory and no file, and cannot be read again")
    changed = Event()
    files = FileWatcher(*(path for source in sources for path in _files_of(source)))
    files.add_listener(lambda _: changed.set())
    printer = _Printer(terminal, show, len(sources))
    with ResourceWatcherService() as service:
        service.add(files, Frequency.HIGH)
        while True:
            changed.clear()  # first, so that a change while they are read counts
            printer.print(compare())
            while not changed.wait(_LONGEST_WAIT):
                pass


def _files_of(source: str) -> Iterator[str]:
    """Yield the files that say who the users of a source are; the journal does during a write."""
    if not os.path.isdir(source):
        yield source
    if not os.path.isfile(source):  # also if there is nothing yet
        yield from (os.path.join(source, name) for name in (*_NAMES, *_LEGACY_NAMES))
        yield RealmPaths(source).journal


class _Printer:
    """Prints a result if it is not the one before."""

    def __init__(self, terminal: Terminal, show: Callable[[Drift], object], count: int) -> None:
        self._terminal = terminal
        self._show = show
        self._count = count
        self._before: dict[str, object] | None = None

    def print(self, drift: Drift) -> None:
        """Print what is new, for people or as one line of JSON."""
        now = drift.to_dict()
        if now == self._before:
            return
        is_first, self._before = self._before is None, now
        time = datetime.now().astimezone()
        text = f"watching {self._count} sources" if is_first else "a source has changed"
        self._terminal.print(f"{time:%H:%M:%S} {text}")
        self._show(drift)
        if self._terminal.is_for_programs:
            stable = {"command": "compare", "version": VERSION}
            event = {"time": time.isoformat(timespec="milliseconds")}
            event["event"] = "start" if is_first else "change"
            self._terminal.print_for_programs(json.dumps(stable | event | now))
        self._terminal.flush()
