"""From files that change to a store that reloads."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...watcher import FileWatcher

if TYPE_CHECKING:
    from .store import FileRealmStore

__all__ = ["StoreFollower"]


class StoreFollower:
    """
    Reloads a store when its files change, and at every pass while it has to be tried again.

    A ``ResourceWatcher``.
    """

    def __init__(self, store: FileRealmStore) -> None:
        self._store = store
        self._files = FileWatcher(store.paths.users, store.paths.users_roles)
        self._is_due = False

    @property
    def paths(self) -> tuple[str, ...]:
        """The two files."""
        return self._files.paths

    def init(self) -> None:
        """Look at the files for the first time. To be done before the store reads them."""
        self._files.init()

    def check_and_notify(self) -> bool:
        """Look at the files, and reload if need be; tell whether they changed."""
        has_changed = self._files.check_and_notify()
        self._is_due = self._is_due or has_changed or not self._store.snapshot.health
        if self._is_due:
            self._store.reload()
            self._is_due = False
        return has_changed
