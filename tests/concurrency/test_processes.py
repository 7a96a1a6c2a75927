"""Many processes write at once: no update is lost, no reader ever sees a broken file."""

from __future__ import annotations

import json
import subprocess
import sys
import threading

import pytest
from conftest import CHEAP_HASH

from esfilerealm import UsersTool
from esfilerealm.formats import parse_users, parse_users_roles

WRITERS = 8
EDITS = 100

#: Keeps a model of its own users, never asks the files, and prints the model at the end.
WRITER = """
import json, random, sys
from esfilerealm import UsersTool
folder, name, edits, password_hash = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4]
tool = UsersTool(folder, lock_timeout=120.0)
choose = random.Random(name)
model = {}
for n in range(edits):
    user = f"{name}-{choose.randrange(10)}"
    if user not in model:
        tool.useradd(user, password_hash=password_hash, roles=["all", name])
        model[user] = {"all", name}
    elif choose.random() < 0.3:
        tool.userdel(user)
        del model[user]
    else:
        added, removed = f"role{choose.randrange(5)}", f"role{choose.randrange(5)}"
        tool.roles(user, add=[added], remove=[removed])
        model[user] = (model[user] | {added}) - {removed}
print(json.dumps({user: sorted(roles) for user, roles in model.items()}))
"""


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_no_update_is_lost(config):
    remarks = "# keep\n\nodd line\n"
    (config / "users").write_text(remarks)
    (config / "users_roles").write_text(remarks)
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, str(config), f"w{n}", str(EDITS), CHEAP_HASH],
            stdout=subprocess.PIPE,
            text=True,
        )
        for n in range(WRITERS)
    ]
    faults: list[str] = []
    done = threading.Event()
    reader = threading.Thread(target=watch, args=(config, faults, done))
    reader.start()
    try:
        outputs = [process.communicate(timeout=240)[0] for process in processes]
    finally:
        done.set()
        reader.join(10)
    assert [process.returncode for process in processes] == [0] * WRITERS
    assert not faults
    models = [json.loads(output) for output in outputs]
    expected = {user: roles for model in models for user, roles in model.items()}
    listing = UsersTool(config).listing()
    assert {user: sorted(roles) for user, roles in listing.users.items()} == expected
    assert not listing.orphans
    for name in ("users", "users_roles"):
        assert (config / name).read_text().startswith(remarks)
    assert not list(config.glob("*.tmp"))


def watch(config, faults, done):
    """Read as a node does, all the time: both files always parse, with the odd line alone."""
    while not done.is_set():
        users = parse_users((config / "users").read_bytes())
        roles = parse_users_roles((config / "users_roles").read_bytes())
        for parsed in (users, roles):
            if [issue.line_number for issue in parsed.issues] != [2, 3]:
                faults.append(repr(parsed.issues))
        faults += [name for name, value in users.users.items() if value != CHEAP_HASH]
