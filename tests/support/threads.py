"""Many threads at once, and waiting for what they do."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

#: Seconds that nothing here should ever take; only a failing test waits so long.
PATIENCE = 60.0


def together(calls: list[Callable[[], Any]]) -> list[Any]:
    """Make all *calls* at the same time; return the result or the exception of each."""
    barrier = threading.Barrier(len(calls), timeout=PATIENCE)

    def outcome(call: Callable[[], Any]) -> Any:
        barrier.wait()
        try:
            return call()
        except Exception as error:  # noqa: BLE001 - it is an outcome
            return error

    with ThreadPoolExecutor(len(calls)) as pool:
        return [future.result(PATIENCE) for future in [pool.submit(outcome, c) for c in calls]]


def wait_until(condition: Callable[[], object]) -> None:
    """Wait until *condition* is true, for at most ``PATIENCE`` seconds."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.001)
