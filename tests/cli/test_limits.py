"""Without memory or descriptors, a command ends in the code of an error of the system."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from support.hashes import CHEAP_HASH

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not os.path.exists("/proc/self/statm"), reason="no /proc/self/statm"),
]

#: Sets a limit once the command is about to be loaded: before, Python itself could not start.
START = """
import resource, sys
from esfilerealm.cli import program

kind, amount = sys.argv.pop(1), int(sys.argv.pop(1))
if kind == "memory":
    with open("/proc/self/statm") as file:
        amount += int(file.read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (amount, amount))
else:
    resource.setrlimit(resource.RLIMIT_NOFILE, (amount, amount))
program()
"""

COMMANDS = {
    "useradd": ["useradd", "dan", "--hash", CHEAP_HASH, "-r", "viewer"],
    "list": ["list"],
    "passwd": ["passwd", "ann", "-p", "secret-1", "--json"],
    "verify": ["verify", "ann", "-p", "test-password"],
    "plan": ["plan", "d.yml"],
    "export": ["export", "--format", "json"],
    "check": ["check", "--fail-on", "never"],
}

#: No fault, or an error of the system.
CODES = {0, 74}

#: Seconds after which a command without memory hangs for good.
PATIENCE = 20


@pytest.fixture
def limited(config, tmp_path):
    """Run a command with a limit."""
    (config / "users").write_text(f"ann:{CHEAP_HASH}\n")
    (tmp_path / "d.yml").write_text("users: [{name: ann, roles: [viewer]}]\n")

    def limited(name, kind, amount):
        words = [sys.executable, "-c", START, kind, str(amount), "-c", str(config)]
        return subprocess.run(
            [*words, *COMMANDS[name]],
            capture_output=True,
            text=True,
            check=False,
            cwd=tmp_path,
            stdin=subprocess.DEVNULL,
            timeout=PATIENCE,
        )

    return limited


def complaints(done):
    wrong = ("Traceback", "reinstall esfilerealm, with exit code 70", "please report it")
    return [word for word in wrong if word in done.stderr]


@pytest.mark.parametrize("name", COMMANDS)
@pytest.mark.parametrize("megabytes", [0, 0.5, 1, 2, 3, 4, 4.6, 5, 6, 8, 2000])
def test_of_memory(limited, config, name, megabytes):
    before = (config / "users").read_bytes()
    try:
        done = limited(name, "memory", int(megabytes * 2**20))
    except subprocess.TimeoutExpired:
        done = None
    if done is None or done.returncode < 0:
        # Python itself ends so, or never, where it cannot allocate an exception or its position.
        assert (config / "users").read_bytes().startswith(b"ann:")
        return
    assert (done.returncode in CODES, complaints(done)) == (True, []), done
    if done.returncode:
        assert "ERROR: " in done.stderr
        assert (config / "users").read_bytes() == before


@pytest.mark.parametrize("name", COMMANDS)
@pytest.mark.parametrize("descriptors", [3, 4, 5, 6, 7, 8, 100])
def test_of_descriptors(limited, config, name, descriptors):
    before = (config / "users").read_bytes()
    done = limited(name, "descriptors", descriptors)
    assert (done.returncode in CODES, complaints(done)) == (True, []), done
    if done.returncode:
        assert "ERROR: " in done.stderr
        assert (config / "users").read_bytes() == before
    else:
        assert descriptors > 3
