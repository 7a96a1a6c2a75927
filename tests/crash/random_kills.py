"""
Writers that change a realm without a pause until they are stopped or killed.

A writer owns the facts that bear its name: its users, each with a hash and roles, and its roles of
the user that all share. It changes nothing else. So at the end all its facts are there exactly if
no change was lost, torn, or undone by another writer.

It writes two lines for each change: before it, the facts that there will be, and after it, that the
change is made. A reader of these lines knows at any moment what may be there (``Ledger``).
"""

from __future__ import annotations

import json
import mmap
import os
import random
import select
import signal
import time
from typing import TYPE_CHECKING

from crash.processes import fork
from support.hashes import CHEAP_HASH, SHA_HASH

from esfilerealm import UsersTool
from esfilerealm._storage import system
from esfilerealm.formats import parse_users, parse_users_roles

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import Self


HASHES = (CHEAP_HASH, SHA_HASH)
SHARED_USER = "shared"
SHARED_ROLE = "all"

#: A user with its hash, or with one of its roles.
Fact = tuple[str, str]

#: A method of a transaction, the user that it is about, and what else it takes.
Verb = tuple[str, str, dict[str, object]]

_USERS = 6
_ROLES = 4
_DONE = "done"


def facts_of(users: bytes, users_roles: bytes) -> set[Fact]:
    """Return every fact in both files, also about users that only one file knows."""
    roles = parse_users_roles(users_roles).roles_by_user
    return {*parse_users(users).users.items()} | {(u, role) for u in roles for role in roles[u]}


def owned_by(writer: str, facts: set[Fact]) -> set[Fact]:
    """Return the facts that only this writer changes."""
    return {fact for fact in facts if any(part.startswith(f"{writer}-") for part in fact)}


class Ledger:
    """
    What is known of the facts of one writer.

    Attributes:
        facts: Those of all changes that it has acknowledged.
        count: How many these are.
        next: Those after the change that it is making, or None.
    """

    def __init__(self) -> None:
        self.facts: set[Fact] = set()
        self.count = 0
        self.next: set[Fact] | None = None

    def read(self, line: bytes) -> None:
        """Take in a line of the writer."""
        if json.loads(line) == _DONE:
            self.facts, self.next = self.next or set(), None
            self.count += 1
        else:
            self.next = {(user, what) for user, what in json.loads(line)}

    @property
    def possible(self) -> list[set[Fact]]:
        """What may be there: a change that was not acknowledged is there whole, or not at all."""
        return [self.facts] if self.next is None else [self.facts, self.next]


class Writer:
    """
    One writing process, as its parent sees it; a context manager, which leaves no process behind.

    Args:
        name: Its own; a successor has the same.

        folder: The realm.

        ledger: What its predecessor left, and where its changes go.

        options: How it writes; for ``UsersTool``.

        end: A byte that tells all writers to end, shared by all processes.

        seed: Of its choices.

        delay: Seconds by which each of its ``fsync`` takes longer, as on a slow disk; so that its
            life is spent between the steps of a change.
    """

    def __init__(
        self,
        name: str,
        folder: Path,
        ledger: Ledger,
        *,
        options: dict[str, object],
        end: mmap.mmap,
        seed: int,
        delay: float = 0.0,
    ) -> None:
        self.name = name
        self.ledger = ledger
        self._work = mmap.mmap(-1, 1)
        self._reading, writing = os.pipe()
        self._rest = b""
        self._exit_code: int | None = None
        self.pid = fork()
        if not self.pid:
            os.close(self._reading)
            _watch_work(self._work, delay)
            changes = Changes(name, ledger.facts, seed)
            _write(changes, UsersTool(folder, **options), end, self._work, writing)
        os.close(writing)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._exit_code is None:
            self.kill()

    @property
    def is_at_work(self) -> bool:
        """Whether it is, or was when it died, between two steps of a change."""
        return bool(self._work[0])

    def fileno(self) -> int:
        """Return the descriptor that ``select`` waits for."""
        return self._reading

    def listen(self) -> bool:
        """Read what the writer has written; return False at the end of its output."""
        said = os.read(self._reading, 2**16)
        *lines, self._rest = (self._rest + said).split(b"\n")
        for line in lines:
            self.ledger.read(line)
        return bool(said)

    def kill(self) -> None:
        """End it, wherever it is."""
        os.kill(self.pid, signal.SIGKILL)
        self.ended()

    def ended(self) -> int:
        """Wait for the end of the writer, read the rest of its output, return its exit code."""
        while self.listen():
            pass
        os.close(self._reading)
        self._exit_code = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        return self._exit_code


