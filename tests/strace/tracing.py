"""
The command under ``strace``: every system call of the process, counted, failed or interrupted.

The crash kit reaches only the calls that the storage makes through its one door. ``strace`` reaches
all of them: those of the interpreter, of imports, of the lock of another package, of the output.
"""

from __future__ import annotations

import functools
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

#: Seconds after which a command hangs.
PATIENCE = 60

#: A line of a log: the thread, the name of the call, and the rest with its arguments.
_LINE = re.compile(r"(?P<thread>\d+) +(?P<name>\w+)\((?P<rest>.*)")

_PROGRAM = Path(sys.executable).parent / "esfilerealm"


@dataclass(frozen=True)
class Call:
    """
    A system call of the main thread.

    Attributes:
        name: Of the system call.
        number: Among the calls of that name, from 1.
        text: Its arguments and result, as ``strace`` prints them.
        is_injected: Whether ``strace`` failed it.
    """

    name: str
    number: int
    text: str
    is_injected: bool


@dataclass(frozen=True)
class Ended:
    """
    How a command ended.

    Attributes:
        code: Its exit code; negative for a signal; None if it did not end.
        out: Its standard output.
        err: Its standard error.
    """

    code: int | None
    out: str
    err: str


@functools.cache
def why_not() -> str | None:
    """Return why no command can be traced here; None if it can."""
    if shutil.which("strace") is None:
        return "strace is not installed"
    words = ["strace", "-f", "-o", os.devnull, "-e", "trace=getcwd"]
    found = subprocess.run(
        [*words, "-e", "inject=getcwd:error=EIO:when=1", "true"],
        capture_output=True,
        text=True,
        check=False,
    )
    return None if found.returncode == 0 else f"strace fails: {found.stderr.strip()}"


@functools.cache
def _filter() -> list[str]:
    """Return the option that makes ``strace`` leave the other calls alone, if it works here."""
    words = ["strace", "-f", "--seccomp-bpf", "-o", os.devnull, "-e", "trace=getcwd", "true"]
    found = subprocess.run(words, capture_output=True, check=False)
    return [] if found.returncode or found.stderr else ["--seccomp-bpf"]


class Tracer:
    """
    Runs commands, each in the same environment, so that two runs make the same calls.

    Args:
        place: An empty directory, which it may fill.
    """

    def __init__(self, place: Path) -> None:
        self._place = place
        self._log = place / "log"
        home = place / "home"
        home.mkdir(parents=True, exist_ok=True)
        self._environ = {
            "PATH": os.defpath,
            "HOME": str(home),
            "LANG": "C.UTF-8",
            "PYTHONHASHSEED": "0",
            "PYTHONPYCACHEPREFIX": str(place.parent / "compiled"),
        }

    def warm_up(self, words: Sequence[str]) -> None:
        """Run the command once, so that all modules that it imports are compiled."""
        self._run([*self._command(), *words], self._environ)

    def trace(
        self, words: Sequence[str], injections: Sequence[str] = (), calls: Sequence[str] = ()
    ) -> tuple[Ended, list[Call]]:
        """
        Return how the command ended with *injections*, and the calls of its main thread.

        Args:
            words: The arguments of the command.

            injections: Of ``strace``, such as ``fsync:error=EIO:when=2``.

            calls: The names of the calls to list besides those that are injected; by default all.
        """
        names = {*calls, *(injection.partition(":")[0] for injection in injections)}
        options = ["-y"] if not calls else []
        ended = self._trace(words, injections, calls and names, options)
        return ended, _calls(self._read_log(ended))

    def run(self, words: Sequence[str], injections: Sequence[str]) -> tuple[Ended, str]:
        """Run the command with *injections* and return how it ended, with the log."""
        names = {injection.partition(":")[0] for injection in injections}
        ended = self._trace(words, injections, names, [])
        return ended, self._read_log(ended)

    def _read_log(self, ended: Ended) -> str:
        assert self._log.exists(), f"strace refuses: {ended.err}"
        return self._log.read_text(encoding="utf-8", errors="replace")

    def line(self, words: Sequence[str], injections: Sequence[str]) -> str:
        """Return what to type to see a run again."""
        options = " ".join(f"-e inject={injection}" for injection in injections)
        return f"strace -f -o log {options} esfilerealm {' '.join(words)}"

    def _trace(
        self,
        words: Sequence[str],
        injections: Sequence[str],
        names: set[str] | Sequence[str],
        options: Sequence[str],
    ) -> Ended:
        self._log.unlink(missing_ok=True)
        before = ["strace", "-f", *options, "-o", str(self._log)]
        if names:
            # With the filter, strace 6.1 injects no signal.
            before += [] if any("signal=" in each for each in injections) else _filter()
            before += ["-e", f"trace={','.join(sorted(names))}"]
        for injection in injections:
            before += ["-e", f"inject={injection}"]
        environ = self._environ | {"PYTHONDONTWRITEBYTECODE": "1"}
        return self._run([*before, *self._command(), *words], environ)

    def _command(self) -> list[str]:
        return [str(_PROGRAM)] if _PROGRAM.exists() else [sys.executable, "-m", "esfilerealm"]

    def _run(self, line: Sequence[str], environ: dict[str, str]) -> Ended:
        environ = environ | {"PATH": os.environ.get("PATH", os.defpath)}
        process = subprocess.Popen(
            line,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        try:
            out, err = process.communicate(timeout=PATIENCE)
            code: int | None = process.returncode
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, 9)
            out, err = process.communicate()
            code = None
        return Ended(code, out.decode(errors="replace"), err.decode(errors="replace"))


def _calls(log: str) -> list[Call]:
    found: list[Call] = []
    counts: dict[str, int] = {}
    main = None
    for line in log.splitlines():
        match = _LINE.match(line)
        if match is None:
            continue
        main = main or match["thread"]
        name = match["name"]
        if match["thread"] != main or name == "execve":
            continue
        counts[name] = counts.get(name, 0) + 1
        is_injected = "(INJECTED)" in match["rest"]
        found.append(Call(name, counts[name], match["rest"], is_injected))
    return found
