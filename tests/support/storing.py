"""What tests of storage share: files as they are, changes to them, and system calls in order."""

from __future__ import annotations

import contextlib
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from crash.kit import Dead, DieAfterRenames, intercepted
from support.hashes import CHEAP_HASH

from esfilerealm._storage.attributes import Attributes
from esfilerealm._storage.change import Change
from esfilerealm._storage.commit import commit
from esfilerealm._storage.read import digest_of, read_plain_file
from esfilerealm._storage.staging import OpenFolders, temporary_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from crash.kit import Call

    from esfilerealm._storage.journal import Journal

posix = pytest.mark.skipif(os.name == "nt", reason="modes, owners and links of POSIX")
root = pytest.mark.skipif(
    os.name == "nt" or os.geteuid() != 0, reason="only root can give files away"
)

#: Another than CHEAP_HASH, of the same password.
OTHER_HASH = CHEAP_HASH.replace("$2a$", "$2b$")

#: Of a new file.
PLAIN = Attributes(0o640)

#: Somebody who is neither root nor whoever runs the tests.
STRANGER = 4711


def contents(folder: Path) -> dict[str, bytes]:
    """Return the content of each file except the lock, which stays on purpose."""
    return {p.name: p.read_bytes() for p in folder.iterdir() if p.name != "users.lock"}


def identities(folder: Path) -> dict[str, tuple[bytes, int, int]]:
    """Return content, mode and inode of each file: the same after a write that was rolled back."""
    return {
        path.name: (path.read_bytes(), path.stat().st_mode, path.stat().st_ino)
        for path in folder.iterdir()
    }


def statuses(folder: Path, *, with_lock: bool = True) -> dict[str, tuple[object, ...]]:
    """Return content, inode, times and attributes of each file: the same if nobody wrote."""
    found = {}
    for path in sorted(folder.iterdir()):
        if with_lock or path.name != "users.lock":
            s = path.stat()
            times = s.st_mtime_ns, s.st_ctime_ns
            content = path.read_bytes() if path.is_file() else b""
            found[path.name] = content, s.st_ino, *times, s.st_mode, s.st_uid, s.st_gid
    return found


def change(path: Path, data: bytes | None, **more: object) -> Change:
    """Return a change that makes *data* the content of a file and keeps its attributes."""
    file = read_plain_file(str(path))
    attributes = PLAIN if file.stat is None else Attributes.of(file.path, file.stat)
    facts = {
        "target": file.path,
        "before": file.digest,
        "status": file.stat,
        "data": data,
        "after": None if data is None else digest_of(data),
        "has": attributes,
        "attributes": attributes,
    }
    return Change(**{**facts, **more})


def write(*changes: Change) -> list[list[str]]:
    """Commit changes to files of one folder, as those of a realm are."""
    return commit(changes, str(Path(changes[0].target).with_name("users.journal")), PLAIN)


def write_journal(journal: Journal, attributes: Attributes = PLAIN) -> None:
    """Write a journal as a commit does."""
    temporary = temporary_name(journal.path)
    with OpenFolders() as folders:
        for path in (journal.path, *(step.target for step in journal.steps)):
            folders.open(os.path.dirname(path))
        journal.stage(temporary, attributes)
        journal.begin(temporary, folders)


def place(path: Path, kind: str, victim: Path | None = None) -> None:
    """Put something else in the place of a file."""
    make: dict[str, Callable[[], object]] = {
        "folder": path.mkdir,
        "link": lambda: path.symlink_to(str(victim)),
        "loop": lambda: path.symlink_to(path),
        "pipe": lambda: os.mkfifo(path),
        "second name": lambda: path.hardlink_to(str(victim)),
    }
    make[kind]()


@contextlib.contextmanager
def acting_as(user: int, group: int) -> Iterator[None]:
    """Switch the whole process to another user and group; only root can."""
    os.setegid(group)
    os.seteuid(user)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(0)


def broken_off(act: Callable[[], object], renames: int) -> None:
    """Do something, and die after so many renames; the first of a commit is that of the journal."""
    with contextlib.suppress(Dead), intercepted(DieAfterRenames(renames)):
        act()


def refusing(number: int) -> Callable[..., object]:
    """Return a system call that always fails."""

    def call(*_: object, **__: object) -> object:
        raise OSError(number, os.strerror(number))

    return call


class Trace:
    """Lets all calls through, and remembers those that change something or make it durable."""

    CHANGING = ("fchown", "fchmod", "fsync", "ftruncate", "link", "rename", "unlink", "write")

    def __init__(self) -> None:
        self.calls: list[str] = []
        self._paths: dict[object, str] = {}

    def __call__(self, call: Call) -> object:
        result = call.make()
        if call.name == "open":
            self._paths[result] = str(call.args[0])
        if call.name in self.CHANGING:
            path = self._paths.get(call.args[0], str(call.args[0]))
            self.calls.append(f"{call.name} {short(path)}")
        return result


class Interrupt:
    """Interrupts the process when a call is made already, with or without success."""

    def __init__(self, at: int) -> None:
        self.at = at

    def __call__(self, call: Call) -> object:
        try:
            return call.make()
        finally:
            if call.number == self.at:
                raise KeyboardInterrupt


def short(path: str) -> str:
    """Return the name of a file without its directory and its random part."""
    return re.sub(r"\.[0-9a-f]{16}\.tmp$", ".tmp", os.path.basename(path))
