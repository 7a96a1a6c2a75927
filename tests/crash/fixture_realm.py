"""A scenario in a directory that is reset to its beginning before each fault."""

from __future__ import annotations

import shutil
from pathlib import Path

from crash.kit import Count, Snapshot, intercepted, nobody_has_more, seen_by_a_node, snapshot
from crash.scenarios import SCENARIOS, realm

from esfilerealm import UsersTool
from esfilerealm._storage import RealmFolder

#: A folder in memory, where an fsync costs nothing; what is tested is what becomes of the calls.
MEMORY = Path("/dev/shm")


class FixtureRealm:
    """A scenario in a directory that can be reset, with its state before and after."""

    def __init__(self, name: str, place: Path) -> None:
        self.name = name
        self.scenario = SCENARIOS[name]
        self.folder = place / "config"
        self._template = place / "template"
        self.scenario.prepare(self.folder)
        if self.folder.exists():
            shutil.copytree(self.folder, self._template, symlinks=True)
        count = Count()
        with intercepted(count):
            self.scenario.act(self.folder)
        self.calls = count.names
        self.after = snapshot(self.folder)
        self.pairs = [self._pair()]
        self.grants = [seen_by_a_node(self.folder)]
        self.reset()
        self.recover(0)
        self.before = snapshot(self.folder)
        self.pairs.append(self._pair())
        self.grants.append(seen_by_a_node(self.folder))
        if self.scenario.ends is not None:
            shutil.rmtree(self.folder)
            realm(self.folder)
            for make in (lambda _folder: None, self.scenario.ends):
                make(self.folder)
                self.grants.append(seen_by_a_node(self.folder))

    def reset(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)
        if self._template.exists():
            shutil.copytree(self._template, self.folder, symlinks=True)

    def recover(self, number: int) -> None:
        """Use the directory in one of the ways that recover from an interrupted write."""
        tool = UsersTool(self.folder)
        has_users, has_roles = ((self._template / n).exists() for n in ("users", "users_roles"))
        if number % 2 and has_users:
            tool.roles("jim", remove=["no role of anybody"])
        elif number % 4 == 2 and has_roles:
            tool.init()
        elif self.folder.exists():
            tool.recover()

    def check(self, number: int, *allowed: Snapshot) -> None:
        """Assert that what is left is allowed, before a recovery and after it."""
        assert nobody_has_more(seen_by_a_node(self.folder), self.grants)
        assert self._pair() in self.pairs
        self.recover(number)
        assert snapshot(self.folder) in allowed

    def _pair(self) -> tuple[bytes, bytes]:
        """Return both files as a reader of this package sees them."""
        files = RealmFolder(self.folder).read_any()
        return files.users.data, files.users_roles.data
