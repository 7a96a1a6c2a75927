"""Waiting for the end of a time, shown as a countdown, until somebody ends it earlier."""

from __future__ import annotations

import os
import select
import signal
import threading
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from .._ground.system_faults import require_missing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType
    from typing import NoReturn

    from .terminal import Terminal

__all__ = ["End", "interrupted_by_signals", "undisturbed", "wait_for_end"]

End: TypeAlias = Literal["time", "enter", "signal"]

#: Seconds between two looks at the clocks, each of which may be set meanwhile.
_TICK: Final = 1.0
_LONGEST_LINE: Final = 4096
#: They end a process at once, unless somebody takes care: a service that is stopped, a terminal
#: that is closed. Windows has only the first.
_ENDING: Final = ("SIGTERM", "SIGHUP")


def wait_for_end(
    seconds_left: Callable[[], float],
    terminal: Terminal,
    what: str,
    *,
    pause: Callable[[int | None, float], bool] | None = None,
) -> End:
    """
    Wait until no time is left, Enter is typed, or a signal comes.

    On a terminal, one line counts down; elsewhere nothing is printed.

    Args:
        seconds_left: What the clock says that says the least; asked every second.

        terminal: Where the countdown is shown, and Enter is typed.

        what: What ends then, in a few words of ASCII.

        pause: Waits for Enter on a descriptor, if there is one, for some seconds; returns whether
            it came.

    Returns:
        What ended it.
    """
    pause = pause or _pause
    keyboard = terminal.keyboard
    keys = "Enter or Ctrl-C ends it now" if keyboard is not None else "Ctrl-C ends it now"
    _forget_typed(keyboard)
    try:
        while (left := seconds_left()) > 0:
            terminal.show_status(f"{what}: {_counted_down(left)} left; {keys}")
            if pause(keyboard, min(left, _TICK)):
                return "enter"
    except KeyboardInterrupt:
        return "signal"
    finally:
        terminal.show_status("")
    return "time"


def _counted_down(seconds: float) -> str:
    """Return a time as ``9:59`` or ``1:00:00``."""
    minutes, rest = divmod(-int(-seconds // 1), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def _pause(keyboard: int | None, seconds: float) -> bool:
    if keyboard is None or not _is_in_front(keyboard):
        time.sleep(seconds)
        return False
    try:
        if not select.select([keyboard], [], [], seconds)[0]:
            return False
    except (OSError, ValueError):  # Windows waits for sockets only
        time.sleep(seconds)
        return False
    with suppress(OSError):  # the terminal is gone, which is an end, too
        os.read(keyboard, _LONGEST_LINE)  # so that the shell does not get it
    return True


def _is_in_front(keyboard: int) -> bool:
    """Check whether what is typed is for this process; one in the background would be stopped."""
    try:
        return os.tcgetpgrp(keyboard) == os.getpgrp()
    except (AttributeError, OSError):  # no terminal, or none of POSIX
        return True


def _forget_typed(keyboard: int | None) -> None:
    """Drop what was typed before anybody could know what Enter does here."""
    if keyboard is None or not _is_in_front(keyboard):
        return
    try:
        import termios
    except ImportError as error:  # Windows
        require_missing(error)
        return
    with suppress(termios.error):
        termios.tcflush(keyboard, termios.TCIFLUSH)


@contextmanager
def interrupted_by_signals() -> Iterator[None]:
    """Raise ``KeyboardInterrupt`` for each signal that would end the process without a word."""
    with _handled(_interrupt, *_ENDING):
        yield


@contextmanager
def undisturbed() -> Iterator[None]:
    """Let neither Ctrl-C nor one of these signals stop what is done inside."""
    with _handled(_go_on, "SIGINT", *_ENDING):
        yield


@contextmanager
def _handled(handler: Callable[[int, FrameType | None], object], *names: str) -> Iterator[None]:
    before = {}
    is_main = threading.current_thread() is threading.main_thread()  # no other gets signals
    try:
        for name in names if is_main else ():
            number = getattr(signal, name, None)
            known = number and signal.getsignal(number)
            if number and known not in (None, signal.SIG_IGN):  # as `nohup` wants it
                before[number] = known
                signal.signal(number, handler)
        yield
    finally:
        for number, known in before.items():
            signal.signal(number, known)


def _interrupt(_number: int, _frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt


def _go_on(_number: int, _frame: FrameType | None) -> None:
    """Do nothing."""
