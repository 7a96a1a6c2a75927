"""Work of many hashes on all cores: bcrypt and PBKDF2 let other threads of Python run."""

from __future__ import annotations

import os
import sys
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from concurrent.futures import Future

__all__ = ["HashingPool"]

T = TypeVar("T")
R = TypeVar("R")


class HashingPool:
    """
    Does one thing to many items.

    Args:
        jobs: How many at once; None for as many as there are cores for this process.

        show_progress: Whether to show a bar on standard error, if that is a terminal and it takes
            longer than a moment.
    """

    def __init__(self, jobs: int | None = None, *, show_progress: bool = False) -> None:
        if jobs is not None and jobs < 1:
            raise ValueError(f"jobs is [{jobs}]: must be at least 1")
        self._jobs = jobs or _cores()
        self._show_progress = show_progress

    def map(self, work: Callable[[T], R], items: Sequence[T], title: str) -> list[R]:
        """
        Give what *work* makes of each of *items*, in their order.

        Only a few are on their way at a time, so that an interrupt ends it at once.

        Args:
            work: Called in several threads.

            items: What to give to it.

            title: For the bar, such as "hashing".
        """
        is_worth_threads = self._jobs > 1 and len(items) > 1
        done = self._at_once(work, items) if is_worth_threads else map(work, items)
        return list(self._watched(done, len(items), title))

    def _at_once(self, work: Callable[[T], R], items: Sequence[T]) -> Iterator[R]:
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

    def _watched(self, done: Iterator[R], count: int, title: str) -> Iterator[R]:
        if not self._show_progress or not sys.stderr or not sys.stderr.isatty():
            return done
        from tqdm import tqdm

        return iter(tqdm(done, title, count, leave=False, delay=0.5, unit=" users"))


def _cores() -> int:
    """Count the cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
