"""
A process that forks children, each of which is killed at a chosen system call.

It reads one JSON object a line, ``{"scenario", "folder", "at", "when", "fault"}``. It runs that
scenario in a child that is killed just before or just after its call *at*, and answers with how the
child ended: its exit code, or -9. If *fault* is a number, the call of that number fails. Each
scenario is run once in the parent, so that all it needs is imported and a killed child costs a few
milliseconds.
"""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

TESTS = Path(__file__).parent.parent

if TYPE_CHECKING:
    from typing import Self


class Killer:
    """A test's side of this process; a context manager."""

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, __file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(TESTS)},
        )
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate(timeout=30)

    def kill(
        self, scenario: str, folder: Path, at: int, when: str, fault: int | None = None
    ) -> int:
        """Run a scenario in a child, kill the child, and return its exit status."""
        order = {
            "scenario": scenario,
            "folder": str(folder),
            "at": at,
            "when": when,
            "fault": fault,
        }
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())


def main() -> None:
    """Serve until the input ends."""
    from crash.kit import FailThenKill, Kill, intercepted
    from crash.scenarios import AUDITED, SCENARIOS

    from esfilerealm._storage import realm_files

    realm_files._STILL = 0.0  # so that the number of calls does not depend on the time
    known = set()
    for line in sys.stdin:
        order = json.loads(line)
        scenario = {**SCENARIOS, **AUDITED}[order["scenario"]]
        if order["scenario"] not in known:
            known.add(order["scenario"])
            with tempfile.TemporaryDirectory() as place:
                scenario.prepare(Path(place) / "config")
                scenario.act(Path(place) / "config")
        child = os.fork()
        if child == 0:
            try:
                disturbance = (
                    Kill(order["at"], order["when"])
                    if order["fault"] is None
                    else FailThenKill(order["fault"], order["at"], errno.EIO)
                )
                with intercepted(disturbance):
                    scenario.act(Path(order["folder"]))
            finally:
                os._exit(0)
        _, status = os.waitpid(child, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