def listen(writers: list[Writer], seconds: float) -> None:
    """Take in what any of *writers* says within some time; none of them may end by itself."""
    for writer in select.select(writers, [], [], seconds)[0]:
        assert writer.listen(), f"writer [{writer.name}] has ended"


def end_marker() -> mmap.mmap:
    """Make the byte that tells all writers to end, once it is not 0."""
    return mmap.mmap(-1, 1)


class Changes:
    """The changes of one writer, and what is true after each; nothing is asked of the files."""

    def __init__(self, name: str, facts: set[Fact], seed: int) -> None:
        self.facts = set(facts)
        self.name = name
        self._choose = random.Random(seed)

    def __iter__(self) -> Iterator[list[Verb]]:
        """Yield changes without end, each as verbs that are committed together."""
        while True:
            users = self._choose.sample(range(_USERS), self._choose.choice([1, 1, 1, 2, 3]))
            yield [verb for number in users for verb in self._verbs(f"{self.name}-{number}")]

    def _verbs(self, user: str) -> list[Verb]:
        """Return the verbs of one change to a user; now and then to the shared user instead."""
        if self._choose.random() < 0.1:
            return [self._roles(SHARED_USER)]
        if not any(fact[0] == user for fact in self.facts):
            return [self._useradd(user)]
        verbs = self._choose.choice(
            [(self._userdel,), (self._passwd,), (self._roles,), (self._passwd, self._roles)]
        )
        return [verb(user) for verb in verbs]

    def _useradd(self, user: str) -> Verb:
        roles = [SHARED_ROLE, self._role()]
        self.facts |= {(user, HASHES[0]), *((user, role) for role in roles)}
        return "useradd", user, {"password_hash": HASHES[0], "roles": roles}

    def _userdel(self, user: str) -> Verb:
        self.facts = {fact for fact in self.facts if fact[0] != user}
        return "userdel", user, {}

    def _passwd(self, user: str) -> Verb:
        old, new = HASHES if (user, HASHES[0]) in self.facts else HASHES[::-1]
        self.facts = self.facts - {(user, old)} | {(user, new)}
        return "passwd", user, {"password_hash": new}

    def _roles(self, user: str) -> Verb:
        added, removed = self._role(), self._role()
        self.facts = (self.facts | {(user, added)}) - {(user, removed)}
        return "roles", user, {"add": [added], "remove": [removed]}

    def _role(self) -> str:
        return f"{self.name}-role{self._choose.randrange(_ROLES)}"


def _watch_work(work: mmap.mmap, delay: float) -> None:
    """Set a byte when this process begins a change, which is at its first ``fsync``."""
    real = system.fsync

    def fsync(descriptor: int) -> None:
        work[0] = 1
        time.sleep(delay)
        real(descriptor)

    system.fsync = fsync


def _write(
    changes: Changes, tool: UsersTool, end: mmap.mmap, work: mmap.mmap, writing: int
) -> None:
    """Be a writer; never returns."""
    exit_code = 1
    try:
        for verbs in changes:
            if end[0]:
                break
            _say(writing, sorted(changes.facts))
            with tool.transaction() as transaction:
                for name, user, options in verbs:
                    getattr(transaction, name)(user, **options)
            work[0] = 0
            _say(writing, _DONE)
        exit_code = 0
    except BaseException as error:  # noqa: BLE001 - there is nobody to raise it to
        os.write(2, f"writer [{changes.name}] failed: {error}\n".encode())
    finally:
        os._exit(exit_code)


def _say(writing: int, what: object) -> None:
    data = json.dumps(what).encode() + b"\n"
    while data:
        data = data[os.write(writing, data) :]
