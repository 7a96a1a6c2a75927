"""A bar that shows how much of a long work is done, on a terminal only."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .terminal import Terminal

__all__ = ["progress_of"]

#: Seconds for which nothing is shown: most work is done by then.
_PATIENCE: Final = 0.5


@contextmanager
def progress_of(terminal: Terminal, title: str) -> Iterator[Callable[[int, int], None] | None]:
    """
    Show a bar until the block ends, once it takes long.

    Args:
        terminal: Where somebody may be watching.

        title: What is done.

    Returns:
        What is told how many files of how many are done; None if nobody watches.
    """
    if not terminal.is_watched:
        yield None
        return
    from tqdm import tqdm

    with tqdm(desc=title, unit=" files", leave=False, delay=_PATIENCE, total=0) as bar:

        def advance(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        yield advance
