"""
Something happens between any two instructions of an operation: an exception, or a call back.

``sys.settrace`` shows each instruction before it is executed. That is more than a signal can do:
Python calls handlers only after some instructions. ``points_of`` runs an operation once and returns
where it could be struck; ``strike`` runs it and acts at one of these points. A test compares what
``Resources`` found before and after.

A point is an instruction of a function and how often it was reached before, so that it stays the
same if another part of the operation takes longer. Only functions of this package have points, and
those of ``contextlib``, which hold resources of ours; a test may add other folders.
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import filelock
import pytest
from support.threads import wait_until

import esfilerealm

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import CodeType, FrameType

PACKAGE = os.path.dirname(esfilerealm.__file__) + os.sep

FILELOCK = Path(filelock.__file__).parent
#: The guard of forks of ``filelock``; earlier versions have it elsewhere.
FORK_GUARD = FILELOCK / "_core" / "_fork.py"

#: Marks tests that strike ``filelock`` itself.
keeps_descriptors = pytest.mark.skipif(
    not FORK_GUARD.exists(), reason="earlier versions of filelock lose descriptors of their own"
)


class Interrupt(BaseException):
    """What a time limit or Ctrl-C raises."""


@dataclass(frozen=True, repr=False)
class Point:
    """Before an instruction, when it is reached for the time with that number."""

    code: CodeType
    instruction: int
    time: int

    def __repr__(self) -> str:
        lines = list(self.code.co_positions())
        line = lines[self.instruction // 2][0] if self.instruction >= 0 else None
        name = self.code.co_filename.removeprefix(PACKAGE)
        return f"{name}:{line} {self.code.co_qualname} +{self.instruction} ({self.time})"


class _Tracer:
    """Calls *look* before each instruction of our functions, and of those in other folders."""

    def __init__(self, look: Callable[[CodeType, int], None], also: tuple[str, ...] = ()) -> None:
        self.look = look
        self.where = (PACKAGE, contextlib.__file__, *also)
        self.ours: dict[str, bool] = {}

    def is_ours(self, file: str) -> bool:
        known = self.ours.get(file)
        if known is None:
            known = file.startswith(self.where)
            self.ours[file] = known
        return known

    def __call__(self, frame: FrameType, event: str, _: object) -> _Tracer | None:
        if event == "call":
            if not self.is_ours(frame.f_code.co_filename):
                return None
            frame.f_trace = self  # 3.13 looks for it when the next is set
            frame.f_trace_opcodes = True
            frame.f_trace_lines = False
        elif event == "opcode":
            self.look(frame.f_code, frame.f_lasti)
        return self

    def run(self, operation: Callable[[], object]) -> object:
        sys._getframe().f_trace_opcodes = True  # 3.12 sends no events before some frame has it
        before = sys.gettrace()
        sys.settrace(self)
        try:
            return operation()
        finally:
            sys.settrace(before)


def points_of(
    operation: Callable[[], object], most: int = 2, also: tuple[str, ...] = ()
) -> list[Point]:
    """Return the points of an operation: each instruction, the first times it is reached."""
    times: dict[tuple[CodeType, int], int] = {}
    points = []

    def look(code: CodeType, instruction: int) -> None:
        time = times[code, instruction] = times.get((code, instruction), 0) + 1
        if time <= most:
            points.append(Point(code, instruction, time))

    with contextlib.suppress(Exception):
        _Tracer(look, also).run(operation)
    return points


class Strike:
    """
    Acts at a point.

    Attributes:
        was_hit: Whether the operation came there.
        outcome: What it returned or raised.
    """

    def __init__(self, point: Point, act: Callable[[], object], also: tuple[str, ...] = ()) -> None:
        self.point = point
        self.act = act
        self.also = also
        self.was_hit = False
        self.outcome: object = None
        self._left = point.time

    def _look(self, code: CodeType, instruction: int) -> None:
        if self.was_hit or instruction != self.point.instruction or code is not self.point.code:
            return
        self._left -= 1
        if not self._left:
            self.was_hit = True
            self.act()

    def run(self, operation: Callable[[], object]) -> Strike:
        try:
            self.outcome = _Tracer(self._look, self.also).run(operation)
        except BaseException as error:  # noqa: BLE001 - it is an outcome
            self.outcome = error.with_traceback(None)
            error.__context__ = error.__cause__ = None
        return self


def interrupt() -> None:
    """Raise as the handler of a signal may."""
    raise Interrupt


def fail() -> None:
    """Raise as a system call may."""
    raise OSError(5, "Input/output error")


class Resources:
    """The descriptors and threads of this process, to be compared later."""

    def __init__(self) -> None:
        self.descriptors = _descriptors()
        self.threads = set(threading.enumerate())

    def check(self, where: object) -> None:
        """Check that nothing was lost; a thread may take a moment to end."""
        if _descriptors() != self.descriptors or set(threading.enumerate()) != self.threads:
            wait_until(lambda: set(threading.enumerate()) <= self.threads)
            assert _descriptors() == self.descriptors, where


def _descriptors() -> list[str]:
    folder = "/proc/self/fd"
    if not os.path.isdir(folder):
        return []
    found = []
    for number in sorted(os.listdir(folder), key=int):
        with contextlib.suppress(FileNotFoundError):  # that of this very listing
            found.append(f"{number} {os.readlink(f'{folder}/{number}')}")
    return found
