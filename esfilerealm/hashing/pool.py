"""Hashing on all cores: bcrypt and PBKDF2 release the GIL."""

from __future__ import annotations

import os
import sys
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from concurrent.futures import Future

__all__ = ["HashingPool", "available_cores"]

T = TypeVar("T")
R = TypeVar("R")


class HashingPool:
    """
    Run a function on many items, in threads.

    Args:
        jobs: The number of threads; by default one for each core of this process.

        show_progress: Whether to show a progress bar on standard error, if that is a terminal and
            the work takes longer than half a second.

    Raises:
        ValueError: If *jobs* is below 1.
    """

    def __init__(self, jobs: int | None = None, *, show_progress: bool = False) -> None:
        if jobs is not None and jobs < 1:
            raise ValueError(f"jobs is [{jobs}]: must be at least 1")
        self._jobs = jobs or available_cores()
        self._show_progress = show_progress

    def map(self, work: Callable[[T], R], items: Sequence[T], title: str) -> list[R]:
        """
        Return the results of *work* for all *items*, in their order.

        Few items are queued at a time, so that an interrupt ends the work at once.

        Args:
            work: The function, which is called in several threads.

            items: Its arguments.

            title: The title of the progress bar, such as "hashing".
        """
        is_worth_threads = self._jobs > 1 and len(items) > 1
        done = self._in_threads(work, items) if is_worth_threads else map(work, items)
        return list(self._with_progress(done, len(items), title))

    def _in_threads(self, work: Callable[[T], R], items: Sequence[T]) -> Iterator[R]:
        executor = ThreadPoolExecutor(self._jobs, thread_name_prefix="esfilerealm-hashing")
        pending: deque[Future[R]] = deque()
        try:
            for item in items:
                pending.append(executor.submit(work, item))
                if len(pending) >= 2 * self._jobs:
                    yield pending.popleft().result()
            while pending:
                yield pending.popleft().result()
        finally:
            executor.shutdown(cancel_futures=True)

    def _with_progress(self, done: Iterator[R], count: int, title: str) -> Iterator[R]:
        if not self._show_progress or not sys.stderr or not sys.stderr.isatty():
            return done
        from tqdm import tqdm

        return iter(tqdm(done, title, count, leave=False, delay=0.5, unit=" users"))


def available_cores() -> int:
    """Count the cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
