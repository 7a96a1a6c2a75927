"""
What an audit log costs: the same write without one, and its lines read by the standard library.

The line costs one more lock, one more fsync and the text of a kilobyte, whatever the size of the
realm. So it shows most where a write is smallest.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

from esfilerealm import UsersTool
from esfilerealm.audit import verify

from .measure import Options, Row, Sides, compare, spaced, timed
from .realms import HASH, sized_realm, temporary_realm

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_AIM = 1.15
_LINES = 10_000


def rows(options: Options) -> Iterator[Row]:
    """Measure the command, the library with a small and a large realm, and a verification."""
    yield _command(options)
    for size in (1_000, 100_000):
        yield _useradd(options, size)
    yield _verification(options)


def _command(options: Options) -> Row:
    with temporary_realm(options.folder, sized_realm(1_000)) as folder:
        numbers = itertools.count()

        def useradd(*more: str) -> Callable[[], None]:
            return lambda: _run(
                "useradd", f"new-{next(numbers)}", "--hash", HASH, "-c", folder, *more
            )

        sides = Sides(
            "esfilerealm useradd --hash --audit, 1 000 users",
            timed(useradd("--audit", os.path.join(folder, "audit.log"))),
            "the same without --audit",
            timed(useradd()),
        )
        return compare(sides, rounds=options.rounds(60), aim=_AIM)


def _run(*words: str) -> None:
    subprocess.run([sys.executable, "-m", "esfilerealm", *words], check=True)


def _useradd(options: Options, size: int) -> Row:
    with temporary_realm(options.folder, sized_realm(size)) as folder:
        numbers = itertools.count()

        def useradd(tool: UsersTool) -> Callable[[], float]:
            return timed(lambda: tool.useradd(f"new-{next(numbers)}", password_hash=HASH))

        sides = Sides(
            f"useradd with an audit log, {spaced(size)} users",
            useradd(UsersTool(folder, audit=os.path.join(folder, "audit.log"))),
            "the same without",
            useradd(UsersTool(folder)),
        )
        aim = _AIM if size == 100_000 else None
        return compare(sides, rounds=options.rounds(100), aim=aim)


def _verification(options: Options) -> Row:
    """Measure ``verify`` against parsing and hashing the same lines."""
    with temporary_realm(options.folder, sized_realm(10)) as folder:
        log = os.path.join(folder, "audit.log")
        tool = UsersTool(folder, audit=log)
        for number in range(100):
            tool.useradd(f"new-{number}", password_hash=HASH)
        with open(log, "rb") as file:
            lines = file.readlines()

        def parse() -> None:
            for line in itertools.islice(itertools.cycle(lines), _LINES):
                hashlib.sha256(line).digest()
                json.loads(line)

        def check() -> None:
            for _ in range(_LINES // len(lines)):
                verify(log)

        sides = Sides(
            f"audit verify, {spaced(_LINES)} lines", timed(check), "SHA-256 and json", timed(parse)
        )
        return compare(sides, rounds=options.rounds(10), aim=4)
