"""
Faults on demand: every system call of the storage can be counted, failed, or made the last one.

``esfilerealm/_storage/system.py`` is the one door to the system. ``intercepted`` passes each call
to a handler: ``Fail``, ``FailFrom``, ``FailTwice``, ``FailThenKill``, ``Shorten`` or ``Kill``, each
of which acts at the call of a given number, counted from 1. A test needs two more things
afterwards: ``snapshot`` is everything in a directory, and ``nobody_has_more`` checks what a node
may see at any moment.

A test of another change to files needs a scenario (``scenarios.py``) and nothing else.
"""

from __future__ import annotations

import errno
import os
import signal
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from esfilerealm._storage import system
from esfilerealm.formats import parse_users, parse_users_roles

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

#: What a system may answer to nearly anything.
ERRNOS = (errno.EIO, errno.ENOSPC, errno.EACCES, errno.EROFS, errno.EBUSY)

#: Calls that have no way to fail; `realpath` takes every fault for "no link".
INFALLIBLE = ("realpath", "umask")


#: Calls that can leave anything else behind than there was before them; all others only look.
CHANGING = {
    "fchmod",
    "fchown",
    "fsync",
    "ftruncate",
    "link",
    "mkdir",
    "open",
    "removexattr",
    "rename",
    "rmdir",
    "setxattr",
    "symlink",
    "unlink",
    "write",
}


@dataclass(frozen=True)
class Call:
    """
    One call on its way to the system.

    Attributes:
        number: Counted from 1.
        name: As in ``system.CALLS``.
        args: What it was called with, by position.
        make: Does it.
        more: What it was called with, by name.
    """

    number: int
    name: str
    args: tuple[object, ...]
    make: Callable[[], object]
    more: Mapping[str, object] = field(default_factory=dict)


@contextmanager
def intercepted(handle: Callable[[Call], object]) -> Iterator[None]:
    """Have *handle* answer every system call of the storage room."""
    real = {name: getattr(system, name) for name in system.CALLS}
    count = 0

    def door(name: str) -> Callable[..., object]:
        def call(*args: object, **more: object) -> object:
            nonlocal count
            count += 1
            return handle(Call(count, name, args, lambda: real[name](*args, **more), more))

        return call

    for name in real:
        setattr(system, name, door(name))
    try:
        yield
    finally:
        for name, function in real.items():
            setattr(system, name, function)


class Count:
    """Lets all calls through; *names* says what they were."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def __call__(self, call: Call) -> object:
        self.names.append(call.name)
        return call.make()


class Fail:
    """Fails one call with *number*, an ``errno``."""

    def __init__(self, at: int, number: int) -> None:
        self.at = at
        self.number = number

    def is_hit(self, call: Call) -> bool:
        return call.number == self.at

    def __call__(self, call: Call) -> object:
        if not self.is_hit(call) or call.name in INFALLIBLE:
            return call.make()
        if call.name == "access":
            return False
        if call.name == "close":
            call.make()  # it closes, whatever it answers
        raise OSError(self.number, os.strerror(self.number))


class FailFrom(Fail):
    """Fails one call and all after it: the disk is gone."""

    def is_hit(self, call: Call) -> bool:
        return call.number >= self.at


class FailTwice(Fail):
    """Fails one call and, on the way back from that, another one."""

    def __init__(self, at: int, again: int, number: int) -> None:
        super().__init__(at, number)
        self.again = again

    def is_hit(self, call: Call) -> bool:
        return call.number in (self.at, self.again)


class CountAfter(Fail):
    """Fails one call; *last* is the number of the last call after it."""

    last = 0

    def __call__(self, call: Call) -> object:
        self.last = call.number
        return super().__call__(call)


class Shorten:
    """Lets one ``write`` write a part only; the disk is not full, but busy."""

    def __init__(self, at: int) -> None:
        self.at = at

    def __call__(self, call: Call) -> object:
        if call.number == self.at and call.name == "write":
            descriptor, data = call.args
            return os.write(descriptor, bytes(data)[: max(1, len(data) // 2)])
        return call.make()


class Dead(BaseException):
    """What a call raises in a process that is as good as killed."""


class DieAfterRenames:
    """Makes all as if the process were killed after so many renames: nothing reaches the system."""

    def __init__(self, renames: int) -> None:
        self.left = renames

    def __call__(self, call: Call) -> object:
        if self.left < 0:
            raise Dead
        result = call.make()
        if call.name == "rename":
            self.left -= 1
            if not self.left:
                self.left = -1
        return result


class Kill:
    """Kills this very process just before or just after a call."""

    def __init__(self, at: int, when: str) -> None:
        self.at = at
        self.when = when

    def __call__(self, call: Call) -> object:
        if call.number == self.at and self.when == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        try:
            return call.make()
        finally:
            if call.number == self.at and self.when == "after":
                os.kill(os.getpid(), signal.SIGKILL)


class FailThenKill(Fail):
    """Fails one call, and kills this very process just after another one, on the way back."""

    def __init__(self, at: int, again: int, number: int) -> None:
        super().__init__(at, number)
        self.kill = Kill(again, "after")

    def __call__(self, call: Call) -> object:
        return super().__call__(call) if self.is_hit(call) else self.kill(call)


#: From a path below the folder to type and mode, owner, group, and content or target of a link.
Snapshot = dict[str, tuple[int, int, int, bytes]]


def snapshot(folder: Path) -> Snapshot:
    """Return everything in a directory except its locks, which stay on purpose."""
    found: Snapshot = {}
    paths = sorted(folder.rglob("*"))
    locks = [path for path in paths if path.suffix == ".lock"]
    assert len([path for path in locks if path.name != "elasticsearch.keystore.lock"]) <= 1
    for path in paths:
        if path in locks:
            continue
        status = path.lstat()
        if path.is_symlink():
            content = os.fsencode(os.readlink(path))
        else:
            content = path.read_bytes() if path.is_file() else b""
        found[str(path.relative_to(folder))] = (
            status.st_mode,
            status.st_uid,
            status.st_gid,
            content,
        )
    return found


#: From username and hash to roles: what somebody can do who knows the password.
Grants = dict[tuple[str, str], frozenset[str]]


def grants(users: bytes, users_roles: bytes) -> Grants:
    """Return the users, hashes and roles that a node would read from both files."""
    roles = parse_users_roles(users_roles).roles_by_user
    return {
        (name, stored): frozenset(roles.get(name, ()))
        for name, stored in parse_users(users).users.items()
    }


def nobody_has_more(now: Grants, states: list[Grants]) -> bool:
    """Check whether one of *states* gives each user all that this user has now."""
    return all(
        any(who in state and roles <= state[who] for state in states) for who, roles in now.items()
    )


def seen_by_a_node(folder: Path) -> Grants:
    """Return what a node would see if it read the directory now."""
    users, users_roles = folder / "users", folder / "users_roles"
    return grants(
        users.read_bytes() if users.exists() else b"",
        users_roles.read_bytes() if users_roles.exists() else b"",
    )
