"""
A writer is killed whose record of accounts the next writer may not read.

Where several users write in one directory, ``users.accounts`` belongs to the last who wrote it. The
next one rolls its change back all the same, and goes on with a change of its own.
"""

from __future__ import annotations

import contextlib
import shutil

import pytest
from crash.kit import Count, Dead, DieAfterRenames, intercepted
from crash.layouts import LAYOUTS, acting, copy, lay_out, need
from crash.processes import open_place
from crash.scenarios import add_for_an_hour, lock, realm, stopped_clock, sweep, unlock
from support.storing import posix, root

from esfilerealm import UsersTool
from esfilerealm._storage import RealmFolder
from esfilerealm.formats import parse_users
from esfilerealm.hashing import is_locked

pytestmark = [posix, root, pytest.mark.slow, pytest.mark.timeout(300)]


def prepare(folder):
    lock(folder)
    add_for_an_hour(folder)


def truth(folder):
    """Return who is there, who is locked and could be unlocked, and whose time ends."""
    files, record = RealmFolder(folder).read_with_accounts()
    hashes = parse_users(files.users.data).users
    return {
        name: (is_locked(text), bool(account and account.kept_hash), account and account.expires)
        for name, text in hashes.items()
        for account in [record.by_name.get(name)]
    }


@pytest.mark.parametrize("act", [unlock, sweep], ids=["unlock", "sweep"])
@pytest.mark.parametrize("name", ["OpenShift", "image"])
def test_the_next_writer_ends_its_change(name, act, record_property):
    first, second, *_ = LAYOUTS[name].writers
    need(*first)
    need(*second)
    with open_place() as place:
        template, folder = place / "template", place / "config"
        realm(template)
        lay_out(template, LAYOUTS[name])
        acting(*first, lambda: prepare(template))
        copy(template, folder)
        before, count = truth(folder), Count()
        with intercepted(count):
            act(folder)
        after = truth(folder)
        assert before != after

        def broken_off(renames):
            with contextlib.suppress(Dead), intercepted(DieAfterRenames(renames)):
                act(folder)

        def go_on():
            with stopped_clock():
                recovery = UsersTool(folder).recover()
                assert recovery.outcome != "quarantined", recovery
                return bool(UsersTool(folder).roles("jim", add=["more"]).write)

        for renames in range(1, count.names.count("rename") + 1):
            shutil.rmtree(folder)
            copy(template, folder)
            acting(*first, lambda number=renames: broken_off(number))
            assert acting(*second, go_on)
            assert truth(folder) in (before, after)
            record_property("crash points", renames)
