"""
What is held in memory; for each value, a separate process does one thing.

The figure is what comes on top of an interpreter that has imported the same modules. For a realm it
comes on top of a bare interpreter, since its modules are part of its cost. The figures are read
from Linux, which keeps the peak of a process. Other sources of a peak may return that of the parent
process.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass, replace
from statistics import median
from typing import TYPE_CHECKING

from .libpass import NotMeasuredError, interpreter
from .measure import Options, Row, Sides, compare, spaced
from .realms import settled_realm, sized_realm

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["peak_of", "rows"]

_SIDE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "memory_side.py")
_STATUS = "/proc/self/status"
_SIZES = (100_000, 1_000_000)
_ROUNDS = 3
_LOAD_AIM = 4.0
_RELOADS_AIM = 1.2
_LIBPASS = "libpass HtpasswdFile.from_string"


@dataclass(frozen=True, slots=True)
class _Memory:
    """What a process took, in bytes; see ``memory_side``."""

    imported: int
    peak: int
    held: tuple[int, ...]


def rows(options: Options) -> Iterator[Row]:
    """Measure parsing, loading, a loaded user, and many reloads."""
    if not os.path.exists(_STATUS):
        yield Row(name="memory", unit="MB", note=f"not measured: there is no {_STATUS}")
        return
    for size in _SIZES[:1] if options.quick else _SIZES:
        yield from _parse(options, size)
        for drawn in (False,) if options.quick else (False, True):
            contents = sized_realm(size, each=2, drawn=drawn)
            of = f"{spaced(size)} users, two {'drawn ' if drawn else ''}roles each"
            with settled_realm(options.folder, contents) as folder:
                yield _load(options, folder, of)
                yield _user(options, folder, of, size)
    yield _reloads(options)


def _parse(options: Options, size: int) -> Iterator[Row]:
    """Measure the peak of parsing each file, against the reference and against ``libpass``."""
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        for name, what in zip(("users", "users_roles"), sized_realm(size), strict=True):
            with open(os.path.join(folder, name), "wb") as file:
                file.write(what)
        users, users_roles = (os.path.join(folder, name) for name in ("users", "users_roles"))
        ours = peak_of("parse_users", users)
        name = f"peak of parse_users, {spaced(size)} users"
        least = Sides(name, ours, "splitlines and partition", peak_of("naive_users", users))
        yield _compare(options, least)
        yield _against_libpass(options, name, ours, users)
        pairs = Sides(
            f"peak of parse_users_roles, {spaced(size)} pairs",
            peak_of("parse_users_roles", users_roles),
            "split into pairs",
            peak_of("naive_pairs", users_roles),
        )
        yield _compare(options, pairs)


def _against_libpass(options: Options, name: str, ours: Callable[[], float], users: str) -> Row:
    try:
        python = interpreter(options)
    except NotMeasuredError as error:
        return Row(name=name, unit="MB", reference=_LIBPASS, note=f"not measured: {error}")
    return _compare(options, Sides(name, ours, _LIBPASS, peak_of("htpasswd", users, python)))


def _load(options: Options, folder: str, of: str) -> Row:
    """Measure the peak of loading a realm, modules included, against the size of its files."""
    on_disk = _on_disk(folder)
    bare = _run("bare", folder).peak
    sides = Sides(
        f"peak of loading a realm, {of}",
        lambda: _run("load", folder).peak - bare,
        "size of both files",
        lambda: on_disk,
    )
    load = _run("load", folder)
    over_modules = load.peak - load.imported
    note = f"over the modules {over_modules / 1e6:.1f} MB, ratio {over_modules / on_disk:.2f}"
    return replace(_compare(options, sides, _LOAD_AIM), note=note)


def _user(options: Options, folder: str, of: str, size: int) -> Row:
    """Measure what remains of a load for each user, against the bytes of its lines."""
    on_disk = _on_disk(folder) / size

    def held() -> float:
        before, after = _run("load", folder).held
        return (after - before) / size

    sides = Sides(
        f"memory per loaded user, {of}",
        held,
        "bytes in both files",
        lambda: on_disk,
    )
    return compare(sides, rounds=options.rounds(_ROUNDS), unit="B")


def _reloads(options: Options) -> Row:
    """Measure whether reloads leave something behind in memory."""
    size = _SIZES[0]
    runs = []
    for _ in range(1 if options.quick else _ROUNDS):
        with settled_realm(options.folder, sized_realm(size, each=2)) as folder:
            runs.append(_run("reload", folder))
    ones, tens = ([run.held[i] - run.imported for run in runs] for i in (0, -1))
    ratios = sorted(ten / one for ten, one in zip(tens, ones, strict=True))
    return Row(
        name=f"memory after ten reloads, {spaced(size)} users, two roles each",
        median=median(tens) / 1e6,
        p95=max(tens) / 1e6,
        unit="MB",
        reference="after one reload",
        reference_median=median(ones) / 1e6,
        ratio=median(ratios),
        quartiles=(ratios[0], ratios[-1]),
        aim=f"≤ {_RELOADS_AIM:g}",
        met=median(ratios) <= _RELOADS_AIM,
        note="every hash changes each time; peak "
        f"{median(run.peak - run.imported for run in runs) / 1e6:.1f} MB",
    )


def _compare(options: Options, sides: Sides, aim: float | None = None) -> Row:
    return compare(sides, rounds=options.rounds(_ROUNDS), aim=aim, unit="MB")


def peak_of(thing: str, path: str, python: str = sys.executable) -> Callable[[], float]:
    """Make a function that returns the peak in bytes, less what was held after the imports."""

    def sample() -> float:
        memory = _run(thing, path, python)
        return memory.peak - memory.imported

    return sample


def _run(thing: str, path: str, python: str = sys.executable) -> _Memory:
    words = [python, "-I", _SIDE, thing, path]
    output = subprocess.run(words, check=True, capture_output=True, text=True).stdout
    imported, peak, *held = map(int, output.split())
    return _Memory(imported, peak, tuple(held))


def _on_disk(folder: str) -> int:
    return sum(os.path.getsize(os.path.join(folder, name)) for name in ("users", "users_roles"))
