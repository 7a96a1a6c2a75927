"""Many processes write at once: no update is lost, no reader ever sees a broken file."""

from __future__ import annotations

import os
import random
import threading
import time
from contextlib import ExitStack, contextmanager, suppress

import pytest
from crash.kit import Dead, intercepted
from crash.processes import IS_ROOT, STRANGERS, Child, become, load_all, open_place
from support.hashes import CHEAP_HASH
from support.storing import STRANGER

from esfilerealm import UsersTool
from esfilerealm._storage.lock import WriteLock
from esfilerealm.formats import parse_users, parse_users_roles

WRITERS = 8
EDITS = 200
USERS = 10
ROLES = 5

#: Lines that nobody is to touch; the second and third are none that a node understands.
REMARKS = "# keep\n\nodd line\n"


@pytest.fixture
def realm():
    """A realm on disk that belongs to somebody else if root tests it, as that of a node does."""
    with open_place(in_memory=False) as place:
        realm = place / "config"
        UsersTool(realm).init()
        for name in ("users", "users_roles"):
            (realm / name).write_text(REMARKS)
            (realm / name).chmod(0o640)
        if IS_ROOT:
            for path in (realm, *realm.iterdir()):
                os.chown(path, STRANGER, STRANGERS)
        yield realm


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.skipif(os.name == "nt", reason="processes of POSIX")
def test_no_update_is_lost_and_nobody_waits_too_long(realm, record_property):
    """
    Eight writers, with the time to wait that is the default; half of them are not root, if any is.

    A writer that waits longer ends with ``LockTimeoutError``, and this test with it.
    """
    load_all()
    before = {name: attributes(realm / name) for name in ("users", "users_roles")}
    with ExitStack() as stack:
        children = [stack.enter_context(Child(writer(realm, n))) for n in range(WRITERS)]
        faults = stack.enter_context(watched(realm))
        outcomes = [child.result() for child in children]
    record_property("longest wait", max(longest for _, longest in outcomes))
    assert not faults
    listing = UsersTool(realm).listing()
    expected = {user: roles for model, _ in outcomes for user, roles in model.items()}
    assert {user: set(roles) for user, roles in listing.users.items()} == expected
    assert not listing.orphans
    assert sorted(path.name for path in realm.iterdir()) == ["users", "users.lock", "users_roles"]
    assert {name: attributes(realm / name) for name in before} == before
    for name in before:
        assert (realm / name).read_text().startswith(REMARKS)


@pytest.mark.parametrize("strategy", ["rename", "in_place"])
def test_what_was_changed_and_changed_back_meanwhile_is_no_fault(config, strategy):
    """The content is that of before; the file is another, or was written since."""
    UsersTool(config).useradd("bob", password_hash=CHEAP_HASH, roles=["viewer"])
    with UsersTool(config).transaction() as change:
        change.roles("bob", add=["fresh"])
        UsersTool(config, strategy=strategy).roles("bob", add=["other"])
        UsersTool(config, strategy=strategy).roles("bob", remove=["other"])
    assert change.changed
    assert UsersTool(config).list_users("bob") == {"bob": ("viewer", "fresh")}


@pytest.mark.parametrize("strategy", ["rename", "in_place"])
def test_the_second_name_that_a_killed_writer_gave_a_file_is_no_fault_of_it(config, strategy):
    """It is gone by the time that the next writer looks what it may do."""
    UsersTool(config).useradd("bob", password_hash=CHEAP_HASH)
    with suppress(Dead), intercepted(DieAfterLink()):
        UsersTool(config).useradd("al", password_hash=CHEAP_HASH)
    assert (config / "users").stat().st_nlink == 2
    UsersTool(config, strategy=strategy).useradd("jim", password_hash=CHEAP_HASH)
    assert list(UsersTool(config).list_users()) == ["bob", "jim"]


class DieAfterLink:
    """Makes all as if the process were killed when it has given a file a second name."""

    is_dead = False

    def __call__(self, call):
        if self.is_dead:
            raise Dead
        self.is_dead = call.name == "link"
        return call.make()


def writer(realm, number):
    """Return the function of one process; it returns its model and its longest wait."""

    def write():
        if IS_ROOT and number % 2:
            become(STRANGER, STRANGERS)
        waits = time_waits()
        return edit(UsersTool(realm), f"w{number}"), max(waits)

    return write


def edit(tool, name):
    """Make changes to users of its own, and keep a model of them; never ask the files."""
    choose = random.Random(name)
    model = {}
    for _ in range(EDITS):
        user = f"{name}-{choose.randrange(USERS)}"
        if user not in model:
            tool.useradd(user, password_hash=CHEAP_HASH, roles=["all", name])
            model[user] = {"all", name}
        elif choose.random() < 0.3:
            tool.userdel(user)
            del model[user]
        else:
            added, removed = (f"role{choose.randrange(ROLES)}" for _ in range(2))
            tool.roles(user, add=[added], remove=[removed])
            model[user] = (model[user] | {added}) - {removed}
    return model


def time_waits():
    """Note from now on how long each wait for the lock takes, in seconds."""
    waits = []
    real = WriteLock._take

    def take(self):
        start = time.monotonic()
        try:
            return real(self)
        finally:
            waits.append(time.monotonic() - start)

    WriteLock._take = take
    return waits


def attributes(path):
    status = path.stat()
    return status.st_uid, status.st_gid, status.st_mode


@contextmanager
def watched(realm):
    """Read as a node does, all the time: both files always parse, with the odd lines alone."""
    faults = []
    done = threading.Event()

    def watch():
        while not done.is_set():
            users = parse_users((realm / "users").read_bytes())
            roles = parse_users_roles((realm / "users_roles").read_bytes())
            issues = [[issue.line_number for issue in parsed.issues] for parsed in (users, roles)]
            faults.extend(found for found in issues if found != [2, 3])
            faults.extend(name for name, value in users.users.items() if value != CHEAP_HASH)

    reader = threading.Thread(target=watch)
    reader.start()
    try:
        yield faults
    finally:
        done.set()
        reader.join()
