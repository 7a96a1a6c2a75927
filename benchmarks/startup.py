"""
The command as a whole process: what a shell script or a provisioning tool waits for at each call.

The interpreter's own start is the floor that no Python command can pass, so ``list`` is measured
against an interpreter that does nothing. Where a password is hashed or checked, the hash is the
work and the reference is a C program doing the same: ``htpasswd``.
"""

from __future__ import annotations

import itertools
import os
import shutil
import subprocess
import sys
import tempfile
from typing import TYPE_CHECKING

import esfilerealm

from .measure import Options, Row, Sides, compare, timed
from .realms import make_realm, sized_realm

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_PASSWORD = "benchmark"
_COST = "10"
_BARE = [sys.executable, "-I", "-c", "pass"]
_SCRIPT = shutil.which("esfilerealm", path=os.path.dirname(sys.executable))
_MODULE = [sys.executable, "-m", "esfilerealm"]
_COMMAND = [_SCRIPT] if _SCRIPT else _MODULE
_NOTE = "console script" if _SCRIPT else "python -m"


def rows(options: Options) -> Iterator[Row]:
    """Measure a quick command, the help, and the two commands that a hash dominates."""
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        make_realm(folder, sized_realm(10))
        yield _against_bare(options, "esfilerealm list, 10 users", ["list", "-c", folder], aim=2.5)
        yield _against_bare(options, "esfilerealm --help", ["--help"])
        if _SCRIPT:
            yield _module(options, folder)
        yield from _hashing(options, folder)


def _against_bare(options: Options, name: str, words: list[str], aim: float | None = None) -> Row:
    sides = Sides(name, _process([*_COMMAND, *words]), "python -I -c pass", _process(_BARE))
    return compare(sides, rounds=options.rounds(60), aim=aim, note=_NOTE)


def _module(options: Options, folder: str) -> Row:
    """Measure the same ``list`` without the script that the installer wrote, which costs too."""
    sides = Sides(
        "python -m esfilerealm list, 10 users",
        _process([*_MODULE, "list", "-c", folder]),
        "python -I -c pass",
        _process(_BARE),
    )
    return compare(sides, rounds=options.rounds(60), note="python -m")


def _hashing(options: Options, folder: str) -> Iterator[Row]:
    htpasswd = shutil.which("htpasswd")
    numbers = itertools.count()

    def useradd() -> None:
        words = ["useradd", f"new-{next(numbers)}", "-p", _PASSWORD, "-c", folder]
        _run([*_COMMAND, *words])

    add = f"esfilerealm useradd, bcrypt cost {_COST}"
    verify = f"esfilerealm verify, bcrypt cost {_COST}"
    if htpasswd is None:
        for name, reference in ((add, f"htpasswd -nbB -C {_COST}"), (verify, "htpasswd -vb")):
            yield Row(name=name, reference=reference, note="htpasswd is not installed: skipped")
        return
    make_hash = _process([htpasswd, "-nbB", "-C", _COST, "new", _PASSWORD])
    sides = Sides(add, timed(useradd), f"htpasswd -nbB -C {_COST}", make_hash)
    yield compare(sides, rounds=options.rounds(30), aim=4, note=_NOTE)
    check = [htpasswd, "-vb", os.path.join(folder, "users"), "new-0", _PASSWORD]
    words = ["verify", "new-0", "-p", _PASSWORD, "-c", folder]
    sides = Sides(verify, _process([*_COMMAND, *words]), "htpasswd -vb", _process(check))
    yield compare(sides, rounds=options.rounds(30), note=_NOTE)


def _process(words: list[str]) -> Callable[[], float]:
    return timed(lambda: _run(words))


def _run(words: list[str]) -> None:
    # Without a timeout: with one, `subprocess` polls, in steps that grow to 50 ms.
    checkout = os.path.dirname(os.path.dirname(os.path.abspath(esfilerealm.__file__)))
    subprocess.run(
        words,
        cwd=checkout,
        env=_environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=True,
    )


def _environment() -> dict[str, str]:
    """
    Leave out what changes how the interpreter or the command starts.

    ``PYTHON*`` variables would slow one side only, since the reference runs with ``-I``.
    """
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PYTHON", "COVERAGE")) and name != "ES_PATH_CONF"
    }
