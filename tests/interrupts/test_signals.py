"""Real signals: a time limit that raises, around logins and writes in the main thread."""

from __future__ import annotations

import os
import random
import signal
import threading
from contextlib import contextmanager, suppress

import pytest
from crash.processes import in_a_child
from interrupts.kit import Resources, keeps_descriptors
from support.hashes import CHEAP_HASH, PASSWORD

from esfilerealm import FileRealm, UsersTool

pytestmark = pytest.mark.skipif(
    not hasattr(signal, "setitimer"), reason="this system has no interval timers"
)


class Limit(Exception):  # noqa: N818 - it is no error
    """What a time limit raises; a subclass of Exception, as in Celery."""


@contextmanager
def limits():
    """Have SIGALRM raise in the main thread."""

    def handler(*_):
        raise Limit

    before = signal.signal(signal.SIGALRM, handler)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def limited(seconds, call):
    """Make a call that is interrupted after some seconds; return whether it was."""
    is_interrupted = False
    try:
        try:
            signal.setitimer(signal.ITIMER_REAL, seconds)
            call()
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
    except Limit:
        is_interrupted = True
    with suppress(Limit):  # one that came at the very end
        signal.setitimer(signal.ITIMER_REAL, 0)
    return is_interrupted


@pytest.mark.parametrize("count", [300, pytest.param(10_000, marks=pytest.mark.slow)])
def test_logins(config, count):
    (config / "users").write_text(f"al:{CHEAP_HASH}\n")
    chance, interrupted, outcomes = random.Random(count), 0, []
    with FileRealm(config, watch_events=False, max_concurrent_hashing=2) as realm:
        realm.authenticate("al", PASSWORD)
        over = threading.Event()

        def others():
            """The same logins in another thread, which no limit concerns."""
            while not over.is_set():
                try:
                    outcomes.append(bool(realm.authenticate("al", PASSWORD)))
                except BaseException as error:  # noqa: BLE001 - it is an outcome
                    outcomes.append(error)

        other = threading.Thread(target=others)
        resources = Resources()
        other.start()

        def log_in():
            realm.expire("al")
            realm.authenticate("al", chance.choice([PASSWORD, "wrong"]))

        with limits():
            for _ in range(count):
                interrupted += limited(chance.uniform(1e-5, 1.6e-3), log_in)
        over.set()
        other.join()
        slots = realm._authenticator._slots
        assert (slots._free, realm._authenticator.flights.in_flight) == (2, 0)
        assert not slots._lock.locked()
        assert not realm._cache._lock.locked()
        assert realm.authenticate("al", PASSWORD)
        resources.check("logins")
    assert set(outcomes) == {True}
    assert interrupted


# A limit that comes in a finalizer or in the call back of a weak reference goes no further. One
# that comes in filelock's guard of forks keeps its process from forking for good, hence the child.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("count", [60, pytest.param(3_000, marks=pytest.mark.slow)])
@keeps_descriptors
@in_a_child()
def test_writes(config, count):
    (config / "users").write_text(f"al:{CHEAP_HASH}\n")
    tool, chance, interrupted = UsersTool(config, lock_timeout=3), random.Random(count), 0
    tool.useradd("bob", password_hash=CHEAP_HASH, roles=["viewer"])
    tool.userdel("bob")

    def write():
        if "bob" in tool.list_users():
            tool.userdel("bob")
        else:
            tool.useradd("bob", password_hash=CHEAP_HASH, roles=["superuser"])

    resources = Resources()
    with limits():
        for _ in range(count):
            interrupted += limited(chance.uniform(1e-4, 6e-3), write)
            resources.check("a write")
            tool.recover()
            roles = (config / "users_roles").read_bytes()
            assert (b"bob:" in (config / "users").read_bytes()) == (b"bob" in roles)
    left = {entry for entry in os.listdir(config) if entry.startswith("users")}
    assert left == {"users", "users_roles", "users.lock"}
    assert interrupted
