"""
A fault at every system call of making a backup: nothing appears, or a whole one.

As for writes of the realm, each call fails, and each is the last one that reaches the system. The
backup after that is made as if nothing had been.
"""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

import pytest
from crash.fixture_realm import MEMORY
from crash.kit import CHANGING, INFALLIBLE, Call, Count, Dead, Fail, FailFrom, intercepted, snapshot
from support.backups import make_folder

from esfilerealm.backup import create_backup, list_backups, verify_backup
from esfilerealm.errors import FileRealmError

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(300),
    pytest.mark.skipif(os.name == "nt", reason="modes of POSIX"),
]

#: What may be there beside backups.
KEPT = {"esfilerealm-backups.json", "esfilerealm-backups.json.lock"}


class DieAt:
    """Makes all as if the process were killed before a call: nothing reaches the system."""

    def __init__(self, at: int) -> None:
        self.at = at

    def __call__(self, call: Call) -> object:
        if call.number >= self.at:
            raise Dead
        return call.make()


class Case:
    """A directory with one backup, to which another one is added."""

    def __init__(self, folder):
        self.folder, self.place = make_folder(folder / "config"), folder / "backups"
        self.place.mkdir()
        self.make()
        shutil.copytree(self.place, folder / "as it was")
        count = Count()
        with intercepted(count):
            self.make()
        self.calls = count.names
        self.before = snapshot(self.folder)

    def make(self):
        return create_backup(self.folder, self.place, plain=True)

    def reset(self):
        shutil.rmtree(self.place)
        shutil.copytree(self.place.parent / "as it was", self.place)

    def check(self, *, is_whole=None):
        """Require one backup or two, each whole, and that the next one is made all the same."""
        assert snapshot(self.folder) == self.before
        found = list_backups(self.place)
        assert len(found) in ((2,) if is_whole else (1, 2) if is_whole is None else (1,))
        for backup in found:
            verify_backup(backup.path)
        last = self.make().manifest.counter
        assert last in (2, 3)
        names = {backup.path for backup in list_backups(self.place)}
        assert len(names) == len(found) + 1
        left = {name for name in os.listdir(self.place) if str(self.place / name) not in names}
        assert left == KEPT


@pytest.fixture
def case(tmp_path):
    if not os.access(MEMORY, os.W_OK):
        yield Case(tmp_path)
        return
    with tempfile.TemporaryDirectory(dir=MEMORY) as name:
        yield Case(Path(name))


def test_a_call_that_fails(case):
    """An error means that there is no new backup, or says that there is one."""
    for at, name in enumerate(case.calls, 1):
        if name not in INFALLIBLE:
            number = (errno.EIO, errno.ENOSPC, errno.EACCES)[at % 3]
            case.reset()
            told = None
            try:
                with intercepted(Fail(at, number)):
                    case.make()
            except FileRealmError as error:
                told = str(error)
            case.check(is_whole=True if told is None else "it is written" in told or False)


def test_a_disk_that_goes_away(case):
    for at, name in enumerate(case.calls, 1):
        if name in CHANGING:
            case.reset()
            with suppress(FileRealmError), intercepted(FailFrom(at, errno.EIO)):
                case.make()
            case.check()


def test_a_process_that_dies(case):
    """Before a call that only looks is the same point as after the one that changed something."""
    for at, name in enumerate(case.calls, 1):
        if name in CHANGING:
            case.reset()
            with pytest.raises(Dead), intercepted(DieAt(at)):
                case.make()
            case.check()
