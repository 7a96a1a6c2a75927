"""Which directories to watch for events; where there are no events, log that once and poll."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING, Final, TypeAlias

from .._ground.logs import get_logger
from .._storage import is_network_mount, link_chain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from .events import FolderEvents

__all__ = ["FolderWatch"]

_LOG: Final = get_logger(__name__)

#: Device and inode: a directory that is replaced at the same path has to be watched anew.
_Identity: TypeAlias = tuple[int, int]


class FolderWatch:
    """
    Wakes the poll when one of the watched files may have been written.

    Nothing depends on it: a failure is one line at INFO, and polling goes on. Only one thread may
    use it, except for ``forget``.

    Args:
        wake: Called in any thread at any event; must not block.
    """

    def __init__(self, wake: Callable[[], None]) -> None:
        self._wake = wake
        self._events: FolderEvents | None = None
        self._names: set[str] = set()
        self._is_possible = True
        self._watched: dict[str, _Identity] = {}
        self._refused: dict[str, _Identity] = {}
        self._logged: set[str] = set()
        self._load()

    def follow(self, paths: Iterable[str]) -> None:
        """
        Wait for events of *paths*, and of every link between them and the files they lead to.

        Call this again after each pass, since links and directories change. A newly watched
        directory wakes the poll at once: a file may have been written before it was watched.
        """
        try:
            self._follow(paths)
        except Exception as error:  # noqa: BLE001 - events are a convenience, whatever fails
            self._give_up(error)

    def close(self) -> None:
        """Stop watching."""
        if self._events is not None:
            self._events.close()

    def forget(self) -> None:
        """In a child process, drop the watches of the parent, and make no new ones."""
        self._events = None
        self._is_possible = False

    def _follow(self, paths: Iterable[str]) -> None:
        names = {name for path in paths for name in link_chain(path)}
        self._names = names
        if self._events is not None:
            self._events.names = names
        wanted = self._identified({os.path.dirname(name) for name in names})
        for folder in list(self._watched):
            if self._watched[folder] != wanted.get(folder) or self._is_lost(folder):
                self._remove(folder)
        self._refused = {f: i for f, i in self._refused.items() if wanted.get(f) == i}
        added = [
            folder
            for folder, identity in wanted.items()
            if folder not in self._watched
            and folder not in self._refused
            and self._add(folder, identity)
        ]
        if added:
            self._wake()

    def _identified(self, folders: set[str]) -> dict[str, _Identity]:
        found = {}
        for folder in sorted(folders):
            try:
                status = os.stat(folder)
            except FileNotFoundError:
                continue  # it may be created later, or a link has just changed
            except OSError as error:
                self._log_about(folder, error.strerror or "stat failed")
                continue
            if stat.S_ISDIR(status.st_mode):
                found[folder] = (status.st_dev, status.st_ino)
        return found

    def _add(self, folder: str, identity: _Identity) -> bool:
        if not self._is_possible:
            return False
        if is_network_mount(folder):
            self._refused[folder] = identity
            self._log_about(folder, "its file system reports no writes of other machines")
            return False
        try:
            self._started().add(folder)
        except FileNotFoundError:
            return False
        except OSError as error:
            self._log_about(folder, error.strerror or str(error))
            return False
        self._watched[folder] = identity
        return True

    def _load(self) -> None:
        """
        Import watchdog in the thread that starts the service.

        If the service's own thread did that and the process forked meanwhile, the child would wait
        for the lock of the half-imported module for ever.
        """
        try:
            from . import events  # noqa: F401
        except (ImportError, OSError) as error:
            self._give_up(error)

    def _started(self) -> FolderEvents:
        if self._events is None:
            from .events import FolderEvents

            self._events = FolderEvents(self._wake)
            self._events.names = self._names
        return self._events

    def _give_up(self, error: Exception) -> None:
        self._is_possible = False
        self._log("no file events: %s; changes are noticed by polling only", error)

    def _is_lost(self, folder: str) -> bool:
        return self._events is not None and self._events.is_lost(folder)

    def _remove(self, folder: str) -> None:
        del self._watched[folder]
        if self._events is not None:
            self._events.remove(folder)

    def _log_about(self, folder: str, reason: str) -> None:
        message = "no file events for [%s]: %s; changes there are noticed by polling only"
        self._log(message, folder, reason)

    def _log(self, message: str, *arguments: object) -> None:
        line = message % arguments
        if line not in self._logged:
            self._logged.add(line)
            _LOG.info("%s", line)
