"""Being the only writer of a realm, in a state that nobody left half made."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from .lock import write_lock
from .paths import lock_path
from .recovery import recover
from .target import real_target

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..results import Recovery
    from .options import WriteOptions
    from .paths import RealmPaths

__all__ = ["write_access"]


@contextmanager
def write_access(paths: RealmPaths, options: WriteOptions) -> Iterator[Recovery]:
    """
    Hold the write lock of a realm, and end what an earlier writer began.

    Gives what was found of that.

    Raises:
        LockTimeoutError: If the lock was not free in time.
        JournalVersionError: If a later version of this package left something unfinished.
        FilePermissionError, FileAccessError: If the system does not let us.
    """
    with write_lock(
        lambda: lock_path(real_target(paths.users)),
        options.lock_timeout,
        allow_local_lock=options.allow_local_lock,
    ):
        yield recover(paths)
