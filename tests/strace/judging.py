"""One command with one fault, and whether every promise was kept."""

from __future__ import annotations

import re
import shutil
import signal
from dataclasses import dataclass
from typing import TYPE_CHECKING

from crash.kit import nobody_has_more, seen_by_a_node, snapshot
from crash.scenarios import realm
from strace.commands import COMMANDS, write_documents
from strace.tracing import Tracer
from support.hashes import CHEAP_HASH, PASSWORD, SHA_HASH

from esfilerealm import UsersTool
from esfilerealm._storage import RealmFolder

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from crash.kit import Grants, Snapshot
    from strace.faults import Fault
    from strace.tracing import Call, Ended

#: The exit codes of errors of the system, and of what somebody else does meanwhile.
REFUSALS = (65, 74, 75, 77, 78)
INTERRUPTED = 130

#: What a message says that promises no state; none is promised either if none can be printed.
_OPEN = ("may have changed", "may hold the change, and keeps it then")

#: How a process ends that is killed.
_ENDED_BY = (-signal.SIGKILL, -signal.SIGTERM)

#: What must never be printed.
_SECRETS = (CHEAP_HASH, SHA_HASH, PASSWORD, "Traceback")


#: What the standard library logs if it cannot load one of its modules.
_OF_HASHLIB = "ERROR:root:code for hash"

#: A hash that a command made of a password; those in the scenarios have another cost.
_MADE = re.compile(rb"\$2a\$10\$[./A-Za-z0-9]{53}")


#: What an export leaves if it is killed, or cannot remove it: nobody knows where to look for it.
_OF_EXPORT = re.compile(r"out\.[0-9a-f]{16}\.tmp")


@dataclass(frozen=True)
class Outcome:
    """
    What a fault did.

    Attributes:
        command: A name of ``COMMANDS``.
        fault: What happened.
        result: For the table: ``done``, an exit code, or a signal.
        broken: The promise that was not kept; None if all were.
        line: How to run it again.
        shown: What the command printed.
    """

    command: str
    fault: Fault
    result: str
    broken: str | None
    line: str
    shown: str


