"""
The command as a whole process: what a shell script or a provisioning tool waits for at each call.

No Python command is faster than the start of the interpreter, so ``list`` is measured against an
interpreter that does nothing. Where a password is hashed or verified, the hash is the work, so a
second reference is a C program that does the same: ``htpasswd``. A long list is measured against
the smallest program that prints it.
"""

from __future__ import annotations

import itertools
import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import esfilerealm

from .measure import Options, Row, Sides, compare, spaced, timed
from .realms import sized_realm, temporary_realm

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_PASSWORD = "benchmark"
_COST = "10"
_BARE = [sys.executable, "-I", "-c", "pass"]
_SCRIPT = shutil.which("esfilerealm", path=os.path.dirname(sys.executable))
_MODULE = [sys.executable, "-m", "esfilerealm"]
_COMMAND = [_SCRIPT] if _SCRIPT else _MODULE
_NOTE = "console script" if _SCRIPT else "python -m"


#: The least that ``list`` must do: read and parse both files, print a line for each user.
_PARSE_AND_PRINT = """
import os, sys
from esfilerealm.formats import parse_users, parse_users_roles

def content(name):
    with open(os.path.join(sys.argv[1], name), "rb") as file:
        return file.read()

users = parse_users(content("users")).users
roles = parse_users_roles(content("users_roles")).roles_by_user
print("\\n".join(f"{name:<15}: {','.join(roles.get(name, '-'))}" for name in users))
"""
_LARGE = 100_000


def rows(options: Options) -> Iterator[Row]:
    """Measure a quick command, the help, a long list, and the commands that a hash dominates."""
    with temporary_realm(options.folder, sized_realm(10)) as folder:
        words = ["list", "-c", folder]
        yield _against_bare(options, "esfilerealm list, 10 users", words, aim=2.5)
        yield _against_bare(options, "esfilerealm --help", ["--help"])
        if _SCRIPT:
            yield _module(options, folder)
        yield from _hashing(options, folder)
    with temporary_realm(options.folder, sized_realm(_LARGE)) as folder:
        yield _long_list(options, folder)


def _against_bare(options: Options, name: str, words: list[str], aim: float | None = None) -> Row:
    sides = Sides(name, _process([*_COMMAND, *words]), "python -I -c pass", _process(_BARE))
    return compare(sides, rounds=options.rounds(60), aim=aim, note=_NOTE)


def _module(options: Options, folder: str) -> Row:
    """Measure the same ``list`` without the console script, which has a cost of its own."""
    sides = Sides(
        "python -m esfilerealm list, 10 users",
        _process([*_MODULE, "list", "-c", folder]),
        "python -I -c pass",
        _process(_BARE),
    )
    return compare(sides, rounds=options.rounds(60), note="python -m")


def _long_list(options: Options, folder: str) -> Row:
    """Measure what the command adds to a program that reads, parses and prints the same."""
    sides = Sides(
        f"esfilerealm list, {spaced(_LARGE)} users",
        _process([*_COMMAND, "list", "-c", folder]),
        "python -c: parse both and print",
        _process([sys.executable, "-c", _PARSE_AND_PRINT, folder]),
    )
    return compare(sides, rounds=options.rounds(20), aim=3, note=_NOTE)


def _hashing(options: Options, folder: str) -> Iterator[Row]:
    """Measure the two commands against the bare interpreter, and the same work in C."""
    numbers = itertools.count()

    def useradd() -> None:
        words = ["useradd", f"new-{next(numbers)}", "-p", _PASSWORD, "-c", folder]
        _run([*_COMMAND, *words])

    add = (f"esfilerealm useradd, bcrypt cost {_COST}", timed(useradd))
    words = ["verify", "new-0", "-p", _PASSWORD, "-c", folder]
    verify = (f"esfilerealm verify, bcrypt cost {_COST}", _process([*_COMMAND, *words]))
    for figure in (add, verify):  # in this order: `add` adds the user that `verify` verifies
        sides = Sides(*figure, "python -I -c pass", _process(_BARE))
        yield compare(sides, rounds=options.rounds(30), note=_NOTE)
    checked = os.path.join(folder, "users"), "new-0", _PASSWORD
    yield _against_htpasswd(options, add, ["-nbB", "-C", _COST, "new", _PASSWORD], aim=2)
    yield _against_htpasswd(options, verify, ["-vb", *checked])


def _against_htpasswd(
    options: Options,
    figure: tuple[str, Callable[[], float]],
    words: list[str],
    aim: float | None = None,
) -> Row:
    program = shutil.which("htpasswd")
    name, call = figure
    reference = "htpasswd -nbB" if "-nbB" in words else "htpasswd -vb"
    if program is None:
        return Row(name=name, reference=reference, note="not measured: htpasswd is not installed")
    sides = Sides(name, call, reference, _process([program, *words]))
    return compare(sides, rounds=options.rounds(30), aim=aim, note=_NOTE)


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
    Return the environment without what changes how the interpreter or the command starts.

    ``PYTHON*`` variables would slow down one side only, because the reference runs with ``-I``.
    """
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PYTHON", "COVERAGE")) and name != "ES_PATH_CONF"
    }
