"""Writers are killed at any moment while others write: what was acknowledged is there, whole."""

from __future__ import annotations

import os
import random
import time
from contextlib import ExitStack

import pytest
from crash.kit import snapshot
from crash.processes import load_all, open_place
from crash.random_kills import (
    HASHES,
    SHARED_USER,
    Ledger,
    Writer,
    end_marker,
    facts_of,
    listen,
    owned_by,
)

from esfilerealm import UsersTool
from esfilerealm._storage import RealmFolder
from esfilerealm.formats import parse_users, parse_users_roles

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(300),
    pytest.mark.skipif(os.name == "nt", reason="processes of POSIX"),
]

KILLS = 300
SEED = 20

#: The longest that a victim lives, in seconds, from its start, and from the beginning of a change:
#: some changes with the wait before each, and about one change.
LONGEST_LIFE = 0.06
LONGEST_CHANGE = 0.02

#: By how much each fsync of a victim takes longer, so that it is mostly between two steps.
DELAY = 0.001

VICTIM = "victim"
OTHERS = ("al", "bob", "jim")

#: How writers write; each victim in another of these ways.
OPTIONS = ({}, {"keep": 2}, {"strategy": "in_place"})

#: Lines that nobody is to touch; the second and third are none that a node understands.
REMARKS = "# keep\n\nodd line\n"


class RandomKills:
    """
    Writers of one realm, one of which is killed and started anew; a context manager.

    Attributes:
        ledgers: From a writer's name to what is known of its facts.
        kills: So far.
        kills_at_work: Those of them that broke off a change.
    """

    def __init__(self, folder):
        self.ledgers = {name: Ledger() for name in (VICTIM, *OTHERS)}
        self.kills = self.kills_at_work = 0
        self._folder = folder
        self._end = end_marker()
        self._choose = random.Random(SEED)
        self._processes = ExitStack()

    def __enter__(self):
        self._others = [
            self._processes.enter_context(self._start(name, options={})) for name in OTHERS
        ]
        return self

    def __exit__(self, *_):
        self._processes.close()

    def kill_one(self):
        """
        Run the victim for a while, and kill it wherever it is then.

        Most of the time it waits for the lock. So every other one has begun a change before.
        """
        options = OPTIONS[self.kills % len(OPTIONS)]
        with self._start(VICTIM, options=options, delay=DELAY) as victim:
            writers = [victim, *self._others]
            longest = LONGEST_LIFE
            if self.kills % 2:
                longest = LONGEST_CHANGE
                while not victim.is_at_work:
                    listen(writers, 0.0005)
            now = time.monotonic()
            death = now + self._choose.uniform(0, longest)
            while now < death:
                listen(writers, death - now)
                now = time.monotonic()
        self.kills += 1
        self.kills_at_work += victim.is_at_work
        self._settle()

    def end(self):
        """Stop the other writers, and return their exit codes."""
        self._end[0] = 1
        return [writer.ended() for writer in self._others]

    def _start(self, name, **more):
        seed = self._choose.getrandbits(32)
        return Writer(name, self._folder, self.ledgers[name], end=self._end, seed=seed, **more)

    def _settle(self):
        """
        Find out whether the change that was under way is there: whole, or not at all.

        A reader may see it before somebody has ended it; only then it is there for ever.
        """
        ledger = self.ledgers[VICTIM]
        assert owned_by(VICTIM, read_facts(self._folder)) in ledger.possible
        UsersTool(self._folder).recover()
        found = owned_by(VICTIM, read_facts(self._folder))
        assert found in ledger.possible
        ledger.facts, ledger.next = found, None


def read_facts(folder):
    files = RealmFolder(folder).read()
    return facts_of(files.users.data, files.users_roles.data)


@pytest.fixture
def folder():
    with open_place() as place:
        folder = place / "config"
        UsersTool(folder).init()
        (folder / "users").write_text(f"{REMARKS}{SHARED_USER}:{HASHES[0]}\n")
        (folder / "users_roles").write_text(REMARKS)
        yield folder


def test_what_was_acknowledged_is_there_and_nothing_is_half_there(folder, record_property):
    """
    Changes of one or more users, each to both files, are killed on their way.

    The users of a writer have their roles in one file and their hashes in the other: a change that
    is half there gives facts that are neither those before it nor those after it.
    """
    load_all()
    with RandomKills(folder) as run:
        while run.kills < KILLS:
            run.kill_one()
        exit_codes = run.end()
    UsersTool(folder).recover()
    assert exit_codes == [0] * len(OTHERS)
    expected = {(SHARED_USER, HASHES[0])}.union(*(ledger.facts for ledger in run.ledgers.values()))
    assert read_facts(folder) == expected
    assert_tidy(folder)
    record_property("killed in a change", run.kills_at_work)
    record_property("changes", {name: ledger.count for name, ledger in run.ledgers.items()})
    # Else this would be a test of processes that wait.
    assert run.kills_at_work > KILLS / 20
    assert all(ledger.count for ledger in run.ledgers.values())


def assert_tidy(folder):
    """Nothing but both files, their versions and one lock is left; no remark was touched."""
    names = ["users", "users.1~", "users.2~", "users_roles", "users_roles.1~", "users_roles.2~"]
    assert sorted(snapshot(folder)) == names
    assert (folder / "users.lock").read_bytes() == b""
    for name, parse in (("users", parse_users), ("users_roles", parse_users_roles)):
        data = (folder / name).read_bytes()
        assert data.startswith(REMARKS.encode())
        assert [issue.line_number for issue in parse(data).issues] == [2, 3]
