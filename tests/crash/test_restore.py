"""
A fault at system calls of a restore: before or after, all files, and nothing else.

The unit that a restore writes is tried at each call by ``any files``; here it is one of a real
backup, with files that are replaced more than once. Each call that changes something is the last
one of its process, and fails once; so are some of the others.
"""

from __future__ import annotations

import errno
import os
import shutil
import signal
import tempfile
from pathlib import Path

import pytest
from crash.fixture_realm import MEMORY
from crash.kit import CHANGING, Count, Fail, Kill, intercepted, snapshot
from crash.processes import fork, load_all
from support.hashes import CHEAP_HASH
from unit.backup.test_order import assert_nobody_gains, rights

from esfilerealm import UsersTool
from esfilerealm.backup import create_backup, restore_backup, verify_backup
from esfilerealm.backup.order import WATCHED
from esfilerealm.errors import FileRealmError

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(300),
    pytest.mark.skipif(os.name == "nt", reason="processes and modes of POSIX"),
]

#: Of the calls that only look, one of so many is tried.
EACH = 9


class Place:
    """A directory that was changed since its backup, and that is made so again."""

    def __init__(self, top: Path) -> None:
        self.node = top / "config"
        self._spoiled = top / "spoiled"
        (top / "backups").mkdir()
        (self.node / "certs").mkdir(parents=True)
        (self.node / "users").write_text(f"bob:{CHEAP_HASH}\nann:{CHEAP_HASH}\n")
        (self.node / "users_roles").write_text("superuser:bob\nviewer:ann\n")
        (self.node / "roles.yml").write_text("viewer: {cluster: [monitor]}\n")
        (self.node / "certs" / "http.p12").write_bytes(b"key")
        self.verified = verify_backup(
            create_backup(self.node, top / "backups", plain=True, compression="gzip").path
        )
        UsersTool(self.node).userdel("ann")
        UsersTool(self.node).useradd("new", password_hash=CHEAP_HASH, roles=["viewer"])
        (self.node / "roles.yml").write_text("viewer: {cluster: [all]}\n")
        shutil.rmtree(self.node / "certs")
        shutil.copytree(self.node, self._spoiled)
        self.before, before = snapshot(self.node), self.rights()
        count = Count()
        with intercepted(count):
            self.restore()
        self.calls = count.names
        self.after = snapshot(self.node)
        self.ends = before, self.rights()

    def restore(self) -> None:
        restore_backup(self.verified, self.node, allow_unsigned=True)

    def rights(self) -> dict[object, set[object]]:
        """Return what a node would give now."""
        paths = {name: self.node / name for name in WATCHED}
        return rights({n: p.read_bytes() if p.exists() else b"" for n, p in paths.items()})

    def reset(self) -> None:
        shutil.rmtree(self.node)
        shutil.copytree(self._spoiled, self.node)

    def numbers(self) -> list[int]:
        """Return the calls that are tried."""
        return [
            number
            for number, name in enumerate(self.calls, 1)
            if name in CHANGING or number % EACH == 0
        ]

    def check(self, *allowed: object) -> None:
        assert_nobody_gains(self.rights(), *self.ends)
        UsersTool(self.node).recover()
        assert snapshot(self.node) in allowed


@pytest.fixture
def place():
    with tempfile.TemporaryDirectory(dir=MEMORY if os.access(MEMORY, os.W_OK) else None) as name:
        yield Place(Path(name))


def test_a_call_that_fails(place, record_property):
    for at in place.numbers():
        place.reset()
        try:
            with intercepted(Fail(at, errno.EIO)):
                place.restore()
        except FileRealmError:
            place.check(place.before)
        else:
            place.check(place.after)
    record_property("crash points", len(place.numbers()))


def test_a_process_that_is_killed(place, record_property):
    load_all()
    for at in place.numbers():
        place.reset()
        child = fork()
        if child == 0:
            try:
                with intercepted(Kill(at, "after")):
                    place.restore()
            finally:
                os._exit(0)
        _, status = os.waitpid(child, 0)
        assert os.waitstatus_to_exitcode(status) == -signal.SIGKILL
        place.check(place.before, place.after)
    record_property("crash points", len(place.numbers()))