class Stage:
    """
    A directory in which one command is run again and again.

    Args:
        name: Of ``COMMANDS``.

        place: An empty directory.
    """

    def __init__(self, name: str, place: Path) -> None:
        self.name = name
        self.command = COMMANDS[name]
        self.place = place
        self.folder = place / "config"
        self.tracer = Tracer(place / "tracer")
        self._template = place / "template"
        write_documents(place)
        self.command.prepare(self.folder)
        if self.folder.exists():
            shutil.copytree(self.folder, self._template, symlinks=True)
        self.words = self.command.line(place)
        self.tracer.warm_up(self.words)
        self.reset()
        self.usual, self.calls = self.tracer.trace(self.words)
        self.after = self._snapshot()
        self.pair_after = self._pair()
        self.grants = [self._seen()]
        self.reset()
        if self.folder.exists():
            UsersTool(self.folder).recover()
        self.before = self._snapshot()
        self.pair_before = self._pair()
        self.grants.append(self._seen())
        if self.command.ends is not None:
            shutil.rmtree(self.folder)
            realm(self.folder)
            for make in (lambda _: None, self.command.ends):
                make(self.folder)
                self.grants.append(self._seen())

    def reset(self) -> None:
        """Set the realm back to its beginning."""
        shutil.rmtree(self.folder, ignore_errors=True)
        if self._template.exists():
            shutil.copytree(self._template, self.folder, symlinks=True)

    def with_fault(self, fault: Fault, names: Sequence[str]) -> list[Call]:
        """Return the calls of these *names* that the command makes if *fault* happens."""
        self.reset()
        return self.tracer.trace(self.words, fault.injections, names)[1]

    def try_out(self, number: int, fault: Fault) -> Outcome:
        """Run the command with *fault*, then use the realm again, and judge."""
        self.reset()
        ended, log = self.tracer.run(self.words, fault.injections)
        broken = self._judge(number, fault, ended)
        is_hit = "INJECTED" in log or "--- SIG" in log or "killed by" in log
        result = _result(ended, self.usual) if is_hit else "missed"
        line = self.tracer.line(self.words, fault.injections)
        return Outcome(self.name, fault, result, broken, line, f"{ended.out}{ended.err}".strip())

    def _judge(self, number: int, fault: Fault, ended: Ended) -> str | None:
        try:
            return (
                self._judge_words(fault, ended)
                or self._judge_at_once(ended)
                or self._judge_later(number, fault, ended)
            )
        except Exception as error:  # noqa: BLE001 - whatever the next use raises breaks a promise
            return f"the next use: {type(error).__name__}: {error}"

    def _judge_words(self, fault: Fault, ended: Ended) -> str | None:
        """Check how the command ended, and what it printed."""
        if ended.code is None:
            return "it hangs"
        known = [self.usual.code, INTERRUPTED, *REFUSALS, *_ENDED_BY]
        if fault.is_early:  # the interpreter has not reached the command
            return None
        if ended.code not in known:
            return f"exit code {ended.code}"
        printed = ended.out + ended.err
        if _OF_HASHLIB in printed:  # Python logs a traceback, and goes on
            printed = printed.replace("Traceback", "")
        leaked = next((text for text in _SECRETS if text in printed), None)
        return None if leaked is None else f"it prints [{leaked}]"

    def _judge_at_once(self, ended: Ended) -> str | None:
        """Check what a node and a reader of this package see at once."""
        if not nobody_has_more(self._seen(), self.grants):
            return "somebody has more than before and after"
        pair = self._pair()
        if pair not in (self.pair_before, self.pair_after):
            return "a reader sees neither the state before nor the state after"
        if ended.code == self.usual.code and pair != self.pair_after:
            return "it says that it is done, and a reader sees the state before"
        return None

    def _judge_later(self, number: int, fault: Fault, ended: Ended) -> str | None:
        """Check what is left when the realm has been used once more."""
        self._use(number)
        left = self._snapshot()
        if ended.code in _ENDED_BY or "unlink" in fault.calls:
            left = {name: what for name, what in left.items() if not _OF_EXPORT.fullmatch(name)}
        if left not in (self.before, self.after):
            return f"neither before nor after: {self._difference(left)}"
        allowed = self._promised(ended)
        if left in allowed:
            return None
        return f"promised {'after' if self.after in allowed else 'before'}, and it is not so"

    def _promised(self, ended: Ended) -> list[object]:
        """Return the states that the end of the command and its words allow."""
        if ended.code == self.usual.code:
            return [self.after]
        if "nothing was written" in ended.err:
            return [self.before]
        if "it is written, but a power cut may undo that" in ended.err:
            return [self.after]
        is_signal = ended.code in (INTERRUPTED, *_ENDED_BY)
        if is_signal or "ERROR: " not in ended.err or any(map(ended.err.__contains__, _OPEN)):
            return [self.before, self.after]
        return [self.before]

    def _use(self, number: int) -> None:
        """Use the realm in one of the ways that end an interrupted write."""
        if not self.folder.exists():
            return
        tool = UsersTool(self.folder)
        if number % 3 == 1 and (self._template / "users").exists():
            tool.roles("jim", remove=["no role of anybody"])
        elif number % 3 == 2 and (self._template / "users_roles").exists():
            tool.init()
        else:
            tool.recover()

    def _pair(self) -> tuple[bytes, bytes]:
        """Return both files as a reader of this package sees them."""
        if not self.folder.exists():
            return b"", b""
        files = RealmFolder(self.folder).read_any()
        return _unsalted(files.users.data), files.users_roles.data

    def _snapshot(self) -> Snapshot:
        """Return everything in the realm, as if all runs had made the same hash."""
        return {
            name: (*attributes, _unsalted(content))
            for name, (*attributes, content) in snapshot(self.folder).items()
        }

    def _seen(self) -> Grants:
        """Return what a node sees, as if all runs had made the same hash."""
        seen = seen_by_a_node(self.folder)
        return {(name, _unsalted(h.encode()).decode()): roles for (name, h), roles in seen.items()}

    def _difference(self, left: Snapshot) -> str:
        known = {*self.before, *self.after}
        extra = sorted({*left} - known)
        other = sorted(
            name
            for name in known
            if left.get(name) not in (self.before.get(name), self.after.get(name))
        )
        return f"too much: {extra}, different: {other}"


def _unsalted(content: bytes) -> bytes:
    """Return *content* with the same hash wherever one was made of a password."""
    return _MADE.sub(b"a hash", content)


def _result(ended: Ended, usual: Ended) -> str:
    if ended.code is None:
        return "hung"
    if ended.code == usual.code:
        return "done"
    if ended.code < 0:
        return signal.Signals(-ended.code).name
    return str(ended.code)
